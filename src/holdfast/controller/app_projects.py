"""AppProjects: one that is being deleted stays until no application refers to it.

Read by applications through `app_world`; here only their end is looked after.
"""

from __future__ import annotations

from holdfast.controller.manager import WHEN_CHANGED, Manager, Requeue
from holdfast.controller.patch import ObjectWriter
from holdfast.dialects.argo import application, project
from holdfast.kube.refs import GroupVersionKind, ObjectRef

MANAGER = "argocd-application-controller"
AGAIN = 30.0


class Projects:
    """The reconciler of AppProject objects."""

    gvk: GroupVersionKind = project.GVK

    def __init__(self, manager: Manager) -> None:
        self._client = manager.client
        self._objects = manager.objects(project.GVK)
        self._applications = manager.objects(application.GVK)

    async def reconcile(self, ref: ObjectRef) -> Requeue:
        obj = self._objects.get(ref)
        if obj is None or not (obj.get("metadata") or {}).get("deletionTimestamp"):
            return WHEN_CHANGED
        if self._in_use(ref.name):
            return Requeue(after=AGAIN)
        await ObjectWriter(self._client, obj, MANAGER, self._objects).remove_finalizer(project.FINALIZER)
        return WHEN_CHANGED

    def _in_use(self, name: str) -> bool:
        specs = (o.get("spec") or {} for _, o in self._applications.items())
        return any((spec.get("project") or application.DEFAULT_PROJECT) == name for spec in specs)
