"""Commits that are on their way to the disk, so many at a time."""

from __future__ import annotations

from collections import deque

from selfinstruct.store import CommitFuture

MAX_UNCOMMITTED = 1000
"""Requests or replies that may be on their way to the disk."""


class Commits:
    """Waits for the disk now and then, so that memory stays flat."""

    def __init__(self) -> None:
        self._waiting: deque[CommitFuture] = deque()

    async def add(self, commit: CommitFuture) -> None:
        """Remember a commit, and wait for the oldest while there are too many."""
        self._waiting.append(commit)
        await self.wait(MAX_UNCOMMITTED)

    async def wait(self, most: int) -> None:
        """Wait until at most so many commits are under way."""
        while len(self._waiting) > most:
            await self._waiting.popleft().wait()
