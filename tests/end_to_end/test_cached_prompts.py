"""What is the same in all prompts of a stage stands first, so that a provider's cache of prompts can hold it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct

STAGES = {"chat": ("generate", "classify", "instances", "judge"), "paper": ("generate", "classify", "instances")}
LONGEST_CLOSING = 160
"""Characters that may be the same at the end of all prompts: the request itself stands there on purpose."""


@pytest.fixture(scope="module", params=sorted(STAGES))
def prompts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The prompts of a run by stage; those of `instances` are of two kinds, which depend on the label."""
    recipe = str(request.param)
    out = tmp_path_factory.mktemp("cached") / "run"
    settings = {"classify.batch": 3, "judge.batch": 3} if recipe == "chat" else {}  # so that there are several requests
    SelfInstruct(backend="demo", recipe=recipe, out=out, settings=settings).run(12, judge=recipe == "chat" or None)
    found: dict[str, list[str]] = {}
    for stage, prompt in read_prompts(out):
        found.setdefault(stage, []).append(prompt)
    assert {stage.partition(" ")[0] for stage in found} == set(STAGES[recipe])
    return {stage: texts for stage, texts in found.items() if len(texts) > 1}


def read_prompts(out: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(out / "run.sqlite")) as database:
        labels = dict(database.execute("SELECT subject, label FROM labels"))
        for stage, body in database.execute("SELECT stage, body FROM requests ORDER BY stage, idx"):
            asked = json.loads(body)
            kind = f" {labels[asked['subjects'][0]]}" if stage == "instances" else ""
            yield stage + kind, "\n".join(text for message in asked["messages"] for text in map(str, message))


def shared_length(texts: list[str]) -> int:
    """How many characters at their beginning all texts have in common."""
    return sum(1 for _ in takewhile(lambda characters: len(set(characters)) == 1, zip(*texts, strict=False)))


def test_what_all_prompts_of_a_stage_share_stands_first(prompts: dict[str, list[str]]) -> None:
    for stage, texts in prompts.items():
        rest = [set(text[shared_length(texts) :].splitlines()) for text in texts]
        closing_lines = "\n".join(set.intersection(*rest))
        assert len(closing_lines) <= LONGEST_CLOSING, f"{stage} repeats behind what changes: {closing_lines}"


def test_most_of_a_prompt_with_worked_examples_is_shared(prompts: dict[str, list[str]]) -> None:
    """In the paper's recipe, where the examples of `classify` and `instances` are the same for all requests."""
    for stage, texts in prompts.items():
        if min(map(len, texts)) > 3000:
            assert shared_length(texts) > 0.9 * max(map(len, texts)), stage
