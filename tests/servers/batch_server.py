"""A stand-in for a provider's batch API, as OpenAI has it: files, batches, states, results and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers.groq_server import GroqAnswer, completion
from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire

MODELS = ("llama-3.1-8b-instant",)

Answer = Callable[[dict[str, Any]], "str | GroqAnswer | ServerFault | None"]
"""Answers a request's body; `None`: it expires."""


@dataclass
class StoredBatch:
    """One batch. `polls` is how often it was looked at; it ends when that has come to the server's `polls_needed`."""

    id: str
    metadata: Mapping[str, str]
    lines: list[dict[str, Any]]
    polls: int = 0
    state: str = "validating"
    output: str = ""
    errors: str = ""
    billed: list[str] = field(default_factory=list)


class BatchServer(LoopbackServer):
    """Takes files of requests and answers them by `reply`; `billed` counts every request that it ever answered.

    `refuse` is the message with which every batch fails its validation, and `context` the size of the model's.
    `faults` are answered to the next calls of a path. `on_call` is called with the number of a call when it arrives and
    when it is answered.
    """

    def __init__(self, reply: Answer, *, polls_needed: int = 1) -> None:
        super().__init__()
        self.reply = reply
        self.polls_needed = polls_needed
        self.refuse = ""
        self.context = 131072
        self.faults: dict[str, list[ServerFault]] = {}
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, StoredBatch] = {}
        self.billed: list[str] = []
        self.calls = 0
        self.on_call: Callable[[int, str], None] = lambda _number, _moment: None

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        del n
        self.calls += 1
        number = self.calls
        self.on_call(number, "arrived")
        self._answer(wire, request)
        self.on_call(number, "answered")

    def _answer(self, wire: Wire, request: Received) -> None:
        path = re.sub(r"^(/openai)?/v1", "", request.path).partition("?")[0]
        if self.faults.get(path):
            return wire.fault(self.faults[path].pop(0))
        if path == "/models":
            rows = [{"id": name, "object": "model", "active": True, "context_window": self.context} for name in MODELS]
            return wire.json({"object": "list", "data": rows})
        if path == "/chat/completions":
            said = self.reply(request.json)
            assert isinstance(said, str | GroqAnswer)
            return wire.json(completion(GroqAnswer(said) if isinstance(said, str) else said, request.json["model"]))
        if path == "/files":
            return self._upload(wire, request)
        if found := re.fullmatch(r"/files/([\w-]+)/content", path):
            return wire.fault(ServerFault(200, self.files[found[1]], {"Content-Type": "application/octet-stream"}))
        if path == "/batches" and request.method == "POST":
            return self._create(wire, request.json)
        if path == "/batches":
            newest = [self._json(one) for one in reversed(self.batches.values())]
            return wire.json({"object": "list", "data": newest, "has_more": False})
        if found := re.fullmatch(r"/batches/([\w-]+)", path):
            batch = self.batches[found[1]]
            self._advance(batch)
            return wire.json(self._json(batch))
        return wire.json({"error": {"message": f"no such address: {request.path}"}}, 404)

    def _upload(self, wire: Wire, request: Received) -> None:
        boundary = b"--" + request.headers["content-type"].partition("boundary=")[2].encode()
        part = next(part for part in request.raw.split(boundary) if b'name="file"' in part)
        name = f"file-{len(self.files)}"
        self.files[name] = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        facts = {"filename": "f", "purpose": "batch", "status": "processed", "created_at": 1}
        wire.json({"id": name, "object": "file", "bytes": len(self.files[name]), **facts})

    def _create(self, wire: Wire, asked: dict[str, Any]) -> None:
        assert asked["endpoint"] == "/v1/chat/completions"
        assert asked["completion_window"] == "24h"
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        batch = StoredBatch(f"batch_{len(self.batches)}", asked.get("metadata") or {}, lines)
        self.batches[batch.id] = batch
        wire.json(self._json(batch))

    def _advance(self, batch: StoredBatch) -> None:
        batch.polls += 1
        if batch.state == "validating":
            batch.state = "failed" if self.refuse else "in_progress"
        if batch.state == "in_progress" and batch.polls >= self.polls_needed:
            self._finish(batch)

    def _finish(self, batch: StoredBatch) -> None:
        good, bad = [], []
        batch.state = "completed"
        for line in reversed(batch.lines):  # in any order
            said = self.reply(line["body"])
            if said is None:
                batch.state = "expired"
                words = {
                    "code": "batch_expired",
                    "message": "It could not be executed in time.",
                }
                bad.append({"id": "r", "custom_id": line["custom_id"], "response": None, "error": words})
            elif isinstance(said, ServerFault):
                response = {"status_code": said.status, "request_id": "r", "body": said.body}
                bad.append({"id": "r", "custom_id": line["custom_id"], "response": response, "error": None})
            else:
                self.billed.append(line["custom_id"])
                body = completion(GroqAnswer(said) if isinstance(said, str) else said, line["body"]["model"])
                response = {"status_code": 200, "request_id": "r", "body": body}
                good.append({"id": "r", "custom_id": line["custom_id"], "response": response, "error": None})
        for name, rows in (("output", good), ("errors", bad)):
            if rows:
                setattr(batch, name, f"file-{batch.id}-{name}")
                self.files[getattr(batch, name)] = "".join(json.dumps(row) + "\n" for row in rows).encode()

    def _json(self, batch: StoredBatch) -> dict[str, Any]:
        done = len(batch.lines) if batch.state in ("completed", "expired") else 0
        errors = {"object": "list", "data": [{"code": "invalid", "message": self.refuse}]}
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "errors": errors if batch.state == "failed" else None,
            "input_file_id": "file-0",
            "completion_window": "24h",
            "status": batch.state,
            "output_file_id": batch.output or None,
            "error_file_id": batch.errors or None,
            "created_at": 1,
            "request_counts": {"total": len(batch.lines), "completed": done, "failed": 0},
            "metadata": dict(batch.metadata),
        }
