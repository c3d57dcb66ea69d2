"""Turns requests into the lines of a batch file, and the lines of its results into answers.

The backend's own client does both: it writes each request to, and reads each result from, an exchange in this process
that takes the place of the server. So a batch holds exactly what the live call would send, and is read as its reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from selfinstruct.api import Backend
from selfinstruct.api.batches import CHAT_COMPLETIONS
from selfinstruct.engine.batches.message_forms import MessageForms
from selfinstruct.engine.live_answerer import ROLES
from selfinstruct.engine.masking import SecretMask
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin, check_completion, check_fault
from selfinstruct.engine.retry_policy import hint_for
from selfinstruct.errors import UsageError
from selfinstruct.types import Busy, Failure, Fault, Rejected, Reply, Request, Sampling, Unusable

_ID = re.compile(r"([a-z]+)-([0-9]{1,18})-[0-9a-f]{12}(?:-([0-9]{1,18}))?\Z")
_NO_REPLY = json.dumps(
    {
        "id": "none",
        "object": "chat.completion",
        "created": 0,
        "model": "none",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
).encode()


def custom_id(request: Request, attempt: int = 1) -> str:
    """A request's id in a batch: stage, index and a digest of what it asks, so that no other run's result fits it.

    Later attempts have their number at the end, since the failures of earlier ones may still lie in a folder.
    """
    asked = [[message.role, message.text] for message in request.messages]
    digest = sha256(json.dumps([asked, request.schema], sort_keys=True).encode()).hexdigest()
    return f"{request.stage}-{request.index}-{digest[:12]}" + (f"-{attempt}" if attempt > 1 else "")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One line of results: the id of its request, and the status and body of the answer; a status of 0 is none."""

    custom_id: str
    status: int
    body: Mapping[str, Any]
    error: str = ""


def read_result(line: bytes) -> BatchResult | None:
    """Read a line of results; `None` where it is empty, cut, or no result, such as a request."""
    try:
        row = json.loads(line)
        response, error = row.get("response") or {}, row.get("error") or {}
        body = response.get("body") or {}
        words = error.get("message") or error.get("code") or "" if isinstance(error, dict) else str(error)
        if not (isinstance(row["custom_id"], str) and isinstance(body, dict) and (response or error)):
            return None
        return BatchResult(row["custom_id"], int(response.get("status_code") or 0), body, str(words))
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError, RecursionError):
        return None


def place_of(identity: str) -> tuple[str, int, int] | None:
    """Stage, index and attempt of a custom id; `None` if it is none of ours."""
    found = _ID.match(identity)
    return (found[1], int(found[2]), int(found[3] or 1)) if found else None


class BatchLines:
    """Writes and reads the lines of one stage; raises `UsageError` if the backend's requests cannot be batched."""

    def __init__(self, backend: Backend, sampling: Sampling) -> None:
        self._backend = backend
        self._name = f"the backend {type(backend).__name__}"
        self._sent = b""
        self._answer = (200, _NO_REPLY)
        self._bodies: dict[str, tuple[dict[str, Any], bool]] = {}
        """For each schema, what the client sends besides the messages, and whether two requests agreed on it."""
        model = call_plugin(
            self._name, "batches", lambda: backend.offline_model(sampling, self._exchange), hint=FIX_AND_RERUN
        )
        if model is None:
            raise UsageError(
                f"{self._name} cannot put requests into batches",
                "Leave out --batch and --batch-file; in a run that began with them, add --set run.batch=false.",
            )
        self._model, self._forms = model, MessageForms()
        self._mask = SecretMask(backend)
        self._mask.learn(model)

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        self._sent = body
        return self._answer

    def encode(self, request: Request, attempt: int = 1) -> bytes:
        """The request's line, with its end."""
        identity = custom_id(request, attempt)
        line = {"custom_id": identity, "method": "POST", "url": CHAT_COMPLETIONS, "body": self._body(request)}
        return json.dumps(line, ensure_ascii=False).encode() + b"\n"

    def _body(self, request: Request) -> dict[str, Any]:
        """What the client sends. Once two requests differed in nothing but their plain messages, it is not asked again:
        a client takes milliseconds, which are hours for a million requests.
        """
        form = json.dumps(request.schema, sort_keys=True)
        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        known, is_proven = self._bodies.get(form, ({}, False))
        if is_proven:
            return {**known, "messages": messages}
        self._answer = (200, _NO_REPLY)
        call_plugin(self._name, custom_id(request), lambda: self._invoke(request), hint=FIX_AND_RERUN)
        body: dict[str, Any] = json.loads(self._sent)
        if body.get("messages") == messages:
            self._bodies[form] = (body, {**known, "messages": messages} == body)
        return body

    def decode(self, request: Request, result: BatchResult) -> Reply | Failure | Fault:
        """The answer that a result holds: a reply, or why there is none; a failure `may_pass` if it is unexplained."""
        if result.error and result.status in (0, 200):
            return Busy(self._mask.message(result.error))  # it expired or was cancelled, so it was never answered
        about = f"request {request.index} of {request.stage}"

        def ask() -> Any:
            self._answer = (result.status or 200, json.dumps(result.body).encode())
            return self._invoke(request)

        try:
            is_good = result.status in (0, 200)
            message = self._forms.read(result.body, request.schema is not None, ask) if is_good else ask()
            said = self._backend.read_reply(message)
        except Exception as error:
            fault = call_plugin(self._name, about, self._backend.read_error, error, hint=FIX_AND_RERUN)
            fault = check_fault(self._name, about, fault)
            fault = replace(fault, message=self._mask.message(fault.message))
            if isinstance(fault, Unusable):
                return replace(fault, hint=hint_for(fault, [request.stage]))
            if isinstance(fault, Rejected):
                return Failure(fault.message, may_pass=fault.is_unexplained)
            return fault
        check_completion(self._name, about, said)
        return self._mask.reply(said)

    def _invoke(self, request: Request) -> Any:
        more = self._backend.schema_arguments(request.schema) if request.schema is not None else {}
        return self._model.invoke([(ROLES[message.role], message.text) for message in request.messages], **more)
