"""Where a cluster is and who we are there: from kubeconfig files or from inside a pod.

In: file paths or mappings, and a context's name. Out: a ``ClusterConfig``. Never connects; never reads the environment
(``app`` passes what it says).
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from holdfast.base.errors import Place, Stop
from holdfast.base.tls import client_context
from holdfast.kube import yaml

IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ConfigError(Stop):
    """The kubeconfig cannot be used."""


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = "client.authentication.k8s.io/v1"
    provide_cluster_info: bool = False
    install_hint: str = ""


TokenSource = Callable[[], Awaitable[tuple[str, float]]]
"""Gives a fresh token and when it expires (seconds since the epoch)."""


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Everything needed to open connections. ``ca``, ``client_cert`` and ``client_key`` are PEM; ``token_source`` is asked
    whenever the last token has run out."""

    server: str
    namespace: str = "default"
    context: str = ""
    ca: bytes = b""
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    client_cert: bytes = b""
    client_key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    exec_plugin: ExecPlugin | None = None
    impersonate_user: str = ""
    impersonate_groups: tuple[str, ...] = ()
    token_source: TokenSource | None = field(default=None, repr=False, compare=False)

    def ssl_context(self, client_cert: bytes = b"", client_key: bytes = b"") -> ssl.SSLContext | None:
        """The TLS settings, or None for plain http. The arguments replace the certificate (from an exec plugin)."""
        if not self.server.startswith("https:"):
            return None
        context = client_context(self.ca.decode())
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        cert, key = client_cert or self.client_cert, client_key or self.client_key
        if cert:
            # The ssl module reads certificates from files only; a directory of our own keeps the key to this user.
            with tempfile.TemporaryDirectory(prefix="holdfast-") as directory:
                cert_file, key_file = Path(directory, "cert.pem"), Path(directory, "key.pem")
                cert_file.write_bytes(cert)
                key_file.write_bytes(key)
                context.load_cert_chain(cert_file, key_file)
        return context


def load(paths: Sequence[Path], context: str = "") -> ClusterConfig:
    """The named (or current) context of kubeconfig files; as in kubectl, the first file that has an entry wins."""
    documents = [(p, _read(p)) for p in paths if p.is_file()]
    if not documents:
        names = ", ".join(str(p) for p in paths)
        raise ConfigError(f"no kubeconfig found: {names or 'none given'}", hint="name one with --kubeconfig")
    return _Merged(documents).config(context)


def from_bytes(data: bytes | str, context: str = "", source: str = "kubeconfig") -> ClusterConfig:
    """A self-contained kubeconfig, as found in a Secret. It may name no files and run no programs."""
    document = yaml.load(data, source=source)
    if not isinstance(document, Mapping):
        raise ConfigError(f"{source} is not a kubeconfig: expected a mapping", place=Place(source))
    return _Merged([(Path(source), document)], self_contained=True).config(context)


def in_cluster(host: str, port: str, directory: Path = IN_CLUSTER) -> ClusterConfig:
    """The configuration of a pod; ``host`` and ``port`` are KUBERNETES_SERVICE_HOST and _PORT."""
    token_file = directory / "token"
    if not (host and port and token_file.is_file()):
        raise ConfigError(
            "not running in a cluster: no service account is mounted", hint="name a kubeconfig with --kubeconfig"
        )
    namespace = directory / "namespace"
    return ClusterConfig(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=namespace.read_text().strip() if namespace.is_file() else "default",
        ca=(directory / "ca.crt").read_bytes() if (directory / "ca.crt").is_file() else b"",
        token_file=str(token_file),
    )


def _read(path: Path) -> Mapping[str, Any]:
    document = yaml.load(path.read_bytes(), source=str(path))
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise ConfigError("not a kubeconfig: expected a mapping", place=Place(str(path)))
    return document


class _Merged:
    def __init__(self, documents: Sequence[tuple[Path, Mapping[str, Any]]], *, self_contained: bool = False) -> None:
        self._documents = documents
        self._self_contained = self_contained

    def config(self, context: str) -> ClusterConfig:
        name = context or next((str(d["current-context"]) for _, d in self._documents if d.get("current-context")), "")
        if not name:
            raise ConfigError("the kubeconfig has no current context", hint="name one with --context")
        _, chosen = self._entry("contexts", "context", name)
        base, cluster = self._entry("clusters", "cluster", str(chosen.get("cluster") or ""))
        if not cluster.get("server"):
            raise ConfigError(f'cluster "{chosen.get("cluster")}" of the kubeconfig has no server')
        found = ClusterConfig(
            server=str(cluster["server"]).rstrip("/"),
            namespace=str(chosen.get("namespace") or "default"),
            context=name,
            ca=self._data(base, cluster, "certificate-authority"),
            insecure=bool(cluster.get("insecure-skip-tls-verify")),
            tls_server_name=str(cluster.get("tls-server-name") or ""),
            proxy_url=str(cluster.get("proxy-url") or ""),
        )
        user = str(chosen.get("user") or "")
        return self._with_user(found, *self._entry("users", "user", user)) if user else found

    def _with_user(self, config: ClusterConfig, base: Path, user: Mapping[str, Any]) -> ClusterConfig:
        if user.get("auth-provider"):
            raise ConfigError(
                "auth-provider in the kubeconfig is no longer supported by Kubernetes; use an exec plugin"
            )
        token_file = str(user.get("tokenFile") or "")
        if token_file and self._self_contained:
            raise ConfigError("a kubeconfig from a Secret must not name files (tokenFile)")
        return replace(
            config,
            client_cert=self._data(base, user, "client-certificate"),
            client_key=self._data(base, user, "client-key"),
            token=str(user.get("token") or ""),
            token_file=str(base.parent / token_file) if token_file else "",
            username=str(user.get("username") or ""),
            password=str(user.get("password") or ""),
            exec_plugin=self._exec(base, user.get("exec")),
            impersonate_user=str(user.get("as") or ""),
            impersonate_groups=tuple(user.get("as-groups") or ()),
        )

    def _exec(self, base: Path, spec: Mapping[str, Any] | None) -> ExecPlugin | None:
        if not spec:
            return None
        if self._self_contained:
            raise ConfigError("a kubeconfig from a Secret must not run programs (exec)")
        command = str(spec.get("command") or "")
        return ExecPlugin(
            command=str(base.parent / command) if "/" in command else command,
            args=tuple(str(a) for a in spec.get("args") or ()),
            env=tuple((str(e["name"]), str(e["value"])) for e in spec.get("env") or ()),
            api_version=str(spec.get("apiVersion") or "client.authentication.k8s.io/v1"),
            provide_cluster_info=bool(spec.get("provideClusterInfo")),
            install_hint=str(spec.get("installHint") or ""),
        )

    def _entry(self, section: str, key: str, name: str) -> tuple[Path, Mapping[str, Any]]:
        for path, document in self._documents:
            for entry in document.get(section) or ():
                if isinstance(entry, Mapping) and entry.get("name") == name:
                    return path, entry.get(key) or {}
        raise ConfigError(f'{key} "{name}" does not exist in the kubeconfig')

    def _data(self, base: Path, entry: Mapping[str, Any], key: str) -> bytes:
        inline = entry.get(key + "-data")
        if inline:
            try:
                return base64.b64decode(inline, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ConfigError(f"{key}-data of the kubeconfig is not base64: {error}") from error
        path = str(entry.get(key) or "")
        if not path:
            return b""
        if self._self_contained:
            raise ConfigError(f"a kubeconfig from a Secret must not name files ({key})")
        try:
            return (base.parent / path).read_bytes()
        except OSError as error:
            raise ConfigError(f"unable to read {key} {path}: {error.strerror}") from error
