"""The filter `near-duplicate`: what repeats goes, what only has the same form stays."""

from __future__ import annotations

import os
from random import Random

import pytest

from selfinstruct.api import Example
from selfinstruct_filters.near_duplicate import NearDuplicateFilter, NearDuplicateOptions

STORY = (
    "The keeper climbed the stairs every evening and lit the lamp. One night the light went out, and a small boat"
    " came in by the sound of his voice alone, which he lifted over the storm until the morning."
)
TEXT = " ".join(f"word{number}" for number in range(300))
LABEL_TASK = "Read the rating that a guest left and say whether the guest would come back: answer with yes or no." * 4


def example(output: str, given: str = "", instruction: str = "Tell a story.", subject: str = "g0.0") -> Example:
    return Example(instruction, given, output, False, subject)


def evaluated(item: Example, *before: Example, **options: float) -> tuple[str, str | None]:
    """The reason, and the task of the example that was nearest."""
    rule = NearDuplicateFilter(NearDuplicateOptions.model_validate(options))
    rule.observe_all(before)
    verdict = rule.evaluate(item)
    return verdict.reason, verdict.evidence.get("subject")  # type: ignore[return-value]


def test_a_story_that_comes_back_under_another_task_is_dropped() -> None:
    again = example(STORY.replace("small", "little"), instruction="Tell a story of the sea.", subject="g5.2")
    assert evaluated(again, example("Yes."), example(STORY, subject="g1.1")) == ("near-duplicate", "g1.1")


def test_the_evidence_is_the_nearest_output_clipped_and_the_score() -> None:
    rule = NearDuplicateFilter(NearDuplicateOptions())
    rule.observe(example(STORY * 3))
    evidence = rule.evaluate(example(STORY * 3 + " End.")).evidence
    assert evidence["nearest"] == (STORY * 3)[:200]
    assert 0.9 < float(str(evidence["score"])) < 1


def test_labels_of_a_long_task_for_other_inputs_are_kept() -> None:
    assert evaluated(example("yes", "Nice bed.", LABEL_TASK), example("yes", "Good food.", LABEL_TASK)) == ("", None)


def test_two_questions_about_one_long_text_are_kept() -> None:
    first = example(STORY, TEXT, "Who is the hero of this text?")
    other = example(" ".join(reversed(STORY.split())), TEXT, "Where does it take place?")
    assert evaluated(other, first) == ("", None)
    assert evaluated(example(STORY + " End.", TEXT, "Whom is it about?"), first)[0] == "near-duplicate"


def test_how_near_and_how_short_is_an_option() -> None:
    again = example(STORY.replace("small", "little"), instruction="What did the keeper do? Tell it in two sentences.")
    assert evaluated(again, example(STORY), threshold=0.95) == ("", None)
    assert evaluated(again, example(STORY), threshold=0.8)[0] == "near-duplicate"
    assert evaluated(again, example(STORY), threshold=0.8, shortest=60) == ("", None)


def test_operators_count() -> None:
    first = example("if a == b and c == d and e == f and g == h: return x + y")
    assert evaluated(example(first.output), first)[0] == "near-duplicate"
    assert evaluated(example("if a != b and c != d and e != f and g != h: return x - y"), first) == ("", None)


@pytest.mark.parametrize(
    "text",
    [
        "灯塔的守护者每天晚上都会爬上楼梯点亮那盏灯。",
        "Смотритель маяка каждый вечер поднимался по лестнице и зажигал лампу, а утром снова спускался вниз",
    ],
)
def test_every_script_is_compared(text: str) -> None:
    assert evaluated(example(text + "!"), example(text))[0] == "near-duplicate"


@pytest.mark.parametrize("kernel", ["rapidfuzz", None])
def test_every_kernel_decides_alike(kernel: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(5)
    tales = [" ".join(rng.choices(TEXT.split(), k=rng.randint(12, 60))) for _ in range(60)]
    near = [f"{tale} {rng.choice(['again', 'once more', 'x y z and more of it'])}" for tale in tales]
    items = [example(tale, subject=str(at)) for at, tale in enumerate(tales)]
    expected = [evaluated(example(tale), *items) for tale in near]
    assert {reason for reason, _ in expected} == {"", "near-duplicate"}
    if kernel:
        monkeypatch.setitem(os.environ, "SELFINSTRUCT_KERNEL", kernel)
    assert [evaluated(example(tale), *items) for tale in near] == expected
