"""Collapse is seen: what the last accepted instructions have in common and those before do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.insight.diversity_loss import LEVERS, compare, warning
from tests.command_line import command
from tests.servers.ollama_server import OllamaServer

VERBS = ("Write", "List", "Name", "Explain", "Compare", "Describe", "Summarize", "Translate", "Count", "Sort")
SYLLABLES = ("ba", "de", "fi", "go", "lu", "mi", "no", "pe", "ra", "su", "ti", "ve")
TOPICS = ("food", "law", "travel", "science", "home", "arts", "sports", "health")


def words(rng: Random, count: int) -> str:
    return " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(count))


def tasks(count: int, rng: Random, verbs: Sequence[str] = VERBS, lengths: tuple[int, int] = (4, 40)) -> list[Any]:
    """Ids and texts of instructions with all of these verbs, openings and lengths."""
    return [
        (f"g{rng.random()}", f"{rng.choice(verbs)} {words(rng, 1)} of the {words(rng, rng.randint(*lengths))}.")
        for _ in range(count)
    ]


def narrowed(last: Sequence[Any], earlier: Sequence[Any], topics: dict[str, str] | None = None) -> str:
    """The kinds that have narrowed."""
    return " ".join(one.kind for one in compare(last, earlier, topics) if one.taken_over)


def test_a_run_that_stays_as_varied_is_never_warned_about() -> None:
    for seed in range(60):
        rng = Random(seed)
        pool = tasks(400, rng, VERBS[: rng.randint(2, 10)])
        topics = {identity: rng.choice(TOPICS) for identity, _ in pool}
        assert warning(compare(pool[300:], pool[:300], topics)) == "", seed


def test_each_kind_is_noticed_by_itself() -> None:
    rng = Random(1)
    before, after = tasks(300, rng), tasks(100, rng)
    topics = {identity: rng.choice(TOPICS) for identity, _ in before} | {identity: "law" for identity, _ in after}
    assert narrowed(after, before, topics) == "topic"
    assert narrowed(tasks(100, rng, VERBS[:1]), before) == "verb"
    assert narrowed(tasks(100, rng, lengths=(4, 5)), before) == "length"
    opened = [(identity, f"Can you {text.lower()}") for identity, text in after[:50]] + after[50:]
    assert "opening" in narrowed(opened, before)


def test_shares_are_those_of_all_instructions_but_of_topics_only_where_they_are_known() -> None:
    rng = Random(4)
    before, after = tasks(300, rng), tasks(100, rng)
    after = [(identity, "?" if at % 2 else text) for at, (identity, text) in enumerate(after)]
    topics = {identity: "law" for identity, _ in [*before, *after[:60]]}
    assert {one.kind: (one.last, one.earlier) for one in compare(after, before, topics)} == {
        "topic": (60, 300),
        **dict.fromkeys(("verb", "opening", "length"), (100, 300)),
    }
    few = dict.fromkeys([identity for identity, _ in after[:8]], "food") | topics
    assert "topic" not in [one.kind for one in compare(after[:40], before, few)]


def test_the_sentence_has_both_shares_and_the_lever() -> None:
    rng = Random(2)
    before, after = tasks(300, rng, VERBS[5:], (10, 10)), tasks(100, rng, VERBS[:1], (10, 10))
    assert warning(compare(after, before)) == (
        "the tasks narrow: 100% of the last 100 instructions ask to write (0% before); " + LEVERS["verb"]
    )


@pytest.fixture(scope="module")
def collapsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model writes one kind of task only after its first 18 replies."""
    rng = Random(3)

    def said(asked: dict[str, Any], number: int) -> str:
        del asked
        verbs = VERBS[:1] if number > 18 else VERBS[1:]
        return "\n".join(f"{at}. {text}" for at, (_, text) in enumerate(tasks(10, rng, verbs, (6, 12)), 1))

    folder = tmp_path_factory.mktemp("collapsed") / "run"
    with OllamaServer(said) as server:
        settings = {"backend.base_url": server.url, "run.structured": False, "run.concurrency": 1}
        SelfInstruct(backend="ollama", out=folder, settings=settings).generate(240)
    return folder


def test_status_warns_of_a_run_that_collapses_in_one_sentence(collapsed: Path) -> None:
    growth = SelfInstruct(out=collapsed).status().growth
    assert growth.narrowing.startswith("the tasks narrow: ")
    assert "of the last 60 instructions ask to write (" in growth.narrowing
    assert growth.narrowing.endswith(LEVERS["verb"])
    assert command("status", "--out", collapsed).done().out.splitlines()[-1] == f"  {growth.narrowing}"


def test_the_report_shows_it(collapsed: Path, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    command("report", "--out", collapsed, "-o", tmp_path / "report.html").done()
    page = (tmp_path / "report.html").read_text("utf-8")
    section = page[page.index('<section id="variety"') :].partition("</section>")[0]
    assert "<strong>The tasks narrow: " in section
    for kind in ("Verb", "Opening", "Length"):
        assert f"<caption>{kind}<" in section
    assert "<caption>Topic<" not in section, "the run knows no topics"


def test_a_short_run_and_one_of_the_demo_are_not_warned_about(tmp_path: Path) -> None:
    run = SelfInstruct(backend="demo", out=tmp_path)
    run.generate(20)
    assert run.status().growth.narrowing == ""
    run.generate(240)
    assert run.status().growth.narrowing == ""
    assert 'id="variety"' not in command("status", "--out", tmp_path).done().out
