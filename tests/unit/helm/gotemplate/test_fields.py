"""Fields and methods of what Helm hands in: results and errors recorded from helm 4.3."""

from __future__ import annotations

import pytest

from tests.unit.helm.rendering import fault, rendered


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ .Chart.Maintainers }}", "[]"),
        ("{{ .Release.IsInstall }}", "true"),
        ('{{ .Capabilities.APIVersions.Has "v1" }}', "true"),
        ("{{ .Capabilities.HelmVersion.Version | trunc 2 }}", "v4"),
        ("{{ .Values.a.Nope }}", "<no value>"),
        ('{{ (semver "1.2.3").Patch }}', "3"),
    ],
)
def test_the_result_is_that_of_helm(template: str, text: str) -> None:
    assert rendered(template) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            '{{ (semver "1.2.3").Nope }}',
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:11\n  executing "c/templates/_case.tpl" at <"1.2.3">:\n    can\'t evaluate field Nope in type *semver.Version',
        ),
        (
            "{{ .Capabilities.APIVersions.Has }}",
            'c/templates/a.yaml:1:8\n  executing "c/templates/a.yaml" at <include "c/templates/_case.tpl" .>:\n    error calling include:\nc/templates/_case.tpl:1:16\n  executing "c/templates/_case.tpl" at <.Capabilities.APIVersions.Has>:\n    wrong number of args for Has: want 1 got 0',
        ),
    ],
)
def test_the_fault_is_told_as_helm_tells_it(template: str, text: str) -> None:
    assert fault(template) == text
