"""Rules about sources: where they are, what they name, who uses them; and about notifications and image automation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.base.semver import Constraint, InvalidConstraint
from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.model.delivery import UnitKey
from holdfast.offline.findings import Finding
from holdfast.offline.rules.index import (
    Index,
    Key,
    mapping,
    mappings,
    name_of,
    namespace_of,
    near,
    source_key,
    spec_of,
)
from holdfast.offline.unit import SOURCE_KINDS, Survey, Unit, key_of

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def _sources(index: Index, *kinds: str) -> Iterator[tuple[Unit, Manifest]]:
    for unit, obj in index.each(*kinds):
        if GroupVersionKind.of(obj).group == "source.toolkit.fluxcd.io":
            yield unit, obj


def _known(survey: Survey) -> set[UnitKey]:
    documents = (d.object for d in survey.documents)
    rendered = (o for _, o in survey.objects())
    return {key_of(o) for o in (*documents, *rendered) if o.get("kind") in SOURCE_KINDS}


def missing(survey: Survey) -> Iterator[Finding]:
    index, known, made = Index.of(survey), _known(survey), _generated(survey)
    for unit in survey.units.values():
        source = unit.source
        if unit.loose or source is None or source.kind not in SOURCE_KINDS or source.name in made:
            continue
        # A bootstrap makes flux-system's source outside of the repository's manifests in some set-ups.
        if source.name == "flux-system" and not any((k.kind, k.name) == (source.kind, source.name) for k in known):
            continue
        if source not in known and not index.hidden:
            yield _missing(index, unit, source, known)


def _missing(index: Index, unit: Unit, source: UnitKey, known: set[UnitKey]) -> Finding:
    elsewhere = next((k for k in known if k.kind == source.kind and k.name == source.name), None)
    other = next((k for k in known if k.name == source.name and k.namespace == source.namespace), None)
    hint = near(source.name, (k.name for k in known if k.kind == source.kind))
    if elsewhere is not None:
        hint = f"there is one in namespace {elsewhere.namespace}: name it in sourceRef"
    elif other is not None:
        hint = f"{source.name} is a {other.kind}"
    path: tuple[Key, ...] = ("spec", "chartRef") if unit.spec.get("chartRef") else ("spec", "sourceRef")
    if unit.spec.get("chart"):
        path = ("spec", "chart", "spec", "sourceRef")
    text = f"{'chartRef' if path[-1] == 'chartRef' else 'sourceRef'} names {source}, which is not in this repository"
    return index.about("source-missing", unit, text, *path, hint=hint)


def _generated(survey: Survey) -> set[str]:
    """Names of the artifacts that ArtifactGenerators make."""
    generators = [d.object for d in survey.documents if d.object["kind"] == "ArtifactGenerator"]
    return {str(a.get("name")) for g in generators for _, a in mappings(spec_of(g).get("artifacts"))}


def invalid_urls(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in _sources(index, "GitRepository", "OCIRepository", "HelmRepository"):
        url = str(spec_of(obj).get("url") or "")
        problem = _url_problem(obj, url) if url and "${" not in url else ""
        if problem:
            yield index.finding("source-url-invalid", unit, obj, f"{problem}: {url}", "spec", "url")


def _url_problem(obj: Manifest, url: str) -> str:
    kind, spec = obj["kind"], spec_of(obj)
    if kind == "OCIRepository":
        tail = url.removeprefix("oci://").partition("/")[2]
        if not url.startswith("oci://"):
            return "the URL of an OCIRepository starts with oci://"
        return "the tag belongs in spec.ref, not in the URL" if ":" in tail else ""
    if kind == "HelmRepository":
        if url.startswith("oci://"):
            return "" if spec.get("type") == "oci" else "a registry needs spec.type: oci"
        if not url.startswith(("http://", "https://")):
            return "the URL of a HelmRepository starts with http://, https:// or oci://"
        if spec.get("type") == "oci":
            return "spec.type is oci, but the URL does not start with oci://"
        return "the URL of a HelmRepository is the directory of its index" if url.endswith("/index.yaml") else ""
    if url.startswith(("http://", "https://", "ssh://", "file://")):
        return "" if not re.match(r"ssh://[^/]*:[^/0-9]", url) else "ssh:// needs a / after the host where git has a :"
    return "Flux takes http, https and ssh URLs: write git@host:path as ssh://git@host/path"


def invalid_refs(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in _sources(index, "GitRepository", "OCIRepository"):
        ref = mapping(spec_of(obj).get("ref"))
        for field, problem in _ref_problems(ref):
            yield index.finding("source-ref-invalid", unit, obj, problem, "spec", "ref", field)


def _ref_problems(ref: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    semver, commit, name = (str(ref.get(k) or "") for k in ("semver", "commit", "name"))
    if semver and "${" not in semver:
        try:
            Constraint(semver)
        except InvalidConstraint as error:
            yield "semver", f"has a ref.semver that is no range of versions: {semver} ({error})"
    if commit and not _COMMIT.fullmatch(commit) and "${" not in commit:
        yield "commit", f"has a ref.commit that is no full commit id: {commit}"
    if name and not name.startswith("refs/"):
        yield "name", f"has a ref.name that does not start with refs/: {name}"
    for field in ("branch", "tag"):
        value = str(ref.get(field) or "")
        if value.startswith("refs/"):
            yield field, f"has a ref.{field} with refs/ in it: {value}; only the name belongs there"
    digest = str(ref.get("digest") or "")
    if digest and not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) and "${" not in digest:
        yield "digest", f"has a ref.digest that is no sha256 digest: {digest}"


_SECRETS = ("secretRef", "certSecretRef", "proxySecretRef")


def missing_secrets(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    kinds = (*SOURCE_KINDS, "ImageRepository", "Provider", "Receiver")
    for unit, obj in index.objects:
        if obj["kind"] not in kinds or "toolkit.fluxcd.io" not in str(obj["apiVersion"]):
            continue
        for field in _SECRETS:
            name = str(mapping(spec_of(obj).get(field)).get("name") or "")
            if name and name != "flux-system" and not index.secret(namespace_of(obj), name):
                yield index.finding(
                    "source-secret-missing",
                    unit,
                    obj,
                    f"names Secret {name} ({field}), which no unit of this repository makes",
                    *("spec", field),
                    hint=near(name, index.names("Secret", namespace_of(obj)))
                    or "silence this where the Secret is made by hand",
                )


def missing_kubeconfigs(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit in survey.units.values():
        name = str(mapping(mapping(unit.spec.get("kubeConfig")).get("secretRef")).get("name") or "")
        if name and not unit.loose and not index.secret(unit.key.namespace, name):
            text = f"spec.kubeConfig names Secret {name}, which no unit of this repository makes"
            hint = near(name, index.names("Secret", unit.key.namespace))
            yield index.about("kubeconfig-missing", unit, text, "spec", "kubeConfig", "secretRef", hint=hint)


def ssh_without_key(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in _sources(index, "GitRepository"):
        spec = spec_of(obj)
        if str(spec.get("url") or "").startswith("ssh://") and not spec.get("secretRef"):
            yield index.finding(
                "source-ssh-without-key", unit, obj, "is fetched over ssh without spec.secretRef", "spec", "url"
            )


def unused(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    used = {u.source for u in survey.units.values()} | {_declared(u) for u in survey.units.values()}
    used |= set(_used_elsewhere(index))
    for unit, obj in _sources(index, "GitRepository", "OCIRepository", "HelmRepository", "Bucket"):
        if key_of(obj) not in used and name_of(obj) != "flux-system":
            yield index.finding("source-unused", unit, obj, "is used by no unit: it is only fetched")


def _declared(unit: Unit) -> UnitKey | None:
    ref = unit.spec.get("chartRef") or mapping(mapping(unit.spec.get("chart")).get("spec")).get("sourceRef")
    return source_key(ref, unit.key.namespace) if isinstance(ref, dict) else None


def _used_elsewhere(index: Index) -> Iterator[UnitKey]:
    for _, obj in index.objects:
        spec, namespace = spec_of(obj), namespace_of(obj)
        for field in ("sourceRef", "chartRef"):
            if isinstance(spec.get(field), dict):
                yield source_key(spec[field], namespace)
        for field in ("include", "sources"):
            for _, item in mappings(spec.get(field)):
                ref = {"kind": "GitRepository", **item, **mapping(item.get("repository"))}
                yield source_key(ref, namespace)


# -- notifications and image automation --------------------------------------------------------------------------------


def missing_providers(survey: Survey) -> Iterator[Finding]:
    return (f for f in _alerts(survey) if f.rule == "alert-provider-missing")


def missing_event_sources(survey: Survey) -> Iterator[Finding]:
    return (f for f in _alerts(survey) if f.rule == "alert-source-missing")


def _alerts(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("Alert"):
        if GroupVersionKind.of(obj).group != "notification.toolkit.fluxcd.io":
            continue
        provider = str(mapping(spec_of(obj).get("providerRef")).get("name") or "")
        namespace = namespace_of(obj)
        if provider and not index.get("Provider", namespace, provider) and not index.unknown(namespace):
            text = f"names Provider {provider}, which no unit of this repository makes"
            hint = near(provider, index.names("Provider", namespace))
            yield index.finding("alert-provider-missing", unit, obj, text, "spec", "providerRef", hint=hint)
        yield from _sources_of(index, unit, obj, "eventSources")
    for unit, obj in index.each("Receiver"):
        if GroupVersionKind.of(obj).group == "notification.toolkit.fluxcd.io":
            yield from _sources_of(index, unit, obj, "resources")


def _sources_of(index: Index, unit: Unit, obj: Manifest, field: str) -> Iterator[Finding]:
    for number, source in mappings(spec_of(obj).get(field)):
        kind, name = str(source.get("kind")), str(source.get("name") or "")
        namespace = str(source.get("namespace") or namespace_of(obj))
        key = (kind, namespace, name)
        if name in ("", "*", "flux-system") or key in index.known or index.unknown(namespace):
            continue
        if UnitKey(*key) not in index.survey.units and key not in index.written_by_key:
            text = f"names {kind}/{namespace}/{name} in {field}, which is not in this repository"
            hint = near(name, index.names(kind))
            yield index.finding("alert-source-missing", unit, obj, text, "spec", field, number, hint=hint)


_SETTER = re.compile(rb"\{\s*[\"']?\$imagepolicy[\"']?\s*:\s*[\"']([^\"':]+):([^\"':]+)(?::(?:name|tag|digest))?[\"']")


def image_policies(survey: Survey) -> Iterator[Finding]:
    """Policies without their repository, and markers in files that name a policy that is not there."""
    index = Index.of(survey)
    for unit, obj in index.each("ImagePolicy"):
        ref = mapping(spec_of(obj).get("imageRepositoryRef"))
        namespace, name = str(ref.get("namespace") or namespace_of(obj)), str(ref.get("name") or "")
        if name and not index.exists("ImageRepository", namespace, name) and not index.hidden:
            text = f"names ImageRepository {namespace}/{name}, which no unit of this repository makes"
            hint = near(name, index.names("ImageRepository"))
            yield index.finding("image-policy-missing", unit, obj, text, "spec", "imageRepositoryRef", hint=hint)
    if not index.hidden:
        yield from _markers(survey, index)


def _markers(survey: Survey, index: Index) -> Iterator[Finding]:
    from holdfast.base.errors import Place

    policies = {(namespace_of(o), name_of(o)) for _, o in index.each("ImagePolicy")}
    for path in sorted({d.place.path for d in survey.documents}) if policies else ():
        data = survey.tree.read(path)
        for match in _SETTER.finditer(data) if b"$imagepolicy" in data else ():
            namespace, name = match[1].decode(), match[2].decode()
            if not index.exists("ImagePolicy", namespace, name):
                line = data.count(b"\n", 0, match.start()) + 1
                text = f"a marker names ImagePolicy {namespace}/{name}, which no unit of this repository makes"
                yield Finding.at(
                    "image-policy-missing", Place(path, line), text, hint=near(name, (n for _, n in policies))
                )
