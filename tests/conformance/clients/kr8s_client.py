"""kr8s through its objects and its plain calls. Usage: kr8s_client.py KUBECONFIG."""

from __future__ import annotations

import sys

import kr8s
from kr8s.objects import ConfigMap, Deployment, Namespace, Pod

NAME = "kr8s"


def main() -> None:
    api = kr8s.api(kubeconfig=sys.argv[1])
    assert api.version()["major"] == "1"
    Namespace({"metadata": {"name": NAME}}, api=api).create()
    configs(api)
    workloads(api)
    Namespace.get(NAME, api=api).delete()


def configs(api: kr8s.Api) -> None:
    config = ConfigMap({"metadata": {"name": "c", "namespace": NAME}, "data": {"a": "1"}}, api=api)
    config.create()
    assert config.exists()
    config.patch({"data": {"b": "2"}})
    config.label(tier="x")
    config.annotate({"note": "y"})
    found = list(kr8s.get("configmaps", namespace=NAME, label_selector={"tier": "x"}, api=api))
    assert [c.name for c in found] == ["c"] and dict(found[0].data) == {"a": "1", "b": "2"}, found
    again = ConfigMap.get("c", namespace=NAME, api=api)
    assert again.annotations["note"] == "y"
    again.delete()
    again.wait("delete", timeout=120)
    assert not again.exists()


def workloads(api: kr8s.Api) -> None:
    template = {
        "metadata": {"labels": {"app": "w"}},
        "spec": {"containers": [{"name": "w", "image": "nginx:1"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "w"}}, "template": template}
    web = Deployment({"metadata": {"name": "w", "namespace": NAME}, "spec": spec}, api=api)
    web.create()
    web.wait("condition=Available", timeout=120)
    web.scale(2)
    assert len(web.pods()) == 2
    pod = Pod.get(web.pods()[0].name, namespace=NAME, api=api)
    pod.wait("condition=Ready", timeout=120)
    assert any("simulated" in line for line in pod.logs())
    for kind, seen in kr8s.watch("pods", namespace=NAME, api=api):
        assert kind == "ADDED" and seen.name
        break
    web.delete(propagation_policy="Background")
    web.wait("delete", timeout=120)


main()
