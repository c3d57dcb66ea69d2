"""The mistakes of the demo backend never happen at rate 0 and always at rate 1."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from selfinstruct_demo.faults import MARKERS, OUTROS, PREAMBLES, REFUSALS
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import DemoReply, reply_to
from tests.plugins.demo_options import faultless

EXAMPLES = [
    "Give three reasons why bees matter to farmers.",
    "Write a birthday card for a colleague who likes chess.",
    "Given a list of towns, sort them by distance from the sea.",
]
SHOWN = "\n".join(f"{number}. {text}" for number, text in enumerate(EXAMPLES, 1))
PLAIN = re.compile(r"(?:\d+\. [^\n]+\n)*\d+\. [^\n]+")


def ask(number: int, **faults: float) -> DemoReply:
    """The reply to a prompt for 6 tasks. Each `number` gives a different prompt."""
    return reply_to([("system", f"Round {number}."), ("human", f"{SHOWN}\n\nWrite 6 new tasks.")], faultless(**faults))


def items(said: DemoReply) -> list[str]:
    return [line.partition(". ")[2] for line in said.text.splitlines()]


def test_without_faults_a_reply_is_a_plain_list_of_new_tasks() -> None:
    for number in range(50):
        said = ask(number)
        assert PLAIN.fullmatch(said.text)
        assert not said.cut
        assert len(items(said)) == 6
        assert not set(items(said)) & set(EXAMPLES)


def test_the_fault_refusal_writes_a_refusal() -> None:
    assert {ask(number, refusal=1).text for number in range(40)} == set(REFUSALS)


def test_the_faults_preamble_and_outro_surround_the_list() -> None:
    for number in range(20):
        said = ask(number, preamble=1, outro=1).text
        assert said.startswith(PREAMBLES)
        assert said.endswith(OUTROS)
        assert PLAIN.search(said)


def test_the_fault_markers_uses_other_markers() -> None:
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


def test_the_fault_cut_ends_the_reply_early() -> None:
    for number in range(50):
        said, whole = ask(number, cut=1), ask(number)
        assert said.cut
        assert whole.text.startswith(said.text)
        assert 0 < len(said.text) < len(whole.text)


def test_the_fault_echo_copies_examples() -> None:
    assert all(set(items(ask(number, echo=1))) <= set(EXAMPLES) for number in range(20))


def test_the_fault_near_duplicate_restates_examples() -> None:
    for number in range(20):
        for item in items(ask(number, near_duplicate=1)):
            assert item not in EXAMPLES
            words = set(item.lower().split())
            assert any(len(words & set(text.lower().split())) > 0.6 * len(text.split()) for text in EXAMPLES), item


def test_the_fault_answer_writes_answers() -> None:
    glued = [ask(number, answer=1).text.count("\n\nAnswer: ") for number in range(40)]
    assert 60 < sum(glued) < 180


def test_the_fault_unsuitable_writes_unsuitable_tasks() -> None:
    unfit = re.compile(r"\b(?:picture|video|image|graph|recording)\b|^(?:\S+ ?){1,5}$")
    assert all(unfit.search(item) for number in range(20) for item in items(ask(number, unsuitable=1)))


def test_faults_work_in_a_prompt_without_examples() -> None:
    said = reply_to([("human", "Write 4 new tasks.")], faultless(echo=1))
    assert len(said.text.splitlines()) == 4


@pytest.mark.parametrize(("fault", "sign"), [("refusal", "I"), ("preamble", ":\n\n")])
def test_a_rate_is_the_share_of_replies_with_the_fault(fault: str, sign: str) -> None:
    struck = sum(not PLAIN.fullmatch(ask(number, **{fault: 0.3}).text) for number in range(600))
    assert 0.22 < struck / 600 < 0.38


def test_faults_of_task_lists_do_not_change_classification_and_instances() -> None:
    every = DemoOptions.model_validate(dict.fromkeys(DemoOptions.model_fields.keys() - {"seed", "latency"}, 1.0))
    said = reply_to([("human", "Task: Name a bird.\nIs it classification?")], every)
    assert said == DemoReply(" No")


# --- classification and instances, in the chat form ------------------------------------------------------------------

LABELS = [f"Sort the note number {number}." for number in range(1, 31)]
BLOCKS = "Write up to 3 examples, in this form:\n\n{}\n\nNothing else."
INPUT_FIRST = BLOCKS.format("<<INPUT>>\ntext\n<<OUTPUT>>\nanswer")
OUTPUT_FIRST = BLOCKS.format("<<OUTPUT>>\nlabel\n<<INPUT>>\ntext")


def classify(number: int, **faults: float) -> str:
    system = f"Round {number}. Say which are classification tasks: yes or no."
    listed = "\n".join(f"{at}. {text}" for at, text in enumerate(LABELS, 1))
    return reply_to([("system", system), ("human", f"Tasks:\n{listed}\n\nAnswer each.")], faultless(**faults)).text


def cases(number: int, system: str = INPUT_FIRST, **faults: float) -> DemoReply:
    task = f"Add up the given CSV by item, in this order: tea, plum, fig {number}."
    if system == OUTPUT_FIRST:
        task = f'Tag the mail as "kind", "rude" or "odd", for cook number {number}.'
    return reply_to([("system", system), ("human", f"Task:\n{task}\n\nWrite the examples now.")], faultless(**faults))


def test_label_faults_omit_lines_or_write_maybe() -> None:
    assert all(re.fullmatch(r"\d+\. (?:yes|no)", line) for line in classify(0).splitlines())
    said = [line for number in range(40) for line in classify(number, label_faults=0.2).splitlines()]
    left_out = 40 * len(LABELS) - len(said)
    maybe = sum(line.endswith("maybe") for line in said)
    assert 0.06 < left_out / (40 * len(LABELS)) < 0.14
    assert 0.06 < maybe / (40 * len(LABELS)) < 0.14
    assert set(classify(1, label_faults=1).split()) <= {*(f"{at}." for at in range(31)), "maybe"}


def test_instance_faults_are_of_every_kind() -> None:
    seen = Counter[str]()
    for number in range(120):
        for system in (INPUT_FIRST, OUTPUT_FIRST):
            said = cases(number, system, instance_faults=1).text
            if said in REFUSALS:
                seen["refusal"] += 1
            elif "<<" not in said:
                assert re.search(r"Input|Class label: kind", said), said
                seen["markers"] += 1
            elif re.search(r"<<OUTPUT>>\n+(?:<<|\Z)", f"{said}\n"):
                seen["empty"] += 1
            else:
                assert said.count("<<INPUT>>") > len(set(re.findall(r"<<INPUT>>\n(.+)", said)))
                seen["conflict"] += 1
    assert set(seen) == {"refusal", "markers", "empty", "conflict"}
    assert min(seen.values()) > 20


def test_the_fault_cut_ends_instances_early() -> None:
    said = cases(1, cut=1)
    assert said.cut
    assert cases(1).text.startswith(said.text)
    assert not cases(1).cut
