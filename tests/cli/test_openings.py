"""How often a command opens the run's database and reads its config: every opening has a reason, and there is no other.

Counted are connections, by whether they may write. A run that is worked on has two that write: one that also reads,
and one for the thread that commits. A stage has one that reads, since deferred similarities are computed in a thread.
A command whose options depend on the run's backend looks at the run once more, before it starts.

A run has recorded its recipe, so only a new run reads the recipe's file.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.config.tree import recipe_text
from tests.command_line import command

CONFIG = """
recipe = "mine.toml"

[generate]
target = 10
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every stage, and its config beside it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "selfinstruct.toml").write_text(CONFIG)
    (folder / "mine.toml").write_text(recipe_text("chat"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command("run", "--backend", "demo", "--judge", "--quiet", "--out", "run").done()
    return folder


class Openings:
    """Counts connections to SQLite and reads of config files while a test runs."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.connections: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()
        connect: Any = sqlite3.connect
        open_file = Path.open

        def counted_connect(database: Any, *args: Any, **options: Any) -> Any:
            self.connections["reads" if "mode=ro" in str(database) else "writes"] += 1
            return connect(database, *args, **options)

        def counted_open(path: Path, *args: Any, **options: Any) -> Any:
            if path.name in ("selfinstruct.toml", "mine.toml"):
                self.reads[path.name] += 1
            return open_file(path, *args, **options)

        patch.setattr(sqlite3, "connect", counted_connect)
        patch.setattr(Path, "open", counted_open)


@pytest.fixture
def openings(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Openings:
    monkeypatch.chdir(finished)
    return Openings(monkeypatch)


STAGES = ("generate", "classify", "instances", "prepare", "judge")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_looks_at_its_run_once_and_opens_it_once(openings: Openings, stage: str) -> None:
    command(stage, "--quiet", "--out", "run").done()
    assert openings.connections == {"reads": 2, "writes": 2}
    assert openings.reads == {"selfinstruct.toml": 1}


def test_all_stages_in_a_row_open_their_run_once(openings: Openings) -> None:
    command("run", "--quiet", "--out", "run", "--no-judge").done()
    assert openings.connections == {"reads": 1 + 4, "writes": 2}
    assert openings.reads == {"selfinstruct.toml": 1}


def test_a_new_run_is_not_looked_for_in_a_database(openings: Openings, tmp_path: Path) -> None:
    command("generate", "--backend", "demo", "--quiet", "--out", tmp_path / "new").done()
    assert openings.connections == {"reads": 1, "writes": 2}
    assert openings.reads == {"selfinstruct.toml": 1, "mine.toml": 1}


@pytest.mark.parametrize(
    "args",
    [
        ("status",),
        ("status", "--json", "--more", "100"),
        ("why", "g0.0"),
        ("trace", "g0.0"),
        ("report", "-o", "report.html"),
        ("export",),
    ],
    ids=lambda args: " ".join(args[:1]),
)
def test_a_command_that_reads_a_run_opens_it_once(openings: Openings, args: tuple[str, ...]) -> None:
    command(*args, "--out", "run").done()
    assert openings.connections == {"reads": 1}


@pytest.mark.parametrize("args", [("generate", "--estimate"), ("judge", "--estimate")])
def test_a_command_that_only_plans_looks_at_the_run_and_opens_it_once(
    openings: Openings, args: tuple[str, ...]
) -> None:
    command(*args, "--out", "run").done()
    assert openings.connections == {"reads": 2}
    assert openings.reads == {"selfinstruct.toml": 1}


def test_doctor_opens_a_run_to_read_its_config_to_count_and_to_look_for_damage(openings: Openings) -> None:
    command("doctor", "--out", "run").done()
    assert openings.connections == {"reads": 3}
    assert openings.reads == {"selfinstruct.toml": 1}


def test_reprocessing_opens_each_of_the_two_runs_once(openings: Openings, tmp_path: Path) -> None:
    command("reprocess", "run", "--out", tmp_path / "again", "--quiet").done()
    assert openings.connections == {"reads": 1 + len(STAGES), "writes": 2}
    assert openings.reads == {"selfinstruct.toml": 1}


def test_an_import_opens_its_run_once(openings: Openings, tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text('{"instruction": "Write a poem about a lighthouse at night."}\n')
    command(
        "import", tmp_path / "old.jsonl", "--seeds", "builtin", "--backend", "demo", "--out", tmp_path / "old"
    ).done()
    assert openings.connections == {"writes": 2}
    assert openings.reads == {"selfinstruct.toml": 1, "mine.toml": 1}
