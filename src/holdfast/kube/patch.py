"""The three kinds of patch that change an object as it stands: JSON patch, JSON merge patch, strategic merge patch.

In go JSON data and a patch, out comes new data; inputs are left alone. Server-side apply is in ``ssa``.
"""

from holdfast.kube.patch_json import PatchError, json_patch, merge_patch
from holdfast.kube.strategic import strategic_merge

__all__ = ["PatchError", "json_patch", "merge_patch", "strategic_merge"]
