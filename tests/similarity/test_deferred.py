"""Statistics put off: whoever computes them, and when, the exports are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.api import Deferred, Draft, PluginError
from selfinstruct.engine.plugin_calls import check_verdict
from selfinstruct.export.contracts import INSTRUCTIONS, instruction_rows, write_contracts
from selfinstruct.similarity import Pool, classical_tokens
from selfinstruct.store import RunStore
from selfinstruct.store import backfill as statistics
from selfinstruct.store.backfill import SimilarityBackfill, SimilarityCalculator, in_batches
from selfinstruct.store.curated import CuratedRun
from selfinstruct.types import Similarity, Verdict
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions

TARGET = 60


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose statistics are all there."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    SelfInstruct(out=folder, backend="demo").generate(TARGET)
    return folder


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / INSTRUCTIONS).read_text("utf-8").splitlines()]


def put_off(folder: Path, copy: Path) -> Path:
    """A copy of a run as a kill would leave it before anything put off was computed."""
    copy.mkdir()
    source = RunStore.open_readonly(folder)
    with Opened(copy) as store:
        source._read.backup(store._read)
        seeds = len(store.seeds())
        accepted = store.accepted_after(-1, -1, TARGET)
        later = [(row, Deferred(seeds + rank)) for rank, row in enumerate(accepted)]
        store.record_similarities(later).result()  # type: ignore[arg-type]
    source.close()
    return copy


class Opened:
    def __init__(self, folder: Path) -> None:
        self._store = RunStore.open(folder)

    def __enter__(self) -> RunStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def test_every_row_says_how_near_it_was_to_all_before_it(finished: Path) -> None:
    store = RunStore.open_readonly(finished)
    before = [seed.instruction for seed in store.seeds()]
    store.close()
    rows = rows_of(finished)
    assert len(rows) == TARGET
    for row in rows:
        pool = Pool()
        pool.extend(before)
        near = pool.compare(row["instruction"])
        assert row["most_similar"] == dict(near.nearest)
        assert list(row["most_similar"]) == [text for text, _ in near.nearest]
        assert row["avg_similarity_score"] == near.mean
        assert near.highest <= 0.7
        before.append(row["instruction"])


def test_at_the_end_of_a_stage_nothing_is_put_off_any_more(finished: Path) -> None:
    store = RunStore.open_readonly(finished)
    assert all(isinstance(row.similarity, Similarity) for row in store.accepted_after(-1, -1, TARGET))
    store.close()


@pytest.mark.parametrize("batch", [1, 7, 512])
def test_an_export_alone_computes_what_is_missing(
    finished: Path, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "BATCH", batch)
    folder = put_off(finished, tmp_path / "killed")
    store = RunStore.open_readonly(folder)
    assert all(isinstance(row.similarity, Deferred) for row in store.accepted_after(-1, -1, TARGET))
    write_contracts(store, folder)
    store.close()
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


@pytest.mark.parametrize("kernel", ["python", "rapidfuzz"])
def test_another_kernel_exports_the_same_bytes(
    finished: Path, tmp_path: Path, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", kernel)
    folder = put_off(finished, tmp_path / kernel)
    store = RunStore.open_readonly(folder)
    write_contracts(store, folder)
    store.close()
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


def test_what_is_filled_in_along_the_way_is_what_the_end_would_give(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "BATCH", 16)
    folder = put_off(finished, tmp_path / "along")
    with Opened(folder) as store:
        filler = SimilarityBackfill(store)
        filler.fill(least=16)
        waiting = [row for row in store.accepted_after(-1, -1, TARGET) if isinstance(row.similarity, Deferred)]
        assert len(waiting) == TARGET % 16
        filler.fill()
        filler.close()
        assert list(instruction_rows(CuratedRun(store))) == rows_of(finished)


def test_a_resumed_run_fills_in_what_a_kill_left(finished: Path, tmp_path: Path) -> None:
    folder = put_off(finished, tmp_path / "resumed")
    SelfInstruct(out=folder, backend="demo").generate(TARGET)
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


def test_what_was_measured_at_once_is_kept_as_it_is() -> None:
    known = Similarity(0.5, (("a b", 0.5),), 0.25)
    statistician = SimilarityCalculator(["a b"])
    assert statistician.compute([("a c", known), ("a d", Deferred(2)), ("x", None)])[::2] == [known, None]
    near = statistician.compute([("a b c", Deferred(1)), ("a c", Deferred(4, nearest=1))])
    assert [one.nearest for one in near if one] == [(("a b", 0.8),), (("a c", 1.0),)]


def test_the_paper_s_order_of_ties_is_computed_later_too() -> None:
    texts = [f"a b c other{number % 5}" for number in range(40)]
    pool = Pool(classical_tokens, ties="numpy")
    pool.extend(texts)
    deferred = Deferred(len(texts), "classical", ties="numpy")
    assert SimilarityCalculator(texts).compute([("a b other3", deferred)]) == [pool.compare("a b other3")]


def test_the_filter_names_the_nearest_and_defers_the_rest() -> None:
    novelty = RougeLFilter(RougeLOptions(tokeniser="classical", ties="numpy", nearest=3))
    for text in ("a b c d", "a b c d e", "p q r s"):
        novelty.observe(Draft(text))
    dropped = novelty.evaluate(Draft("a b c d e f"))
    assert (dropped.keep, dropped.reason) == (False, "not-novel")
    assert dropped.evidence == {"nearest": "a b c d e", "score": pytest.approx(10 / 11)}
    assert novelty.evaluate(Draft("u v w")).similarity == Deferred(3, "classical", 3, "numpy")


@pytest.mark.parametrize("near", [Deferred(-1), Deferred(1, "latin"), Deferred(1, nearest=0), 0.5])  # type: ignore[arg-type]
def test_a_similarity_that_nobody_can_compute_is_the_filter_s_fault(near: Any) -> None:
    with pytest.raises(PluginError, match="similarity that is none"):
        check_verdict("mine", Verdict(keep=True, similarity=near), "text")


def test_batches_hold_everything_in_order() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
