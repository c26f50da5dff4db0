"""The Flux kinds as data: group, versions, fields, columns, rules. The language is that of ``kube.crdtext``."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "source.toolkit.fluxcd.io"
KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
HELM = "helm.toolkit.fluxcd.io"
NOTIFICATION = "notification.toolkit.fluxcd.io"
IMAGE = "image.toolkit.fluxcd.io"

FRAGMENTS = {
    "ref": "name!",
    "selector": "annotationSelector; group; kind; labelSelector; name; namespace; version",
    "patch": "patch!; target@selector",
    "image": "name!; newName; newTag; digest",
    "metadata": "annotations:map; labels:map",
    "identity": "issuer!; subject!",
    "artifact": (
        'digest!:re"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"; lastUpdateTime!:time; metadata:map; path!; '
        "revision!; size:long; url!"
    ),
    "condition": (
        "lastTransitionTime!:time; message!:str(,32768); observedGeneration:long; "
        'reason!:re"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"(1,1024); status!=True|False|Unknown; type!:str(,316)'
    ),
    "inventory": "entries![]{id!; v!}",
    "kubeconfig": "configMapRef@ref; secretRef{key; name!}",
    "dependency": "name!; namespace; readyExpr",
    "expression": "apiVersion!; current!; failed; inProgress; kind",
    "ignore": "paths![]; target@selector",
    "access": "namespaceSelectors![]{matchLabels:map}",
    "gitref": "branch; commit; name; semver; tag",
    "imageref": "digest; name!; tag!",
    "history": (
        "digest!; firstReconciled!:time; lastReconciled!:time; lastReconciledDuration!; lastReconciledStatus!; "
        "metadata:map; totalReconciliations!:long"
    ),
    "labelselector": "matchExpressions[]{key!; operator!; values[]}; matchLabels:map",
}

_STATUS = "conditions[]@condition; observedGeneration:long; lastHandledReconcileAt"
_READY = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status'),
    ("Status", "string", '.status.conditions[?(@.type=="Ready")].message'),
)
_AGE = (("Age", "date", ".metadata.creationTimestamp"),)
Columns = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class FluxKind:
    """``versions``: the stored one first, then older ones that are still served. ``rules``: (path below spec, CEL, message)."""

    group: str
    kind: str
    plural: str
    versions: tuple[str, ...]
    spec: str
    status: str = ""
    short_names: tuple[str, ...] = ()
    category: str = ""
    columns: Columns = (*_AGE, *_READY)
    rules: tuple[tuple[str, str, str], ...] = ()
    observed: bool = True
    description: str = ""


_ONE_KUBECONFIG = "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef must be specified"
_KUBECONFIG_RULES = (
    ("kubeConfig", "has(self.configMapRef) || has(self.secretRef)", _ONE_KUBECONFIG),
    ("kubeConfig", "!has(self.configMapRef) || !has(self.secretRef)", _ONE_KUBECONFIG),
)

GIT_REPOSITORY = FluxKind(
    SOURCE,
    "GitRepository",
    "gitrepositories",
    ("v1", "v1beta2", "v1beta1"),
    "ignore; include[]{fromPath; repository!@ref; toPath}; interval!:duration; provider=generic|aws|azure|github; "
    "proxySecretRef@ref; recurseSubmodules:bool; ref@gitref; secretRef@ref; serviceAccountName; sparseCheckout[]; "
    'suspend:bool; timeout:short~"60s"; url!:url(http|https|ssh); verify{mode=head|HEAD|Tag|TagAndHEAD~"HEAD"; secretRef!@ref}',
    f"artifact@artifact; {_STATUS}; includedArtifacts[]@artifact; observedIgnore; "
    "observedInclude[]{fromPath; repository!@ref; toPath}; observedRecurseSubmodules:bool; observedSparseCheckout[]; "
    "sourceVerificationMode",
    ("gitrepo",),
    "fluxcd-sources",
    (("URL", "string", ".spec.url"), *_AGE, *_READY),
    (
        (
            "",
            "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))",
            "serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ),
    ),
    description="A Git repository whose files are made available to the units of this cluster.",
)

_OCI_REPOSITORY = FluxKind(
    SOURCE,
    "OCIRepository",
    "ocirepositories",
    ("v1", "v1beta2"),
    "certSecretRef@ref; ignore; insecure:bool; interval!:duration; layerSelector{mediaType; operation=extract|copy}; "
    'provider=generic|aws|azure|gcp~"generic"; proxySecretRef@ref; ref{digest; semver; semverFilter; tag}; secretRef@ref; '
    'serviceAccountName; suspend:bool; timeout:short~"60s"; url!:url(oci); '
    'verify{matchOIDCIdentity[]@identity; provider!=cosign|notation~"cosign"; secretRef@ref; trustedRootSecretRef@ref}',
    f"artifact@artifact; {_STATUS}; observedIgnore; observedLayerSelector{{mediaType; operation=extract|copy}}; url",
    ("ocirepo",),
    "fluxcd-sources",
    (("URL", "string", ".spec.url"), *_READY, *_AGE),
    description="An artifact in a container registry whose files are made available to the units of this cluster.",
)

_HELM_REPOSITORY = FluxKind(
    SOURCE,
    "HelmRepository",
    "helmrepositories",
    ("v1", "v1beta2", "v1beta1"),
    "accessFrom@access; certSecretRef@ref; insecure:bool; interval:duration; passCredentials:bool; "
    'provider=generic|aws|azure|gcp~"generic"; secretRef@ref; suspend:bool; timeout:short; type=default|oci; '
    "url!:url(http|https|oci)",
    f"artifact@artifact; {_STATUS}; url",
    ("helmrepo",),
    "fluxcd-sources",
    (("URL", "string", ".spec.url"), *_AGE, *_READY),
    description="A Helm chart repository: its index is kept current.",
)

_HELM_CHART = FluxKind(
    SOURCE,
    "HelmChart",
    "helmcharts",
    ("v1", "v1beta2", "v1beta1"),
    'chart!; ignoreMissingValuesFiles:bool; interval!:duration; reconcileStrategy=ChartVersion|Revision~"ChartVersion"; '
    "sourceRef!{apiVersion; kind!=HelmRepository|GitRepository|Bucket; name!}; suspend:bool; valuesFiles[]; "
    'verify{matchOIDCIdentity[]@identity; provider!=cosign|notation~"cosign"; secretRef@ref}; version~"*"',
    f"artifact@artifact; {_STATUS}; observedChartName; observedSourceArtifactRevision; observedValuesFiles[]; url",
    ("hc",),
    "fluxcd-sources",
    (
        ("Chart", "string", ".spec.chart"),
        ("Version", "string", ".spec.version"),
        ("Source Kind", "string", ".spec.sourceRef.kind"),
        ("Source Name", "string", ".spec.sourceRef.name"),
        *_AGE,
        *_READY,
    ),
    (
        (
            "",
            "!has(self.verify) || self.sourceRef.kind == 'HelmRepository'",
            "spec.verify is only supported when spec.sourceRef.kind is 'HelmRepository'",
        ),
    ),
    description="One chart, in one version, taken from a repository, a Git tree or a bucket.",
)

_BUCKET = FluxKind(
    SOURCE,
    "Bucket",
    "buckets",
    ("v1", "v1beta2", "v1beta1"),
    "bucketName!; certSecretRef@ref; endpoint!; ignore; insecure:bool; interval!:duration; prefix; "
    'provider=generic|aws|gcp|azure~"generic"; proxySecretRef@ref; region; secretRef@ref; serviceAccountName; '
    "sts{certSecretRef@ref; endpoint!:url(http|https); provider!=aws|ldap; secretRef@ref}; suspend:bool; "
    'timeout:short~"60s"',
    f"artifact@artifact; {_STATUS}; observedIgnore; url",
    (),
    "fluxcd-sources",
    (("Endpoint", "string", ".spec.endpoint"), *_AGE, *_READY),
    (
        (
            "",
            "self.provider == 'aws' || self.provider == 'generic' || !has(self.sts)",
            "STS configuration is only supported for the 'aws' and 'generic' Bucket providers",
        ),
        (
            "",
            "self.provider != 'aws' || !has(self.sts) || self.sts.provider == 'aws'",
            "'aws' is the only supported STS provider for the 'aws' Bucket provider",
        ),
        (
            "",
            "self.provider != 'generic' || !has(self.sts) || self.sts.provider == 'ldap'",
            "'ldap' is the only supported STS provider for the 'generic' Bucket provider",
        ),
        (
            "",
            "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.secretRef)",
            "spec.sts.secretRef is not required for the 'aws' STS provider",
        ),
        (
            "",
            "!has(self.sts) || self.sts.provider != 'aws' || !has(self.sts.certSecretRef)",
            "spec.sts.certSecretRef is not required for the 'aws' STS provider",
        ),
        (
            "",
            "self.provider != 'generic' || !has(self.serviceAccountName)",
            "ServiceAccountName is not supported for the 'generic' Bucket provider",
        ),
        (
            "",
            "!has(self.secretRef) || !has(self.serviceAccountName)",
            "cannot set both .spec.secretRef and .spec.serviceAccountName",
        ),
    ),
    description="An object storage bucket whose files are made available to the units of this cluster.",
)

_EXTERNAL_ARTIFACT = FluxKind(
    SOURCE,
    "ExternalArtifact",
    "externalartifacts",
    ("v1",),
    "sourceRef{apiVersion; kind!; name!; namespace}",
    "artifact@artifact; conditions[]@condition",
    ("ea",),
    "fluxcd-sources",
    (*_AGE, *_READY, ("Source", "string", ".spec.sourceRef.name")),
    observed=False,
    description="An artifact that another controller has produced.",
)

KUSTOMIZATION = FluxKind(
    KUSTOMIZE,
    "Kustomization",
    "kustomizations",
    ("v1", "v1beta2", "v1beta1"),
    "buildMetadata[]=originAnnotations|transformerAnnotations; commonMetadata@metadata; components[]; "
    "decryption{provider!=sops; secretRef@ref; serviceAccountName}; "
    "deletionPolicy=MirrorPrune|Delete|WaitForTermination|Orphan; dependsOn[]@dependency; force:bool~false; "
    "healthCheckExprs[]@expression; healthChecks[]{apiVersion; kind!; name!; namespace}; ignore[]@ignore; "
    "ignoreMissingComponents:bool; images[]@image; interval!:duration; kubeConfig@kubeconfig; namePrefix:str(1,200); "
    "nameSuffix:str(1,200); patches[]@patch; path; "
    "postBuild{substitute:map; substituteFrom[]{kind!=Secret|ConfigMap; name!:str(1,253); optional:bool~false}; "
    "substituteStrategy=WithVariables|Always}; prune!:bool; retryInterval:duration; serviceAccountName; "
    "sourceRef!{apiVersion; kind!=OCIRepository|GitRepository|Bucket|ExternalArtifact; name!; namespace}; suspend:bool; "
    "targetNamespace:str(1,63); timeout:duration; wait:bool",
    f"{_STATUS}; history[]@history; inventory@inventory; lastAppliedOriginRevision; lastAppliedRevision; "
    "lastAttemptedRevision",
    ("ks",),
    "fluxcd-appliers",
    rules=_KUBECONFIG_RULES,
    description="A path of a source that is built with Kustomize and applied.",
)

_ACTION = "disableHooks:bool; disableWait:bool; timeout:duration"
_CHANGE = (
    f"{_ACTION}; disableWaitForJobs:bool; disableOpenAPIValidation:bool; disableSchemaValidation:bool; "
    "disableTakeOwnership:bool; crds=Skip|Create|CreateReplace; "
    "strategy{name!=RemediateOnFailure|RetryOnFailure; retryInterval:duration}"
)
_REMEDIATION = "ignoreTestFailures:bool; remediateLastFailure:bool; retries:int"
_HELM_HISTORY = (
    "action; apiVersion; appVersion; chartName!; chartVersion!; configDigest!; deleted:time; digest!; firstDeployed!:time; "
    "lastDeployed!:time; name!; namespace!; ociDigest; status!; testHooks:any; version!:int"
)

_HELM_RELEASE = FluxKind(
    HELM,
    "HelmRelease",
    "helmreleases",
    ("v2", "v2beta2", "v2beta1"),
    "chart{metadata@metadata; spec!{chart!:str(1,2048); ignoreMissingValuesFiles:bool; interval:duration; "
    'reconcileStrategy=ChartVersion|Revision~"ChartVersion"; '
    "sourceRef!{apiVersion; kind!=HelmRepository|GitRepository|Bucket; name!:str(1,253); namespace:str(1,63)}; "
    'valuesFiles[]; verify{provider!=cosign|notation~"cosign"; secretRef@ref}; version~"*"}}; '
    "chartRef{apiVersion; kind!=OCIRepository|HelmChart|ExternalArtifact; name!:str(1,253); namespace:str(1,63)}; "
    "commonMetadata@metadata; dependsOn[]@dependency; driftDetection{ignore[]@ignore; mode=enabled|warn|disabled}; "
    "healthCheckExprs[]@expression; "
    f"install{{{_CHANGE}; createNamespace:bool; remediation{{{_REMEDIATION}}}; replace:bool; serverSideApply:bool; "
    "skipCRDs:bool}; interval!:duration; kubeConfig@kubeconfig; maxHistory:int; persistentClient:bool; "
    "postRenderStrategy=nohooks|combined|separate; postRenderers[]{kustomize{images[]@image; patches[]@patch}}; "
    f"releaseName:str(1,53); rollback{{{_ACTION}; cleanupOnFail:bool; disableWaitForJobs:bool; force:bool; recreate:bool; "
    "serverSideApply=enabled|disabled|auto}; serviceAccountName:str(1,253); storageNamespace:str(1,63); suspend:bool; "
    "targetNamespace:str(1,63); test{enable:bool; filters[]{exclude:bool; name!:str(1,253)}; ignoreFailures:bool; "
    "timeout:duration}; timeout:duration; "
    f'uninstall{{{_ACTION}; deletionPropagation=background|foreground|orphan~"background"; keepHistory:bool}}; '
    f"upgrade{{{_CHANGE}; chartNameChangeStrategy=InPlaceUpdate|Reinstall; cleanupOnFail:bool; force:bool; "
    f"preserveValues:bool; remediation{{{_REMEDIATION}; strategy=rollback|uninstall}}; "
    "serverSideApply=enabled|disabled|auto}; values:any; "
    "valuesFrom[]{kind!=Secret|ConfigMap; literal:bool; name!:str(1,253); optional:bool; "
    r'targetPath:re"^([a-zA-Z0-9_\-.\\\/]|\[[0-9]{1,5}\])+$"(,250); valuesKey:re"^[\-._a-zA-Z0-9]+$"(,253)}; '
    " waitStrategy{name!=poller|legacy}",
    f"{_STATUS}; failures:long; helmChart; history[]{{{_HELM_HISTORY}}}; installFailures:long; inventory@inventory; "
    "lastAppliedRevision; lastAttemptedConfigDigest; lastAttemptedGeneration:long; "
    "lastAttemptedReleaseAction=install|upgrade; lastAttemptedReleaseActionDuration; lastAttemptedRevision; "
    "lastAttemptedRevisionDigest; lastAttemptedValuesChecksum; lastHandledForceAt; lastHandledResetAt; "
    "lastReleaseRevision:int; observedCommonMetadataDigest; observedPostRenderersDigest; storageNamespace:str(1,63); "
    "upgradeFailures:long",
    ("hr",),
    "fluxcd-appliers",
    rules=(
        (
            "",
            "(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))",
            "either chart or chartRef must be set",
        ),
        (
            "install.strategy",
            "!has(self.retryInterval) || self.name != 'RemediateOnFailure'",
            ".retryInterval cannot be set when .name is 'RemediateOnFailure'",
        ),
        (
            "upgrade.strategy",
            "!has(self.retryInterval) || self.name == 'RetryOnFailure'",
            ".retryInterval can only be set when .name is 'RetryOnFailure'",
        ),
        *_KUBECONFIG_RULES,
    ),
    description="A Helm release that is kept installed as declared.",
)

_EVENT_KINDS = (
    "Bucket|GitRepository|Kustomization|HelmRelease|HelmChart|HelmRepository|ImageRepository|ImagePolicy|"
    "ImageUpdateAutomation|OCIRepository|ArtifactGenerator|ExternalArtifact|"
    # The last ones are Flux Operator's, which widens the definition so.
    "FluxInstance|ResourceSet|ResourceSetInputProvider"
)
_EVENT_SOURCE = f"apiVersion; kind!={_EVENT_KINDS}; matchLabels:map; name!:str(1,253); namespace:str(1,253)"
_OLD_STATUS = f"{_STATUS}; webhookPath"

_ALERT = FluxKind(
    NOTIFICATION,
    "Alert",
    "alerts",
    ("v1beta3", "v1beta2", "v1beta1"),
    f'eventMetadata:map; eventSeverity=info|error~"info"; eventSources![]{{{_EVENT_SOURCE}}}; exclusionList[]; '
    "inclusionList[]; providerRef!@ref; summary:str(,255); suspend:bool",
    category="fluxcd-notifications",
    columns=_AGE,
    observed=False,
    description="Which events are told to which provider.",
)
_PROVIDER_TYPES = (
    "slack|discord|msteams|rocket|generic|generic-hmac|github|gitlab|gitea|giteapullrequestcomment|bitbucketserver|"
    "bitbucket|azuredevops|googlechat|googlepubsub|webex|sentry|azureeventhub|telegram|lark|matrix|opsgenie|alertmanager|"
    "grafana|githubdispatch|githubpullrequestcomment|gitlabmergerequestcomment|pagerduty|datadog|nats|zulip|otel|zoom|"
    "incident.io"
)
_STATUS_TYPES = ("github", "gitlab", "gitea", "bitbucketserver", "bitbucket", "azuredevops")
_PROVIDER = FluxKind(
    NOTIFICATION,
    "Provider",
    "providers",
    ("v1beta3", "v1beta2", "v1beta1"),
    "address:str(,2048); certSecretRef@ref; channel:str(,2048); commitStatusExpr; interval:duration; "
    "proxy:url(http|https); proxySecretRef@ref; secretRef@ref; serviceAccountName; suspend:bool; timeout:short; "
    f"type!={_PROVIDER_TYPES}; username:str(,2048)",
    category="fluxcd-notifications",
    columns=_AGE,
    rules=(
        (
            "",
            " || ".join([*(f"self.type == '{t}'" for t in _STATUS_TYPES), "!has(self.commitStatusExpr)"]),
            "spec.commitStatusExpr is only supported for the "
            + ", ".join(f"'{t}'" for t in _STATUS_TYPES)
            + " provider types",
        ),
    ),
    observed=False,
    description="Where events are sent.",
)
_RECEIVER = FluxKind(
    NOTIFICATION,
    "Receiver",
    "receivers",
    ("v1", "v1beta2", "v1beta1"),
    'events[]; interval:duration~"10m"; oidcProviders[]{audience; issuerURL!; validations![]{expression!; message!}; '
    f"variables[]{{expression!; name!}}}}; resourceFilter; resources![]{{filter; {_EVENT_SOURCE}}}; secretRef@ref; "
    "suspend:bool; "
    "type!=generic|generic-hmac|generic-oidc|github|gitlab|bitbucket|harbor|dockerhub|quay|gcr|nexus|acr|cdevents",
    f"{_STATUS}; webhookPath",
    category="fluxcd-notifications",
    rules=(
        (
            "",
            "self.type != 'generic-oidc' || (has(self.oidcProviders) && size(self.oidcProviders) > 0)",
            "generic-oidc receivers must define at least one oidcProvider",
        ),
        (
            "",
            "self.type == 'generic-oidc' || !has(self.oidcProviders) || size(self.oidcProviders) == 0",
            "oidcProviders can only be set when type is generic-oidc",
        ),
        (
            "",
            "self.type != 'generic-oidc' || !has(self.secretRef)",
            "secretRef cannot be set when type is generic-oidc",
        ),
        (
            "",
            "self.type == 'generic-oidc' || has(self.secretRef)",
            "secretRef is required when type is not generic-oidc",
        ),
    ),
    description="A webhook that asks for the reconciliation of some objects.",
)

_IMAGE_REPOSITORY = FluxKind(
    IMAGE,
    "ImageRepository",
    "imagerepositories",
    ("v1", "v1beta2", "v1beta1"),
    'accessFrom@access; certSecretRef@ref; exclusionList[]~["^.*\\\\.sig$"]; image!; insecure:bool; interval!:duration; '
    'provider=generic|aws|azure|gcp~"generic"; proxySecretRef@ref; secretRef@ref; serviceAccountName:str(,253); '
    "suspend:bool; timeout:short",
    f"canonicalImageName; {_STATUS}; lastScanResult{{latestTags[]; revision; scanTime:time; tagCount!:int}}; "
    "observedExclusionList[]",
    ("imgrepo", "imagerepo"),
    "fluxcd-images",
    (
        ("Image", "string", ".spec.image"),
        ("Tags", "string", ".status.lastScanResult.tagCount"),
        *_READY,
        *_AGE,
    ),
    description="A container image whose tags are scanned.",
)
_IMAGE_POLICY = FluxKind(
    IMAGE,
    "ImagePolicy",
    "imagepolicies",
    ("v1", "v1beta2", "v1beta1"),
    'digestReflectionPolicy=Always|IfNotPresent|Never~"Never"; filterTags{extract; pattern}; '
    "imageRepositoryRef!{name!; namespace}; interval:duration; "
    'policy!{alphabetical{order=asc|desc~"asc"}; numerical{order=asc|desc~"asc"}; semver{range!}}; suspend:bool',
    f"{_STATUS}; latestRef@imageref; observedPreviousRef@imageref; latestImage; observedPreviousImage",
    ("imgpol", "imagepol"),
    "fluxcd-images",
    (
        ("Image", "string", ".status.latestRef.name"),
        ("Tag", "string", ".status.latestRef.tag"),
        *_READY,
        *_AGE,
    ),
    (
        (
            "",
            "!has(self.interval) || (has(self.digestReflectionPolicy) && self.digestReflectionPolicy == 'Always')",
            "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        ),
        (
            "",
            "has(self.interval) || !has(self.digestReflectionPolicy) || self.digestReflectionPolicy != 'Always'",
            "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        ),
    ),
    description="How the latest tag of a scanned image is chosen.",
)
_IMAGE_AUTOMATION = FluxKind(
    IMAGE,
    "ImageUpdateAutomation",
    "imageupdateautomations",
    ("v1", "v1beta2", "v1beta1"),
    "git{checkout{ref!@gitref}; commit!{author!{email!; name}; messageTemplate; messageTemplateValues:map; "
    "signingKey{secretRef!@ref; type=gpg|ssh}}; push{branch; options:map; refspec}}; interval!:duration; "
    "policySelector@labelselector; sourceRef!{apiVersion; kind!=GitRepository; name!; namespace}; suspend:bool; "
    'update{path; strategy=Setters~"Setters"}',
    f"{_STATUS}; lastAutomationRunTime:time; lastPushCommit; lastPushTime:time; observedPolicies:object; "
    "observedSourceRevision",
    ("iua", "imgupd", "imgauto"),
    "fluxcd-images",
    (*_READY, *_AGE),
    description="Commits newer images to a Git repository.",
)

KINDS: tuple[FluxKind, ...] = (
    GIT_REPOSITORY,
    _OCI_REPOSITORY,
    _HELM_REPOSITORY,
    _HELM_CHART,
    _BUCKET,
    _EXTERNAL_ARTIFACT,
    KUSTOMIZATION,
    _HELM_RELEASE,
    _ALERT,
    _PROVIDER,
    _RECEIVER,
    _IMAGE_REPOSITORY,
    _IMAGE_POLICY,
    _IMAGE_AUTOMATION,
)
