"""A socket whose encryption is ready when somebody comes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

from holdfast.api.listener import EncryptedListener


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
        await writer.drain()
    writer.close()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


async def test_clients_speak_encrypted_and_one_that_does_not_harms_nobody() -> None:
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    listener = EncryptedListener(_echo, ["h2"])
    listener.start(bound)
    async with asyncio.timeout(60):
        plain_reader, plain = await asyncio.open_connection("127.0.0.1", port)
        plain.write(b"GET / HTTP/1.1\r\n\r\n")
        pairs = [await asyncio.open_connection("127.0.0.1", port, ssl=_trusting()) for _ in range(2)]
        for reader, writer in pairs:
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
            writer.close()
        with contextlib.suppress(ConnectionError):
            await plain_reader.read()
        assert plain_reader.at_eof() or plain_reader.exception() is not None
        plain.close()
    await listener.stop()
    assert bound.fileno() == -1
