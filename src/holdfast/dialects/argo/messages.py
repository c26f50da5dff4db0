"""What Argo CD's programs ask its repository server over gRPC, as far as it is answered here: messages to plain values and back.

The numbers are those of Argo CD 3.5's API; the names are those of its JSON, so that a source reads the same from both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from holdfast.base.protowire import Messages, WireError

SERVICE: Final = "/repository.RepoServerService/"

MESSAGES: Final = Messages(
    {
        # what is asked
        "ManifestRequest": (
            "repo:1=Repository revision:2 noCache:3=bool appName:5 namespace:8 applicationSource:10=Source kubeVersion:14 "
            "apiVersions:15* trackingMethod:19 hasMultipleSources:22=bool refSources:23=RefTarget% projectName:25"
        ),
        "ManifestRequestWithFiles": "request:1=ManifestRequest metadata:2=FileMetadata chunk:3=FileChunk",
        "FileMetadata": "checksum:1 size:2=int",
        "FileChunk": "chunk:1=bytes",
        "RepositoryRequest": "repo:1=Repository",
        "ResolveRevisionRequest": "repo:1=Repository app:2=Application ambiguousRevision:3 sourceIndex:4=int",
        "AppDetailsQuery": ("repo:1=Repository source:2=Source appName:5 noCache:6=bool refSources:11=RefTarget%"),
        "RevisionMetadataRequest": "repo:1=Repository revision:2",
        "ChartDetailsRequest": "repo:1=Repository name:2 revision:3",
        # what is answered
        "ManifestResponse": "manifests:1* namespace:2 server:3 revision:4 sourceType:6 commands:8*",
        "TestRepositoryResponse": "verifiedRepository:1=bool",
        "ResolveRevisionResponse": "revision:1 ambiguousRevision:2",
        "Refs": "branches:1* tags:2*",
        "AppDetailsResponse": "type:1 helm:3=HelmDetails kustomize:4=KustomizeDetails directory:5=Empty",
        "HelmDetails": "name:1 valueFiles:3* parameters:4=HelmParameter* values:5",
        "KustomizeDetails": "images:3*",
        "RevisionMetadata": "author:1 date:2=Time tags:3* message:4",
        "ChartDetails": "description:1 home:2 maintainers:3*",
        "HelmCharts": "items:1=HelmChart*",
        "HelmChart": "name:1 versions:2*",
        "Time": "seconds:1=int nanos:2=int",
        "Empty": "",
        # what both are made of
        "Repository": (
            "repo:1 username:2 password:3 sshPrivateKey:4 insecureIgnoreHostKey:6=bool insecure:7=bool type:11 name:12 "
            "enableOCI:14=bool proxy:19 project:20 bearerToken:25 insecureOCIForceHttp:26=bool"
        ),
        "RefTarget": "repo:1=Repository targetRevision:2 chart:3",
        "Application": "metadata:1=Meta spec:2=Spec",
        "Meta": "name:1 namespace:3",
        "Spec": "source:1=Source destination:2=Destination project:3 sources:8=Source*",
        "Destination": "server:1 namespace:2 name:3",
        "Source": (
            "repoURL:1 path:2 targetRevision:4 helm:7=Helm kustomize:8=Kustomize directory:10=Directory plugin:11=Plugin "
            "chart:12 ref:13 name:14 tagPrefix:15"
        ),
        "Helm": (
            "valueFiles:1* parameters:2=HelmParameter* releaseName:3 values:4 fileParameters:5=HelmFile* version:6 "
            "passCredentials:7=bool ignoreMissingValueFiles:8=bool skipCrds:9=bool valuesObject:10=Raw namespace:11 "
            "kubeVersion:12 apiVersions:13* skipTests:14=bool skipSchemaValidation:15=bool"
        ),
        "HelmParameter": "name:1 value:2 forceString:3=bool",
        "HelmFile": "name:1 path:2",
        "Raw": "raw:1=bytes",
        "Kustomize": (
            "namePrefix:1 nameSuffix:2 images:3* commonLabels:4% version:5 commonAnnotations:6% forceCommonLabels:7=bool "
            "forceCommonAnnotations:8=bool namespace:9 commonAnnotationsEnvsubst:10=bool replicas:11=Replica* "
            "patches:12=Patch* components:13* ignoreMissingComponents:17=bool labelWithoutSelector:14=bool kubeVersion:15 "
            "apiVersions:16* labelIncludeTemplates:18=bool"
        ),
        "Replica": "name:1 count:2=Count",
        "Count": "type:1=int intVal:2=int strVal:3",
        "Patch": "path:1 patch:2 target:3=Selector options:4=bool%",
        "Selector": "resId:1=Identity annotationSelector:2 labelSelector:3",
        "Identity": "gvk:1=Kind name:2 namespace:3",
        "Kind": "group:1 version:2 kind:3",
        "Directory": "recurse:1=bool jsonnet:2=Jsonnet exclude:3 include:4",
        "Jsonnet": "extVars:1=Variable* tlas:2=Variable* libs:3*",
        "Variable": "name:1 value:2 code:3=bool",
        "Plugin": "name:1",
    }
)


def source_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """A decoded source as an Application declares it. Raises WireError."""
    source = dict(message)
    if "helm" in source:
        source["helm"] = _helm(source["helm"])
    if "kustomize" in source:
        source["kustomize"] = _kustomize(source["kustomize"])
    return source


def _helm(message: Mapping[str, Any]) -> dict[str, Any]:
    helm = dict(message)
    raw = (helm.pop("valuesObject", None) or {}).get("raw")
    if raw:
        try:
            helm["valuesObject"] = json.loads(raw)
        except ValueError as error:
            raise WireError(f"valuesObject: {error}") from None
    return helm


def _kustomize(message: Mapping[str, Any]) -> dict[str, Any]:
    kustomize = dict(message)
    if "replicas" in kustomize:
        kustomize["replicas"] = [{**r, "count": _count(r.get("count") or {})} for r in kustomize["replicas"]]
    if "patches" in kustomize:
        kustomize["patches"] = [_patch(p) for p in kustomize["patches"]]
    return kustomize


def _count(message: Mapping[str, Any]) -> int | str:
    return str(message.get("strVal") or "") if message.get("type") else int(message.get("intVal") or 0)


def _patch(message: Mapping[str, Any]) -> dict[str, Any]:
    """A selector's parts stand side by side in JSON; what is empty selects everything there too."""
    patch = {k: v for k, v in message.items() if v}
    target = patch.get("target")
    if target is not None:
        identity = target.get("resId") or {}
        flat = {**(identity.get("gvk") or {}), **identity, **target}
        patch["target"] = {k: v for k, v in flat.items() if v and k not in ("gvk", "resId")}
    return patch
