"""Doors out of a closed network: ports of its loopback that lead to Unix sockets outside. Standard library alone.

Jobs in a closed network reach the engine's own interface, and the proxy where there is one, at these ports.
"""

from __future__ import annotations

import socket
import threading

CHUNK = 65536  # bytes
WAITING = 64  # connections that are not taken yet


def serve(doors: dict[str, str]) -> None:
    """Lead each port to its socket, for ever."""
    threads = []
    for port, path in doors.items():
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(port)))
        listener.listen(WAITING)
        threads.append(threading.Thread(target=lead, args=(listener, path), daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lead(listener: socket.socket, path: str) -> None:
    """Take connections of one port."""
    while True:
        inside = listener.accept()[0]
        outside = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            outside.connect(path)
        except OSError:
            inside.close()
            outside.close()
            continue
        for source, sink in ((inside, outside), (outside, inside)):
            threading.Thread(target=pump, args=(source, sink), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what one end says, and that it has ended."""
    try:
        while True:
            data = source.recv(CHUNK)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
