"""What linting says about charts (Helm's own words are compared in tests/conformance)."""

from __future__ import annotations

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm.chart.capabilities import default_capabilities
from holdfast.helm.lint.chartfile import is_email, is_request_url, is_url
from holdfast.helm.lint.names import name_faults
from holdfast.helm.lint.run import lint

HEAD = "apiVersion: v2\nname: app\nversion: 0.1.0\nicon: https://a/b.png\n"
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def found(files: dict[str, str], **options: object) -> list[str]:
    texts = {"Chart.yaml": HEAD, "values.yaml": "", "templates/a.yaml": CM, **files}
    tree = MemoryTree({path: text.encode() for path, text in texts.items()})
    return [str(f) for f in lint(tree, "/charts/app", {}, **options)]  # type: ignore[arg-type]


def test_a_chart_without_fault_has_nothing_said_about_it() -> None:
    assert found({}) == []


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"Chart.yaml": HEAD + "foo: 1\n"}, '[WARNING] Chart.yaml: failed to strictly parse chart metadata file\n\terror unmarshaling JSON: while decoding JSON: json: unknown field "foo"'),
        ({"Chart.yaml": HEAD.replace("0.1.0", "1.2")}, "[ERROR] Chart.yaml: version should be of type string but it's of type float64"),
        ({"Chart.yaml": HEAD + "maintainers: [{name: a, email: b}]\n"}, "[ERROR] Chart.yaml: invalid email 'b' for maintainer 'a'"),
        ({"values.yaml": "[a]"}, "[ERROR] values.yaml: unable to parse YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type common.Values"),
        ({"templates/a.json": ""}, "[ERROR] templates/a.json: file extension '.json' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"),
        ({"templates/b.yaml": " a: 1"}, '[WARNING] templates/b.yaml: document starts with an illegal indent: " a: 1", which may cause parsing problems'),
        ({"templates/b.yaml": "kind: Deployment\nmetadata: {name: a}"}, '[ERROR] templates/b.yaml: a Deployment must contain matchLabels or matchExpressions, and "a" does not'),
        ({"templates/b.yaml": CM.replace("v1", "v1beta1").replace("apiVersion: ", "apiVersion: batch/").replace("ConfigMap", "CronJob")}, "[WARNING] templates/b.yaml: batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob"),
        ({"crds/a.yaml": CM}, "[ERROR] crds/a.yaml: object kind is not 'CustomResourceDefinition'"),
        ({"charts/x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n"}, "[ERROR] /charts/app: chart metadata is missing these dependencies: x"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_file(files: dict[str, str], text: str) -> None:
    assert text in found(files)


def test_deprecations_are_those_of_the_version_that_is_asked_for() -> None:
    old = {"templates/b.yaml": "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n"}
    assert found(old, capabilities=default_capabilities("1.20.0")) == []
    assert len(found(old, capabilities=default_capabilities("1.21.0"))) == 1


@pytest.mark.parametrize(
    ("text", "good"),
    [("a@b.c", True), ("a.b+c@d-e.fg", True), ("a@b", False), ("a", False), ("a b@c.d", False), ('"a b"@c.d', True)],
)
def test_addresses_of_people(text: str, good: bool) -> None:
    assert is_email(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://a.b/c", True),
        ("a.bc", True),
        ("a.b:80/x", True),
        ("no address", False),
        (".a.b", False),
        ("abc", False),
        ("x", False),
    ],
)
def test_addresses_of_places(text: str, good: bool) -> None:
    assert is_url(text) is good


@pytest.mark.parametrize(
    ("text", "good"),
    [("https://a", True), ("file:///a", True), ("a.b/c", False), ("/a", False), ("https://a b", False), ("", False)],
)
def test_addresses_of_requests(text: str, good: bool) -> None:
    assert is_request_url(text) is good


@pytest.mark.parametrize(
    ("kind", "name", "count"),
    [("ConfigMap", "a.b-c", 0), ("ConfigMap", "A", 1), ("ConfigMap", "a" * 254, 1), ("Service", "1a", 1), ("Service", "a.b", 1), ("Namespace", "1a", 0),
     ("Role", "a:B", 0), ("Role", "a/b%", 2), ("Role", "..", 1), ("CertificateSigningRequest", "%", 0)],
)  # fmt: skip
def test_names_follow_the_rules_of_their_kind(kind: str, name: str, count: int) -> None:
    assert len(name_faults(kind, name)) == count
