"""A stand-in for the Hugging Face Hub on this computer: as much of it as the upload of a data set needs."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class HubServer:
    """Holds one data set, `files` by path; `status` other than 200 is its answer to everything."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.private: bool | None = None
        self.status = 200
        self.tokens: set[str] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, body: bytes) -> Any:
        """What the Hub says to a request."""
        if path == "/api/repos/create":
            if self.private is None:  # else it is there already, and stays as it is
                self.private = json.loads(body).get("visibility") == "private"
            return {"url": f"{self.url}/datasets/me/set", "id": "1"}
        if "/preupload/" in path:
            named = [entry["path"] for entry in json.loads(body)["files"]]
            return {"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in named]}
        if "/tree/" in path:
            return [{"type": "file", "path": name, "size": 1, "oid": "0" * 40} for name in self.files]
        if "/commit/" in path:
            self._commit(body)
            return {"commitUrl": f"{self.url}/datasets/me/set/commit/{'0' * 40}", "commitOid": "0" * 40}
        if path == "/api/validate-yaml":
            return {"errors": [], "warnings": []}
        return {"id": "me/set", "private": bool(self.private), "siblings": [], "sha": "0" * 40, "tags": []}

    def _commit(self, body: bytes) -> None:
        for line in body.splitlines():
            entry = json.loads(line)
            if entry["key"] == "file":
                self.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
            elif entry["key"] == "deletedFile":
                del self.files[entry["value"]["path"]]


def _handler_for(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.tokens.add(self.headers.get("Authorization", ""))
            reply = hub.answer(self.path.partition("?")[0], body) if hub.status == 200 else {"error": "no such luck"}
            text = json.dumps(reply).encode()
            self.send_response(hub.status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve  # noqa: N815 - named by http.server

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    return Handler
