"""The page's server over real sockets: who is let in, what is refused, and what is answered."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.review import ReviewServer
from selfinstruct.review.server import LONGEST_BODY
from selfinstruct.store.reviews import Reviews

JSON = "application/json"


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """Sends the given requests; by default those that the page itself would send."""

    def __init__(self, server: ReviewServer) -> None:
        self.server = server
        self.host = f"127.0.0.1:{server.server_port}"
        self.connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, token: str | None = None, **more: Any
    ) -> HttpAnswer:
        token = self.server.token if token is None else token
        headers = {"X-Review-Token": token, "Content-Type": JSON, **{k.replace("_", "-"): v for k, v in more.items()}}
        headers = {name: value for name, value in headers.items() if value is not None}
        self.connection.request(method, f"/{token}/{path}", body, headers)
        answer = self.connection.getresponse()
        return HttpAnswer(answer.status, dict(answer.getheaders()), answer.read())

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, what: str, **action: Any) -> HttpAnswer:
        return self.ask("POST", f"api/{what}", json.dumps(action).encode())


def asked(server: ReviewServer, path: str) -> Any:
    """The answer to a browser that comes again."""
    browser = Browser(server)
    try:
        return browser.get(path)
    finally:
        browser.connection.close()


@pytest.fixture
def browser(server: ReviewServer) -> Iterator[Browser]:
    browser = Browser(server)
    yield browser
    browser.connection.close()


def test_only_this_machine_can_reach_it(server: ReviewServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert len(server.token) >= 43


@pytest.mark.parametrize("path", ["", "app.js", "list.js", "style.css", "api/summary", "api/items", "api/item?id=g0.0"])
def test_everything_needs_the_token(browser: Browser, path: str) -> None:
    good = browser.ask("GET", path)
    assert good.status == 200
    for wrong in ("x", browser.server.token[:-1], browser.server.token + "x", browser.server.token.swapcase(), "%00"):
        refused = browser.ask("GET", path, token=wrong)
        assert refused.status == 403
        assert browser.server.token.encode() not in refused.body


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/api/summary", "//", "/?token=x", "/../../etc/passwd"])
def test_an_address_without_the_token_tells_nothing(browser: Browser, path: str) -> None:
    browser.connection.request("GET", path)
    answer = browser.connection.getresponse()
    assert answer.status == 403
    assert b"selfinstruct" not in answer.read()


@pytest.mark.parametrize(
    "path", ["api/../../pyproject.toml", "..%2f..%2fserver.py", "../server.py", "index.html", "api/", "api"]
)
def test_nothing_else_is_served(browser: Browser, path: str) -> None:
    assert browser.ask("GET", path).status in (403, 404)


def test_calls_need_the_token_in_a_header_too(browser: Browser) -> None:
    """A page elsewhere that got hold of an address could send a form there, but sets no header."""
    for token in (None, "", "wrong"):
        assert browser.ask("GET", "api/items", X_Review_Token=token).status == 403
        body = json.dumps({"id": "g0.0", "version": 0}).encode()
        assert browser.ask("POST", "api/accept", body, X_Review_Token=token).status == 403
    assert browser.get("api/item?id=g0.0")["version"] == 0


def test_a_form_of_another_page_is_refused(browser: Browser) -> None:
    body = json.dumps({"id": "g0.0", "version": 0}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        assert browser.ask("POST", "api/accept", body, Content_Type=kind).status == 415
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert browser.ask("POST", "api/accept", body, Origin=origin).status == 403
    assert browser.get("api/item?id=g0.0")["version"] == 0
    assert browser.ask("POST", "api/accept", body, Origin=f"http://{browser.host}").status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost:1", "", "127.0.0.1.evil.example"]
)
def test_a_name_that_was_made_to_point_here_is_refused(browser: Browser, host: str) -> None:
    for method in ("GET", "POST"):
        assert browser.ask(method, "api/items", b"{}" if method == "POST" else None, Host=host).status == 421


def test_localhost_is_a_name_of_it(browser: Browser) -> None:
    assert browser.ask("GET", "", Host=f"localhost:{browser.server.server_port}").status == 200


def test_the_page_may_load_its_own_files_only(browser: Browser) -> None:
    for path in ("", "app.js", "api/items", "nothing"):
        headers = browser.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers
        assert "Access-Control-Allow-Origin" not in headers


MODULES = {
    f"{name}.js" for name in ["api", "app", "dom", "facts", "item", "keys", "list", "marks", "queue", "review", "state"]
}


def test_the_page_names_nothing_outside() -> None:
    folder = Path(__file__).parents[2] / "src/selfinstruct/review/page"
    assert sorted(path.name for path in folder.iterdir()) == sorted({"index.html", "style.css"} | MODULES)
    for path in folder.iterdir():
        text = path.read_text("utf-8")
        assert "://" not in text
        assert not any(
            word in text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
        )


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused(server: ReviewServer, method: str) -> None:
    browser = Browser(server)
    answer = browser.ask(method, "api/items")
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, POST"
    browser.connection.close()


def test_a_page_can_only_be_read(browser: Browser) -> None:
    assert browser.ask("POST", "", b"{}").status == 405


def test_accept_reject_edit_and_undo(browser: Browser) -> None:
    assert browser.post("accept", id="g0.0", version=0).json["verdict"] == "accepted"
    item = browser.post("reject", id="g0.0", version=1, reason="unclear").json
    assert (item["verdict"], item["why"], item["version"]) == ("rejected", "unclear", 2)
    item = browser.post("edit", id="g0.0", version=2, texts={"instruction": "New."}).json
    assert (item["texts"]["instruction"], item["edited"]) == ("New.", ["instruction"])
    assert browser.get("api/items")["lines"][0]["texts"]["instruction"] == "New."
    assert browser.get("api/summary")["reviews"]["generate"] == {"accepted": 0, "rejected": 1, "edited": 1, "stale": 0}
    for version in (3, 4, 5):
        item = browser.post("undo", id="g0.0", version=version).json
    assert (item["verdict"], item["edited"], item["version"]) == ("", [], 6)
    refused = browser.post("undo", id="g0.0", version=6)
    assert (refused.status, refused.json["error"]) == (422, "there is nothing to undo")


def test_a_stale_write_is_refused_and_shows_the_newer_state(browser: Browser) -> None:
    browser.post("reject", id="g0.0", version=0, reason="unclear")
    late = browser.post("edit", id="g0.0", version=0, texts={"instruction": "Late."})
    assert late.status == 409
    assert (late.json["item"]["verdict"], late.json["item"]["version"]) == ("rejected", 1)
    assert browser.get("api/item?id=g0.0")["edited"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b'{"id": "g0.0"}', b'{"id": 1, "version": 0}',
        b'{"id": "g0.0", "version": "0"}', b'{"id": "g0.0", "version": -1}',
        b'{"id": "g0.0", "version": 0, "who": "x"}',
        b'{"id": "g0.0", "version": 0, "texts": {"instruction": 1}}', b'{"id": "g0.0", "version": 0, "texts": []}',
        b"[" * 100_000, b'{"version": ' + b"9" * 10_000 + b"}", b'{"id": "' + b"g" * 100 + b'", "version": 0}',
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_with_a_sentence(browser: Browser, body: bytes) -> None:
    answer = browser.ask("POST", "api/edit", body)
    assert answer.status == 400
    assert answer.json["error"]
    assert browser.get("api/item?id=g0.0")["version"] == 0


@pytest.mark.parametrize(
    ("what", "action", "status"),
    [
        ("accept", {"id": "g999999.0", "version": 0}, 404),
        ("accept", {"id": "nonsense", "version": 0}, 404),
        ("delete", {"id": "g0.0", "version": 0}, 404),
        ("reject", {"id": "g0.0", "version": 0}, 422),
        ("reject", {"id": "g0.0", "version": 0, "reason": "x" * 501}, 422),
        ("edit", {"id": "g0.0", "version": 0, "texts": {"instruction": ""}}, 422),
        ("edit", {"id": "g0.0", "version": 0, "texts": {"output": "x"}}, 422),
    ],
)
def test_an_impossible_action_is_refused(browser: Browser, what: str, action: dict[str, Any], status: int) -> None:
    answer = browser.post(what, **action)
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize(
    "query",
    ["stage=classify", "fate=x", "reviewed=x", "most=0", "most=201", "most=x", "text=" + "x" * 1001, "unknown=1"],
)
def test_a_list_that_cannot_be_is_refused(browser: Browser, query: str) -> None:
    assert browser.ask("GET", f"api/items?{query}").status == 400


def test_wrong_places_are_refused(browser: Browser) -> None:
    assert browser.ask("GET", "api/items?after=nonsense").status == 404
    assert browser.ask("GET", "api/item?id=g99999.0").status == 404
    assert browser.ask("GET", "api/item").status == 404


def test_a_huge_body_is_refused(server: ReviewServer) -> None:
    for size in (LONGEST_BODY + 1, 5 * LONGEST_BODY):
        browser = Browser(server)
        assert browser.ask("POST", "api/edit", b"x" * size).status == 413
        browser.connection.close()
    assert asked(server, "api/item?id=g0.0")["version"] == 0


@pytest.mark.parametrize(
    "head",
    [
        "POST {path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n",
        "GET {path} HTTP/1.1\r\n\r\n",
        "GET {path}\r\n\r\n",
        "NONSENSE\r\n\r\n",
        "BREW {path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET /" + "x" * 70_000 + " HTTP/1.1\r\n\r\n",
        "GET {path} HTTP/1.1\r\n" + "X: y\r\n" * 200 + "\r\n",
        "\x00\x01\x02\r\n\r\n",
    ],
)
def test_what_is_no_proper_request_is_refused(server: ReviewServer, head: str) -> None:
    path, host = f"/{server.token}/api/items", f"127.0.0.1:{server.server_port}"
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as raw:
        raw.sendall(head.format(path=path, host=host).encode("latin-1"))
        raw.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"lines" not in got
    assert b" 200 " not in got.partition(b"\r\n")[0]
    assert b"Traceback" not in got
    assert asked(server, "api/summary")["run"] == "run", "it goes on"


def test_texts_of_any_kind_come_back_unchanged_except_for_half_surrogates(browser: Browser, run: Path) -> None:
    text = "<script>alert(1)</script> \u2028 \x00 \x1b[31m 路 👩‍👩‍👧 \" ' \\ {{x}}\r\n"
    item = browser.post("edit", id="g0.0", version=0, texts={"instruction": text}).json
    assert item["texts"]["instruction"] == text
    broken = b'{"id": "g0.0", "version": 1, "texts": {"instruction": "half \\ud83d of one"}}'
    answer = browser.ask("POST", "api/edit", broken)
    assert answer.json["texts"]["instruction"] == "half \ufffd of one"
    assert browser.get("api/items?text=half")["lines"][0]["id"] == "g0.0"


def test_a_disk_that_refuses_is_reported_and_the_server_continues(browser: Browser, reviews: Reviews) -> None:
    reviews.connection.execute("PRAGMA query_only = 1")
    answer = browser.post("accept", id="g0.0", version=0)
    assert answer.status == 500
    assert "reviews.sqlite cannot be used" in answer.json["error"]
    reviews.connection.execute("PRAGMA query_only = 0")
    assert browser.post("accept", id="g0.0", version=0).status == 200
