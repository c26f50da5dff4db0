"""Who we are, per request."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from holdfast.base.clock import VirtualClock
from holdfast.cluster.auth import Authenticator, CredentialError, impersonation
from holdfast.cluster.config import ClusterConfig, ExecPlugin


def program(directory: Path, script: str) -> str:
    path = directory / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def asking(command: str, **env: str) -> ClusterConfig:
    return ClusterConfig(server="http://x", exec_plugin=ExecPlugin(command, env=tuple(env.items())))


COUNTING = """
n=$(cat "$COUNT" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "$COUNT"
echo "{\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"t$n\\",\\"expirationTimestamp\\":\\"2023-11-14T22:23:20Z\\"}}"
"""  # ten minutes after the virtual clock's start


async def test_a_plugins_token_is_used_until_it_expires(tmp_path: Path) -> None:
    clock = VirtualClock()
    who = Authenticator(asking(program(tmp_path, COUNTING), COUNT=str(tmp_path / "count")), clock)
    assert await who.headers() == {"Authorization": "Bearer t1"}
    await clock.advance(599)
    assert await who.headers() == {"Authorization": "Bearer t1"}
    await clock.advance(2)
    assert await who.headers() == {"Authorization": "Bearer t2"}


async def test_after_a_refusal_the_plugin_is_asked_again(tmp_path: Path) -> None:
    who = Authenticator(asking(program(tmp_path, COUNTING), COUNT=str(tmp_path / "count")), VirtualClock())
    await who.headers()
    assert who.forget()
    assert await who.headers() == {"Authorization": "Bearer t2"}


async def test_the_plugin_is_told_what_it_is_asked_for(tmp_path: Path) -> None:
    script = 'echo "$KUBERNETES_EXEC_INFO" > "$OUT"; echo \'{"status":{"token":"t"}}\''
    out = tmp_path / "info"
    await Authenticator(asking(program(tmp_path, script), OUT=str(out)), VirtualClock()).headers()
    assert '"kind":"ExecCredential"' in out.read_text()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no such user >&2; exit 3", "failed with exit code 3: no such user"),
        ("echo hello", "did not print an ExecCredential"),
        ("echo '{\"status\":{}}'", "didn't return a token or cert/key pair"),
    ],
)
async def test_a_plugin_that_gives_nothing_is_told_with_its_words(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(CredentialError) as caught:
        await Authenticator(asking(program(tmp_path, script)), VirtualClock()).headers()
    assert words in caught.value.message


async def test_a_missing_plugin_is_named() -> None:
    with pytest.raises(CredentialError, match="executable no-such-plugin not found"):
        await Authenticator(asking("no-such-plugin"), VirtualClock()).headers()


async def test_a_token_file_is_read_again_since_it_is_rotated(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", VirtualClock()
    file.write_text("one\n")
    who = Authenticator(ClusterConfig(server="http://x", token_file=str(file)), clock)
    assert await who.headers() == {"Authorization": "Bearer one"}
    file.write_text("two\n")
    await clock.advance(61)
    assert await who.headers() == {"Authorization": "Bearer two"}


async def test_static_credentials_cannot_be_renewed() -> None:
    who = Authenticator(ClusterConfig(server="http://x", username="u", password="p"), VirtualClock())
    assert await who.headers() == {"Authorization": "Basic dTpw"}
    assert not who.forget()


def test_every_group_of_somebody_impersonated_is_sent() -> None:
    assert impersonation("u", ("a", "b")) == [
        ("Impersonate-User", "u"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    ]
