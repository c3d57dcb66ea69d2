"""SIGKILL at every step of a small run: what is resumed ends like an unbroken one, and little is paid twice."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command_line import Ended, environment
from tests.faults.dying import generate
from tests.forking import start
from tests.project import Project
from tests.servers.groq_server import GroqServer
from tests.servers.provider import Provider

ROOT = Path(__file__).parents[2]
LOOKAHEAD = 4
SAMPLE = 4
"""How many of the steps the normal suite tries."""


@dataclass
class Sweep:
    """An unbroken run to compare with, and a provider that counts."""

    provider: Provider
    url: str
    folder: Path
    unbroken: dict[str, str]
    calls: int
    steps: int

    def run(self, step: int, folder: Path) -> Ended:
        return run(step, self.url, folder)


def run(step: int, url: str, folder: Path) -> Ended:
    started = start("-m", "tests.faults.dying", str(step), url, folder, cwd=ROOT, env=environment())
    return Ended(started.wait(), started.out(), started.err())


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    provider = Provider(median=0.005, tasks=2)
    folder = tmp_path_factory.mktemp("sweep")
    with GroqServer(provider.groq) as server:
        ended = run(0, server.url, folder / "unbroken")
        assert ended.code == 0, ended.err
        exported = Project(folder / "unbroken").exported()
        yield Sweep(provider, server.url, folder, exported, provider.good, int(ended.out.split()[-1]))


def _check(sweep: Sweep, kills: list[int], name: str) -> None:
    """Kill at these steps of a run, one after the other, and look at what is left."""
    folder, before, killed = sweep.folder / name, sweep.provider.good, 0
    for step in kills:
        ended = sweep.run(step, folder)
        assert ended.code in (0, -signal.SIGKILL), ended.err
        killed += ended.code != 0
    generate(sweep.url, str(folder))
    assert Project(folder).exported() == sweep.unbroken, kills
    surplus = LOOKAHEAD  # how much is asked beyond the goal depends on when replies come
    assert sweep.provider.good - before <= sweep.calls + surplus + LOOKAHEAD * killed, kills


def test_a_sample_of_kills(sweep: Sweep) -> None:
    for step in random.Random(4).sample(range(1, sweep.steps + 1), SAMPLE):
        _check(sweep, [step], f"k{step}")


@pytest.mark.slow
def test_many_kills_of_one_run(sweep: Sweep) -> None:
    rng = random.Random(5)
    _check(sweep, [rng.randint(1, 12) for _ in range(3)], "many")


@pytest.mark.slow
def test_a_kill_at_every_step(sweep: Sweep) -> None:
    for step in range(1, sweep.steps + 1):
        _check(sweep, [step], f"s{step}")
