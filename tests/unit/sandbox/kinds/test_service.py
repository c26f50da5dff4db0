"""Addresses and node ports of Services."""

from typing import Any

from holdfast.sandbox.kinds import service
from holdfast.sandbox.kinds.addresses import AddressPool
from holdfast.sandbox.kinds.service import Allocation


def spec(**fields: Any) -> dict[str, Any]:
    return {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}], **fields}


def allocate(pool: AddressPool, new: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    allocation = Allocation(pool)
    errs = allocation.run(new, old)
    if not errs:
        allocation.commit()
    return [str(e) for e in errs]


def test_a_service_gets_an_address_and_its_families() -> None:
    new = spec()
    assert allocate(AddressPool(), new) == []
    assert (
        new["clusterIPs"] == [new["clusterIP"]]
        and new["ipFamilies"] == ["IPv4"]
        and new["ipFamilyPolicy"] == "SingleStack"
    )


def test_an_address_outside_of_the_range_is_refused() -> None:
    new = spec(clusterIP="1.2.3.4", clusterIPs=["1.2.3.4"])
    assert allocate(AddressPool(), new) == [
        'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided network does not match the current range'
    ]


def test_a_node_port_is_taken_once_and_free_again_after_release() -> None:
    pool = AddressPool()
    first = spec(type="NodePort", ports=[{"port": 80, "protocol": "TCP", "nodePort": 31000}])
    assert allocate(pool, first) == []
    assert allocate(pool, spec(type="NodePort", ports=[{"port": 81, "protocol": "TCP", "nodePort": 31000}])) == [
        "spec.ports[0].nodePort: Invalid value: 31000: provided port is already allocated"
    ]
    service.release(pool, {"spec": first})
    assert allocate(pool, spec(type="NodePort", ports=[{"port": 81, "protocol": "TCP", "nodePort": 31000}])) == []


def test_one_number_serves_the_same_port_over_two_protocols() -> None:
    new = spec(
        type="NodePort",
        ports=[{"port": 53, "protocol": "TCP", "nodePort": 31053}, {"port": 53, "protocol": "UDP", "nodePort": 31053}],
    )
    assert allocate(AddressPool(), new) == []


def test_a_refused_write_gives_everything_back() -> None:
    pool = AddressPool()
    allocation = Allocation(pool)
    new = spec()
    allocation.run(new, None)
    allocation.undo()
    assert pool.take_ip(new["clusterIP"]) == new["clusterIP"]


def test_an_update_without_an_address_keeps_it() -> None:
    old = spec(clusterIP="10.96.1.1", clusterIPs=["10.96.1.1"], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    new = spec()
    assert allocate(AddressPool(), new, old) == []
    assert new == old


def test_a_change_to_external_name_drops_the_address() -> None:
    old = spec(clusterIP="10.96.1.1", clusterIPs=["10.96.1.1"], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    new = {**old, "type": "ExternalName", "externalName": "x"}
    service.drop_dependent(new, old)
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & set(new)


def test_a_node_port_that_an_update_leaves_out_stays_with_the_port_of_that_name() -> None:
    ports = [{"name": "a", "port": 80, "protocol": "TCP"}, {"name": "b", "port": 81, "protocol": "TCP"}]
    pool, old = (
        AddressPool(),
        spec(type="NodePort", ports=[{**port, "nodePort": 31001 + i} for i, port in enumerate(ports)]),
    )
    assert allocate(pool, old) == []
    new = spec(type="NodePort", ports=[{**ports[1], "port": 91}])
    assert allocate(pool, new, old) == []
    assert new["ports"][0]["nodePort"] == 31002
    assert pool.take_port(31001) == 31001
