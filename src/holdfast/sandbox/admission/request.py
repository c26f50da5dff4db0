"""One admission request, as every plugin sees it."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.kube.refs import Manifest
from holdfast.sandbox import status
from holdfast.sandbox.context import Call
from holdfast.sandbox.resources import Resource


@dataclass(slots=True)
class Request:
    call: Call
    resource: Resource
    operation: str
    new: Manifest | None
    old: Manifest | None
    subresource: str

    @property
    def key(self) -> tuple[str, str]:
        return self.resource.group, self.resource.plural

    @property
    def creates(self) -> bool:
        return self.operation == "CREATE" and not self.subresource

    @property
    def obj(self) -> Manifest:
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found

    @property
    def name(self) -> str:
        return str(self.obj["metadata"].get("name") or "")

    @property
    def namespace(self) -> str:
        return str(self.obj["metadata"].get("namespace") or "") if self.resource.namespaced else ""

    def forbidden(self, why: str) -> status.StatusError:
        return status.forbidden(self.resource.plural, self.resource.group, self.name, why)
