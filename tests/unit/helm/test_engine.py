"""Charts rendered as Helm renders them: what reaches the templates, in which order, and what failures say."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.base.tree import MemoryTree
from holdfast.helm import HelmError, ReleaseOptions, RenderedChart, default_capabilities, load_chart, render
from holdfast.helm.gotemplate.runtime import Limits

CHART = "apiVersion: v2\nname: app\nversion: 1.0.0\n"


def run(files: dict[str, str], values: dict[str, Any] | None = None, **options: Any) -> RenderedChart:
    chart = load_chart(MemoryTree({"Chart.yaml": CHART.encode(), **{p: t.encode() for p, t in files.items()}}))
    return render(chart, values or {}, ReleaseOptions("rel", "ns"), **options)


def text(template: str, values: dict[str, Any] | None = None, **files: str) -> str:
    found = run(
        {
            "templates/_t.tpl": template,
            "templates/a.yaml": 'a: |{{ include "app/templates/_t.tpl" . | nindent 2 }}',
            **files,
        },
        values,
    )
    return found.manifests[0].text.removeprefix("a: |\n  ")


def test_manifests_come_in_the_order_of_installation() -> None:
    kinds = ["Deployment", "Namespace", "Odd", "Service", "ConfigMap"]
    found = run({f"templates/{k}.yaml": f"kind: {k}\nmetadata: {{name: x}}\n" for k in kinds})
    assert [m.kind for m in found.manifests] == ["Namespace", "ConfigMap", "Service", "Deployment", "Odd"]
    assert found.manifests[0].source == "app/templates/Namespace.yaml"


def test_hooks_are_kept_apart_with_their_weight_and_policies() -> None:
    hook = (
        "kind: Job\nmetadata:\n  name: h\n  annotations:\n    helm.sh/hook: pre-install, test-success\n    helm.sh/hook-weight: '-5'\n"
        "    helm.sh/hook-delete-policy: hook-succeeded\n"
    )
    found = run(
        {"templates/h.yaml": hook, "templates/x.yaml": "kind: A\nmetadata: {annotations: {helm.sh/hook: nonsense}}\n"}
    )
    assert not found.manifests
    assert [(h.events, h.weight, h.delete_policies) for h in found.hooks] == [
        (("pre-install", "test"), -5, ("hook-succeeded",))
    ]
    assert "skipping unknown hooks" in found.notices[0]


def test_notes_are_executed_and_returned_and_crds_are_not_templates() -> None:
    found = run({"templates/NOTES.txt": "Hi {{ .Release.Name }}", "crds/c.yaml": "kind: {{ raw }}\n"})
    assert found.notes == "Hi rel"
    assert found.crds[0].text == "kind: {{ raw }}\n"


def test_a_subchart_sees_its_own_values_and_the_globals() -> None:
    files = {
        "values.yaml": "global: {g: 1}\nsub: {x: parent}\n",
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
        "charts/sub/values.yaml": "x: child\nz: kept\n",
        "charts/sub/templates/s.yaml": "v: {{ .Values.x }}-{{ .Values.z }}-{{ .Values.global.g }}\n",
    }
    assert run(files).manifests[0].text == "v: parent-kept-1\n"


def test_conditions_and_tags_turn_subcharts_off() -> None:
    chart = CHART + "dependencies:\n- {name: sub, version: 0.1.0, condition: sub.enabled, tags: [t]}\n"
    files = {
        "Chart.yaml": chart,
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
        "charts/sub/templates/s.yaml": "a: 1\n",
    }
    assert len(run(files).manifests) == 1
    assert not run(files, {"sub": {"enabled": False}}).manifests
    assert not run(files, {"tags": {"t": False}}).manifests
    assert len(run(files, {"tags": {"t": False}, "sub": {"enabled": True}}).manifests) == 1


def test_an_alias_renames_the_subchart() -> None:
    files = {
        "Chart.yaml": CHART
        + "dependencies:\n- {name: sub, version: '*', alias: one}\n- {name: sub, version: '*', alias: two}\n",
        "values.yaml": "one: {x: 1}\ntwo: {x: 2}\n",
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
        "charts/sub/templates/s.yaml": "{{ .Chart.Name }}: {{ .Values.x }}\n",
    }
    assert sorted(m.text for m in run(files).manifests) == ["one: 1\n", "two: 2\n"]


def test_values_meet_the_schema_or_the_render_stops() -> None:
    files = {"values.schema.json": '{"properties": {"a": {"type": "string"}}}', "templates/a.yaml": "a: 1\n"}
    with pytest.raises(HelmError) as caught:
        run(files, {"a": 5.0})
    assert caught.value.message.endswith("app:\n- at '/a': got number, want string\n")


def test_a_failure_tells_file_line_and_message() -> None:
    with pytest.raises(HelmError) as caught:
        run({"templates/a.yaml": 'x: 1\ny: {{ required "a is needed" .Values.a }}\n'})
    assert caught.value.message == "execution error at (app/templates/a.yaml:2:6): a is needed"
    place = caught.value.place
    assert place is not None
    assert (place.path, place.line) == ("app/templates/a.yaml", 2)


def test_a_trace_names_every_level() -> None:
    files = {
        "templates/_h.tpl": '{{ define "h" }}{{ .Values.a.b.c }}{{ end }}',
        "templates/a.yaml": '{{ include "h" . }}',
    }
    with pytest.raises(HelmError) as caught:
        run(files)
    assert caught.value.message.splitlines()[0] == "app/templates/a.yaml:1:3"
    assert caught.value.message.splitlines()[-1].strip() == "nil pointer evaluating interface {}.b"


def test_endless_recursion_and_endless_ranges_are_bounded() -> None:
    with pytest.raises(HelmError, match="nested reference name: r"):
        run({"templates/a.yaml": '{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}'})
    with pytest.raises(HelmError, match="exceeded maximum template depth"):
        run({"templates/a.yaml": '{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}'})
    with pytest.raises(HelmError, match="more than 1000 steps"):
        run({"templates/a.yaml": "{{ range 1000000000 }}x{{ end }}"}, limits=Limits(steps=1000))
    with pytest.raises(HelmError, match="more than 5000 characters"):
        run({"templates/a.yaml": '{{ range 2000 }}{{ "xxxxxxxxxx" }}{{ end }}'}, limits=Limits(output=5000))


def test_lookup_is_an_argument_and_empty_without() -> None:
    template = {"templates/a.yaml": 'a: {{ (lookup "v1" "Secret" "ns" "x").data | toJson }}'}
    assert run(template).manifests[0].text == "a: null"
    assert run(template, lookup=lambda v, k, ns, n: {"data": {"k": n}}).manifests[0].text == 'a: {"k":"x"}'


def test_a_kube_version_that_the_chart_does_not_take_stops_the_render() -> None:
    files = {"Chart.yaml": CHART + "kubeVersion: '>=1.30'\n", "templates/a.yaml": "a: {{ .Capabilities.KubeVersion }}"}
    assert run(files, capabilities=default_capabilities("v1.30.5-gke.100")).manifests[0].text == "a: v1.30.5"
    with pytest.raises(HelmError, match=r"which is incompatible with Kubernetes v1.20.0"):
        run(files, capabilities=default_capabilities("1.20.0"))


def test_null_deletes_a_default() -> None:
    assert text("{{ toJson .Values }}", {"a": None}, **{"values.yaml": "a: 1\nb: 2\n"}) == '{"b":2}'


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ .Values.nope }}|{{ print .Values.nope }}", "|<nil>"),
        (
            '{{ printf "%05.2f|%q|%v|%T|%x" 3.14159 "hi" (list 1 "a" nil) (int64 7) "hé" }}',
            '03.14|"hi"|[1 a <nil>]|int64|68c3a9',
        ),
        ("{{ range $i, $e := list 1 2 3 }}{{ if eq $e 2 }}{{ continue }}{{ end }}{{ $i }}{{ $e }};{{ end }}", "01;23;"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
        ('{{ tpl "{{ .v }}-{{ include \\"d\\" . }}" (dict "v" 1) }}{{ define "d" }}D{{ end }}', "1-D"),
        ('{{ (semver "1.2.3-rc.1").Prerelease }} {{ semverCompare "^1.2" "1.9.0" }}', "rc.1 true"),
        ('{{ dict "b" (list 1 "y") "a" "x: y" | toYaml | b64enc | b64dec }}', "a: 'x: y'\n  b:\n  - 1\n  - \"y\""),
        ('{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', "-W-xxW-"),
        ('{{ add 1 2.9 "3" }} {{ div 7 2 }} {{ round 2.675 2 }} {{ addf 0.1 0.2 }}', "6 3 2.68 0.3"),
        ('{{ toDate "2006-01-02" "2021-11-30" | dateModify "36h" | date "Mon Jan 2 15:04" }}', "Wed Dec 1 12:00"),
        ('{{ derivePassword 1 "long" "password" "user" "example.com" }}', "ZedaFaxcZaso9*"),
    ],
    ids=lambda v: v[:40],
)
def test_expressions_give_what_go_gives(template: str, wanted: str) -> None:
    assert text(template) == wanted
