"""Owner references without repetitions.

In: an object. Out: the object with each owner once, and a warning. Never judges a reference.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.kube.refs import Manifest


def deduplicate(obj: Manifest, warn: Callable[[str], None], *, after_admission: bool) -> None:
    """In place; the first of each pair of equal references stays."""
    metadata = obj.get("metadata") or {}
    references = metadata.get("ownerReferences") or ()
    kept: list[Manifest] = []
    twice: list[str] = []
    for reference in references:
        if reference in kept:
            twice.append(str(reference.get("uid") or ""))
        else:
            kept.append(reference)
    if not twice:
        return
    metadata["ownerReferences"] = kept
    when = " after mutating admission happens" if after_admission else ""
    warn(
        f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        + ", ".join(dict.fromkeys(twice))
    )
