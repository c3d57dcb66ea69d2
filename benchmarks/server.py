"""A quick stand-in for Groq and Ollama, with a latency, enforced limits, and counts of what it was asked.

A reply is one task, or with `tasks` a numbered list of about so many of the seeded corpus.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import time
from collections import deque

from aiohttp import web

from corpus import Corpus


class Limit:
    """At most so many in any `seconds`, counted exactly; refuses, and says when to come back."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self.log: deque[list[float]] = deque()
        self.spent = 0.0

    def wait(self, amount: float) -> float:
        now = time.monotonic()
        while self.log and self.log[0][0] <= now - self.seconds:
            self.spent -= self.log.popleft()[1]
        over = self.spent + amount - self.most
        if not self.most or over <= 0:
            return 0.0
        for at, was in self.log:
            over -= was
            if over <= 0:
                return at + self.seconds - now
        return self.seconds

    def take(self, amount: float) -> list[float]:
        entry = [time.monotonic(), amount]
        self.log.append(entry)
        self.spent += amount
        return entry

    def correct(self, entry: list[float], amount: float) -> None:
        if self.log and entry[0] >= self.log[0][0]:
            self.spent += amount - entry[1]
            entry[1] = amount


class Server:
    """`POST /control` sets latency and limits and forgets the counts; `GET /control` tells them."""

    def __init__(self) -> None:
        self.number = itertools.count()
        self.corpus = Corpus(7)
        self.set({})

    def set(self, settings: dict[str, float]) -> None:
        self.latency, self.sigma = settings.get("latency", 0.3), settings.get("sigma", 0.0)
        self.headers_tell = bool(settings.get("headers", 1))
        seconds = settings.get("seconds", 60.0)
        self.requests = Limit(int(settings.get("requests", 0)), seconds)
        self.tokens = Limit(int(settings.get("tokens", 0)), seconds)
        self.rng = random.Random(7)
        self.tasks = int(settings.get("tasks", 1))
        self.good, self.refused, self.first, self.last, self.busy = 0, 0, 0.0, 0.0, 0.0
        self.out, self.most_out, self.cost = 0, 0, 0

    async def control(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.set(await request.json())
        names = ("good", "refused", "first", "last", "busy", "most_out", "cost")
        return web.json_response({name: getattr(self, name) for name in names})

    async def groq(self, request: web.Request) -> web.Response:
        asked = await request.json()
        prompt = sum(len(message["content"]) for message in asked["messages"]) // 4
        reserved = prompt + (asked.get("max_tokens") or 1024)
        self.first = self.first or time.monotonic()
        if refusal := self._refusal(reserved):
            self.refused += 1
            return refusal
        self.requests.take(1)
        entry = self.tokens.take(reserved)
        await self._think()
        self.tokens.correct(entry, prompt + 60)
        self.cost += prompt + 60
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": self._text()}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": prompt, "completion_tokens": 60, "total_tokens": prompt + 60},
        }
        return web.json_response(body, headers=self._headers())

    def _refusal(self, reserved: int) -> web.Response | None:
        for what, limit, amount in (("requests", self.requests, 1), ("tokens", self.tokens, reserved)):
            if (wait := limit.wait(amount)) > 0:
                short = f"{what} per minute ({'RPM' if what == 'requests' else 'TPM'})"
                words = (
                    f"Rate limit reached on {short}: Limit {limit.most}, Used {int(limit.spent)}, Requested {amount}"
                )
                words += f". Please try again in {wait:.3f}s."
                body = {"error": {"message": words, "type": what, "code": "rate_limit_exceeded"}}
                return web.json_response(body, status=429, headers={"retry-after": f"{wait:.3f}", **self._headers()})
        return None

    def _headers(self) -> dict[str, str]:
        if not (self.tokens.most and self.headers_tell):
            return {}
        return {
            "x-ratelimit-limit-tokens": str(self.tokens.most),
            "x-ratelimit-remaining-tokens": str(max(0, int(self.tokens.most - self.tokens.spent))),
            "x-ratelimit-reset-tokens": f"{self.tokens.wait(self.tokens.most):.3f}s",
        }

    async def ollama(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.first = self.first or time.monotonic()
        await self._think()
        text = self._text()
        last = {"model": asked["model"], "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop"}
        last |= {"prompt_eval_count": 300, "eval_count": 60}
        if asked.get("stream", True) is False:
            return web.json_response(last | {"message": message(text)})
        lines = [{"model": asked["model"], "message": message(word), "done": False} for word in text.split(" ")]
        body = "".join(json.dumps(line) + "\n" for line in [*lines, last | {"message": message("")}])
        return web.Response(text=body, content_type="application/x-ndjson")

    async def _think(self) -> None:
        self.out += 1
        self.most_out = max(self.most_out, self.out)
        took = self.latency * (self.rng.lognormvariate(0, self.sigma) if self.sigma else 1.0)
        self.busy += took
        await asyncio.sleep(took)
        self.out -= 1
        self.good += 1
        self.last = time.monotonic()

    def _text(self) -> str:
        if self.tasks > 1:
            tasks = self.corpus.take(self.rng.randint(self.tasks - 2, self.tasks + 2))
            return "\n".join(f"{number}. {task}" for number, task in enumerate(tasks, 1))
        number = next(self.number)
        words = " ".join(random.Random(number).sample(WORDS, 9))
        return f"1. Explain how {words} would differ in case number {number} of the collection."


WORDS = [f"{a}{b}" for a in ("ri", "mo", "ta", "ke", "lu", "po", "sa", "ne") for b in ("ver", "ntain", "ble", "rth")]


def message(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


async def listing(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": "llama-3.1-8b-instant", "active": True}]})


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    server, app = Server(), web.Application()
    app.router.add_route("*", "/control", server.control)
    app.router.add_post("/openai/v1/chat/completions", server.groq)
    app.router.add_get("/openai/v1/models", listing)
    app.router.add_post("/api/chat", server.ollama)
    for path, said in (
        ("/api/version", {"version": "0.12.3"}),
        ("/api/tags", {"models": [{"name": "llama3.1:latest", "model": "llama3.1:latest"}]}),
        ("/api/show", {"model_info": {"general.architecture": "llama", "llama.context_length": 8192}}),
    ):

        async def reply(_: web.Request, said: dict[str, object] = said) -> web.Response:
            return web.json_response(said)

        app.router.add_route("*", path, reply)
    web.run_app(app, host="127.0.0.1", port=arguments.parse_args().port, print=None, access_log=None, backlog=2048)


if __name__ == "__main__":
    main()
