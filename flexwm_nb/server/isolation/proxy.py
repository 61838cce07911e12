"""The way out of a closed network: an HTTP proxy that connects to the hosts which jobs may reach, and to no other.

Names are resolved here, outside. A name that leads to this machine itself is refused unless it is listed as such.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

USUAL = (80, 443)  # ports of a host that is listed without one
LONGEST_HEAD = 64 * 1024  # bytes
CHUNK = 64 * 1024  # bytes
PATIENCE = 30.0  # seconds for a request's head, and for a connection
PRIVATE_FILE = 0o600
NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
HOP = ("connection", "proxy-connection", "proxy-authorization", "keep-alive")


class Refused(Exception):
    """A request that is not carried out; status and reason."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class Proxy:
    """The proxy of one engine."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        """Let these through: `name`, `*.name`, either with `:port`."""
        self.hosts = hosts
        self._server: asyncio.AbstractServer | None = None
        self._socket: Path | None = None

    async def start(self, path: Path) -> None:
        """Listen on a Unix socket."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path, limit=LONGEST_HEAD)
        path.chmod(PRIVATE_FILE)
        self._socket = path

    def close(self) -> None:
        """Let nobody through any more."""
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)

    def allows(self, name: str, port: int) -> bool:
        """Whether a host's port is listed."""
        return any(fits(entry, name, port) for entry in self.hosts)

    def names(self, name: str) -> bool:
        """Whether a host is listed by its own name."""
        return any(entry.partition(":")[0] == name for entry in self.hosts)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out one request."""
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            name, port, request = parse(head)
            if not self.allows(name, port):
                listed = ", ".join(self.hosts)
                raise Refused("403 Forbidden", f"jobs of this engine may not reach {name}:{port}, but only {listed}")
            outside_reader, outside_writer = await connect(name, port, named=self.names(name))
        except Refused as refused:
            text = f"{refused.why}\n".encode()
            writer.write(f"HTTP/1.1 {refused.status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
            await close(writer)
            return
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            await close(writer)
            return
        if request:
            outside_writer.write(request)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, outside_writer), pump(outside_reader, writer))


def fits(entry: str, name: str, port: int) -> bool:
    """Whether a host's port is what an entry of the list means."""
    host, _, number = entry.partition(":")
    if port not in ((int(number),) if number else USUAL):
        return False
    return name.endswith(host[1:]) if host.startswith("*.") else name == host


def parse(head: bytes) -> tuple[str, int, bytes]:
    """Host, port and what is sent there; nothing for a tunnel. Raises Refused and ValueError."""
    first, *headers = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    tunnel = method == "CONNECT"
    parts = urlsplit(f"//{target}" if tunnel else target)
    name, port = (parts.hostname or "").rstrip("."), parts.port or USUAL[0]
    if not NAME.fullmatch(name) or not (tunnel or parts.scheme == "http"):
        raise Refused("400 Bad Request", "this proxy takes CONNECT, and requests to http:// addresses by name")
    if tunnel:
        return name, port, b""
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    kept = [line for line in headers if line and line.partition(":")[0].strip().lower() not in HOP]
    return name, port, "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode("latin-1")


async def connect(name: str, port: int, *, named: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a host. Raises Refused."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused("502 Bad Gateway", f"{name} cannot be resolved: {error.strerror or error}") from None
    why = "has no address"
    for *_, address in found:
        here = ipaddress.ip_address(str(address[0]))
        if (here.is_loopback or here.is_link_local or here.is_unspecified) and not (named and is_literal(name)):
            why = "leads to this machine itself"
            continue
        try:
            return await asyncio.wait_for(asyncio.open_connection(str(address[0]), port), PATIENCE)
        except (OSError, asyncio.TimeoutError) as error:
            why = f"cannot be reached: {error}"
    raise Refused("502 Bad Gateway", f"{name} {why}")


def is_literal(name: str) -> bool:
    """Whether a name says by itself which machine it means."""
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, then that it has ended."""
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()
    await asyncio.sleep(0)


async def close(writer: asyncio.StreamWriter) -> None:
    """Say the last and leave."""
    with suppress(OSError):
        await writer.drain()
        writer.close()
        await writer.wait_closed()
