"""What the operator of an installation wrote into ``argocd-cm`` and ``argocd-cmd-params-cm``, as far as it changes meaning.

In: the data of both. Out: a frozen `Settings`. A value that cannot be read is as if it were not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.base.duration import parse_duration
from holdfast.base.globs import glob
from holdfast.kube import yaml
from holdfast.model.app import SourceType
from holdfast.model.sync import DiffRule, TrackingMethod

CONFIG = "argocd-cm"
PARAMETERS = "argocd-cmd-params-cm"
SECRET = "argocd-secret"
LABEL_KEY = "app.kubernetes.io/instance"
_KUSTOMIZE_VERSION = re.compile(r"kustomize\.(?:path|version)\.(.+)")
_SWITCHES = {"helm.enable": SourceType.HELM, "kustomize.enable": SourceType.KUSTOMIZE}


@dataclass(frozen=True, slots=True)
class Filtered:
    """Kinds by group, kind and cluster; groups and clusters are globs, an empty list means any."""

    groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    def matches(self, group: str, kind: str, server: str) -> bool:
        return (
            (not self.groups or any(glob(g, group) for g in self.groups))
            and (not self.kinds or any(k in ("*", kind) for k in self.kinds))
            and self.is_for(server)
        )

    def is_for(self, server: str) -> bool:
        return not self.clusters or any(glob(c, server) for c in self.clusters)


_ALWAYS_EXCLUDED = (
    Filtered(("events.k8s.io", "metrics.k8s.io")),
    Filtered(("",), ("Event",)),
    Filtered(("coordination.k8s.io",), ("Lease",)),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``health`` and ``actions`` are Lua by ``group/Kind`` (``Kind`` alone in the core group); globs are allowed.

    ``refresh_seconds`` is how old a comparison may get, ``jitter_seconds`` what is added at random; 0 is never."""

    tracking: TrackingMethod = TrackingMethod.ANNOTATION
    label_key: str = LABEL_KEY
    installation_id: str = ""
    exclusions: tuple[Filtered, ...] = ()
    inclusions: tuple[Filtered, ...] = ()
    ignore: tuple[DiffRule, ...] = ()
    health: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    known_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignore_aggregated_roles: bool = False
    kustomize_options: str = ""
    kustomize_versions: frozenset[str] = frozenset()
    value_schemes: tuple[str, ...] = ("http", "https")
    enabled: frozenset[SourceType] = frozenset(SourceType)
    jsonnet: bool = True
    refresh_seconds: float = 120.0
    jitter_seconds: float = 60.0
    hard_refresh_seconds: float = 0.0
    impersonation: bool = False
    impersonation_enforced: bool = True
    server_side_diff: bool = False
    persist_health: bool = False
    namespaces: tuple[str, ...] = ("*",)
    sync_seconds: float = 0.0
    heal_seconds: float = 0.0
    global_projects: str = ""
    webhook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def excludes(self, group: str, kind: str, server: str) -> bool:
        if any(f.matches(group, kind, server) for f in (*_ALWAYS_EXCLUDED, *self.exclusions)):
            return True
        if any(f.matches(group, kind, server) for f in self.inclusions):
            return False
        return any(f.is_for(server) for f in self.inclusions)

    def allows_namespace(self, namespace: str, home: str) -> bool:
        """Whether applications of a namespace are ours."""
        return namespace == home or any(glob(p, namespace) for p in self.namespaces)


def read_settings(config: Mapping[str, str], parameters: Mapping[str, str] | None = None) -> Settings:
    parameters = parameters or {}
    overrides = _overrides(config)
    method = config.get("application.resourceTrackingMethod") or ""
    disabled = {kind for key, kind in _SWITCHES.items() if config.get(key) == "false"}
    schemes = config.get("helm.valuesFileSchemes")
    compare = _mapping(config.get("resource.compareoptions"))
    namespaces = parameters.get("application.namespaces") or config.get("application.namespaces")
    return Settings(
        tracking=TrackingMethod(method) if method in list(TrackingMethod) else TrackingMethod.ANNOTATION,
        label_key=config.get("application.instanceLabelKey") or LABEL_KEY,
        installation_id=config.get("installationID") or "",
        exclusions=_filters(config.get("resource.exclusions")),
        inclusions=_filters(config.get("resource.inclusions")),
        ignore=(*_status_rule(compare), *_ignored(overrides)),
        health={k: str(v["health.lua"]) for k, v in overrides.items() if v.get("health.lua")},
        actions={k: str(v["actions"]) for k, v in overrides.items() if v.get("actions")},
        known_types={k: _known(v["knownTypeFields"]) for k, v in overrides.items() if v.get("knownTypeFields")},
        ignore_aggregated_roles=bool(compare.get("ignoreAggregatedRoles")),
        kustomize_options=config.get("kustomize.buildOptions") or "",
        kustomize_versions=frozenset(m[1] for k in config if (m := _KUSTOMIZE_VERSION.match(k))),
        value_schemes=_split(schemes) if schemes is not None else ("http", "https"),
        enabled=frozenset(set(SourceType) - disabled),
        jsonnet=config.get("jsonnet.enable") != "false",
        refresh_seconds=_seconds(config.get("timeout.reconciliation"), 120.0),
        jitter_seconds=_seconds(config.get("timeout.reconciliation.jitter"), 60.0),
        hard_refresh_seconds=_seconds(config.get("timeout.hard.reconciliation"), 0.0),
        impersonation=config.get("application.sync.impersonation.enabled") == "true",
        impersonation_enforced=config.get("application.sync.impersonation.enforced") != "false",
        server_side_diff=parameters.get("controller.diff.server.side") == "true",
        persist_health=parameters.get("controller.resource.health.persist") == "true",
        namespaces=_split(namespaces) if namespaces else ("*",),
        sync_seconds=_whole(parameters.get("controller.sync.timeout.seconds")),
        heal_seconds=_whole(parameters.get("controller.self.heal.timeout.seconds")),
        global_projects=config.get("globalProjects") or "",
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _whole(text: str | None) -> float:
    return float(text) if text and text.strip().isdigit() else 0.0


def _seconds(text: str | None, default: float) -> float:
    """A Go duration, or a number of seconds."""
    if not text:
        return default
    if text.strip().lstrip("-").isdigit():
        return max(0.0, float(text))
    try:
        return parse_duration(text)
    except ValueError:
        return default


def _load(text: str | None) -> Any:
    try:
        return yaml.load(text) if text else None
    except yaml.YAMLError:
        return None


def _mapping(text: str | None) -> Mapping[str, Any]:
    found = _load(text)
    return found if isinstance(found, dict) else {}


def _filters(text: str | None) -> tuple[Filtered, ...]:
    found = _load(text)
    return tuple(
        Filtered(*(tuple(str(v) for v in entry.get(k) or ()) for k in ("apiGroups", "kinds", "clusters")))
        for entry in (found if isinstance(found, list) else ())
        if isinstance(entry, dict)
    )


def _overrides(config: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """By ``group/Kind``: from the one large key, and from the keys of their own (``resource.customizations.TYPE.GROUP_KIND``)."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in _mapping(config.get("resource.customizations")).items():
        if isinstance(value, dict):
            found[name] = dict(value)
    for key, value in config.items():
        if not key.startswith("resource.customizations."):
            continue
        what, _, kind = key.removeprefix("resource.customizations.").partition(".")
        if not kind:
            continue
        name = "*/*" if kind == "all" else kind.replace("_", "/")
        field_name = "health.lua" if what == "health" else what
        found.setdefault(name, {})[field_name] = value
    return found


def _ignored(overrides: Mapping[str, Mapping[str, Any]]) -> tuple[DiffRule, ...]:
    out = []
    for name, override in overrides.items():
        declared = override.get("ignoreDifferences")
        rule = _mapping(declared) if isinstance(declared, str) else declared
        if not isinstance(rule, dict):
            continue
        group, kind = _group_kind(name)
        out.append(
            DiffRule(
                group=group,
                kind=kind,
                json_pointers=tuple(rule.get("jsonPointers") or ()),
                jq_paths=tuple(rule.get("jqPathExpressions") or ()),
                managers=tuple(rule.get("managedFieldsManagers") or ()),
            )
        )
    return tuple(out)


def _group_kind(name: str) -> tuple[str, str]:
    group, slash, kind = name.partition("/")
    return (group, kind) if slash else ("", group)


def _status_rule(compare: Mapping[str, Any]) -> tuple[DiffRule, ...]:
    """A status counts as a difference only where the operator says so."""
    wanted = str(compare.get("ignoreResourceStatusField") or "all").lower()
    if wanted in ("none", "off", "false"):
        return ()
    if wanted == "crd":
        return (DiffRule("apiextensions.k8s.io", "CustomResourceDefinition", json_pointers=("/status",)),)
    return (DiffRule("*", "*", json_pointers=("/status",)),)


def _known(declared: Any) -> Mapping[str, str]:
    entries = _load(declared) if isinstance(declared, str) else declared
    return {str(e.get("field")): str(e.get("type")) for e in entries or () if isinstance(e, dict)}


# --- Secrets


SECRET_TYPE = "argocd.argoproj.io/secret-type"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program that gives credentials."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    api_version: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a cluster is reached; ``ca``, ``certificate`` and ``key`` are in base64. ``given`` False: nothing was said."""

    given: bool = False
    ca: str = ""
    insecure: bool = False
    server_name: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)
    plugin: Plugin | None = None


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A destination. ``namespaces`` limits what is looked at."""

    server: str
    name: str
    connection: Connection = Connection()
    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = False
    project: str = ""


@dataclass(frozen=True, slots=True)
class KnownRepository:
    """A repository or, as ``template``, the credentials of all whose URL starts so."""

    url: str
    type: str = "git"
    name: str = ""
    project: str = ""
    template: bool = False
    username: str = ""
    password: str = field(default="", repr=False)
    bearer_token: str = field(default="", repr=False)
    ssh_key: str = field(default="", repr=False)
    ca: str = ""
    insecure: bool = False
    plain_http: bool = False
    oci: bool = False
    pass_credentials: bool = False
    proxy: str = field(default="", repr=False)


def read_cluster(data: Mapping[str, str]) -> KnownCluster | None:
    """The decoded data of a cluster Secret."""
    if not data.get("server"):
        return None
    try:
        config = json.loads(data.get("config") or "{}")
    except ValueError:
        config = {}
    return KnownCluster(
        server=data["server"].rstrip("/"),
        name=data.get("name") or "",
        connection=_connection(config if isinstance(config, dict) else {}),
        namespaces=_split(data.get("namespaces") or ""),
        cluster_resources=data.get("clusterResources") == "true",
        project=data.get("project") or "",
    )


def _connection(config: Mapping[str, Any]) -> Connection:
    tls, plugin = config.get("tlsClientConfig") or {}, config.get("execProviderConfig")
    return Connection(
        given=bool(config),
        ca=str(tls.get("caData") or ""),
        insecure=bool(tls.get("insecure")),
        server_name=str(tls.get("serverName") or ""),
        certificate=str(tls.get("certData") or ""),
        key=str(tls.get("keyData") or ""),
        token=str(config.get("bearerToken") or ""),
        username=str(config.get("username") or ""),
        password=str(config.get("password") or ""),
        proxy=str(config.get("proxyUrl") or ""),
        plugin=_plugin(plugin) if plugin else None,
    )


def _plugin(declared: Mapping[str, Any]) -> Plugin:
    return Plugin(
        command=str(declared.get("command") or ""),
        args=tuple(declared.get("args") or ()),
        env=tuple(sorted((str(k), str(v)) for k, v in (declared.get("env") or {}).items())),
        api_version=str(declared.get("apiVersion") or "client.authentication.k8s.io/v1"),
        hint=str(declared.get("installHint") or ""),
    )


def read_repository(data: Mapping[str, str], *, template: bool) -> KnownRepository | None:
    if not data.get("url"):
        return None
    type_ = data.get("type") or "git"
    return KnownRepository(
        url=data["url"],
        type=type_,
        name=data.get("name") or "",
        project=data.get("project") or "",
        template=template,
        username=data.get("username") or "",
        password=data.get("password") or "",
        bearer_token=data.get("bearerToken") or "",
        ssh_key=data.get("sshPrivateKey") or "",
        ca=data.get("ca") or "",
        insecure=data.get("insecure") == "true" or data.get("insecureIgnoreHostKey") == "true",
        plain_http=data.get("insecureOCIForceHttp") == "true",
        oci=data.get("enableOCI") == "true" or type_ == "oci",
        pass_credentials=data.get("forceBasicAuth") == "true",
        proxy=data.get("proxy") or "",
    )


def repository_for(url: str, project: str, known: tuple[KnownRepository, ...]) -> KnownRepository:
    """The repository of a URL with its credentials: its own Secret, else the longest prefix among templates, else none."""
    wanted = _normal(url)
    exact = [r for r in known if not r.template and _normal(r.url) == wanted and r.project in ("", project)]
    found = max(exact, key=lambda r: r.project == project, default=None)
    if found is not None and (found.username or found.password or found.ssh_key or found.bearer_token):
        return found
    templates = [r for r in known if r.template and wanted.startswith(_normal(r.url))]
    best = max(templates, key=lambda r: len(r.url), default=None)
    return best or found or KnownRepository(url, oci=url.startswith("oci://"))


def _normal(url: str) -> str:
    return url.strip().lower().rstrip("/").removesuffix(".git")
