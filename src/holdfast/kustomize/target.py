"""One kustomization and all it refers to: accumulate resources, then run its generators, components and transformers.

The order is kustomize's: resources, configurations, generators, components, transformers (built-in ones first), validators,
vars. Names with hashes and references are finished once, at the outermost kustomization (``run``). Source: kustomize
``internal/target/kusttarget.go``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Any

from holdfast.base.errors import Place
from holdfast.kube import yaml
from holdfast.kustomize import config as configs_
from holdfast.kustomize.builtins import generators_of, transformers_of
from holdfast.kustomize.config import TransformerConfig
from holdfast.kustomize.defaults import DEFAULT
from holdfast.kustomize.errors import FetchError, KustomizeError, MalformedYAML
from holdfast.kustomize.ids import Key
from holdfast.kustomize.kustfile import Kustomization, load_kustomization
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.openapi import Schemas
from holdfast.kustomize.options import Step
from holdfast.kustomize.patchfile import in_file
from holdfast.kustomize.plugin import Plugin, Surroundings
from holdfast.kustomize.remote import parse_repo_url
from holdfast.kustomize.resmap import ResMap, index_of
from holdfast.kustomize.resource import Origin, Resource
from holdfast.kustomize.scalars import quoted
from holdfast.kustomize.yamlio import read_resources


class Build:
    """What all kustomizations of one build share. ``metadata`` is ``buildMetadata`` of the outermost one."""

    __slots__ = ("metadata", "schemas", "warnings")

    def __init__(self) -> None:
        self.schemas = Schemas()
        self.warnings: list[str] = []
        self.metadata: list[str] = []


class Accumulator:
    """Resources together with the rules that customise them."""

    __slots__ = ("config", "resources", "vars")

    def __init__(self) -> None:
        self.resources = ResMap()
        self.config: TransformerConfig = configs_.EMPTY
        self.vars: dict[str, dict[str, Any]] = {}

    def merge(self, other: Accumulator) -> None:
        self.resources.append_all(other.resources)
        self.add_config(other.config)
        for variable in other.vars.values():
            self._add_var(variable)

    def add_config(self, config: TransformerConfig) -> None:
        """Take in field specs. Into nothing as well they are merged, not copied: of those that cover each other, the first stays."""
        settled = self.config is configs_.EMPTY and config is DEFAULT
        self.config = config if settled else self.config.merge(config)

    def _add_var(self, variable: dict[str, Any]) -> None:
        if variable["name"] in self.vars:
            raise KustomizeError(f"var '{variable['name']}' already encountered")
        self.vars[variable["name"]] = variable

    def add_vars(self, variables: Iterable[dict[str, Any]]) -> None:
        """Take in vars and note at the resources which of them they are the source of."""
        variables = list(variables)
        for variable in variables:
            found = self._sources(variable)
            if len(found) > 1:
                raise KustomizeError(
                    f"found {len(found)} resId matches for var {go_var(variable)} (unable to disambiguate)"
                )
            if found:
                found[0].var_names.append(variable.get("name", ""))
        for variable in variables:
            self._add_var({"name": "", **variable})

    def _sources(self, variable: dict[str, Any]) -> list[Resource]:
        reference = variable.get("objref", {})
        api_version, kind = var_kind(reference), reference.get("kind", "")
        name, namespace = reference.get("name", ""), reference.get("namespace", "")
        if namespace:
            return self.resources.by_any_key(Key(api_version, kind, namespace, name))
        return [
            r
            for r in self.resources
            if not r.gone and any((k.api_version, k.kind, k.name) == (api_version, kind, name) for k in _all_keys(r))
        ]


def _all_keys(resource: Resource) -> list[Key]:
    return [*resource.previous_keys(), resource.key()]


def var_kind(reference: dict[str, Any]) -> str:
    """The apiVersion a var's object reference means."""
    if reference.get("apiVersion"):
        return str(reference["apiVersion"])
    group, version = reference.get("group", ""), reference.get("version", "")
    return f"{group}/{version}" if group else version


def go_var(variable: dict[str, Any], *, defaulted: bool = True) -> str:
    """A var as Go prints it; ``defaulted`` once its apiVersion has been taken apart."""
    from holdfast.kustomize.ids import gvk_text

    reference = variable.get("objref", {})
    path = variable.get("fieldref", {}).get("fieldPath", "")
    group, version = reference.get("group", ""), reference.get("version", "")
    if defaulted:
        group, _, version = var_kind(reference).rpartition("/")
    gvk = gvk_text(group, version, reference.get("kind", ""))
    return f"{{{variable.get('name', '')} {gvk} {{{path}}}}}"


class Target:
    """A kustomization in its directory."""

    def __init__(self, loader: Loader, build: Build, origin: Origin | None = None, helm_namespace: str = "") -> None:
        self.loader = loader
        self.build = build
        self.origin = origin
        self._helm_namespace = helm_namespace
        self.kustomization: Kustomization = load_kustomization(loader)
        build.warnings += self.kustomization.warnings

    def choose_schema(self, *, outermost: bool) -> None:
        """Let the kustomization's ``openapi`` take effect."""
        openapi = self.kustomization.mapping("openapi")
        document = self.loader.load(openapi["path"]) if "path" in openapi else None
        self.build.schemas.choose(openapi, document, outermost=outermost)

    def accumulate(self, into: Accumulator) -> Accumulator:
        """Add everything this kustomization stands for. A component works on what is there already."""
        try:
            return self._accumulated(into)
        except KustomizeError as err:
            self._place(err)
            raise

    def _place(self, error: KustomizeError, entry: str | None = None) -> None:
        """Say where an error comes from that does not know: from this kustomization, maybe from an entry of one of its lists."""
        if error.place is None or not error.place.path:
            from holdfast.kustomize.places import line_of_entry

            name = self.kustomization.file_name
            line = line_of_entry(self.loader.load(name), entry) if entry is not None else 0
            error.place = Place(f"{self.loader.root}/{name}".lstrip("/"), line)

    def _accumulated(self, into: Accumulator) -> Accumulator:
        data = self.kustomization
        try:
            self._add_resources(into, data.texts("resources"))
        except KustomizeError as err:
            raise err.within("accumulating resources") from None
        self._observed("resources", into.resources)
        into.add_config(self._config())
        self._generate(into)
        self._observed("generators", into.resources)
        self._add_components(into)
        self._transform(into)
        self._validate(into)
        try:
            into.add_vars(data.structs("vars"))
        except KustomizeError as err:
            shown = " ".join(go_var(v, defaulted=False) for v in data.structs("vars"))
            raise err.within(f"merging vars [{shown}]") from None
        return into

    def _config(self) -> TransformerConfig:
        found = DEFAULT
        if paths := self.kustomization.texts("configurations"):
            own = configs_.EMPTY
            for path in paths:
                own = own.merge(configs_.parse_config(self.loader.load(path)))
            found = found.merge(own)
        crds = self.kustomization.texts("crds")
        for path in crds:
            try:
                found = found.merge(configs_.config_from_crds(self.loader.load(path), path))
            except KustomizeError as err:
                raise err.within(f"loading CRDs [{' '.join(crds)}]") from None
        return found

    # Resources, bases and components

    def _add_resources(self, into: Accumulator, paths: Iterable[str]) -> None:
        for path in paths:
            try:
                self._add_file(into, path)
            except FetchError:
                raise
            except KustomizeError as err:
                try:
                    self._add_directory(into, path, err)
                except KustomizeError as final:
                    self._place(final, path)
                    raise

    def _add_file(self, into: Accumulator, path: str) -> None:
        try:
            found = read_resources(self.loader.load(path), self.loader.tree_path(path), self.build.schemas.scopes)
            index = index_of(found)
        except KustomizeError as err:
            raise in_file(err, path).within(f"accumulating resources from '{path}'") from None
        origin = append_origin(self.origin, path) if self.origin is not None else None
        for resource in found:
            resource.origin = origin
            self.build.schemas.note(*resource.type_meta())
        try:
            into.resources.append_new(found, index)
        except KustomizeError as err:
            raise err.within(f"merging resources from '{path}'") from None

    def _add_directory(self, into: Accumulator, path: str, as_file: KustomizeError) -> None:
        before = f"accumulation err='{as_file.message}'"
        try:
            loader = self.loader.descend(path)
        except KustomizeError as err:
            if isinstance(as_file, MalformedYAML):
                raise as_file from None
            raise err.within(before) from None
        try:
            found = self._sub_target(loader, path, component=False, into=None)
            try:
                into.merge(found)
            except KustomizeError as err:
                raise err.within(f"recursed merging from path '{loader.shown_root}'") from None
        except KustomizeError as err:
            raise err.within(before) from None

    def _sub_target(self, loader: Loader, path: str, *, component: bool, into: Accumulator | None) -> Accumulator:
        shown = loader.shown_root
        origin = append_origin(self.origin, path) if self.origin is not None else None
        namespace = self.kustomization.text("namespace") or self._helm_namespace
        try:
            target = Target(loader, self.build, origin, namespace)
        except KustomizeError as err:
            raise err.within(f"couldn't make target for path '{shown}'") from None
        target.choose_schema(outermost=False)
        is_component = target.kustomization.kind == "Component"
        if component and not is_component:
            kind = target.kustomization.kind
            raise KustomizeError(f"expected kind 'Component' for path '{shown}' but got '{kind}'")
        if is_component and not component:
            raise KustomizeError(f"expected kind != 'Component' for path '{shown}'")
        try:
            return target.accumulate(into if into is not None else Accumulator())
        except KustomizeError as err:
            raise err.within(f"recursed accumulation of path '{shown}'") from None

    def _add_components(self, into: Accumulator) -> None:
        for path in self.kustomization.texts("components"):
            try:
                self._add_component(into, path)
            except KustomizeError as err:
                self._place(err, path)
                raise err.within("accumulating components") from None

    def _add_component(self, into: Accumulator, path: str) -> None:
        try:
            loader = self.loader.descend(path)
        except KustomizeError as err:
            raise KustomizeError(f"loader.New {quoted(err.message)}", place=err.place) from None
        try:
            self._sub_target(loader, path, component=True, into=into)
            _refuse_doubles(into, loader.shown_root)
        except KustomizeError as err:
            raise KustomizeError(f"accumulateDirectory: {quoted(err.message)}", place=err.place) from None

    # Generators, transformers, validators

    def _around(self) -> Surroundings:
        return Surroundings(self.loader, self.build.schemas)

    def _builtin_origin(self, kind: str) -> Origin | None:
        if self.origin is None:
            return None
        configured_in = posixpath.normpath(posixpath.join(self.origin.path, self.kustomization.file_name))
        return Origin(
            repo=self.origin.repo,
            ref=self.origin.ref,
            configured_in=configured_in,
            configured_by=("builtin", kind, "", ""),
        )

    def _generate(self, into: Accumulator) -> None:
        steps: list[tuple[Plugin, Origin | None]] = [
            (plugin, self._builtin_origin(kind))
            for kind, plugin in generators_of(self.kustomization, self._around(), self._helm_namespace)
        ]
        try:
            steps += self._configured("generators", "configuring external generator")
        except KustomizeError as err:
            raise err.within("loading generator plugins") from None
        for plugin, origin in steps:
            assert plugin.generate is not None
            found = plugin.generate()
            for resource in found:
                resource.origin = resource.origin or origin
            try:
                into.resources.absorb_all(found)
            except KustomizeError as err:
                raise err.within("merging from generator") from None

    def _configured(self, field_name: str, doing: str) -> list[tuple[Plugin, Origin | None]]:
        """Plugins from configuration objects, which stand inline, in files or in directories."""
        found = Accumulator()
        paths: list[str] = []
        for entry in self.kustomization.texts(field_name):
            try:
                inline = ResMap(read_resources(entry.encode(), "", self.build.schemas.scopes))
            except KustomizeError:
                paths.append(entry)
                continue
            if self.origin is not None:
                for resource in inline:
                    resource.origin = append_origin(self.origin, self.kustomization.file_name)
            try:
                found.resources.append_all(inline)
            except KustomizeError as err:
                raise err.within(doing) from None
        self._add_resources(found, paths)
        if not found.resources:
            return []
        from holdfast.kustomize.plugins import load_plugin

        out: list[tuple[Plugin, Origin | None]] = []
        for resource in found.resources:
            try:
                plugin = load_plugin(resource, self._around())
                self._check_role(plugin, resource, field_name)
            except KustomizeError as err:
                raise (err.within("failed to load generator") if field_name == "generators" else err) from None
            out.append((plugin, _custom_origin(resource)))
        return out

    def _check_role(self, plugin: Plugin, resource: Resource, field_name: str) -> None:
        if field_name == "generators" and plugin.generate is None:
            raise KustomizeError(f"plugin {resource.original_id_text()} not a generator")
        if field_name != "generators" and plugin.transform is None:
            raise KustomizeError(f"plugin {resource.original_id_text()} not a transformer")

    def _transform(self, into: Accumulator) -> None:
        steps: list[tuple[str, Plugin, Origin | None]] = [
            (kind, plugin, self._builtin_origin(kind))
            for kind, plugin in transformers_of(self.kustomization, into.config, self._around())
        ]
        steps += [
            ("transformers", plugin, origin)
            for plugin, origin in self._configured("transformers", "configuring external transformer")
        ]
        seen: dict[str, int] = {}
        for kind, plugin, origin in steps:
            assert plugin.transform is not None
            plugin.transform(into.resources)
            if origin is not None:
                for _ in range(plugin.times):
                    _note_transformer(into.resources, origin)
            into.resources.drop_gone()
            self._observed(kind, into.resources, seen)

    def _observed(self, kind: str, resources: ResMap, seen: dict[str, int] | None = None) -> None:
        if (observe := self.loader.options.observe) is None:
            return
        index = 0
        if seen is not None:
            index = seen[kind] = seen.get(kind, -1) + 1
        file = self.loader.tree_path(self.kustomization.file_name)
        observe(Step(kind, file, index), resources.resources)

    def _validate(self, into: Accumulator) -> None:
        for plugin, _ in self._configured("validators", "configuring external transformer"):
            assert plugin.transform is not None
            before = [r.copy() for r in into.resources]
            plugin.transform(into.resources)
            _refuse_changes(before, into.resources)


def _refuse_doubles(into: Accumulator, shown: str) -> None:
    """What upstream checks by moving a component's result into a new accumulator."""
    try:
        into.resources = ResMap(into.resources)
    except KustomizeError as err:
        raise err.within(f"recursed merging from path '{shown}'") from None


def _note_transformer(resources: ResMap, origin: Origin) -> None:
    for resource in resources:
        if resource.origin is None:
            resource.origin = origin
        else:
            resource.transformations.append(origin)
        resource.unshare_annotations()


def _custom_origin(resource: Resource) -> Origin | None:
    if resource.origin is None:
        return None
    return Origin(
        repo=resource.origin.repo,
        ref=resource.origin.ref,
        configured_in=resource.origin.path,
        configured_by=(resource.api_version, resource.kind, resource.name, resource.namespace),
    )


def _refuse_changes(before: list[Resource], after: ResMap) -> None:
    problem = "validator shouldn't modify the resource map: "
    if len(before) != len(after):
        raise KustomizeError(problem + "lists have different number of entries")
    now = {r.key(): r for r in after}
    for resource in before:
        found = now.get(resource.key())
        if found is None:
            raise KustomizeError(problem + f"id in self missing from other; id: {resource.id_text()}")
        changed = found.copy()
        labels = changed.labels()
        if labels.pop("validated-by", None) is not None:
            changed.set_texts("labels", labels)
        if resource.manifest != changed.manifest:
            raise KustomizeError(
                problem + f"nodes unequal: \n -- {yaml.dump(resource.manifest)},\n -- {yaml.dump(changed.manifest)}\n"
            )


def append_origin(origin: Origin, path: str) -> Origin:
    """The origin of something that ``path`` names."""
    spec = parse_repo_url(path)
    if spec is not None:
        return origin._replace(repo=spec.clone, ref=spec.ref, path=spec.path)
    joined = posixpath.normpath(posixpath.join(origin.path, path)) if origin.path or path else ""
    return origin._replace(path="" if joined == "." else joined)
