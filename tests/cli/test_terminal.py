"""On a terminal: one live line, and a cursor that is there again when the command has ended, however it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from selfinstruct.cli.progress_board import Board
from tests import third_party_plugins as strangers
from tests.command_line import COMMAND, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"


def on_a_terminal(cwd: Path, *args: str, interrupt_at: str = "", times: int = 1, columns: int = 100) -> tuple[int, str]:
    """Run a command with a terminal as its output; interrupt it when something is seen there."""
    master, slave = pty.openpty()
    env = environment(TERM="xterm", COLUMNS=str(columns), LINES="24")
    run = subprocess.Popen([*COMMAND, *args], cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen, deadline = "", time.monotonic() + 120
    try:
        while data := _read(master):
            assert time.monotonic() < deadline, seen
            seen += data.decode("utf-8", "replace")
            if interrupt_at and re.search(interrupt_at, seen):
                run.send_signal(signal.SIGINT)
                times -= 1
                interrupt_at = "stopping: " if times else ""
        return run.wait(timeout=120), seen
    finally:
        run.kill()
        run.wait()
        os.close(master)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the last writer has gone
        return b""


def assert_cursor_restored(seen: str) -> None:
    assert HIDDEN in seen, "a live line hides it"
    assert seen.rindex(SHOWN) > seen.rindex(HIDDEN)


def test_a_live_line_and_then_how_it_ended(tmp_path: Path) -> None:
    args = ["generate", "--backend", "demo", "--target", "12", "--latency", "0.05", "--set", "run.lookahead=1"]
    code, seen = on_a_terminal(tmp_path, *args)
    assert code == 0, seen
    assert re.search(r"generate +█*░+ \d+/12 accepted", seen)
    assert re.search(r"kept +\d+% of the last \d+ candidates · \d+ requests", seen)
    assert re.search(r"spent +[\d,]+ tokens · about [\d,]+ tokens in all", seen)
    assert re.search(r"last +\w+", seen)
    assert_cursor_restored(seen)
    end = seen[seen.rindex(SHOWN) :]
    assert "generate: target of 12 reached" in end
    assert "░" not in end, "the live lines are gone"
    assert "█" not in end


def test_prepare_reads_raw_texts_and_sends_no_requests() -> None:
    board = Board("prepare", "raw texts read", 3, 9, 3, evaluated=3, kept=2, per_second=1.5)
    assert board.line() == "3/9 raw texts read · 67% of candidates kept · 3 raw texts · 1.5 raw texts/s"
    assert list(board.lines())[1].endswith("67% of the last 3 candidates · 3 raw texts, 1.5 a second")


def test_missing_answers_are_no_drops_on_the_board_and_the_totals_fold_between_words(tmp_path: Path) -> None:
    args = ["--backend", "demo", "--target", "40", "--label-faults", "0.4", "--latency", "0.3", "--out", "d"]
    code, seen = on_a_terminal(tmp_path, "run", *args, columns=44)
    assert code == 0, seen
    classify = seen[seen.index("classify ") : seen.index("instances ")]
    assert re.search(r"  missing  (missing-from-reply|neither-yes-nor-no) \d+", classify)
    assert "  dropped" not in classify
    assert re.search(r"kept +100% of the last \d+ candidates", classify)
    assert re.search(r"\r\n  \d+ answers missing or unusable,[ a-z]*\r\n    [ a-z]+:\r\n", seen)


def test_in_few_columns_nothing_but_the_last_instruction_is_cut() -> None:
    drops = {"restated": 7, "duplicate": 2, "needs-more-than-text": 2, "statement": 1}
    spent = {"tokens": 2927, "tokens_in_all": 3700, "usd": 0.0044, "usd_in_all": 0.0055}
    wait = "54 s before the next attempt: too many requests of this model a minute"
    board = Board("generate", "accepted", 48, 60, 6, 60, 48, 1.0, 2.0, drops, wait=wait, last="Say " * 40, **spent)  # type: ignore[arg-type]
    *lines, last = board.lines(44)
    assert max(map(len, lines)) <= 44
    assert last.startswith("  last     Say Say")
    assert lines[1:3] == ["  kept     80% of the last 60 candidates", "           6 requests, 1.0 a second"]
    seen = " ".join(" ".join(lines).split())
    for words in ("needs-more-than-text 2 others 1", "about 3,700 tokens, $0.0055 in all", wait):
        assert words in seen
    assert len(list(board.lines(100))) == 6, "one line each where there is room"


def test_quiet_needs_no_live_line(tmp_path: Path) -> None:
    code, seen = on_a_terminal(tmp_path, "generate", "--backend", "demo", "--target", "5", "--quiet")
    assert code == 0
    assert "\x1b" not in seen
    assert seen.startswith("generate: target of 5 reached")


def test_ctrl_c_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    args = ["generate", "--backend", "demo", "--target", "100000", "--latency", "0.1", "--set", "run.lookahead=2"]
    code, seen = on_a_terminal(tmp_path, *args, interrupt_at=r"[1-9]\d*/100,000 accepted")
    assert code == 5
    assert "stopping: " in seen
    assert "stopped: interrupted" in seen
    assert "Traceback" not in seen
    assert_cursor_restored(seen)


SLOW = """
import asyncio, sys
from selfinstruct.api import Backend, Component, NoOptions, hookimpl

class Model:
    async def ainvoke(self, messages, config=None):
        print("asked", file=sys.stderr)
        await asyncio.sleep(600)

class Slow(Backend):
    def chat_model(self, sampling):
        return Model()

@hookimpl
def selfinstruct_backends():
    return [Component("slow", "Never answers", NoOptions, lambda _: Slow())]
"""


def test_a_second_ctrl_c_leaves_at_once_and_the_terminal_as_it_was(tmp_path: Path) -> None:
    strangers.write(tmp_path, SLOW, "slow")
    args = ["generate", "--plugin", "./slow.py", "--backend", "slow", "--target", "9", "--set", "run.lookahead=1"]
    code, seen = on_a_terminal(tmp_path, *args, interrupt_at="asked", times=2)
    assert code == 5
    assert "stopping: " in seen
    assert "Traceback" not in seen
    assert_cursor_restored(seen)


def test_an_error_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    code, seen = on_a_terminal(tmp_path, "generate", "--backend", "groq", "--base-url", "http://127.0.0.1:1")
    assert code == 4
    assert "error: backend 'groq' needs a key" in seen
    assert_cursor_restored(seen)
