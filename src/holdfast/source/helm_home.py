"""Helm's own files on this machine: the repositories that were added, their cached indexes, the logins of registries.

In: four paths. Out: repositories, cached indexes, logins. The files are Helm's and stay readable for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.base.errors import HoldfastError, Stop
from holdfast.kube import yaml
from holdfast.source.helm_index import IndexFile, InvalidIndex
from holdfast.source.helm_repository import Access, download_index, opened
from holdfast.source.http import WayOut
from holdfast.source.oci_login import Logins, logins

MANAGED = "helm-manager-"


@dataclass(frozen=True, slots=True)
class Repository:
    """One entry of repositories.yaml."""

    name: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    insecure: bool = False
    everywhere: bool = False

    @property
    def access(self) -> Access:
        way = way_out(self.cert_file, self.key_file, self.ca_file, insecure=self.insecure)
        both = bool(self.username and self.password)
        return Access(self.username if both else "", self.password if both else "", self.everywhere, way)

    @classmethod
    def unmanaged(cls, url: str) -> Repository:
        """A repository that a chart names and nobody added."""
        return cls(MANAGED + hashlib.sha256(url.encode()).hexdigest(), url)

    @property
    def shown(self) -> str:
        return self.url if self.name.startswith(MANAGED) else self.name


@dataclass(frozen=True, slots=True)
class Home:
    """Where Helm keeps what it knows. ``docker_configs`` are asked after Helm's own registry configuration."""

    registry_config: str
    repository_config: str
    repository_cache: str
    content_cache: str
    docker_configs: tuple[str, ...] = ()

    def repositories(self) -> list[Repository]:
        """Raises Stop where the file cannot be read as one."""
        try:
            data = Path(self.repository_config).read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Stop(
                f"couldn't load repositories file ({self.repository_config}): {(error.strerror or '').lower()}"
            ) from error
        found = yaml.load(data, source=self.repository_config) or {}
        return [_repository(row) for row in found.get("repositories") or () if isinstance(row, dict)]

    def named(self, name: str) -> Repository:
        """Raises Stop."""
        found = next((r for r in self.repositories() if r.name == name), None)
        if found is None:
            raise Stop(f"repo {name} not found")
        if not found.url:
            raise Stop(f"no URL found for repository {name}")
        return found

    def index_path(self, name: str) -> str:
        return os.path.join(self.repository_cache, f"{name}-index.yaml")

    @contextlib.contextmanager
    def index(self, name: str) -> Iterator[IndexFile]:
        """The cached index of a repository. Raises Stop with the words of the file system, or InvalidIndex."""
        path = self.index_path(name)
        try:
            with opened(path) as found:
                yield found
        except OSError as error:
            raise Stop(f"open {path}: {(error.strerror or str(error)).lower()}") from error
        except InvalidIndex as error:
            raise Stop(f"error loading {path}: {error.message}") from error

    def update(self, repository: Repository) -> None:
        """Fetches the index of a repository into the cache, whole or not at all. Raises HoldfastError."""
        os.makedirs(self.repository_cache, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.repository_cache, prefix=".new-")
        try:
            with os.fdopen(handle, "w+b") as file:
                download_index(repository.url, repository.access, file)
            with opened(temporary) as index:
                names = sorted(index.names())
            os.chmod(temporary, 0o644)
            os.replace(temporary, self.index_path(repository.name))
        except BaseException:
            os.unlink(temporary)
            raise
        charts = os.path.join(self.repository_cache, f"{repository.name}-charts.txt")
        Path(charts).write_text("".join(f"{name}\n" for name in names))

    def logins(self) -> Logins:
        """Raises Stop where a configuration is none."""
        found = Logins()
        for path in (*self.docker_configs[::-1], self.registry_config):
            with contextlib.suppress(OSError):
                found.update(logins(Path(path).read_bytes()))
        return found


def _repository(row: dict[str, object]) -> Repository:
    def text(key: str) -> str:
        return str(row.get(key) or "")

    return Repository(
        text("name"),
        text("url"),
        text("username"),
        text("password"),
        text("certFile"),
        text("keyFile"),
        text("caFile"),
        bool(row.get("insecure_skip_tls_verify")),
        bool(row.get("pass_credentials_all")),
    )


def way_out(cert_file: str, key_file: str, ca_file: str, *, insecure: bool = False) -> WayOut:
    """Raises HoldfastError where a file cannot be read."""
    certificate, key = ("", "") if not (cert_file and key_file) else (_pem(cert_file), _pem(key_file))
    return WayOut(ca=_pem(ca_file) if ca_file else "", certificate=certificate, key=key, insecure=insecure)


def _pem(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        text = f"can't create TLS config for client: open {path}: {(error.strerror or str(error)).lower()}"
        raise HoldfastError(text) from error
