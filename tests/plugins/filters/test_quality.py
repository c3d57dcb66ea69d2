"""The default recipe on good and plainly bad material, of which half was not looked at while the rules were made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from selfinstruct.api import GENERATE, Draft, Example
from selfinstruct_filters.echo import EchoFilter, EchoOptions
from selfinstruct_filters.material import MaterialFilter
from selfinstruct_filters.unfinished import UnfinishedFilter

from .chain import Chain, read
from .quality import MOST_BAD_KEPT, MOST_GOOD_DROPPED, PARTS, Part, cases, tally

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "quality.py"


def test_the_material_is_of_many_kinds() -> None:
    assert len(cases()) > 900
    assert len({case.kind for case in cases()}) > 50


def test_hardly_a_good_instruction_is_dropped() -> None:
    counts = tally(GENERATE)
    assert counts.good_dropped <= MOST_GOOD_DROPPED * counts.good, [line for line in counts.wrong if "[" in line]


@pytest.mark.parametrize("part", PARTS)
def test_most_of_the_plainly_bad_instructions_are_dropped(part: Part) -> None:
    counts = tally(GENERATE, part)
    assert counts.bad - counts.bad_dropped <= MOST_BAD_KEPT * counts.bad


def test_a_marked_line_does_not_block_the_clean_one_that_follows() -> None:
    reply = "\n".join(
        [
            "1. Version 1: Explain how the brake of a bicycle works.",
            "2. Explain how the brake of a bicycle works.",
            "3. Task 5: 6. Name three trees that grow near water.",
            "4. Name three trees that grow near water.",
        ]
    )
    assert Chain().accepted(read(reply)) == [
        "Explain how the brake of a bicycle works.",
        "Name three trees that grow near water.",
    ]


MESSAGES = (
    "Each task must stand on its own.\n1. Name a river of Asia that is long.",
    "Write 8 new tasks, numbered 1 to 8.",
)


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("Write 10 new tasks, numbered 1 to 10.", False),
        ("Each task must stand on its own, please.", False),
        ("Name a river of Asia that is long.", True),
        ("Write 10 new interview questions for a beekeeper.", True),
    ],
)
def test_a_copy_of_the_prompt_is_dropped_but_an_example_is_left_to_other_filters(text: str, is_kept: bool) -> None:
    draft = Draft(text, examples=("Name a river of Asia that is long.",), messages=MESSAGES)
    assert EchoFilter(EchoOptions()).evaluate(draft).keep is is_kept


def test_the_reader_hands_the_messages_on() -> None:
    assert all(draft.messages == () for draft in read("1. Name a river."))


def test_an_example_repeats_the_phrases() -> None:
    one = EchoFilter(EchoOptions(phrases=("the text or data that the task works on", "the answer")))
    assert not one.evaluate(Example("Name a river.", "The text or data that the task works on", "x", False, "g")).keep
    assert not one.evaluate(Example("Name a river.", "", "The answer", False, "g")).keep
    assert one.evaluate(Example("Name a river.", "", "The answer is the Nile.", False, "g")).keep


@pytest.mark.parametrize(
    ("instruction", "given", "is_kept"),
    [
        ("Summarise the following article.", "", False),
        ("Summarise the following article.", "Bees fly.", True),
        ("Find the error in this sentence: She don't know.", "", True),
        ("Given the paragraph below, list the animals in it. The heron saw two otters.", "", True),
        ("Write a function that sorts the given list.", "", True),
        ("Sort this list by length, then count it.", "", False),
        ("Fasse den folgenden Text zusammen.", "", False),
        ("请总结下面的文章。", "", False),
        ("请把下面的句子改成被动句：小猫打破了花瓶。", "", True),
        ("Describe the following day of a wedding.", "", True),
    ],
)
def test_an_example_without_the_material_its_task_points_at_is_dropped(
    instruction: str, given: str, is_kept: bool
) -> None:
    assert MaterialFilter().evaluate(Example(instruction, given, "x", False, "g0.0")).keep is is_kept


PROSE = "The captain looked at the map for a long time. Then he folded it, put it in his coat and went to the"


@pytest.mark.parametrize(
    ("end", "is_kept"),
    [
        (" umbr", False),
        (" to-", False),
        (" le", False),
        (" sea", True),
        (" sea.", True),
        (" captain", True),
        (" harbour", True),
    ],
)
def test_an_output_that_ends_in_mid_word_is_dropped(end: str, is_kept: bool) -> None:
    item = Example("Write a story.", "", PROSE + end, False, "g0.0")
    assert UnfinishedFilter().evaluate(item).keep is is_kept


def test_good_prompts_of_your_own_are_counted_by_filter(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    rows = [{"prompt": "Name three rivers."}, {"question": "Why do dogs bark?"}, "Draw a cat.", "Draw a cat."]
    own.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = subprocess.run([sys.executable, SCRIPT, "--instructions", own], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == [
        "1 of 3 dropped (33.33%)",
        "  keywords: 1",
        "keywords: needs-more-than-text | 'Draw a cat.'",
    ]
