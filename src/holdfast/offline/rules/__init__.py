"""The rules of ``holdfast test``, each a row: id, severity, one line, and the function that finds."""

from holdfast.offline.findings import Rule, Severity
from holdfast.offline.rules import objects, references, substitution, units

ERROR, WARNING = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule("yaml-invalid", ERROR, "a YAML file cannot be read", units.unreadable),
    Rule("unit-invalid", ERROR, "a unit cannot be rendered", units.not_rendered),
    Rule("kustomization-unknown-field", ERROR, "a kustomization has a field that is dropped", units.unknown_fields),
    Rule("dependency-cycle", ERROR, "units depend on each other in a circle", units.cycles),
    Rule("dependency-missing", ERROR, "dependsOn names a unit that is not there", units.missing_dependencies),
    Rule("source-missing", ERROR, "sourceRef names a source that is not there", units.missing_sources),
    Rule("object-owned-twice", ERROR, "two units apply the same object", units.owned_twice),
    Rule("prune-off", WARNING, "a unit does not prune what is removed", units.prune_off),
    Rule("namespace-missing", WARNING, "an object's namespace is made by no unit", references.missing_namespaces),
    Rule("reference-missing", ERROR, "a pod names a ConfigMap or Secret that is not there", references.missing_values),
    Rule("service-account-missing", WARNING, "a pod's ServiceAccount is not there", references.missing_accounts),
    Rule("service-without-pods", WARNING, "a Service selects no pods", references.idle_services),
    Rule("selector-mismatch", ERROR, "a workload does not select its own pods", references.mismatched_selectors),
    Rule("substitute-from-missing", ERROR, "substituteFrom names what is not there", substitution.missing_sources),
    Rule("substitution-eaten", WARNING, "a script's ${} would be substituted", substitution.eaten),
    Rule("schema-invalid", ERROR, "an object does not fit its schema", objects.schema),
    Rule("api-removed", ERROR, "an API version is no longer served", objects.removed_apis),
    Rule("kind-unknown", WARNING, "an object's kind is neither built in nor defined here", objects.unknown_kinds),
    Rule("secret-in-plain-text", ERROR, "a Secret stands in Git unencrypted", objects.plain_secrets),
    Rule("image-floating", WARNING, "an image's tag can move", objects.floating_images),
    Rule("name-invalid", ERROR, "an object's name is not allowed", objects.names),
)
