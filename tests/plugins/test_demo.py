"""The demo backend always gives the same reply to the same prompt."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from pydantic import ValidationError

from selfinstruct.api import Sampling, hookimpl
from selfinstruct_demo import DemoOptions, build, selfinstruct_backends
from selfinstruct_demo.model import DemoChatModel
from selfinstruct_demo.reply import TALK, reply_to
from tests.plugins.demo_options import FAULTS, faultless

LIST = "Come up with a series of tasks:\n1. Name a bird.\n2. Name a fish that lives in cold water.\n3."
CHAT: list[BaseMessage] = [SystemMessage("You write tasks."), HumanMessage("1. Name a bird.\n\nWrite 5 new tasks.")]

CHILD = """
import json, sys
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.reply import reply_to
print(json.dumps([reply_to([("human", text)], DemoOptions()).text for text in json.load(sys.stdin)]))
"""


def model(**options: float) -> DemoChatModel:
    return DemoChatModel(options=faultless(**options))


def test_the_same_prompt_gets_the_same_reply_in_any_order() -> None:
    prompts = [f"{LIST[:-2]}3. Task {number}.\n4." for number in range(20)]
    first = [DemoChatModel().invoke(prompt).text for prompt in prompts]
    second = [DemoChatModel().invoke(prompt).text for prompt in reversed(prompts)]
    assert first == second[::-1]
    assert len(set(first)) > 15


def test_the_reply_does_not_depend_on_the_process() -> None:
    prompts = [LIST, "Write 3 new tasks.", "Hello"]
    for hash_seed in ("0", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps(prompts),
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == [reply_to([("human", prompt)], DemoOptions()).text for prompt in prompts]


def test_another_seed_gives_another_reply() -> None:
    assert model(seed=1).invoke(CHAT).text != model(seed=2).invoke(CHAT).text


async def test_sync_async_and_streamed_replies_are_equal() -> None:
    said = model().invoke(CHAT)
    awaited = await model().ainvoke(CHAT)
    assert (awaited.text, awaited.usage_metadata) == (said.text, said.usage_metadata)
    assert "".join([chunk.text async for chunk in model().astream(CHAT)]) == said.text


def test_a_stream_ends_with_finish_reason_and_usage() -> None:
    chunks = list(model().stream(CHAT))
    assert chunks[-1].chunk_position == "last"
    joined = AIMessageChunk(content="")
    for chunk in chunks:
        joined += chunk
    said = model().invoke(CHAT)
    assert (joined.text, joined.usage_metadata) == (said.text, said.usage_metadata)
    assert joined.response_metadata["finish_reason"] == "stop"


def test_the_core_can_read_the_metadata() -> None:
    message = model().invoke(CHAT)
    completion = build(DemoOptions()).read_reply(message)
    assert (completion.finish, completion.model, completion.text) == ("stop", "demo", message.text)
    assert completion.usage.prompt_tokens == 13
    assert completion.usage.completion_tokens == -(-len(message.text) // 4)


def test_a_reply_ends_before_a_stop_word() -> None:
    whole = model().invoke(LIST).text
    assert model().invoke(LIST, stop=["\n5. "]).text == whole[: whole.index("\n5. ")]
    assert model().bind(stop=["\n5. ", "\n4. "]).invoke(LIST).text == whole[: whole.index("\n4. ")]
    assert DemoChatModel(options=faultless(), stop=["\n6. "]).invoke(LIST).text == whole[: whole.index("\n6. ")]


def test_a_reply_at_the_token_limit_has_the_finish_reason_length() -> None:
    message = DemoChatModel(options=faultless(), max_tokens=10).invoke(LIST)
    assert message.text == model().invoke(LIST).text[:40]
    assert message.response_metadata["finish_reason"] == "length"
    assert model().invoke(LIST, max_tokens=2).text == message.text[:8]
    assert model().invoke(LIST, max_tokens=10_000).response_metadata["finish_reason"] == "stop"


def test_a_stop_word_before_the_token_limit_ends_the_reply() -> None:
    message = model(cut=1).invoke(LIST, stop=[" "])
    assert (message.text, message.response_metadata["finish_reason"]) == ("", "stop")


def test_the_model_has_the_limit_and_stop_words_of_the_sampling() -> None:
    chat = build(faultless()).chat_model(Sampling(temperature=0.7, max_tokens=20, stop=("\n4.",)))
    message = chat.invoke(LIST)
    assert isinstance(message, AIMessage)
    assert len(message.text) == 80
    assert "\n4." not in message.text


async def test_latency_does_not_block_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """All ten replies start to wait before any of them continues."""
    slept: list[float] = []
    together = asyncio.Barrier(10)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await together.wait()

    monkeypatch.setattr("selfinstruct_demo.model.asyncio", SimpleNamespace(sleep=sleep))
    slow = model(latency=0.1)
    await asyncio.gather(*(slow.ainvoke(f"{number} new tasks") for number in range(2, 12)))
    assert len(set(slept)) == 10
    assert all(0.05 <= seconds <= 0.15 for seconds in slept)


def test_latency_is_the_same_for_the_same_prompt_and_changes_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("selfinstruct_demo.model.time", SimpleNamespace(sleep=slept.append))
    slow = model(latency=0.1)
    texts = {str(slow.invoke("2 new tasks").text) for _ in range(2)}
    texts.add("".join(str(chunk.text) for chunk in slow.stream("2 new tasks")))
    assert texts == {model().invoke("2 new tasks").text}
    assert len(slept) == 3
    assert len(set(slept)) == 1


def test_the_description_says_that_demo_is_not_a_language_model() -> None:
    backend = build(DemoOptions())
    assert backend.describe()["model"] == "demo"
    assert "not a language model" in str(backend.describe()["note"])
    assert "not a language model" in model().invoke("Hello, who are you?").text == TALK
    assert backend.check().ok
    (component,) = selfinstruct_backends()
    assert component.name == "demo"
    assert "not a language model" in component.summary
    assert hookimpl


def test_every_option_has_a_description_and_bounds() -> None:
    assert all(field.description for field in DemoOptions.model_fields.values())
    for fault in FAULTS:
        with pytest.raises(ValidationError):
            DemoOptions.model_validate({fault: 1.1})


def test_listing_the_plugin_does_not_import_langchain() -> None:
    code = (
        "import sys, selfinstruct_demo as d; d.selfinstruct_backends(); d.build(d.DemoOptions()).describe()\n"
        "import selfinstruct_demo.reply\n"
        "print([name for name in sys.modules if name.startswith('langchain')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
