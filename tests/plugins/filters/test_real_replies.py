"""The whole chain on ten real replies of Llama-3, none of which holds a new task."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .chain import Chain, read

REPLIES = Path(__file__).parents[4] / "shared" / "data" / "llama3_responses.jsonl"
SEEDS = (
    "What is the relation between the given pairs?",
    (
        "Is there anything I can eat for a breakfast that doesn't include eggs, yet includes protein, and has roughly"
        " 700-1000 calories?"
    ),
    "Generate a one-sentence description for each of the following people.",
    "Describe a situation in which the given stereotype can harm you.",
    "Generate an appropriate subjective title for the following email",
)
"""The plain ones among the examples that the prompts of these replies show."""

_NUMBERED = re.compile(r"^\d+\. (.+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not REPLIES.exists(), reason="the recorded replies are not beside this repository")


@pytest.mark.parametrize("show_examples", [True, False], ids=["with examples", "seeds only"])
def test_nothing_is_accepted(show_examples: bool) -> None:
    chain = Chain(SEEDS)
    candidates = 0
    for line in REPLIES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        examples = _NUMBERED.findall(row["prompt"]) if show_examples else ()
        drafts = read(row["response"]["choices"][0]["text"], examples)
        candidates += len(drafts)
        assert chain.accepted(drafts) == [], row["request_idx"]
    assert candidates > 50
