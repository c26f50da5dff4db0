"""References by name follow their target when its name changed.

Example: a ConfigMap ``app`` got the name ``dev-app-m2mg5mb749``; every field that is known to name a ConfigMap and says ``app``
is rewritten. Only resources that were renamed can be targets, so an index by former name keeps this linear. Source: kustomize
``api/filters/nameref``, ``internal/accumulator/namereferencetransformer.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from holdfast.kube import yaml
from holdfast.kube.walk import IGNORED, Branch, reach
from holdfast.kustomize.config import NameReference
from holdfast.kustomize.defaults import DEFAULT
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec, apply_spec, split_path
from holdfast.kustomize.ids import NOT_A_NAMESPACE, split_api_version
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Resource
from holdfast.kustomize.scalars import quoted, text_of

Target = tuple[str, str, str]
"""group, version, kind of what a field names."""
_MOST_KINDS = 4096


def fix_references(resources: ResMap, references: tuple[NameReference, ...]) -> None:
    """Update every reference. One that could mean several resources is an error."""
    _Fixer(resources, references).run()


Ends = list[tuple[FieldSpec, Target]]


class _Trie:
    """The referring fields of a kind, by path; ``ends`` are the specs whose path ends here."""

    __slots__ = ("below", "ends")

    def __init__(self) -> None:
        self.below: dict[str, _Trie] = {}
        self.ends: Ends = []

    def branches(self) -> tuple[Branch, ...]:
        return tuple(Branch(n, bool(t.ends), IGNORED, t.branches(), t.ends) for n, t in self.below.items())


# What the built-in references come to for a kind is always the same; only configurations of the user's are worked out anew.
_DEFAULT_BRANCHES: dict[tuple[str, str], tuple[Branch, ...]] = {}


class _Fixer:
    def __init__(self, resources: ResMap, references: Sequence[NameReference]) -> None:
        self._resources = resources
        self._references = references
        self._branches = _DEFAULT_BRANCHES if references is DEFAULT.name_reference else {}
        self.by_name: dict[str, list[Resource]] = {}
        self._namespaces: dict[str, set[str]] | None = None
        for resource in resources:
            if len(resource.previous) == 1:
                self.by_name.setdefault(resource.previous[0].name, []).append(resource)
            else:
                for name in {p.name for p in resource.previous} if resource.previous else ():
                    self.by_name.setdefault(name, []).append(resource)

    def run(self) -> None:
        for resource in self._resources:
            api_version, kind = resource.type_meta()
            first = resource.previous[0].kind if resource.previous else kind
            branches = self._branches_of(api_version, first)
            hits = reach(resource.manifest, branches, self.by_name) if branches else []
            # A RoleBinding is judged even where it refers to nothing that was renamed.
            if hits or hits is None or (branches and kind == "RoleBinding"):
                referrer = _Referrer(resource, self)
                if hits is None:
                    self._walk_slowly(resource, first, referrer)
                    continue
                for holder, name, ends in hits:
                    for spec, target in ends:
                        referrer.put(holder, name, spec, target)

    def _specs(self, api_version: str, kind: str) -> list[tuple[FieldSpec, Target]]:
        group, version = split_api_version(api_version)
        return [
            (spec, (reference.group, reference.version, reference.kind))
            for reference in self._references
            for spec in reference.referrers
            if spec.selects(group, version, kind)
        ]

    def _branches_of(self, api_version: str, kind: str) -> tuple[Branch, ...]:
        branches = self._branches.get((api_version, kind))
        if branches is None:
            trie = _Trie()
            for spec, target in self._specs(api_version, kind):
                node = trie
                for part in split_path(spec.path):
                    node = node.below.setdefault(part.removesuffix("[]"), _Trie())
                node.ends.append((spec, target))
            branches = trie.branches()
            if len(self._branches) < _MOST_KINDS:
                self._branches[api_version, kind] = branches
        return branches

    def _walk_slowly(self, resource: Resource, kind: str, referrer: _Referrer) -> None:
        for spec, target in self._specs(resource.api_version, kind):
            try:
                apply_spec(resource, spec, referrer.setter(spec, target))
            except KustomizeError as err:
                raise _updating(err, spec, resource) from None

    def named(self, name: str) -> list[Resource]:
        return self.by_name.get(name, [])

    def original_namespaces(self) -> dict[str, set[str]]:
        """Which current namespaces the resources of each original namespace are in now."""
        if self._namespaces is None:
            self._namespaces = {}
            for resource in self._resources:
                self._namespaces.setdefault(resource.original_key().namespace, set()).add(resource.effective_namespace)
        return self._namespaces


def _updating(err: KustomizeError, spec: FieldSpec, resource: Resource) -> KustomizeError:
    return err.within(f"updating name reference in '{spec.path}' field of '{resource.id_text()}'")


class _Referrer:
    """One resource whose references are looked at."""

    __slots__ = ("_fixer", "_resource", "_subject_namespaces", "_where")

    def __init__(self, resource: Resource, fixer: _Fixer) -> None:
        self._resource = resource
        self._fixer = fixer
        self._subject_namespaces = _subject_namespaces(resource) if resource.kind == "RoleBinding" else frozenset()
        self._where: str | None = None

    @property
    def _namespace(self) -> str:
        """The effective namespace; looked up once, and only where a name has candidates."""
        if self._where is None:
            self._where = self._resource.effective_namespace
        return self._where

    @property
    def _cluster_scoped(self) -> bool:
        return self._namespace == NOT_A_NAMESPACE

    def setter(self, spec: FieldSpec, target: Target) -> Callable[[Any, Any], None]:
        def put(node: Any, key: Any) -> None:
            self._put(node, key, spec, target)

        return put

    def put(self, node: Any, key: Any, spec: FieldSpec, target: Target) -> None:
        try:
            self._put(node, key, spec, target)
        except KustomizeError as err:
            where = f"considering field '{spec.path}' of object {self._resource.id_text()}"
            raise _updating(err.within(where), spec, self._resource) from None

    def _put(self, node: Any, key: Any, spec: FieldSpec, target: Target) -> None:
        value = node[key]
        if value is None:
            return
        if type(value) is str:
            self._put_scalar(node, key, spec, target)
        elif type(value) is dict:
            self._put_mapping(value, spec, target)
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) is list:
                    raise KustomizeError(f"{item!r} is expected to be either a string or a map of string")
                self._put(value, index, spec, target)
        else:
            self._put_scalar(node, key, spec, target)

    def _put_scalar(self, node: Any, key: Any, spec: FieldSpec, target: Target) -> None:
        name = text_of(node[key])
        referral = self._select(self._fixer.named(name), spec, target, with_namespace=False)
        if referral is not None and referral.name != name:
            node[key] = referral.name

    def _put_mapping(self, node: dict[str, Any], spec: FieldSpec, target: Target) -> None:
        if "name" not in node:
            raise KustomizeError("path config error; no 'name' field in node")
        name = text_of(node["name"])
        candidates = self._fixer.named(name)
        if "namespace" in node and candidates:
            candidates = self._in_namespace(candidates, text_of(node["namespace"]))
        referral = self._select(candidates, spec, target, with_namespace=True)
        if referral is None:
            return
        namespace = referral.namespace
        if referral.name == name and not namespace:
            return
        node["name"] = referral.name
        if namespace:
            node["namespace"] = namespace

    def _in_namespace(self, candidates: list[Resource], namespace: str) -> list[Resource]:
        if namespace == NOT_A_NAMESPACE:
            return []
        now = self._fixer.original_namespaces().get(namespace, set())
        if any(self._may_see_namespace(n) for n in now):
            return [r for r in candidates if r.original_key().namespace == namespace]
        return [r for r in candidates if r.effective_namespace == namespace]

    def _may_see_namespace(self, effective: str) -> bool:
        return (
            self._cluster_scoped
            or effective in (NOT_A_NAMESPACE, self._namespace)
            or effective in self._subject_namespaces
        )

    def _select(
        self, candidates: Sequence[Resource], spec: FieldSpec, target: Target, *, with_namespace: bool
    ) -> Resource | None:
        """The one resource that is meant; None where none is."""
        if len(candidates) == 1 and not spec.path.endswith("roleRef/name"):
            only = candidates[0]
            return only if _was(only, target) and self._may_mean(only) else None
        found = [r for r in candidates if _was(r, target)]
        if not found:
            return None
        if spec.path.endswith("roleRef/name"):
            found = self._by_role_ref(found)
        found = [r for r in found if self._may_mean(r)]
        if len(found) == 1:
            return found[0]
        found = [r for r in found if _same_affixes(self._resource, r, lenient=True)]
        if len(found) > 1:
            found = [r for r in found if _same_affixes(self._resource, r, lenient=False)]
        if not found:
            return None
        if len({(r.name, r.namespace if with_namespace else "") for r in found}) > 1:
            raise self._ambiguous(found)
        return found[0]

    def _may_mean(self, candidate: Resource) -> bool:
        """Whether the candidate is in sight: in the same namespace, in none, or a service account that a binding names."""
        own, other = self._namespace, candidate.effective_namespace
        if own == other or NOT_A_NAMESPACE in (own, other):
            return True
        return candidate.kind == "ServiceAccount" and candidate.namespace in self._subject_namespaces

    def _by_role_ref(self, candidates: list[Resource]) -> list[Resource]:
        reference = self._resource.manifest.get("roleRef")
        if type(reference) is not dict or "apiGroup" not in reference or "kind" not in reference:
            return candidates
        target = (text_of(reference["apiGroup"]), "", text_of(reference["kind"]))
        return [r for r in candidates if _was(r, target)]

    def _ambiguous(self, found: Sequence[Resource]) -> KustomizeError:
        ids = ", ".join(r.id_text() for r in found)
        details = f"\n**** Too many possible referral targets to referrer:\n{yaml.dump(self._resource.manifest)}\n"
        for number, resource in enumerate(found):
            details += f"--- possible referral {number}:\n{yaml.dump(resource.manifest)}\n"
        return KustomizeError(f"found multiple possible referrals: {ids}\n{details}")


def _was(resource: Resource, target: Target) -> bool:
    """Whether the resource once was of the kind."""
    group, version, kind = target
    own_group, own_version = split_api_version(resource.api_version)
    if (group and group != own_group) or (version and version != own_version):
        return False
    return not kind or any(p.kind == kind for p in resource.previous)


def _same_affixes(one: Resource, other: Resource, *, lenient: bool) -> bool:
    return _same_ending(one.prefixes, other.prefixes, lenient) and _same_ending(one.suffixes, other.suffixes, lenient)


def _same_ending(one: list[str], other: list[str], lenient: bool) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return lenient or not longer
    return longer[-len(shorter) :] == shorter


def _subject_namespaces(resource: Resource) -> frozenset[str]:
    subjects = resource.manifest.get("subjects")
    out: set[str] = set()
    for subject in subjects if type(subjects) is list else ():
        if type(subject) is dict and "namespace" in subject and subject.get("kind") == "ServiceAccount":
            if type(subject["namespace"]) is not str:
                raise KustomizeError(f"Invalid Input: namespace is blank for resource {quoted(resource.id_text())}\n")
            out.add(subject["namespace"])
    return frozenset(out)
