"""The demo backend's mistakes: absent at rate 0, certain at rate 1."""

from __future__ import annotations

import json
import re

import pytest

from selfinstruct_demo.faults import MARKERS, OUTROS, PREAMBLES, REFUSALS
from selfinstruct_demo.options import DemoOptions, faultless
from selfinstruct_demo.reply import Text, reply_to

EXAMPLES = [
    "Give three reasons why bees matter to farmers.",
    "Write a birthday card for a colleague who likes chess.",
    "Given a list of towns, sort them by distance from the sea.",
]
SHOWN = "\n".join(f"{number}. {text}" for number, text in enumerate(EXAMPLES, 1))
PLAIN = re.compile(r"(?:\d+\. [^\n]+\n)*\d+\. [^\n]+")


def ask(number: int, **faults: float) -> Text:
    """Ask for 6 tasks; `number` makes the prompt another one."""
    return reply_to([("system", f"Round {number}."), ("human", f"{SHOWN}\n\nWrite 6 new tasks.")], faultless(**faults))


def items(said: Text) -> list[str]:
    return [line.partition(". ")[2] for line in said.text.splitlines()]


def test_without_faults_a_reply_is_a_plain_list_of_new_tasks() -> None:
    for number in range(50):
        said = ask(number)
        assert PLAIN.fullmatch(said.text)
        assert not said.cut
        assert len(items(said)) == 6
        assert not set(items(said)) & set(EXAMPLES)


def test_refusal() -> None:
    assert {ask(number, refusal=1).text for number in range(40)} == set(REFUSALS)


def test_preamble_and_outro() -> None:
    for number in range(20):
        said = ask(number, preamble=1, outro=1).text
        assert said.startswith(PREAMBLES)
        assert said.endswith(OUTROS)
        assert PLAIN.search(said)


def test_markers() -> None:
    seen = set()
    for number in range(60):
        said = ask(number, markers=1).text
        if said.startswith("["):
            assert len(json.loads(said)) == 6
            seen.add("json")
            continue
        found = re.match(r"\*\*1\.\*\* |1\) |Task 1: |- ", said)
        assert found, said
        seen.add(found[0].replace("1", "{}"))
    assert seen == set(MARKERS)


def test_cut() -> None:
    for number in range(50):
        said, whole = ask(number, cut=1), ask(number)
        assert said.cut
        assert whole.text.startswith(said.text)
        assert 0 < len(said.text) < len(whole.text)


def test_echo() -> None:
    assert all(set(items(ask(number, echo=1))) <= set(EXAMPLES) for number in range(20))


def test_near_duplicate() -> None:
    for number in range(20):
        for item in items(ask(number, near_duplicate=1)):
            assert item not in EXAMPLES
            words = set(item.lower().split())
            assert any(len(words & set(text.lower().split())) > 0.6 * len(text.split()) for text in EXAMPLES), item


def test_answer() -> None:
    glued = [ask(number, answer=1).text.count("\n\nAnswer: ") for number in range(40)]
    assert 60 < sum(glued) < 180


def test_unsuitable() -> None:
    unfit = re.compile(r"^(?:\W|\d|Write a program)|\b(?:picture|video|image|graph)\b|^(?:\S+ ?){1,5}$")
    assert all(unfit.search(item) for number in range(20) for item in items(ask(number, unsuitable=1)))


def test_a_fault_without_examples_is_still_a_reply() -> None:
    said = reply_to([("human", "Write 4 new tasks.")], faultless(echo=1))
    assert len(said.text.splitlines()) == 4


@pytest.mark.parametrize(("fault", "sign"), [("refusal", "I"), ("preamble", ":\n\n")])
def test_a_rate_is_a_share(fault: str, sign: str) -> None:
    struck = sum(not PLAIN.fullmatch(ask(number, **{fault: 0.3}).text) for number in range(600))
    assert 0.22 < struck / 600 < 0.38


def test_faults_spare_classification_and_instances() -> None:
    every = DemoOptions.model_validate(dict.fromkeys(DemoOptions.model_fields.keys() - {"seed", "latency"}, 1.0))
    said = reply_to([("human", "Task: Name a bird.\nIs it classification?")], every)
    assert said == Text(" No")
