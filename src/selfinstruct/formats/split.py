"""Divides training examples into train and validation, all instances of an instruction on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def held_out(instructions: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """The instructions of the validation part, where train gets about `share` (above 0, at most 1) of them.

    Each instruction falls on a side by its own hash, so it stays there when the run grows: what a model was trained
    on never turns up in a later validation part. Only where a part would be empty does one cross over; a single
    instruction belongs to train.
    """
    points = {text: _point(text, seed) for text in instructions}
    if share >= 1 or len(points) < 2:
        return frozenset()
    held = {text for text, point in points.items() if point >= share}
    if not held:
        held = {max(points, key=lambda text: (points[text], text))}
    elif len(held) == len(points):
        held.remove(min(points, key=lambda text: (points[text], text)))
    return frozenset(held)


def _point(text: str, seed: int) -> float:
    """A number from 0 to below 1 that looks drawn at random and is always the same."""
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    return (int.from_bytes(digest[:8]) >> 11) / 2**53
