"""A small HTTP server of our own, in a thread of this process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def listening(host: str, port: int, handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer requests while inside; yields the server's address.

    Args:
        host: the address to listen at.
        port: the port to listen at; 0 for one that is free.
        handler: makes what answers one connection, from what the server gives.

    Raises:
        OSError: the port cannot be had.
    """
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
