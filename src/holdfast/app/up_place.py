"""Where a repository's objects go that name no namespace: where ``kubectl apply -k`` would put them.

A Flux Kustomization has no such default and is refused; here a repository is tried that was perhaps never written for Flux.
"""

from __future__ import annotations

from holdfast.base.errors import HoldfastError
from holdfast.base.tree import Tree
from holdfast.model.delivery import KustomizeBuild, Ownership, UnitKey
from holdfast.model.rendered import RenderRequest
from holdfast.offline.scopes import is_namespaced
from holdfast.render.render import render


def names_no_namespace(tree: Tree, path: str) -> bool:
    """Whether what ``path`` renders to has objects that live in a namespace, and not one of them says in which.

    With one that does, a common namespace would move it. What cannot be rendered here is told by the controller.
    """
    nobody = Ownership("", "")
    request = RenderRequest(UnitKey("Kustomization", "", "up"), nobody, KustomizeBuild(path), tree, "")
    try:
        objects = render(request).objects
    except HoldfastError:
        return False
    placed = [bool((o.get("metadata") or {}).get("namespace")) for o in objects if is_namespaced(o, objects)]
    return bool(placed) and not any(placed)
