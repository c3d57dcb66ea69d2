"""Grades: the judge gives them beside its three answers, and an export chooses by grade and distance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.export.best_examples import UNRATED, Selection, choose, quality_of
from selfinstruct.similarity import Pool
from selfinstruct.store import RunStore
from selfinstruct.store.curated import CuratedRun, KeptExample
from selfinstruct.types import JUDGE, TASK_FACTS, Rating
from selfinstruct_filters.length import LengthFilter, LengthOptions
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions
from selfinstruct_filters.semantic import example_filter
from tests.command_line import command, rows
from tests.servers.ollama_server import OllamaServer
from tests.servers.schemas import answer, schema_of

REVIEW = 'Examples:\n{"number"'
"""The beginning of what the judge is asked."""

GRADING = {"judge.encoder.grade": True, "classify.facts": list(TASK_FACTS)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the demo, graded, with facts."""
    folder = tmp_path_factory.mktemp("graded") / "run"
    SelfInstruct(backend="demo", out=folder, settings=GRADING).run(40, judge=True)
    return folder


@pytest.fixture
def run(finished: Path) -> Iterator[CuratedRun]:
    with closing(RunStore.open_readonly(finished)) as store:
        yield CuratedRun(store)


def rouge_l(most: int, balance: str = "") -> Selection:
    return Selection(most, RougeLFilter(RougeLOptions()), {"use": "rouge-l"}, balance)


def text_of(kept: KeptExample) -> str:
    return f"{kept.example.instruction}\n{kept.example.input}"


def test_a_schema_asks_for_grades_and_each_is_stored(tmp_path: Path) -> None:
    with OllamaServer(lambda asked, _: answer(asked)) as server:
        settings = {"backend.base_url": server.url, "judge.encoder.grade": True, "run.structured": True}
        run = SelfInstruct(backend="ollama", out=tmp_path, settings=settings)
        run.run(5, judge=True)
    asked = [schema_of(body) for body in server.chats if body["messages"][-1]["content"].startswith(REVIEW)]
    assert asked
    for schema in asked:
        assert schema is not None
        assert schema["properties"]["1"]["properties"]["grade"]["enum"] == ["1", "2", "3", "4", "5"]
    written = rows(tmp_path / "finetuning" / "ratings.jsonl")
    assert written
    assert {row["grade"] for row in written} <= {1, 2, 3, 4, 5}
    assert run.status().ratings is not None
    assert sum(run.status().ratings.grades.values()) == len(written)  # type: ignore[union-attr]


def test_the_demo_grades_and_status_counts_the_grades(finished: Path, run: CuratedRun) -> None:
    grades = Counter(rating.grade for rating in run.store.ratings().values())
    assert None not in grades
    assert len(grades) >= 3
    assert run.store.overview().grades() == grades
    shown = ", ".join(f"{count} with {grade}" for grade, count in sorted(grades.items(), reverse=True))
    assert f"  grades: {shown}\n" in command("status", "--out", finished).done().out
    for rating in run.store.ratings().values():
        assert rating.grade in ((4, 5) if rating.score == 3 else (rating.score + 1,))


def test_without_grades_nothing_of_them_is_asked_or_written(tmp_path: Path) -> None:
    SelfInstruct(backend="demo", out=tmp_path).run(4, judge=True)
    assert all("grade" not in row for row in rows(tmp_path / "finetuning" / "ratings.jsonl"))
    with closing(RunStore.open_readonly(tmp_path)) as store:
        entry = store.journal_entry(JUDGE, 0, None)
        assert entry is not None
        assert "grade" not in entry.request.messages[0].text
        assert all("grade" not in row.decision.payload for row in store.decisions(JUDGE, "accepted"))


# --- the choice


def naive_choice(run: CuratedRun, most: int, groups: Sequence[str] | None = None) -> list[str]:
    """The choice as it is described: every example is compared with every chosen one, each time."""
    left = list(enumerate(run.examples()))
    named = groups or [""] * len(left)
    ratings = run.store.ratings()
    chosen: list[KeptExample] = []
    taken: Counter[str] = Counter()

    def cost(kept: KeptExample) -> float:
        pool = Pool(nearest=1)
        pool.extend([text_of(one) for one in chosen])
        near = pool.compare(text_of(kept)).highest if chosen else 0.0
        return near - quality_of(ratings.get(kept.original.digest))

    while left and len(chosen) < most:
        group = min({named[place] for place, _ in left}, key=lambda name: (taken[name], name))
        entry = min((one for one in left if named[one[0]] == group), key=lambda one: (cost(one[1]), one[0]))
        left.remove(entry)
        chosen.append(entry[1])
        taken[group] += 1
    return [one.id for one in chosen]


def test_the_choice_is_that_of_comparing_everything_with_everything(run: CuratedRun) -> None:
    assert [one.id for one in choose(run, rouge_l(15))] == naive_choice(run, 15)
    everything = choose(run, rouge_l(10_000))
    assert sorted(one.id for one in everything) == sorted(one.id for one in run.examples())


def test_a_balanced_choice_takes_each_group_in_turn(run: CuratedRun) -> None:
    topics = [one.example.facts.get("topic", "unknown") for one in run.examples()]
    chosen = choose(run, rouge_l(12, "topic"))
    assert [one.id for one in chosen] == naive_choice(run, 12, topics)
    counts = Counter(one.example.facts.get("topic", "unknown") for one in chosen)
    assert all(counts[name] >= min(topics.count(name), 12 // len(set(topics))) for name in set(topics))
    labels = Counter(one.example.is_classification for one in choose(run, rouge_l(6, "label")))
    assert labels[True] == min(3, sum(one.example.is_classification for one in run.examples()))
    assert len({tuple(one.example.facts.items()) for one in choose(run, rouge_l(4, "facts"))}) == 4


def test_embeddings_measure_where_the_config_says_so(run: CuratedRun) -> None:
    by_letters = choose(run, Selection(10, example_filter(), {"use": "semantic"}))
    assert [one.id for one in by_letters] == [
        one.id for one in choose(run, Selection(10, example_filter(), {"use": "semantic"}))
    ]
    assert {one.id for one in by_letters} != {one.id for one in choose(run, rouge_l(10))}


def test_a_grade_is_weighed_and_a_score_comes_first() -> None:
    def rated(score: int, grade: int | None) -> Rating:
        answers = ["yes"] * score + ["no"] * (3 - score)
        return Rating(answers[0], answers[1], answers[2], "x", grade=grade)

    assert [quality_of(rated(3, grade)) for grade in (5, 4, 1)] == [0, -0.25, -1]
    assert [quality_of(rated(score, None)) for score in (3, 2, 0)] == [0, -1, -3]
    assert quality_of(None) == UNRATED < quality_of(rated(0, None))


def test_the_card_and_the_config_tell_how_the_examples_were_chosen(finished: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    flags = ("--best", "10", "--balance", "topic", "--format", "alpaca", "--license", "mit")
    command("export", "--out", finished, "--to", one, *flags).done()
    SelfInstruct(out=finished).export(two, best=10, balance="topic", format="alpaca", license="mit")
    total = sum(1 for _ in SelfInstruct(out=finished).examples())
    card = (one / "README.md").read_text("utf-8")
    assert f"10 of the {total} examples of the run were chosen, one after the other, in turn for each topic" in card
    assert "its grade is high and it is far from those chosen before it, as `rouge-l` measures" in card
    assert " --best 10 --balance topic " in card
    config = json.loads((one / "config.json").read_text("utf-8"))
    assert (config["best"], config["balance"], config["chosen_from"]) == (10, "topic", total)
    assert config["distance"]["use"] == "rouge-l"
    for name in ("data/train.jsonl", "data/validation.jsonl", "recipe.toml"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_choice_that_cannot_be_made_is_refused(finished: Path, tmp_path: Path, run: CuratedRun) -> None:
    known = SelfInstruct(out=finished)
    with pytest.raises(UsageError, match="balance needs the number of examples"):
        known.export(tmp_path / "data", balance="topic")
    with pytest.raises(UsageError, match="there is no balance by 'colour'"):
        known.export(tmp_path / "data", best=3, balance="colour")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the filter 'length' measures no nearness"):
        choose(run, Selection(3, LengthFilter(LengthOptions()), {"use": "length"}))
    with pytest.raises(ConfigError, match=r"export\.distance\.use"):
        SelfInstruct(out=finished, settings={"export.distance.use": "farness"}).export(tmp_path / "data", best=3)
    plain = SelfInstruct(backend="demo", out=tmp_path / "plain")
    plain.run(3)
    with pytest.raises(UsageError, match="--balance topic: no example of the run has facts"):
        plain.export(tmp_path / "data", best=3, balance="topic")
    assert not (tmp_path / "data").exists()
