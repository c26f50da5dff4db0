from __future__ import annotations

import pytest

from holdfast.kube.refs import Manifest
from holdfast.model.delivery import Ownership, UnitKey
from holdfast.model.plan import Action, Reason
from holdfast.plan import judge

OWNER = Ownership("kustomize-controller", "kustomize.toolkit.fluxcd.io")
UNIT = UnitKey("Kustomization", "apps", "web")


def live(*, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None) -> Manifest:
    meta = {"name": "a", "labels": {**OWNER.labels(UNIT), **(labels or {})}, "annotations": annotations or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def test_an_object_of_the_unit_goes() -> None:
    assert judge(live(), OWNER, UNIT) == (Action.DELETE, Reason.NOT_DESIRED)


def test_an_object_that_is_gone_counts_as_deleted() -> None:
    assert judge(None, OWNER, UNIT) == (Action.DELETE, Reason.ALREADY_GONE)


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        pytest.param(live(labels={f"{OWNER.group}/name": "other"}), Reason.OTHER_OWNER, id="another owner"),
        pytest.param(live(annotations={f"{OWNER.group}/prune": "Disabled"}), Reason.PRUNE_DISABLED, id="any case"),
        pytest.param(live(labels={f"{OWNER.group}/prune": "disabled"}), Reason.PRUNE_DISABLED, id="as a label"),
        pytest.param(live(annotations={f"{OWNER.group}/reconcile": "disabled"}), Reason.RECONCILE_DISABLED, id="off"),
        pytest.param(live(annotations={f"{OWNER.group}/ssa": "Ignore"}), Reason.APPLY_IGNORED, id="ignored"),
    ],
)
def test_an_object_stays_when_it_says_so_itself(obj: Manifest, reason: Reason) -> None:
    assert judge(obj, OWNER, UNIT) == (Action.SKIP, reason)
