"""Runs `generate` in this process against a loopback provider, by the real clients, with short waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from selfinstruct import SelfInstruct
from selfinstruct.engine.retry_policy import RetryPolicy
from selfinstruct.store import RunStore
from tests.servers.groq_server import GroqServer
from tests.servers.ollama_server import OllamaServer
from tests.servers.provider import Provider

KEY = "gsk_a_very_secret_key_0123456789"
QUICK = partial(RetryPolicy, first=0.05, longest=0.5, down=3.0)
FILTERS = [{"use": "cut"}, {"use": "exact"}]


@contextmanager
def serving(provider: Provider, kind: str) -> Iterator[str]:
    """The provider behind the protocol of `groq` or `ollama`; gives its address."""
    server = GroqServer(provider.groq, key=KEY) if kind == "groq" else OllamaServer(provider.ollama)
    with server:
        yield server.url


@dataclass
class ProviderBench:
    """A run folder and the provider that its runs ask."""

    folder: Path
    provider: Provider
    kind: str = "groq"
    concurrency: int = 8
    lookahead: int = 16
    timeout: float = 3.0

    def settings(self, url: str, **more: Any) -> dict[str, Any]:
        """The config tree."""
        key = {"api_key": KEY} if self.kind == "groq" else {"concurrency": self.concurrency}
        tree: dict[str, Any] = {
            "backend": {"base_url": url, "timeout": self.timeout, **key},
            "run": {"lookahead": self.lookahead, "concurrency": self.concurrency},
            "generate": {"filters": FILTERS, "sampling": {"max_tokens": 100}, "patience": 1000},
        }
        return tree | more

    def run(self, target: int, wait: bool = False, **more: Any) -> None:
        """Generate until there are so many; raises what ends it."""
        with serving(self.provider, self.kind) as url, mock.patch("selfinstruct.run.run.RetryPolicy", QUICK):
            made = SelfInstruct(backend=self.kind, out=self.folder, settings=self.settings(url, **more), wait=wait)
            asyncio.run(made.agenerate(target))

    def open_readonly(self) -> RunStore:
        """The run's database, for reading."""
        return RunStore.open_readonly(self.folder)

    def check(self) -> None:
        """Nothing is lost, nothing failed, and nothing was paid for but what is in the journal or was destroyed."""
        with closing(self.open_readonly()) as store:
            totals, spent = store.totals("generate"), store.calls().spent()
        assert totals.failures == 0
        assert totals.requests - totals.replies <= self.lookahead, "asked for nothing beyond the window"
        assert self.provider.good == totals.replies, "every reply that was paid for is in the journal, once"
        assert self.provider.good + self.provider.destroyed == spent.requests, "a 503 and a 429 count on neither side"
