"""The novelty rule over shards: every shard is asked, and the best of what they found is what one pool would find."""

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

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before the import: Ray would report its use to its makers

import ray

_AT_ONCE = 10_000
"""Entries that are sent to the shards in one message when a run is resumed."""


class RougeLRay(Filter[Draft]):
    """Drop a draft whose ROUGE-L F1 with any seed or accepted instruction is above a threshold, as `rouge-l` does.

    Entries go to the shards in turn. The drafts of a reply are asked about in one message to each shard; what has been
    accepted since then is in a small pool here.
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
        """Ask the shards about all drafts of a reply."""
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
        """Let the draft join the pool."""
        self._since.add([(self._size, item.text)])
        self._send([item.text])

    def observe_all(self, items: Iterable[Draft]) -> None:
        """Let many join when a run begins."""
        texts = (item.text for item in items)
        while some := list(islice(texts, _AT_ONCE)):
            self._send(some)
        self._found = {}

    def _send(self, texts: Sequence[str]) -> None:
        """Give each shard its part. An actor works in the order in which it is called, so nothing is waited for."""
        entries = list(enumerate(texts, start=self._size))
        self._size += len(entries)
        for number, shard in enumerate(self._shards):
            if mine := [entry for entry in entries if entry[0] % len(self._shards) == number]:
                shard.add.remote(mine)

    def _ask(self, texts: list[str]) -> dict[str, Found | None]:
        answers = ray.get([shard.decide.remote(texts, self._options.threshold) for shard in self._shards])
        return {text: nearest(found) for text, *found in zip(texts, *answers, strict=True)}


def _start() -> None:
    """Use the Ray that runs in this process, else the cluster at RAY_ADDRESS, else one on this computer."""
    if ray.is_initialized():
        return
    where = os.environ.get("RAY_ADDRESS", "")
    host, _, port = where.rpartition(":")
    try:
        if host and port.isdecimal() and "/" not in host:
            socket.create_connection((host, int(port)), timeout=10).close()  # where nobody is, Ray waits for minutes
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        told = f"Ray cannot be used at {where or 'this computer'}: {chat.error_summary(error)}"
        raise PluginError(told, "Check RAY_ADDRESS; without it, Ray is started here.") from error
