"""A chart's dependencies brought into its charts/ directory, as ``helm dependency build`` and ``update`` do it.

In: a chart directory, Helm's own files. Out: archives in charts/, and Chart.lock where it changed. What is said on the way is
Helm's, in its order. Nothing in charts/ changes before everything is at hand.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from holdfast.base.errors import HoldfastError, Stop
from holdfast.helm.chart.archive import write_archive
from holdfast.helm.chart.lock import lock_text, old_requirements_digest, requirements_digest
from holdfast.helm.chart.model import Chart, Dependency, Lock
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.paths import clean
from holdfast.helm.go.semver import Constraints, parse_constraints, parse_version
from holdfast.source import helm_repository as door
from holdfast.source.helm_fetch import Fetcher, Say
from holdfast.source.helm_home import MANAGED, Home, Repository
from holdfast.source.helm_index import Entry
from holdfast.source.helm_registry import Reference, is_oci

_STALE = "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the dependencies with 'helm dependency update'"
_STALE_OLD = "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). Please update the dependencies"
_NO_URL = """
Note that repositories must be URLs or aliases. For example, to refer to the "example"
repository, use "https://charts.example.com/" or "@example" instead of
"example". Don't forget to add the repo, too ('helm repo add')."""
_FILE = "file://"


@dataclass(slots=True)
class DependencyBuild:
    """``load`` reads a chart directory or archive; ``refresh`` fetches the indexes first."""

    path: str
    home: Home
    fetcher: Fetcher
    load: Callable[[str], Chart]
    say: Say
    refresh: bool = True
    debug: bool = False
    _added: list[Repository] = field(default_factory=list)

    def build(self) -> None:
        """To what Chart.lock says; without one, as ``update``. Raises HoldfastError."""
        chart = self._chart()
        if chart.lock is None:
            return self.update()
        wanted, locked = chart.metadata.dependencies, chart.lock.dependencies
        old = old_requirements_digest(wanted)
        self._added = self.home.repositories()
        self._names(wanted)
        if requirements_digest(wanted, locked) != chart.lock.digest:
            if chart.metadata.api_version != "v1":
                raise Stop(_STALE)
            if old != chart.lock.digest:
                raise Stop(_STALE_OLD)
        self._all_added(locked)
        if self.refresh:
            self._update_all()
        self._download_all(locked)
        return None

    def update(self) -> None:
        """To the newest that Chart.yaml allows; writes Chart.lock. Raises HoldfastError."""
        chart = self._chart()
        wanted = chart.metadata.dependencies
        if not wanted:
            return
        self._added = self.home.repositories()
        names = self._with_unmanaged(self._names(wanted), wanted)
        if self.refresh:
            self._update_all()
        locked = self._resolve(wanted, names)
        self._download_all(locked)
        lock = Lock(requirements_digest(wanted, locked), _now(), locked)
        if chart.lock is None or chart.lock.digest != lock.digest:
            self._write_lock(lock, "requirements.lock" if chart.metadata.api_version == "v1" else "Chart.lock")

    def _chart(self) -> Chart:
        if not os.path.exists(self.path):
            raise Stop(f"could not find {self.path}: stat {self.path}: no such file or directory")
        if not os.path.isdir(self.path):
            raise Stop("only unpacked charts can be updated")
        return self.load(self.path)

    # -- repositories ---------------------------------------------------------------------------------------------------

    def _names(self, wanted: Sequence[Dependency]) -> dict[str, str]:
        """Dependency -> repository; aliases in the dependencies become addresses. Raises Stop."""
        names: dict[str, str] = {}
        missing: list[str] = []
        for d in wanted:
            if not d.repository:
                continue
            if d.repository.startswith(_FILE):
                self._local(d.repository)
                names[d.name] = d.repository
            elif is_oci(d.repository):
                names[d.name] = d.repository
            elif found := self._added_as(d.repository):
                names[d.name] = found.name
                d.repository = found.url if d.repository.startswith(("@", "alias:")) else d.repository
            elif not _is_address(d.repository):
                missing.append(d.repository)
        if missing:
            strange = any("//" not in m and not m.startswith(("@", "alias:")) for m in missing)
            text = f"no repository definition for {', '.join(missing)}. Please add them via 'helm repo add'"
            raise Stop(text + (_NO_URL if strange else ""))
        return names

    def _added_as(self, repository: str) -> Repository | None:
        for prefix in ("@", "alias:"):
            if repository.startswith(prefix):
                return next((r for r in self._added if r.name == repository.removeprefix(prefix)), None)
        return next((r for r in self._added if same_address(r.url, repository)), None)

    def _with_unmanaged(self, names: dict[str, str], wanted: Sequence[Dependency]) -> dict[str, str]:
        unmanaged: list[Repository] = []
        for d in wanted:
            if d.repository and d.name not in names:
                unmanaged.append(Repository.unmanaged(d.repository))
                names[d.name] = unmanaged[-1].name
        if self.refresh and unmanaged:
            self.say("Getting updates for unmanaged Helm repositories...\n")
            self._update(unmanaged)
        return names

    def _update_all(self) -> None:
        if self._added:
            self.say("Hang tight while we grab the latest from your chart repositories...\n")
            self._update(self._added)
            self.say("Update Complete. ⎈Happy Helming!⎈\n")

    def _update(self, repositories: Sequence[Repository]) -> None:
        update_repositories(self.home, list({r.url.removesuffix("/"): r for r in repositories}.values()), self.say)

    def _all_added(self, locked: Sequence[Dependency]) -> None:
        remote = [d.repository for d in locked if d.repository and not d.repository.startswith((_FILE, "oci://"))]
        missing = [r for r in remote if not any(same_address(a.url, r.removesuffix("/")) for a in self._added)]
        if missing:
            names = ", ".join(missing)
            raise Stop(
                f"no repository definition for {names}. Please add the missing repos via 'helm repo add'",
                hint="'helm dependency update' needs no repositories to be added",
            )

    # -- versions -------------------------------------------------------------------------------------------------------

    def _resolve(self, wanted: Sequence[Dependency], names: dict[str, str]) -> list[Dependency]:
        locked: list[Dependency] = []
        missing: list[str] = []
        for d in wanted:
            try:
                constraint = parse_constraints(d.version)
            except GoError as error:
                text = f'dependency "{d.name}" has an invalid version/constraint format: {error.text}'
                raise Stop(text) from None
            version = self._version(d, constraint, names.get(d.name, ""))
            if version is None:
                missing.append(f'"{d.name}" (repository "{d.repository}", version "{d.version}")')
            else:
                locked.append(Dependency(d.name, version, d.repository))
        if missing:
            raise Stop(
                f"can't get a valid version for {len(missing)} subchart(s): {', '.join(missing)}. Make sure a matching chart"
                " version exists in the repo, or change the version constraint in Chart.yaml"
            )
        return locked

    def _version(self, d: Dependency, constraint: Constraints, name: str) -> str | None:
        """The exact version of a dependency; None where nothing is in the range."""
        if not d.repository:
            self._local(f"charts/{d.name}")
            return d.version
        if d.repository.startswith(_FILE):
            version = self.load(self._local(d.repository)).metadata.version
            return version if constraint.check(parse_version(version)) else None
        if is_oci(d.repository):
            return self._registry_version(d, constraint)
        try:
            with self.home.index(name) as index:
                rows = index.rows(d.name)
        except HoldfastError as error:
            raise Stop(f"no cached repository for {name} found. (try 'helm repo update'): {error.message}") from error
        if rows is None:
            raise Stop(f"{d.name} chart not found in repo {d.repository}")
        versions = (str(row["version"]) for row in rows if row.get("urls"))
        return next((v for v in versions if constraint.check(parse_version(v))), None)

    def _registry_version(self, d: Dependency, constraint: Constraints) -> str:
        try:
            parse_version(d.version)
        except GoError:
            pass
        else:
            return d.version
        try:
            tags = self.fetcher.registry().versions(Reference.parse(f"{d.repository}/{d.name}"))
        except HoldfastError as error:
            text = f"could not retrieve list of tags for repository {d.repository}: {error.message}"
            raise Stop(text) from error
        return next((tag for tag in tags if constraint.check(parse_version(tag))), d.version)

    def _local(self, repository: str) -> str:
        place = repository.removeprefix(_FILE)
        found = os.path.abspath(place) if place.startswith("/") else clean(f"{self.path}/{place}")
        if not os.path.exists(found):
            raise Stop(f"directory {found} not found")
        return found

    # -- archives -------------------------------------------------------------------------------------------------------

    def _download_all(self, locked: list[Dependency]) -> None:
        charts = os.path.join(self.path, "charts")
        if os.path.exists(charts) and not os.path.isdir(charts):
            raise Stop(f'"{charts}" is not a directory')
        os.makedirs(charts, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.path, prefix="tmpcharts-") as directory:
            self.say(f"Saving {len(locked)} charts\n")
            done: set[str] = set()
            for d in locked:
                if d.repository:
                    self._bring(d, directory, done)
                else:
                    self._check_present(d, charts)
            self._move(locked, directory, charts)

    def _check_present(self, d: Dependency, charts: str) -> None:
        self.say(f"Dependency {d.name} did not declare a repository. Assuming it exists in the charts directory\n")
        path = os.path.join(charts, d.name)
        try:
            version = self.load(path).metadata.version
        except HoldfastError as error:
            raise Stop(f"unable to load chart '{path}': {error.message}") from error
        if not parse_constraints(d.version).check(parse_version(version)):
            text = f"dependency {d.name} at version {version} does not satisfy the constraint {d.version}"
            raise self._save_error(Stop(text))

    def _bring(self, d: Dependency, directory: str, done: set[str]) -> None:
        try:
            if d.repository.startswith(_FILE):
                self._pack(d, directory)
            else:
                self._fetch(d, directory, done)
        except HoldfastError as error:
            raise self._save_error(error) from error

    def _save_error(self, error: HoldfastError) -> HoldfastError:
        self.say(f"Save error occurred:  {error.message}\n")
        return error

    def _pack(self, d: Dependency, directory: str) -> None:
        if self.debug:
            self.say(f"Archiving {d.name} from repo {d.repository}\n")
        chart = self.load(self._local(d.repository))
        if not parse_constraints(d.version).check(parse_version(chart.metadata.version)):
            raise Stop(f"can't get a valid version for dependency {d.name}")
        d.version = chart.metadata.version
        path = Path(directory, f"{chart.name}-{d.version}.tgz")
        path.write_bytes(write_archive(chart.name, chart.raw))

    def _fetch(self, d: Dependency, directory: str, done: set[str]) -> None:
        if is_oci(d.repository):
            url, access, digest = f"{d.repository}/{d.name}:{d.version}", door.Access(), ""
        else:
            url, access, digest = self._address(d)
        if url in done:
            self.say(f"Already downloaded {d.name} from repo {d.repository}\n")
            return
        done.add(url)
        self.say(f"Downloading {d.name} from repo {d.repository}\n")
        try:
            found = self.fetcher.archive(url, access, d.repository, digest)
        except HoldfastError as error:
            shown = url.rpartition(":")[0] if is_oci(url) else url
            raise Stop(f"could not download {shown}: {error.message}") from error
        Path(directory, found.file).write_bytes(found.data)

    def _address(self, d: Dependency) -> tuple[str, door.Access, str]:
        """Where the archive of an exact version is, whom to be there, and its digest."""
        added = next((r for r in self._added if same_address(d.repository, r.url)), None)
        repository = added or Repository.unmanaged(d.repository)
        with self.home.index(repository.name) as index:
            rows = index.rows(d.name)
        if rows is None and added:
            raise Stop("could not find : entry not found")
        entry = _exact(rows or (), d.version)
        if entry is None and added:
            raise Stop("could not find : no matching version")
        if entry is None:
            shown = f'chart "{d.name}" version "{d.version}" not found in {d.repository} repository'
            raise Stop(f"could not find : chart {d.name} not found in {d.repository}: {shown}")
        return door.chart_url(d.repository, entry), repository.access, str(entry.get("digest") or "")

    def _move(self, locked: Sequence[Dependency], source: str, charts: str) -> None:
        """The new archives into charts/, and those that nobody asks for out of it."""
        before, new = sorted(os.listdir(charts)), sorted(os.listdir(source))
        for name in new:
            path = os.path.join(source, name)
            try:
                self.load(path)
            except HoldfastError as error:
                self.say(f"Could not verify {path} for moving: {error.message} (Skipping)")
                continue
            shutil.move(path, os.path.join(charts, name))
        self.say("Deleting outdated charts\n")
        local = {d.name for d in locked if not d.repository}
        for name in before:
            path = os.path.join(charts, name)
            if name not in new and not os.path.isdir(path):
                self._delete(path, local)

    def _delete(self, path: str, local: set[str]) -> None:
        try:
            chart = self.load(path)
        except HoldfastError as error:
            self.say(f"Could not verify {path} for deletion: {error.message} (Skipping)\n")
            return
        if chart.name not in local:
            os.remove(path)

    def _write_lock(self, lock: Lock, name: str) -> None:
        path = os.path.join(self.path, name)
        if os.path.islink(path):
            raise Stop(f'the {name} file is a symlink to "{os.readlink(path)}"')
        Path(path).write_text(lock_text(lock))


def update_repositories(home: Home, repositories: Sequence[Repository], say: Say) -> list[str]:
    """Fetches indexes into the cache; the addresses that could not be reached."""
    failed: list[str] = []
    for r in repositories:
        try:
            home.update(r)
        except HoldfastError as error:
            shown = f'"{r.shown}"' if r.name.startswith(MANAGED) else f'"{r.name}" chart repository ({r.url})'
            words = f"{shown} chart repository" if r.name.startswith(MANAGED) else shown
            say(f"...Unable to get an update from the {words}:\n\t{error.message}\n")
            failed.append(r.url)
        else:
            say(f'...Successfully got an update from the "{r.shown}" chart repository\n')
    return failed


def same_address(a: str, b: str) -> bool:
    """Whether two addresses differ in slashes only."""
    return _plain(a) == _plain(b)


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=clean(parts.path or "/")))


def _is_address(text: str) -> bool:
    return text.startswith("/") or bool(urlsplit(text).scheme and not text.startswith(("@", "alias:")))


def _exact(rows: Sequence[Entry], version: str) -> Entry | None:
    wanted = parse_version(version)
    for row in rows:
        if row.get("urls") and parse_version(str(row["version"])).compare(wanted) == 0:
            return row
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
