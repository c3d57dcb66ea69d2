"""What a provider is like behind its protocol: limits, latencies and faults; it counts all that it was asked."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers import groq_server, ollama_server
from tests.servers.loopback import ServerFault

MIX = {"500": 0.05, "reset": 0.02, "half": 0.02, "hang": 0.02}
"""The faults of a bad day: chances of each, per call."""

ODD = {"503": 0.04, "bad-json": 0.04, "html": 0.04, "wrong-type": 0.04}
ABBREVIATED = {"requests": "R", "tokens": "T", "minute": "PM", "day": "PD"}
VERBS = ("Describe", "Compare", "Summarise", "Translate", "List", "Explain", "Rewrite", "Plan")


@dataclass
class Quota:
    """At most `most` of `what` in any `seconds` of `clock`, which the provider calls a minute or a day."""

    what: Literal["requests", "tokens"]
    period: Literal["minute", "day"]
    most: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    log: list[list[float]] = field(default_factory=list)

    def used(self) -> int:
        now = self.clock()
        self.log = [entry for entry in self.log if entry[0] > now - self.seconds]
        return int(sum(amount for _, amount in self.log))

    def wait(self, amount: int) -> float:
        over = self.used() + amount - self.most
        for at, was in self.log:
            if over <= 0:
                break
            over -= int(was)
            if over <= 0:
                return at + self.seconds - self.clock()
        return 0.0 if over <= 0 else self.seconds

    def take(self, amount: int) -> list[float]:
        self.log.append([self.clock(), amount])
        return self.log[-1]


@dataclass
class Provider:
    """Decides what becomes of each call. `paid` counts the calls that cost something, by what became of them.

    A call takes `median` seconds, more or less, by `sleep`; `hang` is how many seconds a call that hangs takes. A good
    reply depends on nothing but the prompt.
    """

    mix: Mapping[str, float] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    median: float = 0.0
    sigma: float = 0.5
    hang: float = 4.0
    sleep: Callable[[float], None] = time.sleep
    seed: int = 3
    tasks: int = 3
    paid: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    prompts: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.lock = threading.Lock()

    @property
    def good(self) -> int:
        return self.paid.get("good", 0)

    @property
    def destroyed(self) -> int:
        """Calls that cost something and brought nothing."""
        return sum(self.paid.values()) - self.good

    def groq(self, asked: dict[str, Any], _: int) -> Any:
        prompt = "\n".join(message["content"] for message in asked["messages"])
        used = (len(prompt) // 4, 60)
        refusal = self._refusal(used[0] + (asked.get("max_tokens") or 1024))
        if isinstance(refusal, ServerFault):
            return refusal
        what = self._draw(prompt)
        self._settle(refusal, sum(used))
        text = {"empty": "", "filtered": ""}.get(what, self.text(prompt))
        finish = {"cut": "length", "filtered": "content_filter"}.get(what, "stop")
        answer = groq_server.GroqAnswer(text, finish, used, headers=self._headers())
        whole = groq_server.completion(answer, asked["model"])
        return self._fault(what, json.dumps(whole), {"choices": [{"message": 7}]}) or answer

    def ollama(self, asked: dict[str, Any], _: int) -> Any:
        prompt = "\n".join(message["content"] for message in asked["messages"])
        what = self._draw(prompt)
        text = {"empty": ""}.get(what, self.text(prompt))
        answer = ollama_server.OllamaAnswer(text, {"cut": "length"}.get(what, "stop"), (len(prompt) // 4, 60))
        whole = ollama_server.single_response(answer, asked["model"])
        return self._fault(what, json.dumps(whole), {"message": 7, "done": "yes"}) or answer

    def _refusal(self, tokens: int) -> ServerFault | list[tuple[Quota, list[float]]]:
        with self.lock:
            for quota in self.quotas:
                wait = quota.wait(1 if quota.what == "requests" else tokens)
                if wait > 0:
                    self.refused += 1
                    short = ABBREVIATED[quota.what] + ABBREVIATED[quota.period]
                    words = (
                        f"Rate limit reached for model `m` in organization `org_01abc` on {quota.what} per"
                        f" {quota.period} ({short}): Limit {quota.most}, Used {quota.used()}, Requested {tokens}."
                        f" Please try again in {wait:.3f}s."
                    )
                    headers = {"retry-after": f"{wait:.3f}", **self._headers()}
                    return groq_server.error(429, words, "rate_limit_exceeded", headers, quota.what)
            return [(quota, quota.take(1 if quota.what == "requests" else tokens)) for quota in self.quotas]

    def _settle(self, taken: list[tuple[Quota, list[float]]], tokens: int) -> None:
        with self.lock:
            for quota, entry in taken:
                entry[1] = entry[1] if quota.what == "requests" else tokens

    def _headers(self) -> dict[str, str]:
        """Groq's: of the day's requests and of the minute's tokens; it tells of nothing else."""
        headers = {}
        for quota in self.quotas:
            if (quota.what, quota.period) in (("requests", "day"), ("tokens", "minute")):
                left = max(0, quota.most - quota.used())
                headers[f"x-ratelimit-limit-{quota.what}"] = str(quota.most)
                headers[f"x-ratelimit-remaining-{quota.what}"] = str(left)
                headers[f"x-ratelimit-reset-{quota.what}"] = f"{quota.wait(quota.most):.3f}s"
        return headers

    def _draw(self, prompt: str) -> str:
        """What becomes of a call; it takes its time first."""
        with self.lock:
            self.prompts.append(prompt)
            self.at.append(time.monotonic())
            took = self.median * self.rng.lognormvariate(0, self.sigma) if self.median else 0.0
            chance, what = self.rng.random(), "good"
            for name, rate in self.mix.items():
                if chance < rate:
                    what = name
                    break
                chance -= rate
            counted = "good" if what in ("empty", "cut", "filtered") else what
            if counted != "503":
                self.paid[counted] = self.paid.get(counted, 0) + 1
        self.sleep(took)
        return what

    def _fault(self, what: str, body: str, wrong: object) -> ServerFault | None:
        faults = {
            "500": ServerFault(500, {"error": {"message": "internal server error"}}),
            "503": ServerFault(503, {"error": {"message": "over capacity"}}),
            "reset": ServerFault(hang_up="reset"),
            "half": ServerFault(200, body, hang_up="half"),
            "hang": ServerFault(delay=self.hang, hang_up="reset"),
            "bad-json": ServerFault(200, '{"choices": [{"mess'),
            "html": ServerFault(200, "<html>log in</html>", {"Content-Type": "text/html"}),
            "wrong-type": ServerFault(200, json.dumps(wrong)),
        }
        return faults.get(what)

    def text(self, prompt: str) -> str:
        """Numbered tasks that no other prompt gets."""
        digest = hashlib.sha256(prompt.encode()).hexdigest()
        lines = []
        for number in range(self.tasks):
            rng = random.Random(f"{digest}{number}")
            words = " ".join("".join(rng.choices("bcdfglmnprst", k=2)) + rng.choice("aeiou") for _ in range(8))
            lines.append(f"{number + 1}. {rng.choice(VERBS)} the {words} in one paragraph.")
        return "\n".join(lines)
