"""Serves the review page on the loopback interface to users who have the link."""

from __future__ import annotations

import json
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import PurePath
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from selfinstruct.errors import RunError, UsageError
from selfinstruct.review.routes import Routes
from selfinstruct.store.reviews import Reviews

HOST = "127.0.0.1"
LONGEST_BODY = 1 << 20
LONGEST_DRAIN = 1 << 24
"""Number of bytes of an oversized body that are read and dropped, so that its sender receives the answer."""

TOKEN_HEADER = "X-Review-Token"  # noqa: S105 - the name of a header
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
"""Content types of the page's files by their suffix."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
    " 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class ReviewServer(ThreadingHTTPServer):
    """The server of one run's page.

    Its token is in the path of every address, and in a header of every call of the page.

    `port` 0 takes any free port. Raises `RunError` if the port is taken.
    """

    daemon_threads = True
    request_queue_size = 128
    """Calls that wait to be taken; a page of reviews sends dozens at once."""
    block_on_close = False
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, reviews: Reviews, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(32)
        self.routes = Routes(reviews)
        self.files = _page_files()
        try:
            super().__init__((HOST, port), ReviewHandler)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise RunError(f"port {port} cannot be used: {why}", "Leave out --port to use any free port.") from None

    @property
    def names(self) -> tuple[str, str]:
        """The host names by which a browser may address this server.

        Others may be used to attack it (DNS rebinding).
        """
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def link(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind without looking up the name of this machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a page that was closed early. Report every other error as Python does."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _page_files() -> dict[str, tuple[str, bytes]]:
    """The content type and content of each file of the page, by its path below the token."""
    folder = resources.files("selfinstruct.review") / "page"
    files = {file.name: (CONTENT_TYPES[PurePath(file.name).suffix], file.read_bytes()) for file in folder.iterdir()}
    files[""] = files.pop("index.html")
    return files


class ReviewHandler(BaseHTTPRequestHandler):
    """Checks a request and answers it."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    server_version = "selfinstruct"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer with a file of the page or with JSON."""
        if (path := self._checked()) is None:
            return
        if path in self.server.files:
            kind, body = self.server.files[path]
            self._send(HTTPStatus.OK, kind, body)
        elif not path.startswith("api/"):
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        elif self._has_token():
            query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True, errors="replace"))
            self._answer(lambda: self.server.routes.get(path.removeprefix("api/"), query))

    def do_POST(self) -> None:
        """Perform an action of the page."""
        if (body := self._body()) is None or (path := self._checked()) is None:
            return
        if not path.startswith("api/"):
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "this address can only be read", Allow="GET")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON")
        elif self.headers.get("Origin", f"http://{self.headers['Host']}") != f"http://{self.headers['Host']}":
            self._refuse(HTTPStatus.FORBIDDEN, "the request comes from another page")
        elif self._has_token():
            self._answer(lambda: self.server.routes.post(path.removeprefix("api/"), body))

    def _no_such_method(self) -> None:
        self.close_connection = True  # the body is not read
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and POST are known", Allow="GET, POST")

    do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = _no_such_method  # noqa: N815

    # --- checks -------------------------------------------------------------------------------------------------------

    def _checked(self) -> str | None:
        """The path after the token, or `None` if the request was refused."""
        if self.headers.get_all("Host", []) not in ([name] for name in self.server.names):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this server has a different host name")
            return None
        token, _, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        if not self._is_token(token):
            self._refuse(HTTPStatus.FORBIDDEN, "the link is wrong or from an earlier start: use the printed link")
            return None
        return path

    def _has_token(self) -> bool:
        """Whether the header has the token, since forms and links of other pages cannot set it."""
        if not self._is_token(self.headers.get(TOKEN_HEADER, "")):
            self._refuse(HTTPStatus.FORBIDDEN, "the token is missing")
            return False
        return True

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode("utf-8", "replace"), self.server.token.encode())

    def _body(self) -> bytes | None:
        """The body, or `None` if the request was refused."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "the header Content-Length is missing")
            return None
        if len(length) > 9 or int(length) > LONGEST_BODY:
            left = min(int(length[:9]), LONGEST_DRAIN)
            while left > 0 and (got := self.rfile.read(min(left, 1 << 16))):
                left -= len(got)
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {LONGEST_BODY} bytes")
            return None
        return self.rfile.read(int(length))

    # --- answers ------------------------------------------------------------------------------------------------------

    def _answer(self, work: Any) -> None:
        try:
            status, answer = work()
        except RunError as error:  # for example a full disk: the page continues and shows the error
            status, answer = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": error.message}
        except UsageError as error:
            status, answer = HTTPStatus.UNPROCESSABLE_ENTITY, {"error": error.message}
        self._send_json(status, answer)

    def _refuse(self, status: HTTPStatus, why: str, **headers: str) -> None:
        self._send_json(status, {"error": why}, headers)

    def _send_json(
        self, status: HTTPStatus, answer: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps(answer, ensure_ascii=True).encode()
        self._send(status, "application/json", body, headers=headers or {})

    def _send(self, status: HTTPStatus, kind: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        every = {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS, **(headers or {})}
        for name, value in every.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer requests that the library refuses with JSON too."""
        self.close_connection = True
        with suppress(OSError):
            self._send_json(HTTPStatus(code), {"error": "the request cannot be read"})
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Print nothing, since addresses contain the token."""
