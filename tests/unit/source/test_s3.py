"""Buckets of a server that checks signatures."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.sandbox.tls import new_ca, new_server
from holdfast.source.http import RequestFailed, WayOut
from holdfast.source.s3 import Bucket, InvalidEndpoint, ObjectFailed, S3Error, root_of
from holdfast.source.s3_signature import Keys
from tests.buckets import Store, etag, served

KEYS = Keys("somebody", "a/secret+key")


@pytest.fixture
def store() -> Iterator[Store]:
    found = Store()
    found.buckets["things"] = {"a.yaml": b"a", "dir/b c+d.yaml": b"b", "dir/\xe4?#&=%41.txt": b"c", "dir/": b""}
    with served(found):
        yield found


def bucket(store: Store, name: str = "things", keys: Keys | None = None, region: str = "") -> Bucket:
    return Bucket(store.host, name, WayOut(timeout=60), keys=keys, region=region, insecure=True)


def test_everything_is_listed_over_many_pages(store: Store) -> None:
    store.page = 1
    assert dict(bucket(store).objects()) == {k: etag(d) for k, d in store.buckets["things"].items()}


def test_a_prefix_narrows_the_listing(store: Store) -> None:
    assert dict(bucket(store).objects("dir/b")) == {"dir/b c+d.yaml": etag(b"b")}


def test_signed_requests_are_accepted_whatever_the_keys_of_objects(store: Store) -> None:
    store.keys, store.region = {KEYS.access: KEYS.secret}, "eu-north-1"
    signed = bucket(store, keys=KEYS, region="eu-north-1")
    assert signed.exists()
    found = signed.get_all([k for k, _ in signed.objects() if not k.endswith("/")])
    assert {k: o.data for k, o in found.items() if o} == {
        k: d for k, d in store.buckets["things"].items() if not k.endswith("/")
    }


def test_the_region_is_asked_for_where_nobody_said_it(store: Store) -> None:
    store.keys, store.region = {KEYS.access: KEYS.secret}, "eu-north-1"
    signed = bucket(store, keys=KEYS)
    assert signed.exists()
    assert dict(signed.objects("a")) == {"a.yaml": etag(b"a")}


def test_a_bucket_or_an_object_may_be_absent(store: Store) -> None:
    assert not bucket(store, "nothing").exists()
    assert bucket(store).exists()
    assert bucket(store).get("nothing") is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (Keys("nobody", "x"), "The Access Key Id you provided does not exist in our records."),
        (Keys(KEYS.access, "wrong"), "The request signature we calculated does not match."),
        (None, "Access Denied."),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_server(store: Store, keys: Keys | None, message: str) -> None:
    store.keys = {KEYS.access: KEYS.secret}
    with pytest.raises(S3Error) as told:
        bucket(store, keys=keys).exists()
    assert told.value.message == message


def test_the_object_that_could_not_be_had_is_named(store: Store) -> None:
    store.keys = {KEYS.access: KEYS.secret}
    with pytest.raises(ObjectFailed, match=r"^failed to get 'a.yaml' object: Access Denied\.$"):
        bucket(store).get_all(["a.yaml"])


def test_a_server_that_is_not_there_is_told_as_such(store: Store) -> None:
    with pytest.raises(RequestFailed, match="connection refused"):
        Bucket("127.0.0.1:1", "things", WayOut(timeout=60), insecure=True).exists()


def test_the_time_of_all_requests_together_is_limited(store: Store) -> None:
    with pytest.raises(RequestFailed, match="context deadline exceeded"):
        Bucket(store.host, "things", WayOut(timeout=0), insecure=True).exists()


def test_a_server_with_a_certificate_of_ones_own_is_reached_by_those_who_trust_it(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    ca = new_ca("ours", now)
    pair = new_server(ca, ["127.0.0.1"], now)
    (tmp_path / "server.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    guarded = Store()
    guarded.buckets["things"] = {f"{n}.yaml": b"%d" % n for n in range(40)}
    guarded.keys = {KEYS.access: KEYS.secret}
    with served(guarded, context):
        trusting = Bucket(guarded.host, "things", WayOut(ca.certificate.decode(), timeout=60), keys=KEYS)
        assert trusting.exists()
        found = trusting.get_all(guarded.buckets["things"])
        assert {k: o.data for k, o in found.items() if o} == guarded.buckets["things"]
        with pytest.raises(RequestFailed, match="certificate signed by unknown authority"):
            Bucket(guarded.host, "things", WayOut(timeout=60), keys=KEYS).exists()


@pytest.mark.parametrize("name", ["ab", "a" * 64, "10.0.0.1", "a..b", "../etc", "a/b"])
def test_a_name_that_no_bucket_can_have_is_never_asked_for(store: Store, name: str) -> None:
    with pytest.raises(S3Error, match=r"^Bucket name "):
        bucket(store, name).exists()
    assert store.asked == []


@pytest.mark.parametrize("endpoint", ["", "http://host", "host/path", "user@host", "host:port", "host?x"])
def test_an_endpoint_is_a_host_with_or_without_a_port(endpoint: str) -> None:
    with pytest.raises(InvalidEndpoint):
        root_of(endpoint, insecure=False)


def test_an_endpoint_is_reached_by_https_unless_it_is_insecure() -> None:
    assert root_of("s3.example:9000", insecure=False) == "https://s3.example:9000"
    assert root_of("[::1]:9000", insecure=True) == "http://[::1]:9000"
