"""Where a cluster is and who we are there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from holdfast.cluster.config import ConfigError, from_bytes, in_cluster, load

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: a
  cluster: {server: "https://a:6443/", certificate-authority: ca.pem, proxy-url: "http://proxy:1", tls-server-name: real}
- name: b
  cluster: {server: "http://b"}
users:
- name: u
  user: {token: secret}
- name: plugin
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, args: [x], env: [{name: A, value: b}]}
contexts:
- name: one
  context: {cluster: a, user: u, namespace: team}
- name: two
  context: {cluster: b, user: plugin}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_bytes(b"the ca")
    (tmp_path / "config").write_text(KUBECONFIG)
    return tmp_path / "config"


def test_the_current_context_is_used_and_files_are_found_beside_the_kubeconfig(path: Path) -> None:
    found = load([path])
    assert (found.server, found.namespace, found.token, found.ca) == ("https://a:6443", "team", "secret", b"the ca")
    assert (found.proxy_url, found.tls_server_name) == ("http://proxy:1", "real")


def test_another_context_can_be_named(path: Path) -> None:
    found = load([path], "two")
    assert (found.server, found.namespace) == ("http://b", "default")
    assert found.exec_plugin is not None
    assert found.exec_plugin.command == str(path.parent / "get-token")
    assert (found.exec_plugin.args, found.exec_plugin.env) == (("x",), (("A", "b"),))


def test_the_first_of_several_files_that_has_an_entry_wins(path: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text("current-context: two\nclusters:\n- name: b\n  cluster: {server: 'http://first'}\n")
    assert load([first, path]).server == "http://first"


def test_an_unknown_context_is_named(path: Path) -> None:
    with pytest.raises(ConfigError, match='context "three" does not exist'):
        load([path], "three")


def test_no_file_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no kubeconfig found"):
        load([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("exec: {command: rm}", "run programs"),
        ("tokenFile: /etc/shadow", "name files"),
        ("client-key: /k", "name files"),
    ],
)
def test_a_kubeconfig_from_a_secret_may_neither_run_programs_nor_read_files(user: str, words: str) -> None:
    text = (
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        f"clusters: [{{name: k, cluster: {{server: 'https://x'}}}}]\nusers:\n- name: u\n  user:\n    {user}\n"
    )
    with pytest.raises(ConfigError, match=words):
        from_bytes(text)


def test_inline_data_that_is_not_base64_is_told(path: Path) -> None:
    path.write_text(KUBECONFIG.replace("certificate-authority: ca.pem", "certificate-authority-data: '***'"))
    with pytest.raises(ConfigError, match="is not base64"):
        load([path])


def test_inline_data_needs_no_file(path: Path) -> None:
    data = base64.b64encode(b"inline").decode()
    path.write_text(KUBECONFIG.replace("certificate-authority: ca.pem", f"certificate-authority-data: {data}"))
    assert load([path]).ca == b"inline"


def test_a_pod_finds_its_own_cluster(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("mine\n")
    found = in_cluster("fd00::1", "443", tmp_path)
    assert (found.server, found.namespace, found.token_file) == (
        "https://[fd00::1]:443",
        "mine",
        str(tmp_path / "token"),
    )


def test_secrets_are_not_shown(path: Path) -> None:
    assert "secret" not in repr(load([path]))
