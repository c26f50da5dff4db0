"""The Argo CD kinds as data: fields, columns, subresources. The language is that of ``kube.crdtext``."""

from __future__ import annotations

from dataclasses import dataclass

GROUP = "argoproj.io"
VERSION = "v1alpha1"

FRAGMENTS = {
    "jsonnetvar": "code:bool; name!; value!",
    "selector": "annotationSelector; group; kind; labelSelector; name; namespace; version",
    "labelselector": "matchExpressions[]{key!; operator!; values[]}; matchLabels:map",
    "groupkind": "group!; kind!",
    "groupkindname": "group!; kind!; name",
    "info": "name!; value!",
    "metadata": "annotations:map; labels:map",
    "destination": "name; namespace; server",
    "directory": ("exclude; include; jsonnet{extVars[]@jsonnetvar; libs[]; tlas[]@jsonnetvar}; recurse:bool"),
    "helm": (
        "apiVersions[]; fileParameters[]{name; path}; ignoreMissingValueFiles:bool; kubeVersion; namespace; "
        "parameters[]{forceString:bool; name; value}; passCredentials:bool; releaseName; skipCrds:bool; "
        "skipSchemaValidation:bool; skipTests:bool; valueFiles[]; values; valuesObject:object; version"
    ),
    "kustomize": (
        "apiVersions[]; commonAnnotations:map; commonAnnotationsEnvsubst:bool; commonLabels:map; components[]; "
        "forceCommonAnnotations:bool; forceCommonLabels:bool; ignoreMissingComponents:bool; images[]; kubeVersion; "
        "labelIncludeTemplates:bool; labelWithoutSelector:bool; namePrefix; nameSuffix; namespace; "
        "patches[]{options:object; patch; path; target@selector}; replicas[]{count!:intstr; name!}; version"
    ),
    "plugin": "env[]@info; name; parameters[]{array[]; map:map; name; string}",
    "source": (
        "chart; directory@directory; helm@helm; kustomize@kustomize; name; path; plugin@plugin; ref; repoURL!; tagPrefix; "
        "targetRevision"
    ),
    "drysource": (
        "directory@directory; helm@helm; kustomize@kustomize; path!; plugin@plugin; repoURL!; targetRevision!"
    ),
    "retry": "backoff{duration; factor:long; maxDuration}; limit:long; refresh:bool",
    "policy": (
        "automated{allowEmpty:bool; enabled:bool; prune:bool; selfHeal:bool}; managedNamespaceMetadata@metadata; "
        "retry@retry; syncOptions[]"
    ),
    "difference": "group; jqPathExpressions[]; jsonPointers[]; kind!; managedFieldsManagers[]; name; namespace",
    "hydrator": ("drySource!@drysource; hydrateTo{targetBranch!}; syncSource!{path!; repoURL; targetBranch!}"),
    "application": (
        "destination!@destination; ignoreDifferences[]@difference; info[]@info; project!; revisionHistoryLimit:long; "
        "source@source; sourceHydrator@hydrator; sources[]@source; syncPolicy@policy"
    ),
    "operation": (
        "info[]@info; initiatedBy{automated:bool; username}; retry@retry; sync{autoHealAttemptsCount:long; dryRun:bool; "
        "manifests[]; prune:bool; resources[]{group; kind!; name!; namespace}; revision; revisions[]; source@source; "
        "sources[]@source; syncOptions[]; syncStrategy{apply{force:bool}; hook{force:bool}}}"
    ),
    "policies": "gpg!{keys![]; mode!}; repos![]{url!}",
}

_PROJECT = (
    "clusterResourceBlacklist[]@groupkindname; clusterResourceWhitelist[]@groupkindname; description; "
    "destinationServiceAccounts[]{defaultServiceAccount!; namespace; server!}; destinations[]@destination; "
    "namespaceResourceBlacklist[]@groupkind; namespaceResourceWhitelist[]@groupkind; "
    "orphanedResources{ignore[]{group; kind; name}; warn:bool}; permitOnlyProjectScopedClusters:bool; "
    "roles[]{description; groups[]; jwtTokens[]{exp:long; iat!:long; id}; name!; policies[]}; signatureKeys[]{keyID!}; "
    "sourceIntegrity{git{policies![]@policies}}; sourceNamespaces[]; sourceRepos[]; "
    "syncWindows[]{andOperator:bool; applications[]; clusters[]; description; duration; kind; manualSync:bool; namespaces[]; "
    "schedule; syncOverrun:bool; timeZone}"
)
_SET = (
    "applyNestedSelectors:bool; generators![]@generator; goTemplate:bool; goTemplateOptions[]; "
    "ignoreApplicationDifferences[]{jqPathExpressions[]; jsonPointers[]; name}; preservedFields{annotations[]; labels[]}; "
    "strategy{deletionOrder; rollingSync{steps[]{matchExpressions[]{key; operator; values[]}; maxUpdate:intstr}}; type}; "
    "syncPolicy{applicationsSync=create-only|create-update|create-delete|sync; preserveResourcesOnDeletion:bool}; "
    "template!{metadata!{annotations:map; finalizers[]; labels:map; name; namespace}; spec!@application}; templatePatch"
)


# A generator's own template is whole again: its fields are looked at when it is filled in, and not once more for each kind.
_TEMPLATE = "template:object"
_PULLS = (
    "azuredevops{api; labels[]; organization!; project!; repo!; tokenRef@keyref}; "
    "bitbucket{api; basicAuth@basic; bearerToken@bearer; owner!; repo!}; "
    "bitbucketServer{api!; basicAuth@basic; bearerToken@bearer; caRef@caref; insecure:bool; project!; repo!}; "
    "continueOnRepoNotFoundError:bool; filters[]{branchMatch; targetBranchMatch; titleMatch}; "
    "gitea{api!; insecure:bool; labels[]; owner!; repo!; tokenRef@keyref}; "
    "github{api; appSecretName; labels[]; owner!; repo!; tokenRef@keyref}; "
    "gitlab{api; caRef@caref; insecure:bool; labels[]; project!; pullRequestState; tokenRef@keyref}; "
    f"requeueAfterSeconds:long; {_TEMPLATE}; values:map"
)
_HOSTS = (
    "awsCodeCommit{allBranches:bool; region; role; tagFilters[]{key!; value}}; "
    "azureDevOps{accessTokenRef!@keyref; allBranches:bool; api; organization!; teamProject!}; "
    "bitbucket{allBranches:bool; appPasswordRef!@keyref; owner!; user!}; "
    "bitbucketServer{allBranches:bool; api!; basicAuth@basic; bearerToken@bearer; caRef@caref; insecure:bool; project!}; "
    "cloneProtocol; filters[]{branchMatch; labelMatch; pathsDoNotExist[]; pathsExist[]; repositoryMatch}; "
    "gitea{allBranches:bool; api!; excludeArchivedRepos:bool; insecure:bool; owner!; tokenRef@keyref}; "
    "github{allBranches:bool; api; appSecretName; excludeArchivedRepos:bool; organization!; tokenRef@keyref}; "
    "gitlab{allBranches:bool; api; caRef@caref; group!; includeArchivedRepos:bool; includeSharedProjects:bool; "
    "includeSubgroups:bool; insecure:bool; tokenRef@keyref; topic}; "
    f"requeueAfterSeconds:long; {_TEMPLATE}; values:map"
)
_GENERATORS = (
    f"clusterDecisionResource{{configMapRef!; labelSelector@labelselector; name; requeueAfterSeconds:long; {_TEMPLATE}; "
    f"values:map}}; clusters{{flatList:bool; selector@labelselector; {_TEMPLATE}; values:map}}; "
    "git{directories[]{exclude:bool; path!}; files[]{exclude:bool; path!}; pathParamPrefix; repoURL!; "
    f"requeueAfterSeconds:long; revision!; {_TEMPLATE}; values:map}}; list{{elements:any[]; elementsYaml; {_TEMPLATE}}}; "
    "plugin{configMapRef!{name!}; input{parameters:object}; requeueAfterSeconds:long; "
    f"{_TEMPLATE}; values:map}}; pullRequest{{{_PULLS}}}; scmProvider{{{_HOSTS}}}; selector@labelselector"
)
_NESTED = f"{_GENERATORS}; matrix:object; merge:object"
FRAGMENTS |= {
    "keyref": "key!; secretName!",
    "caref": "configMapName!; key!",
    "basic": "passwordRef!@keyref; username!",
    "bearer": "tokenRef!@keyref",
    "nested": _NESTED,
    "generator": (
        f"{_GENERATORS}; matrix{{generators![]@nested; {_TEMPLATE}}}; "
        f"merge{{generators![]@nested; mergeKeys![]; {_TEMPLATE}}}"
    ),
}


@dataclass(frozen=True, slots=True)
class ArgoKind:
    """``top`` are further fields beside spec; ``columns``: (name, type, path, priority)."""

    kind: str
    plural: str
    short_names: tuple[str, ...]
    spec: str
    description: str
    top: str = ""
    status_subresource: bool = False
    columns: tuple[tuple[str, str, str, int], ...] = ()


KINDS = (
    ArgoKind(
        "Application",
        "applications",
        ("app", "apps"),
        FRAGMENTS["application"],
        "What is delivered, from which sources to which cluster and namespace, and how it is kept so.",
        top="operation@operation",
        columns=(
            ("Sync Status", "string", ".status.sync.status", 0),
            ("Health Status", "string", ".status.health.status", 0),
            ("Revision", "string", ".status.sync.revision", 10),
            ("Project", "string", ".spec.project", 10),
        ),
    ),
    ArgoKind(
        "AppProject",
        "appprojects",
        ("appproj", "appprojs"),
        _PROJECT,
        "A group of applications with what they may use: repositories, destinations, kinds, times.",
    ),
    ArgoKind(
        "ApplicationSet",
        "applicationsets",
        ("appset", "appsets"),
        _SET,
        "A template of applications and the generators of what fills it.",
        status_subresource=True,
    ),
)
