"""``flux build kustomization --dry-run`` judges what units render to; skipped where there is no flux.

``HOLDFAST_FLUX`` names the program, else it is looked for on the path. ``HOLDFAST_FLUX_REPOSITORIES`` adds checkouts of whole
repositories, separated by colons: each of their units that names nothing but its own files is compared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.base.tree import DiskTree
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest
from holdfast.offline.survey import Unit, survey
from holdfast.render.normalise import normalise
from tests.unit.offline.test_survey import SOURCE, unit

FLUX = os.environ.get("HOLDFAST_FLUX") or shutil.which("flux")
needs_flux = pytest.mark.skipif(FLUX is None, reason="flux is not installed: set HOLDFAST_FLUX or put it on the path")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/web:1.0.0", ports: [{containerPort: 80}]}]}
"""
CONFIG = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {region: '${region:=nowhere}', n: '${count}'}\n"
)
UNITS: dict[str, str] = {
    "plain": "",
    "namespaced": "  targetNamespace: shop\n  namePrefix: a-\n  nameSuffix: -z\n",
    "imaged": "  images: [{name: registry.example.com/web, newName: other/web, newTag: '2'}]\n",
    "patched": (
        "  patches:\n  - target: {kind: Deployment}\n    patch: |\n"
        "      - {op: replace, path: /spec/replicas, value: 3}\n"
        "  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n"
        "      spec: {template: {spec: {containers: [{name: web, env: [{name: A, value: b}]}]}}}\n"
    ),
    "labelled": "  commonMetadata: {labels: {team: a}, annotations: {note: b}}\n",
    "substituted": "  postBuild: {substitute: {region: north, count: '3'}}\n",
    "composed": "  components: [../extra]\n",
}
FILES = {
    "plain/deployment.yaml": DEPLOYMENT,
    "plain/kustomization.yaml": "resources: [deployment.yaml]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n",
    "bare/a.yaml": DEPLOYMENT,
    "bare/deeper/b.yaml": CONFIG.replace("${count}", "1"),
    "vars/c.yaml": CONFIG,
    "extra/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {kind: Deployment}\n"
        "  patch: |\n    - {op: add, path: /metadata/annotations, value: {component: was-here}}\n"
    ),
}
PATHS = {"substituted": "./vars"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("repository")
    units = [unit(name, PATHS.get(name, "./plain"), more) for name, more in UNITS.items()] + [unit("bare", "./bare")]
    files = {**FILES, "clusters/prod/sync.yaml": "---\n".join([SOURCE, *units])}
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


def of_flux(top: Path, found: Unit, scratch: Path) -> list[Manifest] | str:
    """The objects, or why flux does not build the unit."""
    file = scratch / "unit.yaml"
    file.write_text(yaml.dump(found.object))
    path = str(found.spec.get("path") or "./").removeprefix("/")
    command = [str(FLUX), "build", "kustomization", found.key.name, "-n", found.key.namespace or "default", "--dry-run"]
    # flux writes a kustomization.yaml into the directory while it builds.
    copy = scratch / "tree"
    shutil.copytree(top, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"), dirs_exist_ok=True)
    done = subprocess.run(
        [*command, "--path", f"./{path}", "--kustomization-file", str(file)],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        return done.stderr
    return [d.value for d in yaml.load_all(done.stdout) if isinstance(d.value, dict)]


def compared(obj: Manifest) -> dict[str, Any]:
    """Without what flux's command leaves out or adds when it prints: owner labels, status, the shape of empty fields."""
    obj = normalise(obj)
    meta = {k: v for k, v in obj["metadata"].items() if k != "creationTimestamp"}
    labels = {k: v for k, v in (meta.pop("labels", None) or {}).items() if "toolkit.fluxcd.io/" not in k}
    annotations = meta.pop("annotations", None) or {}
    return {**obj, "metadata": {**meta, "labels": labels, "annotations": annotations}}


def key(obj: Manifest) -> tuple[str, str, str, str]:
    meta = obj["metadata"]
    return str(obj["apiVersion"]), str(obj["kind"]), str(meta.get("namespace") or ""), str(meta["name"])


def units_of(top: Path) -> Iterator[Unit]:
    for found in survey(DiskTree(str(top))):
        yield from (u for u in found.units.values() if u.key.kind == "Kustomization" and u.rendered and not u.loose)


@needs_flux
@pytest.mark.parametrize("name", [*UNITS, "bare"])
def test_a_unit_renders_as_flux_builds_it(repository: Path, tmp_path: Path, name: str) -> None:
    found = next(u for u in units_of(repository) if u.key.name == name)
    theirs = of_flux(repository, found, tmp_path)
    assert isinstance(theirs, list), theirs
    assert found.rendered is not None
    mine = {key(o): compared(o) for o in found.rendered.objects}
    assert mine == {key(o): compared(o) for o in theirs}


REPOSITORIES = [p for p in os.environ.get("HOLDFAST_FLUX_REPOSITORIES", "").split(":") if p]


@needs_flux
@pytest.mark.skipif(not REPOSITORIES, reason="HOLDFAST_FLUX_REPOSITORIES names no checkouts")
@pytest.mark.parametrize("place", REPOSITORIES)
def test_the_units_of_a_whole_repository_render_as_flux_builds_them(place: str, tmp_path: Path) -> None:
    wrong: list[str] = []
    judged = 0
    for number, found in enumerate(units_of(Path(place))):
        post = found.spec.get("postBuild") or {}
        encrypted = any("sops" in str(o.get("metadata")) for o in (found.rendered.objects if found.rendered else ()))
        if post.get("substituteFrom") or found.facts.get("remote") or found.spec.get("decryption") or encrypted:
            continue
        scratch = tmp_path / str(number)
        scratch.mkdir()
        theirs = of_flux(Path(place), found, scratch)
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(theirs, str):
            continue
        judged += 1
        assert found.rendered is not None
        mine = {key(o): compared(o) for o in found.rendered.objects}
        other = {key(o): compared(o) for o in theirs}
        if mine != other:
            wrong.append(
                f"{found.key}: {sorted(k for k in mine.keys() | other.keys() if mine.get(k) != other.get(k))[:3]}"
            )
    if not judged:
        pytest.skip("flux builds none of its units on their own")
    assert wrong == []
