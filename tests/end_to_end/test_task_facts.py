"""Facts about tasks: asked for beside the label, kept in the run, and used by `prepare`, exports, status and review."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.errors import ConfigError, UsageError
from selfinstruct.store import RunStore
from selfinstruct.store.review_pages import Pages
from selfinstruct.store.reviews import Reviews
from selfinstruct.types import CLASSIFY, GENERATE, TASK_FACTS
from tests.command_line import command, rows
from tests.servers.ollama_server import OllamaServer
from tests.servers.schemas import answer, schema_of

ASKED = ("topic", "harm")


def grow(server: OllamaServer, out: Path, **settings: Any) -> SelfInstruct:
    return SelfInstruct(
        backend="ollama",
        out=out,
        settings={"backend.base_url": server.url, "classify.facts": ASKED, "run.structured": True, **settings},
    )


def task_facts(out: Path) -> dict[str, dict[str, str]]:
    with closing(RunStore.open_readonly(out)) as store:
        return store.ledger().task_facts()


def test_a_schema_of_enums_asks_for_the_facts_and_each_is_stored(tmp_path: Path) -> None:
    with OllamaServer(lambda asked, _: answer(asked)) as server:
        run = grow(server, tmp_path)
        result = run.generate(6)
        run.classify()
    about_tasks = [asked for asked in server.chats if asked["messages"][-1]["content"].startswith("Tasks:")]
    (schema,) = [schema_of(asked) for asked in about_tasks]
    assert schema is not None
    entry = schema["properties"]["6"]
    assert [*entry["properties"]] == ["classification", *ASKED]
    assert entry["properties"]["topic"]["enum"] == list(TASK_FACTS["topic"])
    found = task_facts(tmp_path)
    assert len(found) == len(result.instructions) == 6
    assert all(list(facts) == list(ASKED) for facts in found.values())
    assert run.status().stages[CLASSIFY].accepted == 6


def test_a_model_without_schemas_tells_the_facts_in_words(tmp_path: Path) -> None:
    def said(asked: dict[str, Any], _: int) -> str:
        if asked["messages"][-1]["content"].startswith("Tasks:"):
            return "1. no; topic: food; harm: none\n2) **Yes** - topic = Law, harm: a little\n3. no"
        return "1. Cook a soup.\n2. Is this contract valid, yes or no: I sell the moon.\n3. Name a river of Asia."

    with OllamaServer(said) as server:
        run = grow(server, tmp_path, **{"run.structured": False})
        run.generate(3)
        run.classify()
    assert not any(schema_of(asked) for asked in server.chats)
    assert task_facts(tmp_path) == {"g0.0": {"topic": "food", "harm": "none"}, "g0.1": {"topic": "law"}}
    with closing(RunStore.open_readonly(tmp_path)) as store:
        assert [text for _, text in store.asked_about(CLASSIFY).values()] == ["no", "yes", "no"]


def test_an_encoder_that_cannot_ask_for_facts_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    settings = {"classify.facts": ASKED, "classify.encoder.use": "paper-classify"}
    with pytest.raises(ConfigError, match=r"classify\.facts: the encoder 'paper-classify' cannot ask for facts"):
        SelfInstruct(backend="demo", out=tmp_path / "run", settings=settings).run(2)
    assert not (tmp_path / "run").exists()


# --- what the facts are good for


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the demo with all facts."""
    folder = tmp_path_factory.mktemp("facts") / "run"
    facts = "classify.facts=" + json.dumps(list(TASK_FACTS))
    command("run", "--backend", "demo", "--target", "30", "--out", folder, "--quiet", "--set", facts).done()
    return folder


def test_the_demo_answers_every_fact_and_the_same_again(finished: Path, tmp_path: Path) -> None:
    found = task_facts(finished)
    assert len(found) >= 28  # of 30: the demo leaves lines out, and asks again
    assert all(list(facts) == list(TASK_FACTS) for facts in found.values())
    assert len({facts["topic"] for facts in found.values()}) >= 3
    again = SelfInstruct(backend="demo", out=tmp_path, settings={"classify.facts": list(TASK_FACTS)})
    again.generate(30)
    again.classify()
    assert task_facts(tmp_path) == found


def test_status_labels_and_review_show_the_facts(finished: Path) -> None:
    found = task_facts(finished)
    counted = Counter(facts["topic"] for facts in found.values())
    status = SelfInstruct(out=finished).status()
    assert status.facts["topic"] == counted
    assert status.as_json()["facts"]["topic"] == counted
    top, count = next(iter(status.facts["topic"].items()))
    assert f"  topic: {count} {top}, " in command("status", "--out", finished).done().out
    assert {row["id"]: row.get("facts", {}) for row in rows(finished / "is_clf_or_not.jsonl")} == found
    with closing(Reviews.open(finished)) as reviews:
        item = Pages(reviews).item(next(iter(found)))
    assert item["facts"] == found[next(iter(found))]


def test_prepare_drops_by_facts_and_a_row_may_have_them_as_columns(finished: Path, tmp_path: Path) -> None:
    run = SelfInstruct(
        backend="demo",
        out=finished,
        settings={"prepare": {"add_filters": [{"use": "facts", "drop": {"topic": ["language"]}}]}},
    )
    run.prepare()
    topics = [example.facts.get("topic") for example in run.examples()]
    assert topics
    assert "language" not in topics
    dropped = [row for row in rows(finished / "rejected.jsonl") if row["filter"] == "facts"]
    assert dropped
    assert {row["evidence"]["value"] for row in dropped} == {"language"}
    exported = run.export(tmp_path / "data", format="alpaca", split=1, columns=["difficulty", "topic"])
    written = rows(tmp_path / "data" / "data" / "train.jsonl")
    assert [list(row)[-2:] for row in written] == [["difficulty", "topic"]] * exported.counts["train"]
    assert Counter(row["topic"] for row in written) == Counter(one.facts.get("topic") for one in run.examples())
    assert "--column difficulty --column topic" in (tmp_path / "data" / "README.md").read_text("utf-8")


def test_options_without_such_a_fact_or_value_are_refused(finished: Path, tmp_path: Path) -> None:
    run = SelfInstruct(out=finished)
    with pytest.raises(UsageError, match="there is no column 'colour'"):
        run.export(tmp_path / "data", columns=["colour"])
    wrong = {"prepare": {"add_filters": [{"use": "facts", "drop": {"harm": ["much"]}}]}}
    with pytest.raises(ConfigError, match="harm is never 'much'; it is one of: none, some, serious"):
        SelfInstruct(out=finished, settings=wrong).prepare()


def test_without_facts_prompts_and_decisions_are_as_before(tmp_path: Path) -> None:
    run = SelfInstruct(backend="demo", out=tmp_path)
    run.generate(3)
    run.classify()
    assert task_facts(tmp_path) == {}
    assert run.status().facts == {}
    assert "facts" not in run.status().as_json()
    with closing(RunStore.open_readonly(tmp_path)) as store:
        entry = store.journal_entry(CLASSIFY, 0, None)
        assert entry is not None
        assert "fact" not in entry.request.messages[0].text
        assert entry.request.messages[-1].text.endswith("\n\nAnswer yes or no for each, numbered 1 to 3.")
        assert all("facts" not in row.decision.notes for row in store.decisions(GENERATE, "accepted"))


def test_the_estimate_counts_the_facts(tmp_path: Path) -> None:
    SelfInstruct(backend="demo", out=tmp_path / "run").generate(20)
    asked = ("classify", "--out", tmp_path / "run", "--estimate")
    assert "and 160 completion tokens" in command(*asked).done().out
    assert "and 400 completion tokens" in command(*asked, "--set", 'classify.facts=["topic", "harm"]').done().out
