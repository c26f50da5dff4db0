"""A whole build: the outermost kustomization, then what can only be done last.

Last come content hashes, references by name, vars, leaving out local-config objects, the order, and the annotations and labels
about the build itself. Source: kustomize ``krusty/kustomizer.go``.
"""

from __future__ import annotations

from typing import Any

from holdfast.base.collector import Paused
from holdfast.base.tree import Tree
from holdfast.kube import yaml
from holdfast.kustomize import finish
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.fieldspec import FieldSpec
from holdfast.kustomize.loader import Files, Loader
from holdfast.kustomize.options import BuildOptions, BuildResult, Step
from holdfast.kustomize.order import legacy_order, sort_by_options
from holdfast.kustomize.resmap import ResMap
from holdfast.kustomize.resource import Origin
from holdfast.kustomize.target import Accumulator, Build, Target
from holdfast.kustomize.transformers.hashes import add_hashes
from holdfast.kustomize.transformers.labels import put_texts
from holdfast.kustomize.transformers.namerefs import fix_references

VERSION = "v5.8.1"
"""The kustomize whose behaviour this is."""


def build(tree: Tree, path: str, options: BuildOptions | None = None) -> BuildResult:
    """Build the kustomization in directory ``path`` of ``tree``. Raises KustomizeError."""
    try:
        with Paused():
            return _built(tree, path, options)
    except RecursionError:
        raise KustomizeError("the resources or the kustomizations are nested too deeply") from None


def _built(tree: Tree, path: str, options: BuildOptions | None) -> BuildResult:
    options = options or BuildOptions()
    files = Files(tree, options.display_root, options.whole_disk)
    shared = Build()
    loader = _root_loader(files, path, options)
    target = Target(loader, shared)
    target.choose_schema(outermost=True)
    shared.metadata = target.kustomization.texts("buildMetadata")
    if shared.metadata:
        target.origin = Origin()
    found = target.accumulate(Accumulator())
    add_hashes(found.resources)
    fix_references(found.resources, found.config.name_reference)
    finish.resolve_vars(found, shared)
    finish.drop_local(found.resources)
    finish.refuse_odd_keys(found.resources)
    finish.refuse_misfits(found.resources)
    _sort(found.resources, target, options, shared)
    _label(found.resources, shared, options)
    for resource in found.resources:
        finish.clean_annotations(resource, shared.metadata)
    if options.observe is not None:
        options.observe(Step("finish", loader.tree_path(target.kustomization.file_name)), found.resources.resources)
    return BuildResult(found.resources.resources, files.reads, shared.warnings)


def _root_loader(files: Files, path: str, options: BuildOptions) -> Loader:
    start = Loader(files, "", options)
    real = start._directory(files.normal(path))
    return Loader(files, real, options)


def _sort(resources: ResMap, target: Target, options: BuildOptions, shared: Build) -> None:
    chosen = target.kustomization.data.get("sortOptions")
    if chosen is not None:
        if options.reorder is not None:
            shared.warnings.append(
                "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag "
                "('--reorder'). Using the kustomization file over the CLI flag."
            )
        resources.replace_all(sort_by_options(resources.resources, chosen))
    elif options.reorder != "none":
        resources.replace_all(legacy_order(resources.resources))


def _label(resources: ResMap, shared: Build, options: BuildOptions) -> None:
    if options.managed_by_label or "managedByLabel" in shared.metadata:
        put_texts(
            resources,
            {"app.kubernetes.io/managed-by": f"kustomize-{VERSION}"},
            (FieldSpec("metadata/labels", create=True),),
        )


def dump(result: BuildResult) -> str:
    """The result as a YAML stream."""
    return yaml.dump_all(result.manifests)


__all__ = ["Any", "KustomizeError", "build", "dump"]
