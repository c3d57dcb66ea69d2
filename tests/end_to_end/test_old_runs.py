"""Runs that an older version stored: they continue, are read again and keep the bytes of their files.

The archive beside this file holds three folders that commit c349ea7 of 23 November 2026 wrote, before a request could
carry a JSON schema and before batches. They are of a stand-in for Ollama with short made-up answers:

    run --backend ollama --target 12 --judge --seed 3 --concurrency 1 --set run.lookahead=2

to its end (`whole`), and the same with `--max-requests` 2 and 9 (`stopped-in-generate`, `stopped-in-instances`). Only
the locks were removed. A server that answers as the whole run's journal says lets the others continue.
"""

from __future__ import annotations

import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.errors import ConfigError
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, Reply
from tests.end_to_end.test_reprocess import contracts, timeless
from tests.end_to_end.test_structured import grow, schemas
from tests.project import Project
from tests.servers.ollama_server import OllamaServer

ARCHIVE = Path(__file__).parent / "runs_of_23_november_2026.tar.xz"
STAGES = (GENERATE, CLASSIFY, INSTANCES, JUDGE)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder with the three runs."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def run(folder: Path, server: OllamaServer) -> None:
    """The command of the old runs, by today's program."""
    args = ("--backend", "ollama", "--base-url", server.url, "--target", "12", "--judge", "--seed", "3", "--quiet")
    Project(folder).run("run", *args, "--set", "run.lookahead=2", "--max-requests", "1000").succeeded()


def answers(folder: Path) -> dict[str, str]:
    """The reply of a run to each of its prompts."""
    found = {}
    with closing(RunStore.open_readonly(folder)) as store:
        for stage in STAGES:
            for at in range(store.next_request_index(stage)):
                entry = store.journal_entry(stage, at, None)
                assert entry is not None
                if isinstance(entry.answer, Reply):
                    found["\0".join(message.text for message in entry.request.messages)] = entry.answer.text
    return found


def test_a_whole_run_of_an_older_version_asks_nothing_and_keeps_its_bytes(old: Path) -> None:
    before = contracts(old / "whole")
    assert len(before) == 6
    for name in before:
        (old / "whole" / name).unlink()
    with OllamaServer() as server:
        run(old / "whole", server)
        assert not server.chats
    assert contracts(old / "whole") == before


@pytest.mark.parametrize("name", ["stopped-in-generate", "stopped-in-instances"])
def test_a_stopped_run_of_an_older_version_ends_as_that_version_would_have_ended_it(name: str, old: Path) -> None:
    known = answers(old / "whole")

    def reply(asked: dict[str, Any], _n: int) -> str:
        return known["\0".join(message["content"] for message in asked["messages"])]

    assert timeless(old / name) != timeless(old / "whole")
    with OllamaServer(reply) as server:
        run(old / name, server)
        assert server.chats
    assert timeless(old / name) == timeless(old / "whole")
    for stage in STAGES:
        assert not any(schemas(old / name, stage)), f"{stage} continues in free text"


def test_a_run_of_an_older_version_reprocesses_to_the_same_bytes(old: Path) -> None:
    new = Project(old / "reprocessed")
    new.run("reprocess", str(old / "whole"), "--target", "12").succeeded()
    assert timeless(new.folder) == timeless(old / "whole")


def test_a_run_of_an_older_version_cannot_be_made_to_ask_with_a_schema(old: Path) -> None:
    with OllamaServer() as server:
        settings = {"run.structured": True, "run.seed": 3, "run.lookahead": 2}
        with pytest.raises(ConfigError, match=r"run\.structured: false in the run, now true"):
            grow(server, old / "stopped-in-generate", settings).generate(12)
