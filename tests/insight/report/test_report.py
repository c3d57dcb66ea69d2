"""What a report says, and that it says it of any run."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from selfinstruct.export.contracts import label_rows
from selfinstruct.insight.ratings import count_ratings
from selfinstruct.insight.report.collect import collect
from selfinstruct.insight.report.measure import BINS, words
from selfinstruct.insight.report.report_values import Report
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.store.curated import CuratedRun
from selfinstruct.types import GENERATE, PREPARE, STAGES, Similarity
from tests.command_line import command
from tests.insight.report.pages import EVIL, ParsedPage, evil_run
from tests.project import Project, wait_until
from tests.transfer.old import OldRun, instruction_rows

LARGEST = 1_500_000


def report_on(run: Path) -> ParsedPage:
    """The report that the command writes."""
    ended = command("report", "--out", run).done()
    path = run / "report.html"
    assert ended.out.startswith(f"{path}: "), ended.out
    assert path.stat().st_size < LARGEST
    return ParsedPage(path)


def gathered(run: Path) -> Report:
    store = RunStore.open_readonly(run)
    try:
        return collect(store)
    finally:
        store.close()


def test_the_figures_in_large_are_those_of_the_store(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", finished, "-o", tmp_path / "deep" / "page.html").done()
    store = RunStore.open_readonly(finished)
    made, spent = store.totals(GENERATE), store.calls().spent()
    requests = sum(store.totals(stage).requests for stage in STAGES)
    usd = (spent.prompt_tokens * 0.5 + spent.completion_tokens * 2) / 1_000_000
    assert ParsedPage(tmp_path / "deep" / "page.html").headline == {
        "seed tasks": "175",
        "candidates": f"{made.candidates:,}",
        "instructions accepted": "60",
        "acceptance": f"{60 / made.candidates:.1%}",
        "training examples": f"{store.totals(PREPARE).accepted:,}",
        "requests": f"{requests:,}",
        "tokens": f"{spent.prompt_tokens + spent.completion_tokens:,}",
        "cost": f"${usd:,.2f}" if usd >= 0.1 else f"${usd:.4f}",
    }
    store.close()


def test_what_is_summed_up_is_what_one_by_one_adds_up_to(finished: Path) -> None:
    found, store = gathered(finished), RunStore.open_readonly(finished)
    near = [row.decision.similarity for row in store.decisions(GENERATE, "accepted")]
    scores = [one.nearest[0][1] for one in near if isinstance(one, Similarity)]
    assert len(scores) == 60
    bins = Counter(min(BINS - 1, int(score * BINS)) for score in scores)
    assert list(found.near.counts) == [bins[at] for at in range(BINS)]
    assert [pair.score for pair in found.closest] == sorted(scores, reverse=True)[: len(found.closest)]
    assert all(pair.nearest.id for pair in found.closest)
    assert found.ratings == count_ratings(store.ratings().values())
    assert found.ratings.rated > 0
    labels = Counter(row["is_classification"].lower() for row in label_rows(CuratedRun(store)))
    assert found.labels == dict(labels)
    examples = [example for _, example in store.examples()]
    assert found.output_words.total == len(examples)
    assert found.input_words.total + found.without_input == len(examples)
    assert found.without_input == sum(not words(example.input) for example in examples)
    assert found.with_instances == len({subject for subject, _, _ in store.raw_instances()})
    assert sum(one.accepted for one in found.stretches) == store.accepted_totals(GENERATE)[-1]
    assert found.phrases.total == 60
    store.close()


def test_the_sample_has_the_lineage_of_each_instruction(finished: Path) -> None:
    found, store = gathered(finished), RunStore.open_readonly(finished)
    texts = {seed.id: seed.instruction for seed in store.seeds()} | {i.id: i.text for i in store.instructions()}
    assert [drawn.id for drawn in found.sample] == [instruction.id for instruction in store.instructions()]
    for drawn in found.sample:
        index = int(drawn.id[1:].partition(".")[0])
        asked = store.ledger().request(GENERATE, index)
        assert asked is not None
        assert [one.id for one in drawn.shown] == [one.id for one in asked.examples]
        assert all(one.text == texts[one.id] for one in drawn.shown)
        assert all(example.subject == drawn.id for _, example in drawn.examples)
    assert sum(len(drawn.examples) for drawn in found.sample) == store.totals(PREPARE).accepted
    store.close()


def test_every_reason_is_in_the_funnel(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", finished, "-o", tmp_path / "page.html").done()
    text = ParsedPage(tmp_path / "page.html").text
    store = RunStore.open_readonly(finished)
    for stage in STAGES:
        for (_, reason), count in store.totals(stage).drops.items():
            assert f"{reason} {count:,}" in text
    store.close()


def test_bars_that_share_a_scale_count_one_unit(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", finished, "-o", tmp_path / "page.html").done()
    page, store = ParsedPage(tmp_path / "page.html"), RunStore.open_readonly(finished)
    for stage, caption in ((GENERATE, "Instructions"), (PREPARE, "Training rows")):
        (_, candidates, whole), (_, accepted, _), *_ = rows = page.bars(caption)
        assert (candidates, accepted) == (store.evaluated(stage), store.totals(stage).accepted)
        assert whole == 100.0
        assert [width for _, _, width in rows] == [round(100 * count / candidates, 2) for _, count, _ in rows]
        assert not [name for name, _, _ in rows if "request" in name]
    store.close()


def test_the_same_run_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        command("report", "--out", finished, "-o", tmp_path / name).done()
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_a_run_that_has_asked_nothing_has_a_report(tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "run")
    store.create([], InitialFacts())
    store.close()
    page = report_on(tmp_path / "run")
    assert "No request has been made yet." in page.text
    assert page.plots == set()
    assert page.headline["acceptance"] == "–"


def test_a_run_with_instructions_alone_has_a_report(project: Project) -> None:
    page = report_on(project.grow(25).folder)
    assert {"plot-verbs", "plot-near", "plot-seeds", "plot-instructions", "plot-kept"} <= page.plots
    assert "plot-outputs" not in page.plots
    assert page.headline["training examples"] == "–"
    assert page.headline["cost"] == "not known"


def test_an_imported_run_has_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = OldRun.in_folder(tmp_path)
    old.bring(old.file("machine_generated_instructions.jsonl", *instruction_rows(30)))
    store = old.open_readonly()
    folder, accepted = store.folder, store.totals(GENERATE).accepted
    store.close()
    page = report_on(folder)
    assert page.headline["instructions accepted"] == str(accepted)
    assert "No call to a model is recorded in this run." in page.text


def test_a_run_in_progress_has_a_report_that_agrees_with_itself(project: Project) -> None:
    process = project.start("generate", "--target", "100000", "--quiet")
    wait_until(lambda: project.replies() > 20, "some replies")
    for _ in range(3):
        found = gathered(project.folder)
        made = found.funnel(GENERATE)
        assert made is not None
        assert made.accepted == found.phrases.total == found.near.total + found.near_unknown > 0
        assert made.candidates == sum(step.dropped for step in made.steps) + made.accepted
    assert process.is_running()
    process.kill()


def test_a_report_stays_small_however_long_the_texts_are(tmp_path: Path) -> None:
    texts = tuple(f"{at} {text} " * 60 for at in range(40) for text in (*EVIL, "写一首关于大海的诗"))
    page = report_on(evil_run(tmp_path / "run", texts))
    assert len(re.findall('<article class="item">', page.html)) > 20


def test_without_jinja_it_says_what_to_install(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "jinja2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    command("report", "--out", finished).failed(2, "Jinja2", "pip install 'selfinstruct[report]'")


def test_what_cannot_be_read_or_written_is_said(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", tmp_path / "none").failed(2, "there is no run in")
    (tmp_path / "taken").mkdir()
    command("report", "--out", finished, "-o", tmp_path / "taken").failed(2, "taken is a folder")
    assert list((tmp_path / "taken").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken"]
