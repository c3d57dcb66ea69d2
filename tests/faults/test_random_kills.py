"""SIGKILL at random moments of all stages, and inside checkpoints, while the judge rates and somebody reviews."""

from __future__ import annotations

import re
import signal
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from selfinstruct.errors import RunError
from selfinstruct.files.names import RUN_FILE
from selfinstruct.store.database import find_damage
from selfinstruct.store.review_items import NoSuchItemError
from selfinstruct.store.reviews import Reviews
from tests.command_line import Ended, environment
from tests.forking import start

ROOT = Path(__file__).parents[2]
TRIALS = 15
KILLS = 2
WHEN = ("moment", "checkpoint")
TIME = re.compile(r'(?<="created_at": ")[^"]+')
REVIEWED = ("g0.0", "g1.1", "e0.0", "e2.0", "e5.0")
"""Some instructions and examples; those that the run does not have yet are reviewed after the next kill."""


def run(folder: Path, when: str, number: float) -> Ended:
    """All stages in a process of their own, which kills itself as `tests.faults.killed_run` says."""
    options = ["--backend", "demo", "--target", "24", "--set", "judge.enabled=true", "--set", "run.lookahead=4"]
    command = ["run", "--out", str(folder), *options, "--quiet"]
    started = start("-m", "tests.faults.killed_run", when, str(number), *command, cwd=ROOT, env=environment())
    return Ended(started.wait(), started.out(), started.err())


def review(folder: Path) -> None:
    """Reject the instructions and edit the examples that are there and have no review yet."""
    try:
        reviews = Reviews.open(folder)
    except RunError:
        return  # the kill came before there was a run
    with closing(reviews):
        for name in REVIEWED:
            with suppress(NoSuchItemError):
                if not reviews.item(name).state.version:
                    if name.startswith("g"):
                        reviews.reject(name, 0, "too easy")
                    else:
                        reviews.edit(name, 0, {"output": f"What {name} says."})


def exported(folder: Path) -> dict[str, str]:
    """Every file that the run and an export with reviews write, without the times of day."""
    for more in ((), ("--format", "messages", "--to", str(folder / "dataset"))):
        export = ["export", "--out", str(folder), *more]
        started = start("-m", "selfinstruct", *export, cwd=ROOT, env=environment())
        assert started.wait() == 0, started.err()
    files = sorted(folder.rglob("*.jsonl"))
    return {str(file.relative_to(folder)): TIME.sub("TIME", file.read_text("utf-8")) for file in files}


@dataclass
class Unbroken:
    """The files of a run that was never killed, and for each kind of kill the last number that hits it."""

    files: dict[str, str]
    last: dict[str, float]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    last: dict[str, float] = {}
    for when in WHEN:
        folder = tmp_path_factory.mktemp("unbroken") / "run"
        ended = run(folder, when, 0)
        assert ended.code == 0, ended.err
        last[when] = float(ended.out.split()[-1])
    review(folder)
    with closing(Reviews.open(folder)) as reviews:
        assert sorted(reviews.states()) == sorted(REVIEWED)
    return Unbroken(exported(folder), last)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(TRIALS))
@pytest.mark.parametrize("when", WHEN)
def test_a_run_killed_at_random_ends_like_an_unbroken_one(
    tmp_path: Path, unbroken: Unbroken, when: str, seed: int
) -> None:
    chance, folder = Random(f"{when}:{seed}"), tmp_path / "run"
    for _ in range(KILLS):
        number = chance.uniform(0.001, unbroken.last[when])
        ended = run(folder, when, number if when == "moment" else 1 + int(number))
        assert ended.code in (0, -signal.SIGKILL, -signal.SIGPROF), ended.err
        review(folder)
    ended = run(folder, when, 0)
    assert ended.code == 0, ended.err
    review(folder)
    assert list(find_damage(folder)) == []
    assert exported(folder) == unbroken.files
    log = folder / f"{RUN_FILE}-wal"  # a reader leaves an empty one
    assert not log.exists() or not log.stat().st_size
