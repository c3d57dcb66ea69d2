"""The prompts for worked examples, and what the model says to them, from prompt to example."""

from __future__ import annotations

from random import Random

import pytest
from pydantic import ValidationError

from selfinstruct.api import ConfigError, Instruction, RawInstances, Reply, Request
from selfinstruct_chat.prompts.classify import ChatClassifyEncoder, ChatClassifyOptions
from selfinstruct_chat.prompts.instances import ChatInstancesEncoder, ChatInstancesOptions, ChatInstancesReader
from selfinstruct_chat.readers.classification import ChatLabelsReader
from selfinstruct_chat.readers.examples import ChatExamplesReader
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import DemoReply, reply_to
from selfinstruct_demo.tasks import draw_task, recognise
from tests.plugins.demo_options import faultless

OPEN = Instruction("g0.1", "Write a poem\n\nabout <<rain>>.", None, False)
LABELS = Instruction("g0.2", 'Tag the mail as "kind", "rude" or "odd".', None, True)


def encoder(count: int = 3) -> ChatInstancesEncoder:
    return ChatInstancesEncoder(ChatInstancesOptions(count=count))


def ask(subject: Instruction, options: DemoOptions, count: int = 3) -> DemoReply:
    """What the demo model says to the real prompt."""
    turns = [("human" if one.role == "user" else one.role, one.text) for one in encoder(count).encode((), [subject])]
    return reply_to(turns, options)


def examples(subject: Instruction, said: DemoReply) -> list[tuple[str, str]]:
    request = Request("instances", 0, (), subjects=(subject,))
    reply = Reply(said.text, "length" if said.cut else "stop")
    (raw,) = ChatInstancesReader().process(request, reply)
    read = ChatExamplesReader().process(request, Reply(raw.text, reply.finish))
    return [(example.input, example.output) for example in read]


@pytest.mark.parametrize("subject", [OPEN, LABELS])
def test_the_prompt(subject: Instruction) -> None:
    system, user = encoder().encode((), [subject])
    assert (system.role, user.role) == ("system", "user")
    assert len(system.text.split()) <= 110
    assert "up to 3 examples" in system.text
    assert user.text == f"Task:\n{subject.text}\n\nWrite its examples, in the form given."
    assert encoder().encode((), [subject])[0] == system


def test_a_classification_task_names_the_label_first() -> None:
    systems = [encoder().encode((), [subject])[0].text for subject in (OPEN, LABELS, Instruction("x", "Do it."))]
    assert [text.index("<<OUTPUT>>\n") < text.index("<<INPUT>>\n") for text in systems] == [False, True, False]
    assert systems[0] == systems[2]


def test_a_prompt_that_the_server_sends_back_is_no_part_of_the_raw_text() -> None:
    messages = tuple(encoder().encode((), [OPEN]))
    for echo in (messages[-1].text, "\n\n".join(message.text for message in messages)):
        request = Request("instances", 0, messages, subjects=(OPEN,))
        (raw,) = ChatInstancesReader().process(request, Reply(f"{echo}\n\n<<OUTPUT>>\nRain again.", "stop"))
        assert raw.text == "<<OUTPUT>>\nRain again."


def test_options() -> None:
    assert "Write one example, in this form" in encoder(1).encode((), [OPEN])[0].text
    assert encoder().sampling.max_tokens == 1024
    assert (encoder(8).sampling.max_tokens or 0) > 2000
    with pytest.raises(ValidationError):
        ChatInstancesOptions(count=0)
    with pytest.raises(ConfigError, match="one instruction at a time"):
        encoder().encode((), [OPEN, LABELS])


def test_the_raw_text_is_kept_as_it_is() -> None:
    request = Request("instances", 0, (), subjects=(OPEN,))
    raw = "<<OUTPUT>>\r\n  Rain \n\n<think>is a tag</think>  "
    assert ChatInstancesReader().process(request, Reply(f"<think>Hm.\n</think>\n{raw}\n", "stop")) == [
        RawInstances(raw, OPEN.id)
    ]
    (cut,) = ChatInstancesReader().process(request, Reply("<think>Hm.", "length"))
    assert (cut.text, cut.notes) == ("", {"cut": True})


def test_demo_answers_a_classification_task_with_each_label() -> None:
    found = examples(LABELS, ask(LABELS, faultless()))
    assert [output for _, output in found] == ["kind", "rude", "odd"]
    assert all(len(given.split()) > 5 for given, _ in found)


def test_demo_answers_a_task_with_input_and_one_without() -> None:
    given = Instruction("x", "Convert the given CSV on tea, plum to JSON.", None, False)
    assert 2 <= len(examples(given, ask(given, faultless()))) <= 3
    assert len(examples(given, ask(given, faultless(), count=1))) == 1
    added = Instruction("x", "Compute the mean of 10, 20, 40, 50, rounded to two decimals.", None, False)
    assert examples(added, ask(added, faultless())) == [("", "30")]


def test_round_trip_of_the_demos_own_tasks() -> None:
    rng = Random(7)
    for _ in range(300):
        task = draw_task(rng)
        for labels in (False, True):
            subject = Instruction("x", task, None, labels)
            found = examples(subject, ask(subject, faultless()))
            assert found, task
            assert all(output for _, output in found), task
            assert all("<<" not in text for pair in found for text in pair), task
            known = recognise(task)
            assert known
            assert all(known.answer(given) == output for given, output in found), task


def test_other_markers_are_read_all_the_same() -> None:
    options = faultless(instance_faults=1)
    found = [
        examples(LABELS, ask(Instruction(str(at), f"{LABELS.text} {at}.", None, True), options)) for at in range(60)
    ]
    assert all(found)
    assert any(len({given for given, _ in some}) < len(some) for some in found)
    assert any(not output for some in found for _, output in some)
    assert any("can't" in output or "cannot" in output for some in found for _, output in some)


def test_demo_breaks_off() -> None:
    said = ask(OPEN, faultless(cut=1))
    assert said.cut
    request = Request("prepare", 0, (), subjects=(OPEN,))
    assert ChatExamplesReader().process(request, Reply(said.text, "length"))[-1].notes["cut"] is True


@pytest.mark.parametrize("markers", [0.0, 1.0])
def test_demo_classifies_what_the_real_prompt_asks(markers: float) -> None:
    rng = Random(3)
    tasks = [draw_task(rng, classification=at % 3 == 0) for at in range(40)]
    subjects = tuple(Instruction(str(at), text) for at, text in enumerate([*tasks, "Write:\n1. a poem\n2. a song"]))
    messages = ChatClassifyEncoder(ChatClassifyOptions()).encode((), subjects)
    said = reply_to(
        [("human" if one.role == "user" else one.role, one.text) for one in messages], faultless(markers=markers)
    )
    labels = ChatLabelsReader().process(Request("classify", 0, (), subjects=subjects), Reply(said.text, "stop"))
    assert [label.subject for label in labels] == [subject.id for subject in subjects]
    assert all(label.text in ("yes", "no") for label in labels)
    assert all(label.text == "yes" for label in labels[:40:3])
    assert labels[-1].text == "no"
