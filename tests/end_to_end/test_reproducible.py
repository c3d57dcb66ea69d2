"""The same seed gives the same files: at any concurrency and latency, in one go or in steps, after any kill."""

from __future__ import annotations

import subprocess
import time
from contextlib import closing
from functools import partial
from random import Random

import pytest

from tests.command_line import COMMAND, environment
from tests.project import Project, wait_until

SLOWLY = ("--latency", "0.1", "--concurrency", "2", "--quiet")
AT_ONCE = ("--latency", "0", "--quiet")


@pytest.fixture
def unbroken(project: Project) -> Project:
    """A run that nothing happened to."""
    return project.another("unbroken").grow(250)


def test_concurrency_and_latency_change_nothing(project: Project) -> None:
    exported = []
    for concurrency, latency in ((1, 0.0), (1, 0.002), (8, 0.03), (32, 0.03)):
        run = project.another(f"{concurrency}-{latency}")
        run.grow(60, settings={"run": {"lookahead": 32, "concurrency": concurrency}, "backend": {"latency": latency}})
        exported.append(run.exported())
    assert exported == exported[:1] * 4
    assert len(run.rows()) == 60


def test_another_seed_gives_other_instructions(project: Project) -> None:
    first = project.another("42").grow(20).instructions()
    second = project.another("43").grow(20, settings={"run": {"seed": 43}}).instructions()
    assert first != second


def test_another_process_gives_the_same_files(project: Project) -> None:
    """Nothing may depend on the order of sets, on hash seeds, or on the time of day."""
    here = project.another("here").grow(30)
    there = project.another("there")
    command = [*COMMAND, "generate", "--backend", "demo", "--target", "30", "--out", str(there.folder)]
    subprocess.run(command, env=environment(PYTHONHASHSEED="12345", TZ="Asia/Tokyo"), check=True, capture_output=True)
    assert there.exported() == here.exported()


def test_a_larger_target_later_is_the_larger_target_at_once(project: Project) -> None:
    at_once = project.another("at-once").grow(100)
    stepwise = project.another("stepwise").grow(1).grow(50).grow(100)
    assert stepwise.exported() == at_once.exported()


def _has_replies(project: Project, count: int) -> bool:
    return project.replies() >= count


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_like_an_unbroken_one(project: Project) -> None:
    rng = Random(5)
    for _ in range(10):
        process = project.start("generate", "--target", "100000", *SLOWLY)
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0.1, 0.9))  # while it starts
        else:
            goal = project.replies() + rng.randint(1, 3)
            wait_until(partial(_has_replies, project, goal), "replies")
            time.sleep(rng.uniform(0.0, 0.05))
        before = project.replies()
        process.kill()
        assert project.replies() >= before, "what was in the journal stays in it"
    assert project.replies() > 5
    with closing(project.open_readonly()) as store:
        more = store.totals("generate").accepted + 50
    project.run("generate", "--target", str(more), *AT_ONCE).succeeded()
    assert project.exported() == project.another("unbroken").grow(more).exported()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_run_that_is_killed_at_any_moment_from_its_start_ends_like_an_unbroken_one(
    project: Project, unbroken: Project, seed: int
) -> None:
    rng = Random(seed)
    for _ in range(10):
        process = project.start("generate", "--target", "250", *SLOWLY)
        time.sleep(rng.uniform(0.1, 2.5))
        process.kill()
    project.run("generate", "--target", "250", *AT_ONCE).succeeded()
    assert project.exported() == unbroken.exported()


def test_every_candidate_is_in_one_of_the_two_files(project: Project) -> None:
    project.grow(60)
    kept = [(row["request_idx"], row["id"]) for row in project.rows()]
    dropped = [(row["request_idx"], row["position"]) for row in project.rows("rejected.jsonl")]
    assert len(set(kept)) == len(kept) == 60
    assert len(set(dropped)) == len(dropped)
    with_id = {(index, int(identity.partition(".")[2])) for index, identity in kept}
    assert with_id.isdisjoint(dropped)
    last = max(index for index, _ in kept)
    for index in range(last):
        positions = sorted(position for i, position in [*with_id, *dropped] if i == index)
        assert positions == list(range(len(positions))), "no candidate of a reply is missing"
    store = project.open_readonly()
    assert store.totals("generate").candidates == len(kept) + len(dropped)
    store.close()
