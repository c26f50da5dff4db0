"""``AppProject`` (argoproj.io/v1alpha1): what the applications of a project may take from where and put where.

In: a declared object (and the global projects that it inherits from). Out: a frozen Project that answers questions in
Argo CD's way, and the refusals in its words. Roles and tokens are kept as they are written: they are about Argo's own
users. Never looks anything up: clusters and other projects are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.base.globs import BadPattern, glob, path_match
from holdfast.dialects.argo.windows import SyncWindow, read_windows
from holdfast.kube.refs import GroupVersionKind
from holdfast.kube.selectors import SelectorError, label_selector

GROUP = "argoproj.io"
KIND = "AppProject"
GVK = GroupVersionKind(GROUP, "v1alpha1", KIND)
DEFAULT = "default"
FINALIZER = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True, slots=True)
class Destination:
    """What a project allows; patterns, with ``!`` before one that forbids."""

    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that Argo knows: its API server and its name."""

    server: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class KindRule:
    """Patterns of Go's ``filepath.Match``; an empty name means any."""

    group: str
    kind: str
    name: str = ""

    def matches(self, group: str, kind: str, name: str) -> bool:
        try:
            fits = path_match(self.kind, kind) and path_match(self.group, group)
            return fits and (not self.name or path_match(self.name, name))
        except BadPattern:
            return False


@dataclass(frozen=True, slots=True)
class Orphaned:
    """``ignore`` are globs; the objects that every namespace has are never orphans."""

    warn: bool = False
    ignore: tuple[KindRule, ...] = ()

    def ignores(self, group: str, kind: str, namespace: str, name: str) -> bool:
        if not group and (kind, name) in (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")):
            return True
        if not group and (kind, name, namespace) == ("Service", "kubernetes", "default"):
            return True
        return any(
            (not r.kind or glob(r.kind, kind)) and glob(r.group, group) and (not r.name or glob(r.name, name))
            for r in self.ignore
        )


@dataclass(frozen=True, slots=True)
class ServiceAccountRule:
    """Who syncs to a destination: ``account`` is ``name`` or ``namespace:name``."""

    server: str
    namespace: str
    account: str


@dataclass(frozen=True, slots=True)
class IntegrityPolicy:
    """Which keys must have signed the commits of which repositories. ``mode``: none, head or strict."""

    repos: tuple[str, ...]
    mode: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """``namespace_whitelist`` None allows every namespaced kind; an empty cluster whitelist allows no cluster-scoped one."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    source_repos: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()
    cluster_whitelist: tuple[KindRule, ...] = ()
    cluster_blacklist: tuple[KindRule, ...] = ()
    namespace_whitelist: tuple[KindRule, ...] | None = None
    namespace_blacklist: tuple[KindRule, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    orphaned: Orphaned | None = None
    windows: tuple[SyncWindow, ...] = ()
    service_accounts: tuple[ServiceAccountRule, ...] = ()
    only_scoped_clusters: bool = False
    integrity: tuple[IntegrityPolicy, ...] = ()
    roles: tuple[Mapping[str, Any], ...] = ()

    def permits_source(self, url: str) -> bool:
        """Whether an application may take its manifests from there; a ``!`` pattern that fits forbids."""
        wanted, found = normalize_url(url), False
        for pattern in self.source_repos:
            denied = pattern.startswith("!")
            normal = normalize_url(pattern.removeprefix("!"))
            fits = (normal == "*" and not denied) or glob(normal, wanted, "/")
            if denied and fits:
                return False
            found = found or denied or fits
        return found

    def permits_destination(self, cluster: Cluster | None, namespace: str, scoped: Sequence[Cluster] = ()) -> bool:
        """``scoped`` are the clusters whose Secrets name this project."""
        if cluster is None or not self._destination_matches(cluster, namespace):
            return False
        if not self.only_scoped_clusters:
            return True
        return any(c.name == cluster.name or c.server == cluster.server for c in scoped)

    def _destination_matches(self, cluster: Cluster, namespace: str) -> bool:
        found = False
        for item in self.destinations:
            name = bool(cluster.name) and _fits(item.name, cluster.name)
            server = bool(cluster.server) and _fits(item.server, cluster.server)
            inside = _fits(item.namespace, namespace)
            if (server or name) and inside:
                found = True
            elif self._forbids(item, name=name, server=server, inside=inside):
                return False
        return found

    @staticmethod
    def _forbids(item: Destination, *, name: bool, server: bool, inside: bool) -> bool:
        if not name and _denies(item.name):
            return True
        if inside:
            return not server and _denies(item.server)
        return server and _denies(item.namespace)

    def permits_kind(self, group: str, kind: str, name: str, *, namespaced: bool) -> bool:
        if namespaced:
            white, black = self.namespace_whitelist, self.namespace_blacklist
            allowed = white is None or any(r.matches(group, kind, "") for r in white)
            return allowed and not any(r.matches(group, kind, "") for r in black)
        allowed = any(r.matches(group, kind, name) for r in self.cluster_whitelist)
        return allowed and not any(r.matches(group, kind, name) for r in self.cluster_blacklist)

    def permits_live(
        self, group: str, kind: str, namespace: str, name: str, cluster: Cluster | None, scoped: Sequence[Cluster] = ()
    ) -> bool:
        """Whether an object that is in the cluster is the project's to touch."""
        if not self.permits_kind(group, kind, name, namespaced=bool(namespace)):
            return False
        return not namespace or self.permits_destination(cluster, namespace, scoped)

    def permits_namespace_of_application(self, namespace: str, home: str) -> bool:
        """``home`` is the controller's namespace, whose applications may use every project."""
        return namespace in ("", home) or any(name_fits(p, namespace) for p in self.source_namespaces)

    def sync_refusal(
        self, group: str, kind: str, namespace: str, name: str, cluster: Cluster | None, *,
        namespaced: bool, scoped: Sequence[Cluster] = (),
    ) -> str:  # fmt: skip
        """Why a sync may not touch an object; empty when it may."""
        if not self.permits_kind(group, kind, name, namespaced=namespaced):
            return f"resource {group}:{kind} is not permitted in project {self.name}"
        if namespaced and not self.permits_destination(cluster, namespace, scoped):
            return f"namespace {namespace} is not permitted in project '{self.name}'"
        return ""

    def demands_signature(self, url: str) -> bool:
        """Whether commits of a repository have to be signed."""
        wanted = normalize_url(url)
        for policy in self.integrity:
            patterns = [(p.startswith("!"), normalize_url(p.removeprefix("!"))) for p in policy.repos]
            fits = [denied for denied, p in patterns if p == "*" or glob(p, wanted)]
            if policy.mode != "none" and fits and not any(fits):
                return True
        return False

    def service_account(self, server: str, namespace: str) -> str | None:
        """The account (``namespace:name`` or a name) that syncs to a destination; None where no rule fits."""
        for rule in self.service_accounts:
            if glob(rule.server, server) and glob(rule.namespace, namespace):
                return rule.account
        return None


def _denies(pattern: str) -> bool:
    return pattern.startswith("!")


def _fits(pattern: str, value: str) -> bool:
    if _denies(pattern):
        return not glob(pattern[1:], value)
    return pattern == "*" or glob(pattern, value)


def name_fits(pattern: str, name: str) -> bool:
    """A glob, or between slashes a regular expression: how Argo matches namespaces."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            if re.search(pattern[1:-1], name):
                return True
        except re.error:
            return False
    return glob(pattern, name)


_SSH = re.compile(r"^(ssh://)?([^/:]*?)@[^@]+$")


def normalize_url(url: str) -> str:
    """One spelling for the ways in which a repository's address is written."""
    found = url.strip().lower()
    if _SSH.match(found) and not found.startswith("ssh://"):
        found = "ssh://" + found.replace(":", "/", 1)
    return _as_written(found.removesuffix(".git")).removeprefix("ssh://")


def _as_written(url: str) -> str:
    """As Go's net/url writes what it has read: braces and the like are escaped, what is no address is nothing."""
    scheme, sep, rest = url.partition("://")
    if sep and not _SCHEME.fullmatch(scheme):
        return ""
    if not sep:
        scheme, rest = "", url
        first, colon, _ = url.partition("/")[0].partition(":")
        if colon:
            return url if _SCHEME.fullmatch(first) else ""
    front, query = (rest[: rest.index("?")], rest[rest.index("?") :]) if "?" in rest else (rest, "")
    host, slash, path = front.partition("/") if sep else ("", "", front)
    port = host.rpartition("@")[2].partition(":")[2]
    if _NO_HOST.search(host.rpartition("@")[2]) or (port and not port.isdigit()) or _BAD_ESCAPE.search(path):
        return ""
    safe = _NOT_IN_PATH.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), path)
    return f"{scheme}{sep}{host}{slash}{safe}{query}"


_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_NO_HOST = re.compile(r"[\[\]{}\\^`|\s]")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-f]{2})")
_NOT_IN_PATH = re.compile(r"[^!-~]+|[\"<>\\^`{|}]")


# --- reading


def read(obj: Mapping[str, Any]) -> Project:
    meta, spec = obj.get("metadata") or {}, obj.get("spec") or {}
    white = spec.get("namespaceResourceWhitelist")
    return Project(
        name=str(meta.get("name") or ""),
        namespace=str(meta.get("namespace") or ""),
        labels=meta.get("labels") or {},
        source_repos=tuple(spec.get("sourceRepos") or ()),
        destinations=tuple(_destination(d) for d in spec.get("destinations") or ()),
        cluster_whitelist=_rules(spec.get("clusterResourceWhitelist")),
        cluster_blacklist=_rules(spec.get("clusterResourceBlacklist")),
        namespace_whitelist=None if white is None else _rules(white, named=False),
        namespace_blacklist=_rules(spec.get("namespaceResourceBlacklist"), named=False),
        source_namespaces=tuple(spec.get("sourceNamespaces") or ()),
        orphaned=_orphaned(spec.get("orphanedResources")),
        windows=read_windows(spec.get("syncWindows") or ()),
        service_accounts=tuple(_account(a) for a in spec.get("destinationServiceAccounts") or ()),
        only_scoped_clusters=bool(spec.get("permitOnlyProjectScopedClusters")),
        integrity=_integrity(spec),
        roles=tuple(spec.get("roles") or ()),
    )


def _destination(spec: Mapping[str, Any]) -> Destination:
    return Destination(str(spec.get("server") or ""), str(spec.get("name") or ""), str(spec.get("namespace") or ""))


def _rules(specs: Iterable[Mapping[str, Any]] | None, *, named: bool = True) -> tuple[KindRule, ...]:
    """Lists of kinds that live in namespaces name none of their objects."""
    return tuple(
        KindRule(str(s.get("group") or ""), str(s.get("kind") or ""), str(s.get("name") or "") if named else "")
        for s in specs or ()
    )


def _orphaned(spec: Mapping[str, Any] | None) -> Orphaned | None:
    return None if spec is None else Orphaned(bool(spec.get("warn")), _rules(spec.get("ignore")))


def _account(spec: Mapping[str, Any]) -> ServiceAccountRule:
    return ServiceAccountRule(
        str(spec.get("server") or ""), str(spec.get("namespace") or ""), str(spec.get("defaultServiceAccount") or "")
    )


def _integrity(spec: Mapping[str, Any]) -> tuple[IntegrityPolicy, ...]:
    """``sourceIntegrity``, or what the older ``signatureKeys`` mean in its terms."""
    git = (spec.get("sourceIntegrity") or {}).get("git")
    if git is not None:
        return tuple(
            IntegrityPolicy(
                tuple(str(r.get("url") or "") for r in p.get("repos") or ()),
                str((p.get("gpg") or {}).get("mode") or ""),
                tuple((p.get("gpg") or {}).get("keys") or ()),
            )
            for p in git.get("policies") or ()
        )
    keys = tuple(str(k.get("keyID") or "") for k in spec.get("signatureKeys") or ())
    return (IntegrityPolicy(("*",), "head", keys),) if keys else ()


def inherit(project: Project, parents: Iterable[Project]) -> Project:
    """The project together with the global projects that apply to it."""
    for parent in parents:
        white = (*(project.namespace_whitelist or ()), *(parent.namespace_whitelist or ()))
        project = replace(
            project,
            cluster_whitelist=project.cluster_whitelist + parent.cluster_whitelist,
            cluster_blacklist=project.cluster_blacklist + parent.cluster_blacklist,
            # No list and an empty one make no list, which allows all: so does Argo.
            namespace_whitelist=None if project.namespace_whitelist is None and not white else white,
            namespace_blacklist=project.namespace_blacklist + parent.namespace_blacklist,
            windows=project.windows + parent.windows,
            source_repos=project.source_repos + parent.source_repos,
            destinations=project.destinations + parent.destinations,
            service_accounts=project.service_accounts + parent.service_accounts,
        )
    return project


def global_parents(
    project: Project, settings: Iterable[Mapping[str, Any]], known: Mapping[str, Project]
) -> list[Project]:
    """The global projects of ``globalProjects`` in argocd-cm (a list of projectName and labelSelector) that apply."""
    found = []
    for entry in settings:
        name = str(entry.get("projectName") or "")
        if name == project.name:
            continue
        try:
            selector = label_selector(entry.get("labelSelector") or {})
        except SelectorError:
            break
        if selector.matches(project.labels) and name in known:
            found.append(known[name])
    return found


def with_scoped(
    project: Project, repositories: Iterable[str], clusters: Iterable[tuple[Cluster, Sequence[str]]]
) -> Project:
    """Adds what Secrets give to this project alone: repositories, and clusters with the namespaces they are limited to."""
    places = [
        Destination(server=cluster.server, namespace=namespace)
        for cluster, namespaces in clusters
        for namespace in (namespaces or ("*",))
    ]
    return replace(
        project,
        source_repos=(*project.source_repos, *repositories),
        destinations=(*project.destinations, *places),
    )


# --- refusals


def missing(name: str) -> str:
    return f"Application referencing project {name} which does not exist"


def not_found(name: str) -> str:
    """How an operation or a deletion tells that a project is not there."""
    return f'error getting app project "{name}": appproject.argoproj.io "{name}" not found'


def foreign_namespace(application: str, namespace: str, project: str) -> str:
    return f"application '{application}' in namespace '{namespace}' is not permitted to use project '{project}'"


def source_refusals(spec: Mapping[str, Any], project: Project) -> list[str]:
    """What is wrong with an application's sources: missing fields first, and then alone; else what is not permitted."""
    hydrator = spec.get("sourceHydrator")
    if hydrator is not None:
        return _hydrator_refusals(hydrator, project)
    several = spec.get("sources") or ()
    found: list[str] = []
    for source in several or (spec.get("source") or {},):
        problem = _source_problem(source, several=bool(several))
        if problem:
            return [*found, problem]
        url = str(source.get("repoURL") or "")
        if not project.permits_source(url):
            found.append(f"application repo {url} is not permitted in project '{project.name}'")
        elif not source.get("chart") and not url.startswith("oci://") and project.demands_signature(url):
            # Nothing is verified yet: to go on would be to deliver what the project forbids.
            found.append(unsigned(url, project))
    return found


def unsigned(url: str, project: Project) -> str:
    return f"project {project.name} wants the commits of {url} to be signed: Holdfast does not verify signatures yet"


def _source_problem(source: Mapping[str, Any], *, several: bool) -> str:
    url, path, chart, ref = (source.get(k) for k in ("repoURL", "path", "chart", "ref"))
    if several and not (url and (path or chart or ref)):
        return (
            "spec.source.repoURL and either source.path, source.chart, or source.ref are required for source "
            f"{_as_struct(source)}"
        )
    if not several and not (url and (path or chart)):
        return "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
    if chart and not source.get("targetRevision"):
        return "spec.source.targetRevision is required if the manifest source is a helm chart"
    return ""


def _as_struct(source: Mapping[str, Any]) -> str:
    """A source as Go prints it; what a tool is told is left out."""
    texts = ("repoURL", "path", "targetRevision", "", "", "", "", "chart", "ref", "name", "tagPrefix")
    return "{" + " ".join(str(source.get(k) or "") if k else "nil" for k in texts) + "}"


def _hydrator_refusals(spec: Mapping[str, Any], project: Project) -> list[str]:
    dry, sync, to = spec.get("drySource") or {}, spec.get("syncSource") or {}, spec.get("hydrateTo")
    found = []
    if not dry.get("repoURL"):
        found.append("spec.sourceHydrator.drySource.repoURL is required")
    if not sync.get("targetBranch"):
        found.append("spec.sourceHydrator.syncSource.targetBranch is required")
    if to is not None and not to.get("targetBranch"):
        found.append(
            "when spec.sourceHydrator.hydrateTo is set, spec.sourceHydrator.hydrateTo.targetBranch is required"
        )
    if found:
        return found
    url = str(dry["repoURL"])
    if not project.permits_source(url):
        found.append(f"application repo {url} is not permitted in project '{project.name}'")
    other = str(sync.get("repoURL") or url)
    if other != url and not project.permits_source(other):
        found.append(f"sync source repo {other} is not permitted in project '{project.name}'")
    return found


def destination_refusal(
    spec: Mapping[str, Any], project: Project, cluster: Cluster, scoped: Sequence[Cluster] = ()
) -> str:
    """``spec`` is the application's; ``cluster`` what its destination was resolved to. Empty when it is permitted."""
    destination = spec.get("destination") or {}
    namespace = str(destination.get("namespace") or "")
    if project.permits_destination(cluster, namespace, scoped):
        return ""
    server = cluster.name if destination.get("name") else cluster.server
    return (
        f"application destination server '{server}' and namespace '{namespace}' do not match any of the allowed "
        f"destinations in project '{project.name}'"
    )
