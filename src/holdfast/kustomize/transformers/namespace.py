"""``namespace``: every namespaced object gets it, and so do the references that spell a namespace out.

Example: ``namespace: prod`` sets ``metadata.namespace``, the name of a Namespace object, the namespace of an APIService's
service and of the subjects in role bindings that are the default service account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, SpecIndex, Walk, apply_spec, kind_of, wrong_kind
from holdfast.kustomize.ids import Key
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import text_of

DEFAULT_ONLY, ALL_ACCOUNTS, NONE = "defaultOnly", "allServiceAccounts", "none"
_WALK = Walk("scalar", "")
_METADATA = FieldSpec("metadata/namespace", create=True)
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def checked_subjects(mode: str) -> str:
    """The mode for role binding subjects, defaulted. Raises KustomizeError for an unknown one."""
    if mode == "":
        return DEFAULT_ONLY
    if mode not in (DEFAULT_ONLY, ALL_ACCOUNTS, NONE):
        raise KustomizeError(
            f'invalid value "{mode}" for setRoleBindingSubjects: '
            f'must be one of "{DEFAULT_ONLY}", "{NONE}" or "{ALL_ACCOUNTS}"'
        )
    return mode


class NamespaceSetter:
    """Sets one namespace in one resource after another."""

    def __init__(
        self, namespace: str, specs: Iterable[FieldSpec], subjects: str = DEFAULT_ONLY, unset_only: bool = False
    ) -> None:
        self._namespace = namespace
        self._subjects = subjects
        self._unset_only = unset_only
        specs = [s for s in specs if s.path != "metadata/namespace"]
        self._core = SpecIndex(specs)
        # Only the core Namespace is renamed: kinds of the same name in other groups have names of their own.
        self._others = SpecIndex(s for s in specs if s.path != "metadata/name")

    def apply(self, resource: Resource) -> None:
        api_version, kind = resource.type_meta()
        if not resource.cluster_scoped:
            apply_spec(resource, _METADATA, self._put, _WALK)
        index = self._core if api_version == "v1" else self._others
        specs: Iterable[FieldSpec] = index.of(api_version, kind)
        if kind in _BINDINGS:
            specs = [s for s in specs if not (s.kind in _BINDINGS and s.path == "subjects/namespace")]
            self._bind(resource)
        for spec in specs:
            try:
                apply_spec(resource, spec, self._put, _WALK)
            except KustomizeError as err:
                if "wrong node kind" in err.message:
                    raise err.within("namespace field specs must target scalar nodes") from None
                raise err.within("namespace transformation failed") from None

    def _put(self, node: Any, key: Any) -> None:
        value = node[key]
        if kind_of(value) != "ScalarNode":
            raise wrong_kind("ScalarNode", value)
        if self._unset_only and value is not None and text_of(value) != "":
            return
        node[key] = self._namespace

    def _bind(self, resource: Resource) -> None:
        wanted = _SUBJECTS.get(self._subjects)
        subjects = resource.manifest.get("subjects")
        if wanted is None or subjects is None:
            return
        if type(subjects) is not list:
            raise wrong_kind("SequenceNode", subjects).within("setting namespace on (cluster)role binding subjects")
        for subject in subjects:
            if subject is None:
                continue
            if type(subject) is not dict:
                what = "kind" if self._subjects == ALL_ACCOUNTS else "name"
                raise wrong_kind("MappingNode", subject).within(
                    "setting namespace on (cluster)role binding subjects: "
                    f"looking up {what} on (cluster)role binding subject"
                )
            if wanted(subject):
                subject.setdefault("namespace", "")
                self._put(subject, "namespace")


_SUBJECTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    DEFAULT_ONLY: lambda subject: text_of(subject.get("name", "")) == "default",
    ALL_ACCOUNTS: lambda subject: text_of(subject.get("kind", "")) == "ServiceAccount",
}


def set_namespace(
    resources: ResMap,
    namespace: str,
    specs: Iterable[FieldSpec],
    subjects: str = DEFAULT_ONLY,
    unset_only: bool = False,
) -> None:
    """Set the namespace everywhere. Two resources that become one are an error."""
    if not namespace:
        return
    setter = NamespaceSetter(namespace, specs, subjects, unset_only)
    at: dict[Key, int] = {}
    keys: list[Key] = []
    for resource in resources:
        key = resource.key()
        keys.append(key)
        at[key] = at.get(key, 0) + 1
    for index, resource in enumerate(resources):
        if resource.gone or resource.from_helm:
            continue
        resource.store_previous()
        setter.apply(resource)
        key = resource.key()
        if key != keys[index]:
            at[keys[index]] -= 1
            at[key] = at.get(key, 0) + 1
        if at[key] != 1:
            same = [r for r in resources if r.key() == key]
            raise KustomizeError(f"namespace transformation produces ID conflict: {_json_list(same)}")
    resources.touched()


def _json_list(resources: list[Resource]) -> str:
    import json

    texts = (json.dumps(r.manifest, separators=(",", ":"), sort_keys=True) for r in resources)
    return "[" + " ".join(texts) + "]"
