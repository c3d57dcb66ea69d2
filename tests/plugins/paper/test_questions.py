"""The prompts about one task, and the parsers of their replies."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.api import (
    CLASSIFY,
    INSTANCES,
    ConfigError,
    Instance,
    Instruction,
    Label,
    PoolView,
    RawInstances,
    Reply,
    Request,
    Sampling,
)
from selfinstruct_paper import read_clf_label

from .golden import golden
from .parts import built, read, seed_entry

Case = dict[str, Any]
MOOD = seed_entry(1, True, Instance("I sing.", "glad"), Instance(" I\n\nsigh. ", "not\nglad"), Instance("", "none"))
POEM = seed_entry(2, False, Instance("", " La\nla "))
SQUARE = seed_entry(3, False, Instance("2", "4"), Instance("", "0"))
ROOT = seed_entry(4, False, Instance("9\n\n16", "3"))
EXAMPLES = [MOOD, POEM, SQUARE, ROOT]

CLASSIFY_PROMPT, INSTANCES_PROMPT = built("encoders", "paper-classify"), built("encoders", "paper-instances")
CLASSIFY_READER, INSTANCES_READER = (
    built("post_processors", "paper-classify"),
    built("post_processors", "paper-instances"),
)


def view(clf: int, other: int, seed: int = 0) -> PoolView:
    seeds = [seed_entry(number, number < clf) for number in range(clf + other)]
    return PoolView(CLASSIFY, 0, seeds, [Instruction("g0.0", "A machine's.")], Random(seed))


def prompt(encoder: Any, text: str, clf: bool | None = None, examples: list[Instruction] = EXAMPLES) -> str:
    (message,) = encoder.encode(examples, [Instruction("g1.2", text, None, clf)])
    assert message.role == "user"
    return str(message.text)


# --- demonstrations ---------------------------------------------------------------------------------------------------


def test_demonstrations_have_both_kinds_in_mixed_order() -> None:
    drawn = built("samplers", "paper-demonstrations").sample(view(40, 40))
    kinds = [entry.seed.is_classification for entry in drawn]
    assert (len(set(drawn)), sum(kinds)) == (31, 12)
    assert kinds != sorted(kinds, reverse=True)
    assert built("samplers", "paper-demonstrations").sample(view(40, 40)) == drawn
    assert built("samplers", "paper-demonstrations").sample(view(40, 40, seed=1)) != drawn


@pytest.mark.parametrize(("clf", "other"), [(0, 0), (2, 0), (0, 3), (1, 9)])
def test_demonstrations_are_fewer_if_there_are_fewer_seeds(clf: int, other: int) -> None:
    drawn = built("samplers", "paper-demonstrations", classification=3, other=4).sample(view(clf, other))
    assert [sum(e.seed.is_classification == kind for e in drawn) for kind in (True, False)] == [clf, min(other, 4)]


# --- prompts ----------------------------------------------------------------------------------------------------------


def test_the_classification_question_has_the_form_of_the_paper() -> None:
    header, *blocks = prompt(CLASSIFY_PROMPT, " Name the mood. ").split("\n\n")
    assert "classification" in header
    assert blocks == [
        "Task: Seed instruction number 1.\nIs it classification? Yes",
        "Task: Seed instruction number 2.\nIs it classification? No",
        "Task: Seed instruction number 3.\nIs it classification? No",
        "Task: Seed instruction number 4.\nIs it classification? No",
        "Task: Name the mood.\nIs it classification?",
    ]


@pytest.mark.parametrize("clf", [False, None])
def test_other_tasks_are_asked_for_the_input_first(clf: bool | None) -> None:
    _, _, shown = prompt(INSTANCES_PROMPT, " Cube. ", clf).partition("\n\n")
    assert shown == (
        "Task: Seed instruction number 2.\nOutput: La\nla\n\n"
        "Task: Seed instruction number 3.\nExample 1\n2\nOutput: 4\nExample 2\nOutput: 0\n\n"
        "Task: Seed instruction number 4.\nExample 1\n9\n\n16\nOutput: 3\n\n"
        "Task: Cube.\n"
    )


def test_classification_tasks_are_asked_for_the_label_first() -> None:
    _, _, shown = prompt(INSTANCES_PROMPT, "Name the mood.", True).partition("\n\n")
    assert shown == (
        "Task: Seed instruction number 1.\nClass label: glad\nI sing.\nClass label: not glad\nI\n\nsigh.\n"
        "Class label: none\n\nTask: Name the mood.\n"
    )


def test_without_seeds_the_prompt_has_only_the_question() -> None:
    machine = [Instruction("g0.0", "A machine's.")]
    for encoder in (CLASSIFY_PROMPT, INSTANCES_PROMPT):
        text = prompt(encoder, "Cube.", True, machine)
        assert text.count("Task:") == 1
        assert "machine" not in text


@pytest.mark.parametrize("subjects", [[], [POEM, ROOT]])
def test_any_number_of_subjects_but_one_is_refused_with_a_hint(subjects: list[Instruction]) -> None:
    with pytest.raises(ConfigError, match="one instruction at a time") as refused:
        CLASSIFY_PROMPT.encode(EXAMPLES, subjects)
    assert refused.value.hint == "Set classify.batch to 1."
    with pytest.raises(ConfigError, match=f"was given {len(subjects)}"):
        INSTANCES_PROMPT.encode(EXAMPLES, subjects)


@given(st.text(), st.sampled_from([True, False, None]))
def test_every_instruction_can_be_encoded(text: str, clf: bool | None) -> None:
    assert prompt(CLASSIFY_PROMPT, text, clf).endswith(f"Task: {text.strip()}\nIs it classification?")
    assert prompt(INSTANCES_PROMPT, text, clf).endswith(f"\n\nTask: {text.strip()}\n")


# --- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "label"), [(" Yes", "yes"), ("YES\n", "yes"), ("Yes.", "no"), ("yEs", "no"), ("", "no"), ("maybe", "no")]
)
def test_everything_but_a_plain_yes_is_read_as_no(text: str, label: str) -> None:
    assert read(CLASSIFY_READER, POEM, text) == [Label(label, "seed_2", {"said": text})]


@pytest.mark.parametrize(("finish", "notes"), [("stop", {}), ("length", {"cut": True}), ("filtered", {})])
def test_raw_instances_are_unchanged(finish: str, notes: dict[str, bool]) -> None:
    assert read(INSTANCES_READER, POEM, " Output: a\n", finish) == [RawInstances(" Output: a\n", "seed_2", notes)]


@given(st.text(), st.sampled_from(["stop", "length", "filtered", "unknown"]), st.integers(0, 3))
def test_every_reply_can_be_read(text: str, finish: Any, subjects: int) -> None:
    request = Request(INSTANCES, 0, (), subjects=tuple(seed_entry(number) for number in range(subjects)))
    for reader in (CLASSIFY_READER, INSTANCES_READER, built("post_processors", "paper-examples")):
        items = reader.process(request, Reply(text, finish))
        assert {item.subject for item in items} <= {"seed_0"}


# --- what the reference did -------------------------------------------------------------------------------------------


def asked(case: Case, key: str) -> list[str]:
    return [text for call in case["output"]["calls"] for text in call[key]]


def as_sampling(call: Case) -> Sampling:
    """The recorded settings without the `top_p` of 0, which not every provider accepts."""
    names = ("temperature", "max_tokens", "frequency_penalty", "presence_penalty")
    return Sampling(stop=tuple(call["stop_sequences"]), **{name: call[name] for name in names})


@golden("e2e_identify_clf")
def test_the_classification_prompts_equal_the_recorded_ones(case: Case) -> None:
    by_end = {prompt(CLASSIFY_PROMPT, text).rpartition("Task:")[2]: text for text in case["input"]["instructions"]}
    assert all(end in by_end for end in asked(case, "prompts_after_template"))
    assert all(as_sampling(call) == CLASSIFY_PROMPT.sampling for call in case["output"]["calls"])


@golden("e2e_identify_clf")
def test_labels_equal_the_recorded_ones(case: Case) -> None:
    (file,) = case["output"]["file"].values()
    said = {row["instruction"].strip(): row["is_classification"] for row in map(json.loads, file.splitlines())}
    replies = zip(asked(case, "prompts_after_template"), case["input"]["responses_in_order"], strict=False)
    for end, reply in replies:
        subject = Instruction("g0.0", end.strip().partition("\n")[0])
        if reply is not None and subject.text in said:
            (label,) = read(CLASSIFY_READER, subject, *reply)
            assert label.notes == {"said": said[subject.text]}
            assert label.text == ("yes" if read_clf_label(said[subject.text]) else "no")


@golden("e2e_generate_instances")
def test_prompts_and_raw_instances_equal_the_recorded_ones(case: Case) -> None:
    labels = map(json.loads, case["input"]["classification_file"].splitlines())
    kinds = {row["instruction"].strip(): read_clf_label(row["is_classification"]) for row in labels}
    rows = {row["instruction"].strip(): row["raw_instances"] for row in case["output"].get("rows") or []}
    replies = zip(asked(case, "prompts_short"), case["input"]["responses_in_order"], strict=False)
    for short, reply in replies:
        kind, text = short.split(" ", 1)
        subject = Instruction("g0.0", text.strip(), None, kinds[text.strip()])
        asks = prompt(INSTANCES_PROMPT, subject.text, subject.is_classification)
        assert asks.endswith(f"\n\nTask: {text}")
        assert ("Class label:" in asks) is (kind == "CLF")
        if reply is not None:
            assert [item.text for item in read(INSTANCES_READER, subject, *reply)] == [rows[subject.text]]


@golden("e2e_generate_instances")
def test_the_sampling_of_instances_equals_the_recorded_one(case: Case) -> None:
    """Except for the token limit of batches with classification tasks, which is 300 in the reference."""
    for call in case["output"]["calls"]:
        assert call["max_tokens"] in (300, 350)
        assert as_sampling(call | {"max_tokens": 350}) == INSTANCES_PROMPT.sampling
