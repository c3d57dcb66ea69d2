"""The chat prompt: stable where providers cache, short, and readable back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from selfinstruct.api import Instruction, Reply, Request
from selfinstruct_chat import selfinstruct_encoders, selfinstruct_post_processors
from selfinstruct_chat.prompts.tasks import ChatTasksEncoder, ChatTasksOptions
from selfinstruct_chat.readers.tasks import ChatTasksReader

EXAMPLES = [Instruction("a", "Write a poem\n  about rain."), Instruction("b", "What is 3 + 4?")]


def test_the_prompt() -> None:
    system, user = ChatTasksEncoder(ChatTasksOptions(count=5)).encode(EXAMPLES, ())
    assert (system.role, user.role) == ("system", "user")
    assert len(system.text.split()) < 120
    assert user.text == (
        "Examples:\n1. Write a poem about rain.\n2. What is 3 + 4?\n\nWrite 5 new tasks, numbered 1 to 5."
    )


def test_the_system_message_never_changes() -> None:
    encoder = ChatTasksEncoder(ChatTasksOptions())
    assert encoder.encode(EXAMPLES, ())[0] == encoder.encode(EXAMPLES[:1], ())[0]


def test_topic_language_and_count() -> None:
    encoder = ChatTasksEncoder(ChatTasksOptions(count=1, topic="bees", language="German"))
    system, user = encoder.encode((), ())
    assert "bees" in system.text
    assert "German" in system.text
    assert user.text == "Write 1 new task, numbered 1."


def test_sampling_leaves_room() -> None:
    assert ChatTasksEncoder(ChatTasksOptions()).sampling.max_tokens == 1024
    assert (ChatTasksEncoder(ChatTasksOptions(count=32)).sampling.max_tokens or 0) > 1024


def test_options_are_checked() -> None:
    with pytest.raises(ValidationError):
        ChatTasksOptions(count=0)


def test_a_perfect_reply_gives_the_tasks_back() -> None:
    messages = ChatTasksEncoder(ChatTasksOptions(count=2)).encode(EXAMPLES, ())
    request = Request("generate", 0, tuple(messages), examples=tuple(EXAMPLES))
    tasks = ["Name three rivers in Asia.", "Why do leaves fall in autumn?"]
    reply = Reply("\n".join(f"{at}. {task}" for at, task in enumerate(tasks, start=1)), "stop")
    drafts = ChatTasksReader().process(request, reply)
    assert [draft.text for draft in drafts] == tasks
    assert drafts[0].examples == tuple(example.text for example in EXAMPLES)


def test_the_hooks_offer_prompts_and_readers_for_every_stage() -> None:
    encoders = {component.name: component for component in selfinstruct_encoders()}
    readers = {component.name: component for component in selfinstruct_post_processors()}
    assert {name: offer.stages for name, offer in encoders.items()} == {
        "chat-tasks": ("generate",),
        "chat-classify": ("classify",),
        "chat-instances": ("instances",),
        "chat-judge": ("judge",),
    }
    assert set(readers) == {*encoders, "chat-examples"}
    assert isinstance(encoders["chat-tasks"].build(ChatTasksOptions()), ChatTasksEncoder)
    assert isinstance(readers["chat-tasks"].build(readers["chat-tasks"].options()), ChatTasksReader)
    offers: list[Any] = [*encoders.values(), *readers.values()]
    for offer in offers:
        assert offer.build(offer.options())
