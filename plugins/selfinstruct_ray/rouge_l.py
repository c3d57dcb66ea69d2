"""The novelty rule over shards: the nearest of the entries that they find is what one pool would find."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from selfinstruct.api import Deferred, Draft, Filter, PluginError, Verdict, chat, drop, keep
from selfinstruct_ray import RougeLRayOptions
from selfinstruct_ray.shard import Found, Shard, nearest

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before the import: Ray would otherwise send usage statistics

import ray

_MAX_SENT = 10_000
"""Entries that are sent to the shards in one message when a run starts or continues."""


class RougeLRay(Filter[Draft]):
    """Drops a draft whose ROUGE-L F1 with any seed or accepted instruction is above a threshold, like `rouge-l`.

    Entries are dealt to the shards in turn. Each shard decides about all drafts of a reply in one message. Drafts that
    were accepted since then are in a small pool in this process.
    """

    def __init__(self, options: RougeLRayOptions) -> None:
        self._options = options
        _start()
        actor = ray.remote(num_cpus=0, scheduling_strategy="SPREAD")(Shard)
        self._shards: list[Any] = [actor.remote(options.tokeniser) for _ in range(options.shards)]
        self._size = 0
        self._found: dict[str, Found | None] = {}
        self._since = Shard(options.tokeniser)

    def prefetch(self, items: Sequence[Draft]) -> None:
        """Let the shards decide about all drafts of a reply."""
        self._found = self._ask([item.text for item in items])
        self._since = Shard(self._options.tokeniser)

    def evaluate(self, item: Draft) -> Verdict:
        """Drop the draft if any entry is too near, naming the nearest, the oldest of equals, and its score."""
        options = self._options
        if item.text not in self._found:
            self.prefetch([item])
        (since,) = self._since.decide([item.text], options.threshold)
        if match := nearest([self._found[item.text], since]):
            return drop("not-novel", nearest=match[2], score=match[0])
        return keep(Deferred(self._size, options.tokeniser, options.nearest, options.ties))

    def observe(self, item: Draft) -> None:
        """Add a draft to the pool."""
        self._since.add([(self._size, item.text)])
        self._send([item.text])

    def observe_all(self, items: Iterable[Draft]) -> None:
        """Add many drafts to the pool when a run starts or continues."""
        texts = (item.text for item in items)
        while some := list(islice(texts, _MAX_SENT)):
            self._send(some)
        self._found = {}

    def _send(self, texts: Sequence[str]) -> None:
        """Send each shard its part, without waiting: an actor handles calls in their order."""
        entries = list(enumerate(texts, start=self._size))
        self._size += len(entries)
        for number, shard in enumerate(self._shards):
            if mine := [entry for entry in entries if entry[0] % len(self._shards) == number]:
                shard.add.remote(mine)

    def _ask(self, texts: list[str]) -> dict[str, Found | None]:
        answers = ray.get([shard.decide.remote(texts, self._options.threshold) for shard in self._shards])
        return {text: nearest(found) for text, *found in zip(texts, *answers, strict=True)}


def _start() -> None:
    """Use the Ray of this process, or connect to RAY_ADDRESS, or start Ray on this computer."""
    if ray.is_initialized():
        return
    where = os.environ.get("RAY_ADDRESS", "")
    host, _, port = where.rpartition(":")
    try:
        if host and port.isdecimal() and "/" not in host:
            socket.create_connection(
                (host, int(port)), timeout=10
            ).close()  # without a server there, Ray would wait for minutes
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        problem = f"Ray cannot be used at {where or 'this computer'}: {chat.error_summary(error)}"
        raise PluginError(problem, "Check RAY_ADDRESS; without it, Ray is started here.") from error
