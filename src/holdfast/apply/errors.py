"""What went wrong with an object, in Flux's words.

::

    ApplyError   (RetryLater)   an object was refused or could not be sent; nothing of its stage and later was changed
    PruneError   (RetryLater)   objects that should be gone are still there
    HelmActionError   (Stop)    an action on a Helm release failed
"""

from __future__ import annotations

from holdfast.base.errors import HoldfastError, RetryLater, Stop
from holdfast.cluster.errors import ApiError, NoMatch, NotFound
from holdfast.kube.refs import ObjectRef
from holdfast.model.inventory import InventoryEntry
from holdfast.model.plan import Applied


class ApplyError(RetryLater):
    """``ref`` is the object concerned, where it is one."""

    def __init__(self, message: str, *, ref: ObjectRef | None = None) -> None:
        super().__init__(message, reason="ReconciliationFailed")
        self.ref = ref


class PruneError(RetryLater):
    """``survivors`` have to stay in the inventory; ``entries`` are what was done all the same."""

    def __init__(self, message: str, survivors: tuple[InventoryEntry, ...], entries: tuple[Applied, ...]) -> None:
        super().__init__(message, reason="PruneFailed")
        self.survivors = survivors
        self.entries = entries


def refused(ref: ObjectRef, error: HoldfastError) -> ApplyError:
    """As Flux tells of a failed dry run (fluxcd/pkg ``ssa/errors``)."""
    if isinstance(error, NotFound):
        what = "not found" if ref.namespace else "namespace not specified"
        return ApplyError(f"{ref} {what}: {error.message}", ref=ref)
    reason = _reason(error)
    return ApplyError(f"{ref} dry-run failed{f' ({reason})' if reason else ''}: {error.message}", ref=ref)


def _reason(error: HoldfastError) -> str:
    if not isinstance(error, ApiError) or isinstance(error, NoMatch):
        return ""
    if any(c.get("reason") == "FieldManagerConflict" for c in error.causes):
        return "FieldManagerConflict"
    return error.reason


def is_immutable(error: HoldfastError) -> bool:
    """Whether recreating the object might help: the judgement kubectl and Flux make."""
    if isinstance(error, ApiError) and error.code in (409, 422):
        return True
    return "is immutable" in error.message or "immutable field" in error.message


class HelmActionError(Stop):
    """An action on a release failed, in Helm's words."""
