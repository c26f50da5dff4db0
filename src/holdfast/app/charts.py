"""Charts for offline rendering: vendored directories first, then the cache, then (unless forbidden) the network.

In: what a HelmRelease wants. Out: an archive or a directory. What was fetched is kept in the cache for the next run; a host
that did not answer is not asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.base.errors import HoldfastError
from holdfast.base.semver import Constraint, InvalidConstraint, InvalidVersion, Version
from holdfast.base.tree import DiskTree, Tree
from holdfast.offline.charts import ChartAbsent, ChartWrong
from holdfast.offline.unit import ChartWanted

VENDORED = ".holdfast/charts"
_TIMEOUT = 15.0
_ENOUGH = 3
"""So many hosts without an answer, and none with one, mean that there is no network."""
_ARCHIVE = re.compile(r"(?P<name>.+?)-(?P<version>v?\d+\.\d+\.\d+[^/]*)\.tgz")


def cache_directory() -> Path:
    """$HOLDFAST_CHART_CACHE, or below the user's cache."""
    named = os.environ.get("HOLDFAST_CHART_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "holdfast" / "charts"


class Library:
    """Implements ``offline.unit.Charts``. ``vendored`` directories hold ``NAME-VERSION.tgz`` files or unpacked charts, at the
    top or below ``HOST/PATH`` of where they come from; in them a version that is absent is a mistake if others are there."""

    def __init__(self, vendored: Sequence[str] = (), cache: Path | None = None, *, offline: bool = False) -> None:
        self._vendored = [Path(v) for v in vendored if os.path.isdir(v)]
        self._cache = cache or cache_directory()
        self._offline = offline
        self._silent: dict[str, str] = {}
        self._reached = False
        self._indexes: dict[str, object] = {}

    def find(self, wanted: ChartWanted) -> bytes | Tree:
        """Raises ChartAbsent, or ChartWrong where the repository has no such version."""
        near: list[str] = []
        for directory in self._vendored:
            shelf = list(_shelf(directory, wanted))
            chosen = _choose(shelf, wanted.version)
            if chosen is not None:
                return _open(chosen)
            near += [v for v, _ in shelf]
        cached = list(_shelf(self._home(wanted), wanted))
        exact = next((path for version, path in cached if version == wanted.version), None)
        if exact is not None:
            return _open(exact)
        if not self._offline:
            with contextlib.suppress(ChartAbsent):
                return self._fetched(wanted)
        chosen = _choose(cached, wanted.version)
        if chosen is not None:
            return _open(chosen)
        return self._absent(wanted, near)

    def _absent(self, wanted: ChartWanted, near: list[str]) -> bytes:
        if near:
            text = f"there is no version {wanted.version} of chart {wanted.name} among the vendored ones: {', '.join(sorted(near))}"
            raise ChartWrong(text, rule="chart-version-unknown")
        host = urlsplit(wanted.url).netloc
        why = "the network is forbidden (--offline)" if self._offline else self._silent.get(host, "not found")
        raise ChartAbsent(f"{wanted} is neither in this repository nor vendored nor in the cache: {why}")

    def _home(self, wanted: ChartWanted) -> Path:
        return self._cache / hashlib.sha256(wanted.url.encode()).hexdigest()[:24]

    def _fetched(self, wanted: ChartWanted) -> bytes:
        host = urlsplit(wanted.url).netloc
        if host in self._silent:
            raise ChartAbsent(self._silent[host])
        if len(self._silent) >= _ENOUGH and not self._reached:
            raise ChartAbsent(next(iter(self._silent.values())))
        try:
            version, data = self._from_registry(wanted) if wanted.url.startswith("oci://") else self._from_index(wanted)
        except ChartWrong:
            raise
        except HoldfastError as error:
            self._silent[host] = error.message
            raise ChartAbsent(error.message) from error
        self._reached = True
        self._keep(wanted, version, data)
        return data

    def _from_index(self, wanted: ChartWanted) -> tuple[str, bytes]:
        from holdfast.source import helm_repository as door
        from holdfast.source.helm_index import IndexFile
        from holdfast.source.http import WayOut

        access = door.Access(way=WayOut(timeout=_TIMEOUT))
        index = self._indexes.get(wanted.url)
        if not isinstance(index, IndexFile):
            index = self._indexes[wanted.url] = door.parse_index(door.fetch_index(wanted.url, access))
        try:
            entry = door.choose(index, wanted.name, wanted.version)
        except door.InvalidReference as error:
            raise ChartWrong(error.message, rule="chart-version-unknown") from error
        return str(entry["version"]), door.fetch_chart(wanted.url, entry, access)

    def _from_registry(self, wanted: ChartWanted) -> tuple[str, bytes]:
        from holdfast.source import oci
        from holdfast.source.http import WayOut

        registry = oci.Repository(oci.Address.parse(wanted.url), way=WayOut(timeout=_TIMEOUT))
        reference = wanted.version.replace("+", "_")
        if not wanted.version.startswith("sha256:") and not _exact(wanted.version):
            reference = oci.highest_tag(registry.tags(), wanted.version or "*", chart=True)
        artifact = registry.artifact(reference)
        layer = next((x for x in artifact.layers if x.media_type == oci.HELM_LAYER), None)
        layer = layer or next(iter(artifact.layers), None)
        if layer is None:
            raise ChartWrong(f"{wanted.url}:{reference} has no layers: it is no chart", rule="chart-invalid")
        version = wanted.version if wanted.version.startswith("sha256:") else reference.replace("_", "+")
        return version, registry.blob(layer)

    def _keep(self, wanted: ChartWanted, version: str, data: bytes) -> None:
        """Whole or not at all; a cache that cannot be written is no failure."""
        home = self._home(wanted)
        with contextlib.suppress(OSError):
            home.mkdir(parents=True, exist_ok=True)
            part = home / f".{os.getpid()}.part"
            part.write_bytes(data)
            part.replace(home / f"{wanted.name}-{version.replace(':', '_')}.tgz")


def _exact(version: str) -> bool:
    try:
        return version.count(".") >= 2 and str(Version.parse(version)) == version
    except InvalidVersion:
        return False


def _open(path: Path) -> bytes | Tree:
    return DiskTree(str(path)) if path.is_dir() else path.read_bytes()


def _shelf(directory: Path, wanted: ChartWanted) -> Iterator[tuple[str, Path]]:
    """(version, path) of every copy of the chart: a place that names the origin is preferred to the top."""
    parts = urlsplit(wanted.url)
    for home in (directory / f"{parts.netloc}{parts.path}".strip("/"), directory):
        found = list(_copies(home, wanted.name)) if home.is_dir() else []
        if found:
            yield from found
            return


def _copies(home: Path, name: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(home.glob(f"{name}-*.tgz")):
        if path.name.startswith(f"{name}-sha256_"):
            yield path.name.removeprefix(f"{name}-").removesuffix(".tgz").replace("_", ":", 1), path
            continue
        match = _ARCHIVE.fullmatch(path.name)
        if match and match["name"] == name:
            yield match["version"], path
    for path in (home / name, *sorted(home.glob(f"{name}-[0-9v]*"))):
        if (path / "Chart.yaml").is_file():
            yield _version_of(path), path


def _version_of(chart: Path) -> str:
    match = re.search(r"^version:\s*[\"']?([^\s\"'#]+)", (chart / "Chart.yaml").read_text("utf-8", "replace"), re.M)
    return match[1] if match else ""


def _choose(shelf: Sequence[tuple[str, Path]], version: str) -> Path | None:
    """The exact version, else the highest in the range; a digest names no version, so the only copy is it."""
    for have, path in shelf:
        if have == version or have.removeprefix("v") == version.removeprefix("v"):
            return path
    if version.startswith("sha256:") or version == "latest":
        return shelf[-1][1] if len(shelf) == 1 else None
    try:
        constraint = Constraint(version or "*")
    except InvalidConstraint:
        return None
    fitting = [(v, path) for have, path in shelf if (v := _parsed(have)) is not None and constraint.check(v)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _parsed(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except InvalidVersion:
        return None
