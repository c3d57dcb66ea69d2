"""A scripted HTTP server on this computer: what the Groq and the Ollama stand-ins have in common."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self


@dataclass(frozen=True)
class Received:
    """A request as it arrived; `json` is `None` where the body was none, `at` is a `time.monotonic()` reading."""

    method: str
    path: str
    headers: Mapping[str, str]
    json: Any
    at: float
    raw: bytes = b""


@dataclass(frozen=True)
class ServerFault:
    """What a server does instead of answering well.

    `hang_up`: `reset` breaks the connection before any answer, `half` in the middle of the body.
    """

    status: int = 200
    body: str | bytes | Mapping[str, Any] = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hang_up: Literal["", "reset", "half"] = ""


HTML = ServerFault(200, "<html><body>Please log in to the network.</body></html>", {"Content-Type": "text/html"})
"""What a captive portal answers to everything."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is what some tests are about."""

    def hang_up_on_all(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)


class LoopbackServer:
    """Listens on a free port from `start` to `stop`, or as a context manager. `requests` grows as they arrive."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self._lock = threading.Lock()
        self._stopped = False
        self._http = _Http(_handler_for(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)

    def start(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening and hang up on everyone; more than once is no fault, but there is no starting again."""
        if self._stopped:
            return
        self._stopped = True
        self._http.shutdown()
        self._http.hang_up_on_all()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def sent_to(self, path: str) -> list[Received]:
        """The requests to one path, in the order of their arrival."""
        return [request for request in self.requests if request.path == path]

    def note(self, request: Received) -> int:
        """Record a request; returns how many had come to its path before."""
        with self._lock:
            before = sum(earlier.path == request.path for earlier in self.requests)
            self.requests.append(request)
        return before

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        """Answer the n-th request to its path (from 0); for a subclass to write."""
        raise NotImplementedError


class Wire:
    """The way back to the client, for `LoopbackServer.answer`."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler

    def json(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.fault(ServerFault(status, body, headers or {}))

    def fault(self, fault: ServerFault) -> None:
        time.sleep(fault.delay)
        if fault.hang_up == "reset":
            self.reset()
            return
        text = fault.body if isinstance(fault.body, str | bytes) else json.dumps(fault.body)
        body = text.encode() if isinstance(text, str) else text
        length = len(body) * 2 if fault.hang_up == "half" else len(body)
        headers = {"Content-Type": "application/json", "Content-Length": str(length), **fault.headers}
        self.head(fault.status, headers)
        self._handler.wfile.write(body)
        if fault.hang_up == "half":
            self.reset()

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def chunk(self, data: bytes) -> None:
        """Send one chunk of a body with `Transfer-Encoding: chunked`; an empty one ends it."""
        self._handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reset(self) -> None:
        """Break the connection at once, without the usual farewell."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.shutdown(socket.SHUT_RDWR)
        self._handler.close_connection = True


def _handler_for(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                body = json.loads(raw)
            except ValueError:
                body = None
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, self.path, headers, body, time.monotonic(), raw)
            server.answer(Wire(self), received, server.note(received))

        do_GET = do_POST = _serve  # noqa: N815 - named by http.server

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    return Handler
