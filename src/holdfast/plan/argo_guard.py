"""How much Argo CD's kinds may delete by themselves: a refusal that names the next step, or nothing. Pure.

What people ask for by name (a sync with prune, the deletion of an application) is not guarded here; what follows by itself
from a commit, a generator or a template is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from holdfast.kube.refs import Manifest
from holdfast.model.safety import ALLOW_PRUNE, COMMIT_BUDGET, Safety

CASCADES = "resources-finalizer.argocd.argoproj.io"
_DISCOVERING = frozenset({"git", "clusters", "scmProvider", "clusterDecisionResource", "plugin"})
_NESTING = ("matrix", "merge")
_PASSING = "pullRequest"  # what it finds comes and goes


def weight(app: Manifest) -> int:
    """How many objects go with an application; none where it leaves them."""
    finalizers = (app.get("metadata") or {}).get("finalizers") or ()
    if not any(str(f).startswith(CASCADES) for f in finalizers):
        return 0
    return 1 + len((app.get("status") or {}).get("resources") or ())


def set_refusal(
    safety: Safety,
    name: str,
    owned: Sequence[Manifest],
    gone: Sequence[Manifest],
    generators: Sequence[Mapping[str, Any]],
) -> str:
    """Why a set does not delete the applications that are ``gone`` from what it generates. A single one is never held."""
    losing = sorted(str(a["metadata"]["name"]) for a in gone if weight(a))
    revision = f"applications:{hashlib.sha256(' '.join(losing).encode()).hexdigest()[:12]}"
    kinds = set(_kinds(generators))
    if not safety.guarded or len(losing) < 2 or _PASSING in kinds or safety.consents(revision):
        return ""
    lost, had = sum(map(weight, gone)), sum(map(weight, owned))
    if len(gone) == len(owned) and kinds & _DISCOVERING:
        why = "its generators find nothing any more of what they found"
    elif safety.budget.allows(lost, had):
        return ""
    else:
        why = f"{lost} of {had} objects would be deleted, more than {safety.budget} at once"
    return f"{why}: {_listed(losing)} are kept; annotate ApplicationSet/{name} with {ALLOW_PRUNE}={revision} to delete"


def sync_refusal(safety: Safety, revision: str, lost: int, had: int) -> str:
    """Why a sync that nobody asked for does not prune. ``lost`` counts what goes with applications that are pruned."""
    if not safety.guarded or not lost or safety.consents(revision) or safety.budget.allows(lost, had):
        return ""
    return (
        f"auto-sync will delete {lost} of {had} objects, more than {safety.budget} at once; sync with prune, or annotate the "
        f"application with {ALLOW_PRUNE}={revision} to delete"
    )


def storm_refusal(safety: Safety, revision: str, everyone: Sequence[Manifest]) -> str:
    """Why the objects of a deleted application stay while others are being deleted, too: with their namespace, their set,
    a loop. Two may always go."""
    doomed = [a for a in everyone if (a.get("metadata") or {}).get("deletionTimestamp") and weight(a)]
    if not safety.guarded or len(doomed) <= 2 or safety.consents(revision):
        return ""
    lost, had = sum(map(weight, doomed)), sum(map(weight, everyone))
    if COMMIT_BUDGET.allows(lost, had):
        return ""
    return (
        f"{len(doomed)} applications are being deleted, with {lost} of the {had} objects of all applications: the objects are "
        f"kept; run argocd app confirm-deletion, or annotate the application with {ALLOW_PRUNE}={revision} to delete them"
    )


def _kinds(generators: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for generator in generators:
        yield from generator
        for nest in _NESTING:
            yield from _kinds((generator.get(nest) or {}).get("generators") or ())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
