"""System messages of every stage in the user's own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from selfinstruct.api import Instruction
from selfinstruct_chat.prompts.classify import ChatClassifyEncoder, ChatClassifyOptions
from selfinstruct_chat.prompts.instances import ChatInstancesEncoder, ChatInstancesOptions
from selfinstruct_chat.prompts.judge import ChatJudgeEncoder, ChatJudgeOptions
from selfinstruct_chat.prompts.tasks import ChatTasksEncoder, ChatTasksOptions
from tests.command_line import command

TASK = Instruction("g0.0", "Name a bird.")
LABELLED = Instruction("g0.1", "Is it a bird?", None, True)


@pytest.fixture
def prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "prompt.md"


def test_every_stage_takes_the_words_of_a_file(prompt: Path) -> None:
    prompt.write_text('Do as I say, with {"a": 1}.\n', "utf-8")
    words = 'Do as I say, with {"a": 1}.'
    encoders = [
        ChatTasksEncoder(ChatTasksOptions(system="prompt.md")),
        ChatClassifyEncoder(ChatClassifyOptions(system="prompt.md")),
        ChatInstancesEncoder(ChatInstancesOptions(system="prompt.md")),
        ChatJudgeEncoder(ChatJudgeOptions(system="prompt.md")),
    ]
    for encoder in encoders:
        (system, _) = encoder.encode((TASK,), (TASK,))
        assert (system.role, system.text) == ("system", words)
    (system, _) = ChatInstancesEncoder(ChatInstancesOptions(system_labels="prompt.md")).encode((), (LABELLED,))
    assert system.text == words


def test_placeholders_are_filled_in(prompt: Path) -> None:
    prompt.write_text("Write {count} tasks on {topic} in {language}.", "utf-8")
    options = ChatTasksOptions(system="prompt.md", count=3, topic="bees", language="Welsh")
    assert ChatTasksEncoder(options).encode((TASK,), ())[0].text == "Write 3 tasks on bees in Welsh."
    prompt.write_text("Write {wanted}.", "utf-8")
    (system, _) = ChatInstancesEncoder(ChatInstancesOptions(system="prompt.md", count=1)).encode((), (TASK,))
    assert system.text == "Write one example."


def test_a_topic_without_a_placeholder_is_still_named(prompt: Path) -> None:
    prompt.write_text("Write tasks.", "utf-8")
    (system, _) = ChatTasksEncoder(ChatTasksOptions(system="prompt.md", topic="bees")).encode((TASK,), ())
    assert system.text == "Write tasks. All tasks are about this topic: bees."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Write {cuont} tasks.", r"\{cuont\} is no placeholder here; known: \{count\}, \{topic\}, \{language\}"),
        (" \n", "prompt.md has no words"),
        (None, "the file prompt.md cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(prompt: Path, text: str | None, words: str) -> None:
    if text is not None:
        prompt.write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=words):
        ChatTasksOptions(system="prompt.md")


def test_the_words_are_frozen_with_the_run(prompt: Path) -> None:
    prompt.write_text("Write 5 new tasks, please.", "utf-8")
    Path("selfinstruct.toml").write_text(
        '[backend]\nuse = "demo"\n[generate.encoder]\nuse = "chat-tasks"\nsystem = "prompt.md"\n'
    )
    command("generate", "--target", "3", "--out", "r").done()
    command("generate", "--target", "4", "--out", "r").done()
    prompt.write_text("Write 6 new tasks, please.", "utf-8")
    ended = command("generate", "--target", "5", "--out", "r")
    ended.failed(2, "generate.encoder.system: Write 5 new tasks, please. in the run, now Write 6 new tasks, please.")
