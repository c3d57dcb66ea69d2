"""Runs through faults, by the real clients: nothing is lost, and nothing paid twice but what the fault destroyed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.errors import Stopped
from selfinstruct.types import Instruction
from tests.faults.bench import KEY, ProviderBench
from tests.servers.provider import MIX, ODD, Provider
from tests.sweeps import quick

KINDS = ("groq", "ollama")


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_day_loses_nothing(tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    bench = ProviderBench(tmp_path / "run", Provider(MIX, median=0.01), kind)
    bench.run(240)
    bench.check()
    assert bench.provider.destroyed > 0
    printed = "".join(capfd.readouterr())
    written = b"".join(path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())
    assert KEY not in printed
    assert KEY.encode() not in written


@pytest.mark.parametrize("kind", KINDS)
def test_answers_that_are_none_are_asked_for_again(tmp_path: Path, kind: str) -> None:
    bench = ProviderBench(tmp_path / "run", Provider(ODD, median=0.005), kind)
    bench.run(150)
    bench.check()
    assert bench.provider.destroyed > 0


@pytest.mark.parametrize("kind", KINDS)
def test_poor_replies_are_kept_and_marked(tmp_path: Path, kind: str) -> None:
    rates = {"empty": 0.1, "cut": 0.1} | ({"filtered": 0.1} if kind == "groq" else {})
    bench = ProviderBench(tmp_path / "run", Provider(rates), kind)
    bench.run(120)
    bench.check()
    with closing(bench.open_readonly()) as store:
        marks = store.marks("generate")
    assert marks.keys() == {"empty", "cut"} | ({"withheld"} if kind == "groq" else set())


@pytest.mark.parametrize("kind", quick(KINDS, ["groq"]))
def test_the_results_do_not_depend_on_faults_and_latencies(tmp_path: Path, kind: str) -> None:
    calm = ProviderBench(tmp_path / "calm", Provider(), kind, concurrency=1)
    rough = ProviderBench(tmp_path / "rough", Provider(MIX | ODD, median=0.01, sigma=1.0), kind, concurrency=16)
    for bench in (calm, rough):
        bench.run(90)
    assert [i.text for i in _instructions(calm)] == [i.text for i in _instructions(rough)]


@pytest.mark.parametrize("what", ["500", "reset", "503"])
def test_a_provider_that_is_down_ends_the_run_resumably_and_is_not_hammered(tmp_path: Path, what: str) -> None:
    down = Provider({what: 1.0})
    bench = ProviderBench(tmp_path / "run", down)
    with pytest.raises(Stopped, match="Nothing is lost"):
        bench.run(30)
    assert len(down.prompts) <= 16 * 6
    _no_busy_loop(down.at, most_in_100_ms=2 * bench.lookahead)
    bench.provider = Provider()
    bench.run(30)
    assert len(_instructions(bench)) == 30


def test_a_provider_that_hangs_is_left_after_its_time(tmp_path: Path) -> None:
    """A call that hangs ends in a closed connection, which would be the reason if anyone waited for it."""
    bench = ProviderBench(tmp_path / "run", Provider({"hang": 1.0}, hang=5.0), timeout=0.2)
    with pytest.raises(Stopped, match=r"no answer within 0\.2 s|timed out"):
        bench.run(30)


def _instructions(bench: ProviderBench) -> list[Instruction]:
    with closing(bench.open_readonly()) as store:
        return list(store.instructions())


def _no_busy_loop(at: Sequence[float], most_in_100_ms: int) -> None:
    for first, last in zip(at, itertools.islice(at, most_in_100_ms, None), strict=False):
        assert last - first > 0.1
