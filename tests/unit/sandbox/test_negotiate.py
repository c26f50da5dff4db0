"""What clients accept and send."""

from __future__ import annotations

import pytest

from holdfast.sandbox import negotiate
from holdfast.sandbox.negotiate import Form
from holdfast.sandbox.status import StatusError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form("application/json")),
        ("*/*", Form("application/json")),
        ("application/yaml", Form("application/yaml")),
        ("application/yaml;q=0.1, application/json", Form("application/json")),
        ("application/vnd.kubernetes.protobuf,application/json", Form("application/json")),
        (TABLE, Form("application/json", "Table", "v1")),
        (f"application/json;as=Nope;v=v1;g=meta.k8s.io,{TABLE}", Form("application/json", "Table", "v1")),
    ],
)
def test_the_best_form_that_is_served_is_taken(accept: str, form: Form) -> None:
    assert negotiate.choose(accept) == form


@pytest.mark.parametrize("accept", ["application/*", "text/html", "application/vnd.kubernetes.protobuf"])
def test_nothing_that_is_served_is_not_acceptable(accept: str) -> None:
    with pytest.raises(StatusError) as refused:
        negotiate.choose(accept)
    assert refused.value.code == 406


def test_an_unknown_body_is_an_unsupported_media_type() -> None:
    with pytest.raises(StatusError) as refused:
        negotiate.body_media("text/plain")
    assert refused.value.code == 415
    assert negotiate.body_media("") == "application/json"
