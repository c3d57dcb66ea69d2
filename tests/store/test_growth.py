"""The growth of a run's pool: the sums are right and complete, in long runs too."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct.insight.growth import read_growth
from selfinstruct.store import InitialFacts, RunStore
from tests.command_line import command
from tests.project import Project, wait_until

Settled = list[tuple[int, int]]
"""Candidates and accepted of each request."""


def run(folder: Path, settled: Settled, unsettled: int = 0, decisions: int = 0) -> RunStore:
    """A run with these settled requests and some unsettled ones; the first `decisions` requests have decisions too."""
    with closing(RunStore.open(folder)) as store:
        store.create([], InitialFacts(tree={"budget": {}}))
    rows: list[Any] = []
    calls: list[Any] = []
    fates: list[Any] = []
    total = 0
    for index, (candidates, accepted) in enumerate(settled):
        total += accepted
        rows.append(("generate", index, candidates, 1, total))
        calls.append((1, "generate", index, 1e9, 1e9 + 1, 100, 10, 0))
        for at in range(candidates if index >= len(settled) - decisions else 0):
            kept = at < accepted
            near = json.dumps({"mean": 0.1, "nearest": [["x", index / 1000], ["y", 0.0]]}) if kept else ""
            fate = ("accepted", "", "") if kept else ("rejected", "rouge-l" if at % 2 else "length", "odd")
            fates.append(("generate", index, at, f"t{index}.{at}", *fate, "{}", "{}", "", "{}", near))
    calls += [(1, "generate", len(settled) + at, 1e9, None, 100, 10, 0) for at in range(unsettled)]
    calls += [(1, "classify", 0, 1e9, 1e9, 7777, 7777, 0), (1, "generate", 0, 1e9, 1e9, 5555, 5555, 1)]
    with closing(sqlite3.connect(folder / "run.sqlite")) as database, database:
        database.executemany("INSERT INTO settlements VALUES (?, ?, ?, ?, ?, NULL)", rows)
        names = "session, stage, idx, at, ended, prompt_tokens, completion_tokens, refused"
        database.executemany(f"INSERT INTO calls ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", calls)
        database.executemany(f"INSERT INTO decisions VALUES ({', '.join('?' * 12)}, NULL)", fates)
    return RunStore.open_readonly(folder)


def test_a_run_with_nothing_settled_has_no_stretches(tmp_path: Path) -> None:
    with closing(run(tmp_path, [], unsettled=3)) as store:
        assert store.growth().stretches(8, 10) == []
        status = read_growth(store, 100)
    assert (status.advice, status.forecast) == ("", None)


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 19, 20, 21, 95, 120, 121, 1003])
def test_the_stretches_hold_every_request_once(tmp_path: Path, count: int) -> None:
    rng = Random(count)
    settled = [(candidates, rng.randint(0, candidates)) for candidates in (rng.randint(0, 12) for _ in range(count))]
    with closing(run(tmp_path, settled, unsettled=2)) as store:
        stretches = store.growth().stretches(8, 10)
    assert len(stretches) <= 8
    assert all(one.requests >= 10 for one in stretches) or len(stretches) == 1
    first = 0
    for one in stretches:
        part = settled[first : first + one.requests]
        assert (one.first, one.pool) == (first, sum(accepted for _, accepted in settled[:first]))
        assert (one.candidates, one.accepted) == (sum(pair[0] for pair in part), sum(pair[1] for pair in part))
        assert (one.calls, one.prompt_tokens, one.completion_tokens) == (len(part), 100 * len(part), 10 * len(part))
        first += one.requests
    assert first == count


def test_a_request_that_reached_the_goal_halfway_is_not_counted_yet(tmp_path: Path) -> None:
    with closing(run(tmp_path, [(5, 2)] * 12)) as store:
        with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
            database.execute("INSERT INTO settlements VALUES ('generate', 12, 3, 0, 26, NULL)")
        (one,) = store.growth().stretches(8, 10)
        assert (one.requests, one.accepted) == (12, 24)
        assert store.growth().recent_candidate_counts("generate", 99) == [5] * 12


def test_similarities_and_drops_are_those_of_their_requests(tmp_path: Path) -> None:
    with closing(run(tmp_path, [(4, 1)] * 40, decisions=40)) as store:
        growth = store.growth()
        stretches = growth.stretches(4, 10)
        assert [one.nearest for one in stretches] == pytest.approx([0.0045, 0.0145, 0.0245, 0.0345])
        assert [one.mean for one in stretches] == pytest.approx([0.1] * 4)
        assert growth.drops(30) == [("rouge-l", "odd", 20), ("length", "odd", 10)]
        assert growth.drops(40) == []


def test_deferred_similarities_are_not_known_yet(tmp_path: Path) -> None:
    with closing(run(tmp_path, [(4, 1)] * 10, decisions=10)) as store:
        with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
            database.execute(
                "UPDATE decisions SET similarity = ? WHERE fate = 'accepted'", ('{"deferred":{"pool":3}}',)
            )
        (one,) = store.growth().stretches(4, 10)
    assert (one.nearest, one.mean) == (None, None)


def test_the_stretches_of_a_hundred_thousand_requests_add_up(tmp_path: Path) -> None:
    settled = [(10, 8 - min(7, index // 15_000)) for index in range(100_000)]
    with closing(run(tmp_path, settled, decisions=200)) as store:
        status = read_growth(store, 2000)
    assert sum(one.requests for one in status.stretches) == 100_000
    assert sum(one.accepted for one in status.stretches) == sum(accepted for _, accepted in settled)
    assert status.forecast is not None
    assert status.forecast.low <= 2000 / 2 <= status.forecast.high


# --- the output of the command


def test_status_shows_a_run_with_nothing_accepted(tmp_path: Path) -> None:
    run(tmp_path, [(10, 0)] * 30, decisions=30).close()
    ended = command("status", "--out", tmp_path, "--more", "50").done()
    assert "50 more: no estimate, because too few were accepted recently" in ended.out
    assert "length: odd drops 50% of all candidates" in ended.out


def test_status_shows_a_run_with_one_request(tmp_path: Path) -> None:
    run(tmp_path, [(10, 7)], decisions=1).close()
    assert "the last request: 7.0 accepted each, 70% of candidates" in command("status", "--out", tmp_path).done().out


def test_status_forecasts_for_people_and_for_programs(tmp_path: Path) -> None:
    run(tmp_path, [(10, 5)] * 100, decisions=100).close()
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
        prices = {f"usd_per_million_{kind}_tokens": 2.0 for kind in ("prompt", "completion")}
        database.execute(
            "UPDATE run SET value = ?, checksum = NULL WHERE key = 'tree'", (json.dumps({"budget": prices}),)
        )
    ended = command("status", "--out", tmp_path, "--more", "2000").done()
    assert "2,000 more need about 400 requests (" in ended.out
    assert " tokens (" in ended.out
    assert "0.09 US dollars (" in ended.out
    growth = json.loads(command("status", "--out", tmp_path, "--more", "2000", "--json").done().out)["growth"]
    assert sum(one["accepted"] for one in growth["stretches"]) == 500
    assert growth["forecast"]["requests"] == pytest.approx(400, abs=4)
    assert json.loads(command("status", "--out", tmp_path, "--json").done().out)["growth"]["forecast"] is None


@pytest.mark.parametrize("more", ["0", "-3", "many"])
def test_status_refuses_more_that_is_not_a_positive_number(tmp_path: Path, more: str) -> None:
    run(tmp_path, []).close()
    command("status", "--out", tmp_path, "--more", more).failed(2, "--more")


def test_the_rule_for_saturation_can_change_from_command_to_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rule = ("--set", "generate.min_acceptance=0.99", "--set", "generate.acceptance_window=3")
    ended = command("generate", "--backend", "demo", "--target", "500", "--quiet", *rule)
    ended.failed(5, "nearly saturated", "lower generate.min_acceptance")
    command("generate", "--target", "60", "--quiet", "--set", "generate.min_acceptance=0.01").done()
    command("generate", "--target", "5", "--set", "generate.min_acceptance=1.5").failed(2, "generate.min_acceptance")


def test_status_works_while_another_process_works_on_the_run(project: Project) -> None:
    working = project.start("generate", "--target", "100000", "--set", "backend.latency=0.05")
    wait_until(lambda: project.replies() >= 30, "30 replies")
    ended = project.run("status", "--more", "1000").succeeded()
    assert working.is_running(), "it has ended too early for this test to mean anything"
    assert "1,000 more need about " in ended.stdout
    working.send_signal(signal.SIGINT)
    assert working.wait(60) == 5
