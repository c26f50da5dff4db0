"""What ``holdfast check`` looks at: the API's version and rights, definitions, the leading controller, the units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from holdfast.app.controller import NAMESPACE
from holdfast.app.units import KINDS, condition, listed
from holdfast.cluster.client import Client
from holdfast.cluster.errors import ApiError, NotFound
from holdfast.dialects.flux.crds import all_crds
from holdfast.kube.refs import GroupVersionKind, ObjectRef

OLDEST = (1, 30)


@dataclass(frozen=True, slots=True)
class Result:
    good: bool
    text: str
    hint: str = ""


async def prerequisites(client: Client) -> list[Result]:
    version = await client.raw("/version")
    numbers = (int(version["major"]), int("".join(c for c in version["minor"] if c.isdigit()) or 0))
    good = numbers >= OLDEST
    found = [Result(good, f"Kubernetes {version['gitVersion']}", f"1.{OLDEST[1]} or newer is supported")]
    for verb, group, resource in (
        ("create", "apiextensions.k8s.io", "customresourcedefinitions"),
        ("patch", "*", "*"),
    ):
        allowed = await _allowed(client, verb, group, resource)
        what = f"{verb} {resource if resource != '*' else 'all resources'}"
        found.append(Result(allowed, f"the right to {what}", "use an account with cluster-admin"))
    return found


async def _allowed(client: Client, verb: str, group: str, resource: str) -> bool:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": {"verb": verb, "group": group, "resource": resource}},
    }
    try:
        answer = await client.create(review)
    except ApiError:
        return False
    return bool((answer.get("status") or {}).get("allowed"))


async def installation(client: Client) -> list[Result]:
    crd = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    present = {o["metadata"]["name"] for o in (await client.list(crd)).items}
    wanted = {d["metadata"]["name"] for d in all_crds()}
    missing = sorted(wanted - present)
    found = [
        Result(
            not missing,
            f"{len(wanted) - len(missing)} of {len(wanted)} definitions are installed",
            f"missing: {', '.join(missing)}; holdfast run installs them",
        ),
        await _leader(client),
    ]
    return found + await _units(client)


async def _leader(client: Client) -> Result:
    hint = "start one: holdfast run"
    try:
        lease = await client.get(ObjectRef("coordination.k8s.io", "Lease", NAMESPACE, "holdfast"), version="v1")
    except NotFound:
        return Result(False, "no controller has ever run here", hint)
    spec = lease.get("spec") or {}
    holder, renewed = spec.get("holderIdentity"), spec.get("renewTime")
    if not holder or not renewed:
        return Result(False, "no controller is running", hint)
    age = (datetime.now(UTC) - datetime.fromisoformat(renewed.replace("Z", "+00:00"))).total_seconds()
    alive = age < 2 * int(spec.get("leaseDurationSeconds") or 15)
    return Result(alive, f"controller {holder}" + ("" if alive else f" was last seen {age:.0f} s ago"), hint)


async def _units(client: Client) -> list[Result]:
    found = []
    for kind in KINDS:
        objects = await listed(client, kind, "", [])
        bad = [o for o in objects if condition(o).get("status") != "True" and not (o.get("spec") or {}).get("suspend")]
        if objects:
            names = ", ".join(f"{o['metadata']['namespace']}/{o['metadata']['name']}" for o in bad)
            text = f"{len(objects) - len(bad)} of {len(objects)} {kind.words[0]} objects are ready"
            found.append(Result(not bad, text, f"not ready: {names}"))
    return found
