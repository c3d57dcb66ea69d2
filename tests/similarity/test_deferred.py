"""Deferred statistics: exports are the same whoever computes them, and whenever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.api import Deferred, Draft, PluginError
from selfinstruct.engine.plugin_calls import check_verdict
from selfinstruct.export.contracts import instruction_rows, write_contracts
from selfinstruct.files.names import INSTRUCTIONS
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
    """A run with complete statistics."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    SelfInstruct(out=folder, backend="demo").generate(TARGET)
    return folder


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / INSTRUCTIONS).read_text("utf-8").splitlines()]


def without_statistics(folder: Path, copy: Path) -> Path:
    """A copy of a run as a kill would leave it before any deferred statistics were computed."""
    copy.mkdir()
    source = RunStore.open_readonly(folder)
    with OpenStore(copy) as store:
        source._read.backup(store._read)
        seeds = len(store.seeds())
        accepted = store.accepted_after(-1, -1, TARGET)
        later = [(row, Deferred(seeds + rank)) for rank, row in enumerate(accepted)]
        store.record_similarities(later).result()  # type: ignore[arg-type]
    source.close()
    return copy


class OpenStore:
    def __init__(self, folder: Path) -> None:
        self._store = RunStore.open(folder)

    def __enter__(self) -> RunStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def test_every_row_has_the_statistics_of_the_pool_before_it(finished: Path) -> None:
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


def test_a_finished_stage_has_no_deferred_statistics(finished: Path) -> None:
    store = RunStore.open_readonly(finished)
    assert all(isinstance(row.similarity, Similarity) for row in store.accepted_after(-1, -1, TARGET))
    store.close()


@pytest.mark.parametrize("batch", [1, 7, 512])
def test_an_export_computes_missing_statistics(
    finished: Path, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "BATCH", batch)
    folder = without_statistics(finished, tmp_path / "killed")
    store = RunStore.open_readonly(folder)
    assert all(isinstance(row.similarity, Deferred) for row in store.accepted_after(-1, -1, TARGET))
    write_contracts(store, folder)
    store.close()
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


@pytest.mark.parametrize("kernel", ["rouge-score", "rapidfuzz"])
def test_other_kernels_export_the_same_bytes(
    finished: Path, tmp_path: Path, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFINSTRUCT_KERNEL", kernel)
    folder = without_statistics(finished, tmp_path / kernel)
    store = RunStore.open_readonly(folder)
    write_contracts(store, folder)
    store.close()
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


def test_statistics_computed_during_a_run_equal_those_computed_at_its_end(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "BATCH", 16)
    folder = without_statistics(finished, tmp_path / "along")
    with OpenStore(folder) as store:
        filler = SimilarityBackfill(store)
        filler.fill(least=16)
        waiting = [row for row in store.accepted_after(-1, -1, TARGET) if isinstance(row.similarity, Deferred)]
        assert len(waiting) == TARGET % 16
        filler.fill()
        filler.close()
        assert list(instruction_rows(CuratedRun(store))) == rows_of(finished)


def test_a_resumed_run_computes_statistics_that_a_kill_left_open(finished: Path, tmp_path: Path) -> None:
    folder = without_statistics(finished, tmp_path / "resumed")
    SelfInstruct(out=folder, backend="demo").generate(TARGET)
    assert (folder / INSTRUCTIONS).read_bytes() == (finished / INSTRUCTIONS).read_bytes()


def test_statistics_that_a_filter_gave_are_kept() -> None:
    known = Similarity(0.5, (("a b", 0.5),), 0.25)
    calculator = SimilarityCalculator(["a b"])
    assert calculator.compute([("a c", known), ("a d", Deferred(2)), ("x", None)])[::2] == [known, None]
    near = calculator.compute([("a b c", Deferred(1)), ("a c", Deferred(4, nearest=1))])
    assert [one.nearest for one in near if one] == [(("a b", 0.8),), (("a c", 1.0),)]


def test_deferred_statistics_keep_the_order_of_ties_of_the_paper() -> None:
    texts = [f"a b c other{number % 5}" for number in range(40)]
    pool = Pool(classical_tokens, ties="numpy")
    pool.extend(texts)
    deferred = Deferred(len(texts), "classical", ties="numpy")
    assert SimilarityCalculator(texts).compute([("a b other3", deferred)]) == [pool.compare("a b other3")]


def test_the_filter_reports_the_nearest_entry_and_defers_statistics() -> None:
    novelty = RougeLFilter(RougeLOptions(tokeniser="classical", ties="numpy", nearest=3))
    for text in ("a b c d", "a b c d e", "p q r s"):
        novelty.observe(Draft(text))
    dropped = novelty.evaluate(Draft("a b c d e f"))
    assert (dropped.keep, dropped.reason) == (False, "not-novel")
    assert dropped.evidence == {"nearest": "a b c d e", "score": pytest.approx(10 / 11)}
    assert novelty.evaluate(Draft("u v w")).similarity == Deferred(3, "classical", 3, "numpy")


@pytest.mark.parametrize("near", [Deferred(-1), Deferred(1, "latin"), Deferred(1, nearest=0), 0.5])  # type: ignore[arg-type]
def test_a_similarity_that_cannot_be_computed_is_a_plugin_error(near: Any) -> None:
    with pytest.raises(PluginError, match="invalid similarity"):
        check_verdict("mine", Verdict(keep=True, similarity=near), "text")


def test_batches_hold_all_items_in_order() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
