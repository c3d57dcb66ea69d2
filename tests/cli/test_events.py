"""`--json`: every event as one object a line, for a program to follow a run by; and the board of the live lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.cli.progress_board import Board
from selfinstruct.cli.text import duration
from tests.command_line import Ended, command


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def events(ended: Ended) -> list[dict[str, Any]]:
    assert "\x1b" not in ended.out
    return [json.loads(line) for line in ended.out.splitlines()]


def test_a_run_prints_one_line_per_event_and_nothing_else_on_standard_output() -> None:
    printed = events(command("run", "--backend", "demo", "--target", "12", "--out", "run", "--json").done())
    stages = [one["stage"] for one in printed if one["event"] == "started"]
    assert stages == ["generate", "classify", "instances", "prepare"]
    assert printed[-1]["event"] == "files"
    assert all(Path(path).is_file() for path in printed[-1]["paths"])
    finished = {one["stage"]: one for one in printed if one["event"] == "finished"}
    for stage in stages:
        decisions = [
            decision
            for one in printed
            if one["event"] == "settled" and one["stage"] == stage
            for decision in one["decisions"]
        ]
        assert sum(one["fate"] == "accepted" for one in decisions) == finished[stage]["accepted"]
        assert sum(one["fate"] == "rejected" for one in decisions) == finished[stage]["rejected"]
        assert all(bool(one["filter"]) == (one["fate"] == "rejected") for one in decisions)
    assert finished["generate"]["reason"] == "target of 12 reached"


def test_ids_are_those_that_trace_knows() -> None:
    command("run", "--backend", "demo", "--target", "6", "--out", "run", "--quiet").done()
    printed = events(command("judge", "--out", "run", "--json").done())
    first = next(one for one in printed if one["event"] == "settled")["decisions"][0]
    assert first["id"] == "r0.0"
    assert first["id"] in command("trace", first["id"], "--out", "run").done().out


def test_events_have_the_sizes_of_stages_and_what_earlier_commands_did() -> None:
    command("generate", "--backend", "demo", "--target", "7", "--out", "run").done()
    again = events(command("generate", "--target", "9", "--out", "run", "--json").done())
    began = next(one for one in again if one["event"] == "started")
    assert (began["accepted"], began["target"]) == (7, 9)
    assert began["prompt_tokens"] > 0
    about = events(command("classify", "--out", "run", "--json").done())
    assert next(one for one in about if one["event"] == "started")["size"] == 9


def test_retries_are_events_and_an_early_end_has_its_code() -> None:
    ended = command("generate", "--backend", "demo", "--target", "50", "--json", "--max-requests", "3")
    assert ended.code == 5
    assert "budget" in ended.err
    printed = events(ended)
    assert [one["exit_code"] for one in printed if one["event"] == "finished"] == [5]


BOARD = Board("generate", "accepted", 62, 100, 31, 180, 74, 2.1, 18.0, {"not-novel": 34}, 14210, 23456, 0.0021, 0.0034)


def test_a_board_says_it_at_length_and_in_one_line() -> None:
    first, *others = BOARD.lines()
    assert first == "generate   ████████████░░░░░░░░ 62/100 accepted · about 18 s left"
    assert [line.split(maxsplit=1) for line in others] == [
        ["kept", "41% of the last 180 candidates · 31 requests, 2.1 a second"],
        ["dropped", "not-novel 34"],
        ["spent", "14,210 tokens, $0.0021 · about 23,000 tokens, $0.0034 in all"],
    ]
    assert BOARD.line() == (
        "62/100 accepted · 41% of candidates kept · 31 requests · 14,210 tokens · 2.1 requests/s · about 18 s left"
    )


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (56, "generate   ██████░░░░░ 62/100 accepted · about 18 s left"),
        (44, "generate   62/100 accepted · about 18 s left"),
    ],
)
def test_in_a_narrow_terminal_the_bar_gives_way_to_the_time_left(width: int, line: str) -> None:
    assert next(BOARD.lines(width)) == line
    assert len(line) <= width


def test_time_pace_and_cost_of_a_large_run_fit_80_columns() -> None:
    counts = {"kept": 33, "evaluated": 180, "per_second": 123.4, "left": 9000.0}
    spent = {"tokens": 14_210_000, "tokens_in_all": 23_456_000, "usd": 12.0021, "usd_in_all": 20.0034}
    board = Board("instances", "accepted", 25_000, 50_000, 41_000, **counts, **spent)  # type: ignore[arg-type]
    assert max(len(line) for line in board.lines()) <= 80


def test_the_board_never_expects_fewer_tokens_than_are_spent() -> None:
    board = Board("instances", "answered", 60, 60, 60, left=0.0, tokens=10_090, tokens_in_all=10_090)
    assert "10,090 tokens · about 10,090 tokens in all" in "\n".join(board.lines())
    assert "left" not in next(board.lines())


def test_a_board_of_which_nothing_is_known_yet() -> None:
    empty = Board("classify", "labelled", 0, None, 0)
    assert list(empty.lines()) == ["classify   0 labelled", "  kept     nothing yet · 0 requests"]


def test_no_control_character_of_a_model_is_on_the_board() -> None:
    lines = list(Board("g", "u", 1, 2, 1, drops={"a\x1b[2J": 1}, wait="x\ny", last="Sing\x07 \u202eof it").lines())
    assert all(line.isprintable() for line in lines)


def test_most_reasons_are_summed_up() -> None:
    drops = {f"reason-{number}": number for number in range(1, 8)}
    assert "reason-7 7 · reason-6 6 · reason-5 5 · others 10" in "\n".join(
        Board("g", "u", 1, 2, 1, drops=drops).lines()
    )


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (89, "89 s"), (600, "10 min"), (9000, "2 h 30 min")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
