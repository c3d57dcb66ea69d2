"""What candidates are called: `g12.3` is the candidate at position 3 of request 12 of the stage generate."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE

LETTERS: Mapping[str, str] = {"g": GENERATE, "c": CLASSIFY, "i": INSTANCES, "e": PREPARE, "r": JUDGE}
"""The first letter of a candidate's id, and the stage that it stands for."""

_FIRST = {stage: letter for letter, stage in LETTERS.items()}
_CANDIDATE = re.compile(rf"([{''.join(LETTERS)}])([0-9]{{1,9}})\.([0-9]{{1,9}})")


def candidate_id(stage: str, index: int, position: int) -> str:
    """The id of the candidate at a position, counted from 0, of a request of a stage."""
    return f"{_FIRST[stage]}{index}.{position}"


def parse_candidate_id(text: str) -> tuple[str, int, int] | None:
    """The stage, request and position that an id names; `None` if it is not the id of a candidate."""
    found = _CANDIDATE.fullmatch(text)
    return (LETTERS[found[1]], int(found[2]), int(found[3])) if found else None
