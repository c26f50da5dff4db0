"""Wiring of one sandbox: certificates, store, registry, HTTP server, controllers; and its kubeconfig."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import gc
import hashlib
import json
import os
import secrets
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from holdfast.app.sandbox_state import Settings, State, folder, load, save
from holdfast.base.errors import Stop
from holdfast.kube import yaml
from holdfast.sandbox import tls
from holdfast.sandbox.httpd import Server
from holdfast.sandbox.identity import AUTHENTICATED, Authenticator, User
from holdfast.sandbox.machine import Machine, build
from holdfast.sandbox.snapshot import Contents
from holdfast.sandbox.tokens import TokenIssuer

ADMIN = "sandbox-admin"
HOST = "127.0.0.1"


def run(settings: Settings, on_ready: Callable[[], None] | None) -> None:
    """Serves until SIGTERM or SIGINT."""
    yaml.prepare()
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(_main(settings, on_ready))


async def _main(settings: Settings, on_ready: Callable[[], None] | None) -> None:
    place = folder(settings.name)
    ca, token = _credentials(settings.data or place)
    admin = User(ADMIN, ("system:masters", AUTHENTICATED))
    machine = build(
        clock=lambda: datetime.datetime.now(datetime.UTC),
        authenticator=Authenticator({token: admin}),
        data=settings.data,
        authorization=settings.authorization,
        contents=_contents(settings),
    )
    # Tokens outlive a restart as long as the authority does.
    machine.registry.issuer = TokenIssuer(hashlib.sha256(ca.key).digest())
    server = Server(machine.server.handle)
    now = datetime.datetime.now(datetime.UTC)
    own = tls.new_server(ca, ["localhost", HOST, "::1", "kubernetes", "kubernetes.default.svc"], now)
    with tempfile.TemporaryDirectory() as scratch:
        context = tls.server_context(own, ca, Path(scratch))
    port = await _listen(server, context, settings)
    url = f"https://{HOST}:{port}"
    client = tls.new_client(ca, ADMIN, ["system:masters"], now)
    config = kubeconfig(settings.name, url, ca, client, token)
    target = (settings.kubeconfig or place / "kubeconfig").absolute()
    for file in {target, place / "kubeconfig"}:
        _write_private(file, config)
    machine.start(settings.controllers, ca.certificate.decode(), ca)
    state = State(
        name=settings.name,
        pid=os.getpid(),
        server=url,
        kubeconfig=str(target),
        data=str(settings.data or ""),
        controllers=list(settings.controllers),
        authorization=settings.authorization,
    )
    save(state)
    if on_ready is not None:
        on_ready()
    # What was built so far lives as long as the process; the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    await _until_signal()
    await _shut_down(server, machine)


def _contents(settings: Settings) -> Contents | None:
    if settings.restore is None:
        return None
    from holdfast.sandbox.snapshot import read

    try:
        with settings.restore.open("rb") as lines:
            return read(lines, str(settings.restore))
    except OSError as error:
        raise Stop(f"{settings.restore}: {error.strerror or error}") from None


async def _listen(server: Server, context: object, settings: Settings) -> int:
    import ssl

    assert isinstance(context, ssl.SSLContext)
    before = load(settings.name)
    if settings.port == 0 and before is not None:
        last = int(before.server.rsplit(":", 1)[1])
        with contextlib.suppress(OSError):
            return await server.start(HOST, last, context)
    return await server.start(HOST, settings.port, context)


async def _until_signal() -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()


async def _shut_down(server: Server, machine: Machine) -> None:
    await machine.stop()
    await server.stop()


def _credentials(place: Path) -> tuple[tls.Pair, str]:
    """The authority and the administrator's token, made once per folder so that a kubeconfig outlives a restart."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = place / "credentials.json"
    try:
        kept = json.loads(file.read_text())
        return tls.Pair(kept["ca"].encode(), kept["caKey"].encode()), kept["token"]
    except (OSError, ValueError, KeyError):
        pass
    ca = tls.new_ca("holdfast-sandbox-ca", datetime.datetime.now(datetime.UTC))
    token = secrets.token_urlsafe(32)
    _write_private(file, json.dumps({"ca": ca.certificate.decode(), "caKey": ca.key.decode(), "token": token}))
    return ca, token


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(file.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)


def kubeconfig(name: str, url: str, ca: tls.Pair, client: tls.Pair, token: str) -> str:
    """A complete kubeconfig. The token is there beside the certificate for clients that cannot use one."""
    context = f"holdfast-{name}"

    def inline(data: bytes) -> str:
        return base64.b64encode(data).decode()

    return f"""apiVersion: v1
kind: Config
clusters:
- name: {context}
  cluster:
    server: {url}
    certificate-authority-data: {inline(ca.certificate)}
contexts:
- name: {context}
  context:
    cluster: {context}
    user: {context}
current-context: {context}
preferences: {{}}
users:
- name: {context}
  user:
    client-certificate-data: {inline(client.certificate)}
    client-key-data: {inline(client.key)}
    token: {token}
"""
