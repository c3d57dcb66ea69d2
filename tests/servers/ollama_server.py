"""A stand-in for an Ollama server: streamed chat, version, models and their context lengths, with scripted faults."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.servers.loopback import LoopbackServer, Received, ServerFault, Wire

CHAT, VERSION, TAGS, SHOW, EMBED = "/api/chat", "/api/version", "/api/tags", "/api/show", "/api/embed"
GENERATE = "/api/generate"


@dataclass(frozen=True)
class OllamaAnswer:
    """A good answer, streamed word by word or in one piece.

    `usage` is (prompt tokens, reply tokens); `delay` is in seconds.
    """

    text: str
    finish: str = "stop"
    usage: tuple[int, int] = (20, 10)
    delay: float = 0.0


@dataclass(frozen=True)
class Stream:
    """Exactly these lines (objects, or raw bytes), `pause` seconds before each, and then a clean end or a reset."""

    lines: Sequence[Mapping[str, Any] | bytes]
    pause: float = 0.0
    end: Literal["clean", "reset"] = "clean"


def part(text: str) -> dict[str, Any]:
    """One line of a stream that goes on."""
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": False}


def letters(text: str) -> list[float]:
    """An embedding for tests: how often each letter stands in the text."""
    return [float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"]


Reply = Callable[[dict[str, Any], int], "str | OllamaAnswer | Stream | ServerFault"]


class OllamaServer(LoopbackServer):
    """Speaks like Ollama at `url`.

    `reply(request_json, n)` gives the text, an `OllamaAnswer`, a `Stream` or a `ServerFault` for the n-th
    chat request, counted from 0.
    `models` maps names with tags to context lengths; a chat with any other model is a 404.
    `embed(texts, n)` gives the embeddings of the n-th request for some, or a `ServerFault`.
    """

    def __init__(
        self, reply: Reply | str = "1. Name three rivers.", models: Mapping[str, int | None] | None = None
    ) -> None:
        super().__init__()
        self.reply: Reply = (lambda _json, _n: reply) if isinstance(reply, str) else reply
        self.embed: Callable[[list[str], int], list[list[float]] | ServerFault] = lambda texts, _n: [
            *map(letters, texts)
        ]
        self.capabilities: list[str] | None = ["completion"]
        self.models = {"llama3.1:latest": 131072} if models is None else dict(models)

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of all chat requests."""
        return [request.json for request in self.sent_to(CHAT)]

    @property
    def embedded(self) -> list[list[str]]:
        """The texts of every request for embeddings."""
        return [request.json["input"] for request in self.sent_to(EMBED)]

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        if request.path == VERSION:
            return wire.json({"version": "0.12.3"})
        if request.path == TAGS:
            return wire.json({"models": [{"name": name, "model": name} for name in self.models]})
        if request.path not in (CHAT, GENERATE, SHOW, EMBED):
            return wire.json("404 page not found", 404)
        name = request.json["model"]
        tagged = name if ":" in name else f"{name}:latest"
        if tagged not in self.models:
            return wire.json({"error": f"model '{name}' not found"}, 404)
        if request.path == SHOW:
            return wire.json({"model_info": _info(self.models[tagged]), "capabilities": self.capabilities})
        if request.path == EMBED:
            given = self.embed(request.json["input"], n)
            return (
                wire.fault(given) if isinstance(given, ServerFault) else wire.json({"model": name, "embeddings": given})
            )
        said = self.reply(request.json, n)
        if request.path == GENERATE and isinstance(said, str | OllamaAnswer):
            said = Stream([continued(OllamaAnswer(said) if isinstance(said, str) else said, name)])
        return self._send(wire, name, said, request.json.get("stream", True))

    def _send(self, wire: Wire, model: str, said: str | OllamaAnswer | Stream | ServerFault, stream_it: bool) -> None:
        if isinstance(said, ServerFault):
            return wire.fault(said)
        if not stream_it and not isinstance(said, Stream):
            answer = OllamaAnswer(said) if isinstance(said, str) else said
            time.sleep(answer.delay)
            return wire.json(single_response(answer, model))
        stream = (
            said if isinstance(said, Stream) else streamed(OllamaAnswer(said) if isinstance(said, str) else said, model)
        )
        wire.head(200, {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"})
        for line in stream.lines:
            time.sleep(stream.pause)
            wire.chunk((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
        return wire.chunk(b"") if stream.end == "clean" else wire.reset()


def _info(length: int | None) -> dict[str, Any]:
    own = {} if length is None else {"llama.context_length": length}
    return {"general.architecture": "llama", "clip.vision.context_length": 77, **own}


def single_response(answer: OllamaAnswer, model: str) -> dict[str, Any]:
    """A whole answer as Ollama sends it in one piece: the last line of a stream, with all of the text in it."""
    return {
        "model": model,
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": answer.text},
        "done": True,
        "done_reason": answer.finish,
        "total_duration": 5_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": answer.usage[0],
        "eval_count": answer.usage[1],
        "eval_duration": 3_000_000,
    }


def continued(answer: OllamaAnswer, model: str) -> dict[str, Any]:
    """A whole answer of `/api/generate`, which has its text in another place."""
    whole = single_response(answer, model)
    return {**whole, "response": whole.pop("message")["content"]}


def streamed(answer: OllamaAnswer, model: str) -> Stream:
    """A whole answer as Ollama streams it."""
    time.sleep(answer.delay)
    words = [word + " " for word in answer.text.split(" ")]
    if words:
        words[-1] = words[-1][:-1]
    last = single_response(replace(answer, text=""), model)
    return Stream([*(part(word) | {"model": model} for word in words), last])
