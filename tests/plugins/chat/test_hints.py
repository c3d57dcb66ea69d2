"""Topics and personas in the prompt: off by default, pure, frozen with the run, and clear when they cannot be read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from selfinstruct.api import Instruction
from selfinstruct_chat.prompts.tasks import ChatTasksEncoder, ChatTasksOptions
from selfinstruct_demo.prompt import read_prompt
from tests.command_line import command, rows

TOPICS = ["bees", "tax law", "sailing"]
SHOWN = [[Instruction(f"s{at}", f"Write {at} lines."), Instruction(f"t{at}", "Sort them.")] for at in range(300)]


def user(examples: list[Instruction], **options: Any) -> str:
    return ChatTasksEncoder(ChatTasksOptions(count=4, **options)).encode(examples, ())[1].text


def test_without_hints_the_prompt_is_as_it_always_was() -> None:
    assert user(SHOWN[0]) == "Examples:\n1. Write 0 lines.\n2. Sort them.\n\nWrite 4 new tasks, numbered 1 to 4."


def test_a_prompt_with_both() -> None:
    assert user(SHOWN[0], topics=["bees"], personas=["a night nurse"]) == (
        "Examples:\n1. Write 0 lines.\n2. Sort them.\n\nTopic of the new tasks: bees.\n"
        "The tasks are such as this person would give an assistant: a night nurse.\nWrite 4 new tasks, numbered 1 to 4."
    )


def test_the_system_message_stays_the_same_for_all_requests() -> None:
    encoder = ChatTasksEncoder(ChatTasksOptions(topics=tuple(TOPICS)))
    assert len({encoder.encode(examples, ())[0] for examples in SHOWN}) == 1
    assert encoder.encode((), ())[0] == ChatTasksEncoder(ChatTasksOptions()).encode((), ())[0]


def test_the_same_examples_come_with_the_same_hints_and_all_hints_are_used() -> None:
    texts = [user(examples, topics=TOPICS) for examples in SHOWN]
    assert texts == [user(examples, topics=TOPICS) for examples in SHOWN]
    used = Counter(topic for text in texts for topic in TOPICS if f"Topic of the new tasks: {topic}." in text)
    assert sum(used.values()) == len(SHOWN)
    assert min(used.values()) > len(SHOWN) / len(TOPICS) / 2


def test_topics_and_personas_are_drawn_independently() -> None:
    texts = [user(examples, topics=TOPICS, personas=["x1", "x2", "x3"]) for examples in SHOWN]
    pairs = {(topic, person) for text in texts for topic in TOPICS for person in ("x1", "x2", "x3")
             if topic in text and person in text}  # fmt: skip
    assert len(pairs) == 9


def test_without_examples_there_is_one_hint() -> None:
    assert "Topic of the new tasks: " in user([], topics=TOPICS)


def test_the_number_of_tasks_can_still_be_read_from_the_prompt() -> None:
    text = user(SHOWN[0], topics=["the 12 new tasks of a king"], personas=["3 clerks"])
    assert read_prompt([("human", text)]).count == 4


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "topics.txt"
    path.write_bytes("\ufeff# my own\nbees\r\n\n  tax   law \nbees\n海\n".encode())
    assert ChatTasksOptions(topics=str(path)).topics == ("bees", "tax law", "海")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "names nothing: "),
        (b"# only this\n\n", "names nothing: "),
        (b"bees\n\xff\xfe", "byte 5 is not UTF-8"),
        (b"x" * 5000, "at most 200 printable characters"),
        (b"a\x1b[31mb", "at most 200 printable characters"),
        (None, "No such file"),
    ],
)
def test_a_file_that_will_not_do(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValidationError, match="topics") as caught:
        ChatTasksOptions(topics=str(path))
    assert words in str(caught.value)


@pytest.mark.parametrize("given", [[], [""], 7, {"a": 1}, [1], ["a", None], ".", "", "a\0b", ["\ud800"]])
def test_what_is_no_list_of_hints(given: Any) -> None:
    with pytest.raises(ValidationError, match="topics"):
        ChatTasksOptions(topics=given)


# --- in a run

DEMO = ("generate", "--backend", "demo", "--quiet")


def test_a_run_freezes_what_stood_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("topics.txt").write_text("bees\ntax law\n", "utf-8")
    given = (*DEMO, "--set", "generate.encoder.topics=topics.txt")
    command(*given, "--target", "5").done()
    assert all("Topic of the new tasks: " in row["metadata"]["prompt"] for row in rows(tmp_path / OUT))
    command(*given, "--target", "6").done()
    Path("topics.txt").write_text("bees\nchess\n", "utf-8")
    command(*given, "--target", "7").failed(2, "started with other settings", "generate.encoder.topics[1]")
    Path("topics.txt").unlink()
    command(*given, "--target", "7").failed(2, "generate.encoder.topics: the file topics.txt cannot be read")


OUT = "runs/default/machine_generated_instructions.jsonl"


def test_a_run_that_started_before_there_were_hints_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import sqlite3
    from contextlib import closing

    monkeypatch.chdir(tmp_path)
    command(*DEMO, "--target", "5").done()
    with closing(sqlite3.connect("runs/default/run.sqlite")) as database, database:
        ((text,),) = database.execute("SELECT value FROM run WHERE key = 'config.generate'")
        config = json.loads(text)
        for name in ("topics", "personas"):
            assert config["encoder"].pop(name) is None
        database.execute(
            "UPDATE run SET value = ?, checksum = NULL WHERE key = 'config.generate'", (json.dumps(config),)
        )
    command(*DEMO, "--target", "8").done()
    assert len(rows(tmp_path / OUT)) == 8
