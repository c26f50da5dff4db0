"""What annotations on an object say about its syncing: hooks, waves, options. Argo CD's, and Helm's where Argo's are absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.model.sync import SyncPhase

HOOK: Final = "argocd.argoproj.io/hook"
DELETE_POLICY: Final = "argocd.argoproj.io/hook-delete-policy"
WAVE: Final = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
IGNORE_HEALTH: Final = "argocd.argoproj.io/ignore-healthcheck"
HOOK_FINALIZER: Final = "argocd.argoproj.io/hook-finalizer"
HELM_HOOK: Final = "helm.sh/hook"
HELM_POLICY: Final = "helm.sh/hook-delete-policy"
HELM_WEIGHT: Final = "helm.sh/hook-weight"

SKIP: Final = "Skip"
PRE_DELETE: Final = "PreDelete"
POST_DELETE: Final = "PostDelete"
HOOK_SUCCEEDED: Final = "HookSucceeded"
HOOK_FAILED: Final = "HookFailed"
BEFORE_CREATION: Final = "BeforeHookCreation"

_TYPES: Final = (*(p.value for p in SyncPhase), SKIP)
_POLICIES: Final = (HOOK_SUCCEEDED, HOOK_FAILED, BEFORE_CREATION)
_HELM_TYPES: Final = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
}
_HELM_POLICIES: Final = {
    "before-hook-creation": BEFORE_CREATION,
    "hook-succeeded": HOOK_SUCCEEDED,
    "hook-failed": HOOK_FAILED,
}
Object = Mapping[str, Any]


def annotations_of(obj: Object | None) -> Mapping[str, Any]:
    found = ((obj or {}).get("metadata") or {}).get("annotations")
    return found if isinstance(found, Mapping) else {}


def listed(obj: Object | None, key: str) -> tuple[str, ...]:
    """The values of a comma-separated annotation, each once."""
    return tuple(dict.fromkeys(p.strip() for p in str(annotations_of(obj).get(key) or "").split(",") if p.strip()))


def has_option(obj: Object | None, option: str, key: str = SYNC_OPTIONS) -> bool:
    return option in listed(obj, key)


def option(obj: Object | None, name: str, default: str | None = None) -> str | None:
    """The value of ``name=value`` among the object's sync options."""
    prefix = f"{name}="
    return next((o.removeprefix(prefix) for o in listed(obj, SYNC_OPTIONS) if o.startswith(prefix)), default)


def option_of(options: tuple[str, ...], name: str) -> str | None:
    """The same among the options of an application or an operation."""
    prefix = f"{name}="
    return next((o.removeprefix(prefix) for o in options if o.startswith(prefix)), None)


def hook_types(obj: Object | None) -> tuple[str, ...]:
    """Helm's hooks count only where there is no valid hook of Argo's."""
    argo = tuple(t for t in listed(obj, HOOK) if t in _TYPES)
    if argo:
        return argo
    return tuple(_HELM_TYPES[t] for t in listed(obj, HELM_HOOK) if t in _HELM_TYPES)


def is_skipped(obj: Object | None) -> bool:
    return hook_types(obj) == (SKIP,)


def is_hook(obj: Object | None) -> bool:
    if HOOK in annotations_of(obj):
        return not is_skipped(obj)
    helm = annotations_of(obj).get(HELM_HOOK)
    return helm is not None and helm != "crd-install"


def is_ignored(obj: Object | None) -> bool:
    """A hook of no type that a sync knows."""
    return is_hook(obj) and not hook_types(obj)


def phases(obj: Object) -> tuple[SyncPhase, ...]:
    """The phases an object takes part in."""
    if is_skipped(obj):
        return ()
    if not is_hook(obj):
        return (SyncPhase.SYNC,)
    known = {p.value: p for p in SyncPhase}
    return tuple(dict.fromkeys(known[t] for t in hook_types(obj) if t in known))


def delete_policies(obj: Object) -> tuple[str, ...]:
    argo = tuple(p for p in listed(obj, DELETE_POLICY) if p in _POLICIES)
    helm = tuple(_HELM_POLICIES[p] for p in listed(obj, HELM_POLICY) if p in _HELM_POLICIES)
    return (*argo, *helm) or (BEFORE_CREATION,)


def wave(obj: Object | None) -> int:
    found = annotations_of(obj)
    for key in (WAVE, HELM_WEIGHT):
        number = _whole(found.get(key))
        if number is not None:
            return number
    return 0


def _whole(value: Any) -> int | None:
    text = str(value) if value is not None else ""
    digits = text[1:] if text[:1] in "+-" else text
    return int(text) if digits.isascii() and digits.isdigit() else None


_DELETION: Final = {PRE_DELETE: PRE_DELETE, POST_DELETE: POST_DELETE}
_HELM_DELETION: Final = {"pre-delete": PRE_DELETE, "post-delete": POST_DELETE}


def deletion_hooks(obj: Object | None) -> frozenset[str]:
    """``PreDelete`` and ``PostDelete``, as far as the object is a hook that runs when the application is deleted."""
    argo = {_DELETION[t] for t in listed(obj, HOOK) if t in _DELETION}
    helm = {_HELM_DELETION[t] for t in listed(obj, HELM_HOOK) if t in _HELM_DELETION}
    return frozenset(argo | helm)


def syncs(obj: Object) -> bool:
    """Whether an object belongs to a sync: all do but hooks that only run at deletion."""
    return not deletion_hooks(obj) or any(t != SKIP for t in hook_types(obj))
