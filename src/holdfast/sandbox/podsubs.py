"""What can be done to a pod besides reading and writing it: binding, eviction, logs, forwarded ports, and the streams that are
not served."""

from __future__ import annotations

from typing import Any

from holdfast.kube.refs import GroupVersionKind, Manifest
from holdfast.kube.selectors import label_selector
from holdfast.sandbox import deletion, encode, gotext, negotiate, options, reader, status
from holdfast.sandbox.exchange import Exchange, answer, any_form, key_of, success
from holdfast.sandbox.httpd import Response
from holdfast.sandbox.registry import Registry
from holdfast.sandbox.resources import Resource

BINDING = GroupVersionKind("", "v1", "Binding")
EVICTION = GroupVersionKind("policy", "v1", "Eviction")


# --- binding ---


def bind(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    """``pods/binding``."""
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    binding = _read(exchange, BINDING)
    name = exchange.route.name
    assign(registry, exchange, resource, (exchange.route.namespace, name), binding)
    return answer(exchange, encode.body(success(code=201), form), form, 201)


def assign(registry: Registry, exchange: Exchange, pods: Resource, key: tuple[str, str], binding: Manifest) -> None:
    target = binding.get("target") or {}
    errors = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(status.not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        errors.append(status.required("target.name"))
    if errors:
        raise status.untyped(status.aggregate(errors))

    def transform(old: Manifest | None) -> Manifest:
        assert old is not None
        return _bound(exchange, key, old, binding)

    registry.update(exchange.call, pods, key, transform, subresource="binding")


def _bound(exchange: Exchange, key: tuple[str, str], pod: Manifest, binding: Manifest) -> Manifest:
    node = binding["target"]["name"]
    why = ""
    if pod["metadata"].get("deletionTimestamp"):
        why = f"pod {key[1]} is being deleted, cannot be assigned to a host"
    elif pod["spec"].get("nodeName"):
        why = f"pod {key[1]} is already assigned to node {gotext.quote(pod['spec']['nodeName'])}"
    elif pod["spec"].get("schedulingGates"):
        why = f"pod {key[1]} has non-empty .spec.schedulingGates"
    if why:
        raise status.conflict("pods/binding", "", key[1], why)
    pod["spec"]["nodeName"] = node
    meta = binding["metadata"]
    if meta.get("annotations"):
        pod["metadata"]["annotations"] = {**(pod["metadata"].get("annotations") or {}), **meta["annotations"]}
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    if not any(c.get("type") == "PodScheduled" for c in conditions):
        stamp = exchange.call.stamp
        conditions.append(
            {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp}
        )
    return pod


# --- eviction ---


def evict(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    form = any_form(exchange)
    exchange.configure(options.write_options(exchange.query, "CreateOptions"))
    eviction = _read(exchange, EVICTION)
    key = key_of(exchange, resource)
    pod = registry.get(resource, key)
    how = options.delete_options(exchange.query, eviction.get("deleteOptions") or {})
    exchange.call.dry_run = exchange.call.dry_run or how.dry_run
    if _counts(pod):
        _take_from_budget(registry, exchange, pod)
    deletion.delete(registry, exchange.call, resource, key, how)
    return answer(exchange, encode.body(success(code=201), form), form, 201)


def _counts(pod: Manifest) -> bool:
    """Finished, pending and already terminating pods go without asking a budget."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed", "Pending") and not pod["metadata"].get("deletionTimestamp")


def _take_from_budget(registry: Registry, exchange: Exchange, pod: Manifest) -> None:
    budgets = _budgets(registry, pod)
    if len(budgets) > 1:
        raise status.untyped(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    if not budgets:
        return
    resource = registry.catalog.lookup("policy", "v1", "poddisruptionbudgets")
    assert resource is not None
    budget = budgets[0]
    _check_budget(budget)
    name = pod["metadata"]["name"]

    def transform(old: Manifest | None) -> Manifest:
        assert old is not None
        state = old.setdefault("status", {})
        state["disruptionsAllowed"] = int(state.get("disruptionsAllowed") or 0) - 1
        state["disruptedPods"] = {**(state.get("disruptedPods") or {}), name: exchange.call.stamp}
        return old

    key = (budget["metadata"]["namespace"], budget["metadata"]["name"])
    registry.update(exchange.call, resource, key, transform, subresource="status")


def _check_budget(budget: Manifest) -> None:
    state: dict[str, Any] = budget.get("status") or {}
    name = budget["metadata"]["name"]
    if int(state.get("observedGeneration") or 0) < int(budget["metadata"].get("generation") or 0):
        causes = [
            {
                "reason": "DisruptionBudget",
                "message": f"The disruption budget {name} is still being processed by the server.",
            }
        ]
        raise status.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", 10, causes)
    if int(state.get("disruptionsAllowed") or 0) <= 0:
        needs, has = state.get("desiredHealthy", 0), state.get("currentHealthy", 0)
        text = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        causes = [{"reason": "DisruptionBudget", "message": text}]
        raise status.too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", 0, causes)


def _budgets(registry: Registry, pod: Manifest) -> list[Manifest]:
    resource = registry.catalog.lookup("policy", "v1", "poddisruptionbudgets")
    assert resource is not None
    labels = pod["metadata"].get("labels") or {}
    found: list[Manifest] = []
    for record in registry.store.table(resource.storage).scan(pod["metadata"]["namespace"]):
        budget = registry.show(resource, record)
        selector = (budget.get("spec") or {}).get("selector")
        if selector is not None and label_selector(selector).matches(labels):
            found.append(budget)
    return found


# --- logs and streams ---

LOG_ANNOTATION = "sandbox.holdfast.dev/log"
"""What ``kubectl logs`` shows of a simulated pod, in place of the usual line."""


def log(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    key = key_of(exchange, resource)
    pod = registry.get(resource, key)
    container = _container(pod, exchange.query.text("container"), key[1])
    if not (pod.get("spec") or {}).get("nodeName"):
        return Response(204 if exchange.query.text("follow") != "true" else 200, b"", "")
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Pending":
        name = gotext.quote(container)
        raise status.bad_request(
            f"container {name} in pod {gotext.quote(key[1])} is waiting to start: ContainerCreating"
        )
    text = (pod["metadata"].get("annotations") or {}).get(LOG_ANNOTATION)
    if text is None:
        text = f"{container}: a simulated container; it prints nothing of its own\n"
    return Response(200, _shown(exchange, pod, text).encode(), "text/plain")


def _shown(exchange: Exchange, pod: Manifest, text: str) -> str:
    """As much of it as is asked for; everything was said when the pod started."""
    lines = text.splitlines(keepends=True)
    tail, limit = exchange.query.text("tailLines"), exchange.query.text("limitBytes")
    if tail.isdecimal():
        lines = lines[-int(tail) :] if int(tail) else []
    if exchange.query.text("timestamps") == "true":
        started = (pod.get("status") or {}).get("startTime") or pod["metadata"].get("creationTimestamp") or ""
        lines = [f"{started.removesuffix('Z')}.000000000Z {line}" for line in lines]
    shown = "".join(lines)
    return shown.encode()[: int(limit)].decode("utf-8", "ignore") if limit.isdecimal() else shown


def _container(pod: Manifest, wanted: str, name: str) -> str:
    spec: dict[str, Any] = pod.get("spec") or {}
    names = [str(c.get("name")) for c in spec.get("containers") or ()]
    init = [str(c.get("name")) for c in spec.get("initContainers") or ()]
    if wanted:
        if wanted not in names + init + [str(c.get("name")) for c in spec.get("ephemeralContainers") or ()]:
            raise status.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(names) > 1:
        text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        if init:
            text += f" or one of the init containers: [{' '.join(init)}]"
        raise status.bad_request(text)
    return names[0] if names else ""


def stream(registry: Registry, exchange: Exchange, resource: Resource) -> Response:
    """exec, attach, portforward: checked as far as a server without nodes can."""
    key = key_of(exchange, resource)
    pod = registry.get(resource, key)
    if exchange.route.subresource != "portforward":
        _container(pod, exchange.query.text("container"), key[1])
    if not (pod.get("spec") or {}).get("nodeName"):
        raise status.bad_request(f"pod {key[1]} does not have a host assigned")
    if exchange.route.subresource == "portforward":
        # Imported when first asked for: most sandboxes never are, and the start must be quick.
        from holdfast.sandbox import portforward

        return portforward.serve(exchange.request, pod)
    raise status.untyped("the sandbox simulates containers: there is no process to connect to", 501)


def _read(exchange: Exchange, kind: GroupVersionKind) -> Manifest:
    """A body about the pod of the path."""
    obj = reader.read_kind(exchange, kind)
    meta = obj["metadata"]
    if meta.get("namespace") not in (None, "", exchange.route.namespace):
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if meta.get("name") != exchange.route.name:
        raise status.bad_request(f"name in URL does not match name in {kind.kind} object")
    return obj


__all__ = ["bind", "evict", "log", "negotiate", "stream"]
