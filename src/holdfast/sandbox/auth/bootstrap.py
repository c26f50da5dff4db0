"""The roles and bindings that every cluster is born with, as a compact table, and their creation.

A role: its name, then what it aggregates to, and with a plus what it aggregates. A line per rule follows: verbs, groups, resources and names, or
verbs and paths; ``-`` is the core group, ``rw``, ``ro``, ``all`` and ``put`` the usual verbs. The roles of the real controllers are left out: ours
need none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.kube.refs import Manifest
from holdfast.sandbox.auth.rbac import GROUP
from holdfast.sandbox.context import Call
from holdfast.sandbox.registry import Registry

_SHORT: Final = {
    "rw": "create,delete,deletecollection,patch,update",
    "ro": "get,list,watch",
    "all": "create,delete,deletecollection,get,list,patch,update,watch",
    "put": "create,patch,update",
}
_CLUSTER_ROLES: Final = """
admin +admin
cluster-admin
  * * *
  * /*
edit admin +edit
system:aggregate-to-admin admin
  create authorization.k8s.io localsubjectaccessreviews
  all rbac.authorization.k8s.io rolebindings,roles
system:aggregate-to-edit edit
  ro - pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
  impersonate - serviceaccounts
  rw - pods,pods/attach,pods/exec,pods/portforward,pods/proxy
  create - pods/eviction
  rw - configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
  create - serviceaccounts/token
  rw -,events.k8s.io events
  rw apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale
  rw autoscaling horizontalpodautoscalers
  rw batch cronjobs,jobs
  rw extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale
  rw policy poddisruptionbudgets
  rw networking.k8s.io ingresses,networkpolicies
  all coordination.k8s.io leases
  rw resource.k8s.io resourceclaims,resourceclaimtemplates
system:aggregate-to-view view
  ro - configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
  ro - bindings,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
  ro - namespaces
  ro -,events.k8s.io events
  ro discovery.k8s.io endpointslices
  ro apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status
  ro autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
  ro batch cronjobs,cronjobs/status,jobs,jobs/status
  ro extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale
  ro policy poddisruptionbudgets,poddisruptionbudgets/status
  ro networking.k8s.io ingresses,ingresses/status,networkpolicies
  ro resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates
system:auth-delegator
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io subjectaccessreviews
system:basic-user
  create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
  create authentication.k8s.io selfsubjectreviews
system:certificates.k8s.io:certificatesigningrequests:nodeclient
  create certificates.k8s.io certificatesigningrequests/nodeclient
system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  create certificates.k8s.io certificatesigningrequests/selfnodeclient
system:certificates.k8s.io:kube-apiserver-client-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client
system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet
system:certificates.k8s.io:kubelet-serving-approver
  approve certificates.k8s.io signers kubernetes.io/kubelet-serving
system:certificates.k8s.io:legacy-unknown-approver
  approve certificates.k8s.io signers kubernetes.io/legacy-unknown
system:discovery
  get /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
system:kube-aggregator
  ro - endpoints,services
system:kubelet-api-admin
  ro - nodes
  proxy - nodes
  * - nodes/log,nodes/metrics,nodes/proxy,nodes/stats
  * - nodes/configz,nodes/healthz,nodes/pods
system:monitoring
  get /flagz,/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*,/statusz
  get - nodes/metrics
system:node
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews
  ro - services
  create,get,list,watch - nodes
  patch,update - nodes/status
  patch,update - nodes
  put -,events.k8s.io events
  ro - pods
  create,delete - pods
  patch,update - pods/status
  create - pods/eviction
  ro - configmaps,secrets
  get - persistentvolumeclaims,persistentvolumes
  get - endpoints
  create,get,list,watch certificates.k8s.io certificatesigningrequests
  create,delete,get,patch,update coordination.k8s.io leases
  get storage.k8s.io volumeattachments
  create - serviceaccounts/token
  get,patch,update - persistentvolumeclaims/status
  ro storage.k8s.io csidrivers
  create,delete,get,patch,update storage.k8s.io csinodes
  ro node.k8s.io runtimeclasses
  get resource.k8s.io resourceclaims
  deletecollection resource.k8s.io resourceslices
  get - serviceaccounts
system:node-bootstrapper
  create,get,list,watch certificates.k8s.io certificatesigningrequests
system:node-problem-detector
  get - nodes
  patch - nodes/status
  put -,events.k8s.io events
system:node-proxier
  list,watch - endpoints,services
  ro - nodes
  put -,events.k8s.io events
  list,watch networking.k8s.io servicecidrs
  list,watch discovery.k8s.io endpointslices
system:persistent-volume-provisioner
  create,delete,get,list,watch - persistentvolumes
  get,list,update,watch - persistentvolumeclaims
  ro storage.k8s.io storageclasses
  watch - events
  put -,events.k8s.io events
system:public-info-viewer
  get /healthz,/livez,/readyz,/version,/version/
system:service-account-issuer-discovery
  get /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/
view edit +view
"""
_CLUSTER_BINDINGS: Final = """
cluster-admin Group:system:masters
system:basic-user Group:system:authenticated
system:discovery Group:system:authenticated
system:monitoring Group:system:monitoring
system:node
system:node-proxier User:system:kube-proxy
system:public-info-viewer Group:system:authenticated Group:system:unauthenticated
system:service-account-issuer-discovery Group:system:serviceaccounts
"""
_AUTHENTICATION: Final = "extension-apiserver-authentication"
_META: Final = {
    "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
}


def populate(registry: Registry, call: Call) -> None:
    """Creates what is missing."""
    for plural, namespace, obj in _objects():
        resource = registry.catalog.lookup(GROUP, "v1", plural)
        assert resource is not None
        if registry.find(resource, (namespace, obj["metadata"]["name"])) is None:
            registry.create(call, resource, namespace, obj)


def _objects() -> Iterator[tuple[str, str, Manifest]]:
    for role in _roles():
        yield "clusterroles", "", role
    for line in _CLUSTER_BINDINGS.split("\n")[1:-1]:
        name, *subjects = line.split()
        yield "clusterrolebindings", "", _bound(name, "ClusterRoleBinding", "ClusterRole", name, subjects)
    reader = f"{_AUTHENTICATION}-reader"
    readable = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["configmaps"]}
    yield (
        "roles",
        "kube-system",
        _object(reader, "Role") | {"rules": [{**readable, "resourceNames": [_AUTHENTICATION]}]},
    )
    who = ["User:system:kube-controller-manager", "User:system:kube-scheduler"]
    yield "rolebindings", "kube-system", _bound(f"system::{reader}", "RoleBinding", "Role", reader, who)


def _object(name: str, kind: str) -> Manifest:
    meta = {"name": name, **{key: dict(value) for key, value in _META.items()}}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta}


def _bound(name: str, kind: str, role_kind: str, role: str, subjects: list[str]) -> Manifest:
    obj = _object(name, kind)
    obj["roleRef"] = {"apiGroup": GROUP, "kind": role_kind, "name": role}
    if subjects:
        pairs = [s.split(":", 1) for s in subjects]
        obj["subjects"] = [{"kind": k, "apiGroup": GROUP, "name": n} for k, n in pairs]
    return obj


def _roles() -> Iterator[Manifest]:
    role: Manifest | None = None
    for line in _CLUSTER_ROLES.split("\n")[1:-1]:
        if line.startswith(" "):
            assert role is not None
            role["rules"] = [*(role["rules"] or ()), _rule(line.split())]
            continue
        if role is not None:
            yield role
        role = _role(line.split())
    if role is not None:
        yield role


def _role(words: list[str]) -> Manifest:
    role = _object(words[0], "ClusterRole") | {"rules": None}
    for word in words[1:]:
        label = f"{GROUP}/aggregate-to-{word.removeprefix('+')}"
        if word.startswith("+"):
            role["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]}
        else:
            role["metadata"]["labels"][label] = "true"
    return role


def _rule(words: list[str]) -> Manifest:
    verbs = _SHORT.get(words[0], words[0]).split(",")
    if words[1].startswith("/"):
        return {"verbs": verbs, "nonResourceURLs": ["*"] if words[1] == "/*" else words[1].split(",")}
    groups = ["" if g == "-" else g for g in words[1].split(",")]
    rule: Manifest = {"verbs": verbs, "apiGroups": groups, "resources": words[2].split(",")}
    if len(words) > 3:
        rule["resourceNames"] = words[3].split(",")
    return rule
