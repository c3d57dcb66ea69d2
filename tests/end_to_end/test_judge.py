"""The stage `judge` at work: what is rated, what it costs, what is kept, and what comes of a low score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.export.records import RatingRecord
from selfinstruct.similarity import Pool
from selfinstruct.store import BackendFacts, RunStore
from selfinstruct.types import JUDGE, PREPARE, Request
from tests.command_line import Ended, command, rows
from tests.project import Project, wait_until

RUN = Path("run")
RATINGS = RUN / "finetuning" / "ratings.jsonl"
EXAMPLES = RUN / "finetuning" / "all_generated_instances.jsonl"
REJECTED = RUN / "rejected.jsonl"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with training examples that nobody has rated."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    command("run", "--backend", "demo", "--target", "30", "--out", folder, "--quiet").done()
    return folder


@pytest.fixture(autouse=True)
def _own_copy(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(finished, tmp_path / RUN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GROQ_API_KEY", raising=False)


def do(name: str, *args: str) -> Ended:
    return command(name, "--out", RUN, *args)


def recording(*replies: str) -> tuple[str, ...]:
    """The flags by which recorded replies rate."""
    lines = [json.dumps({"response": {"choices": [{"text": text, "finish_reason": "stop"}]}}) for text in replies]
    Path("replies.jsonl").write_text("\n".join(lines), "utf-8")
    return ("--backend", "replay", "--path", "replies.jsonl")


@pytest.fixture
def store() -> Iterator[RunStore]:
    """The run's database as it is when it is first looked at."""
    with closing(RunStore.open_readonly(RUN)) as store:
        yield store


def similarity(text: str, other: str) -> float:
    """ROUGE-L of two texts, compared in full."""
    pool = Pool()
    pool.add(other)
    return pool.compare(text).highest


def spent(stages: Sequence[str] = ("judge",)) -> Any:
    with closing(RunStore.open_readonly(RUN)) as store:
        return store.calls().spent(stages)


def texts(found: Sequence[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(row["instruction"], row["input"], row["output"]) for row in found}


# --- what is rated


def test_every_example_is_rated_by_what_it_says_without_any_config() -> None:
    ended = do("judge").done()
    rated = rows(RATINGS)
    assert texts(rated) <= texts(rows(EXAMPLES))
    assert len(rated) >= 0.9 * len(texts(rows(EXAMPLES)))
    for row in rated:
        record = RatingRecord.model_validate(row)
        answers = (record.valid_task, record.suitable_input, record.correct_output)
        assert record.score == answers.count("yes")
        assert (record.reason == "") == (record.score == 3)
        assert record.model == "demo"
    assert {row["score"] for row in rated} >= {2, 3}, "the demo gives a mix"
    assert f"of {len(rated)} rated: valid task" in ended.out
    assert str(RATINGS) in ended.out


def test_a_run_is_not_rated_unless_that_is_wanted(finished: Path) -> None:
    assert not (finished / "finetuning" / "ratings.jsonl").exists()
    command("run", "--backend", "demo", "--target", "4", "--out", "plain", "--quiet").done()
    assert not Path("plain/finetuning/ratings.jsonl").exists()
    command("run", "--backend", "demo", "--target", "4", "--out", "rated", "--quiet", "--judge").done()
    assert rows(Path("rated/finetuning/ratings.jsonl"))
    Path("selfinstruct.toml").write_text("[judge]\nenabled = true\n[prepare]\nmin_score = 3\n", "utf-8")
    command("run", "--backend", "demo", "--target", "12", "--out", "both", "--quiet").done()
    low = texts([row for row in rows(Path("both/finetuning/ratings.jsonl")) if row["score"] < 3])
    assert low
    assert not low & texts(rows(Path("both/finetuning/all_generated_instances.jsonl")))


def requests(store: RunStore) -> list[Request]:
    """The requests of the stage `judge`, in order."""
    entries = (store.journal_entry(JUDGE, index, None) for index in range(store.next_request_index(JUDGE)))
    return [entry.request for entry in entries if entry is not None]


def test_what_a_reply_leaves_out_is_asked_again_and_then_left(store: RunStore) -> None:
    examples = [example for _, example in store.examples()]
    all_well = "\n".join(f"{number}. yes/yes/yes" for number in range(1, len(examples)))
    first = f"{all_well}\n{len(examples)}. yes/yes - I forgot one"
    ended = do("judge", *recording(first, "1. no/yes/yes - late", "1. yes"), "--set", "judge.batch=1000").done()
    rated = rows(RATINGS)
    assert len(rated) == len(examples)
    assert rated[-1]["output"] == examples[-1].output
    assert (rated[-1]["valid_task"], rated[-1]["score"], rated[-1]["reason"]) == ("no", 2, "late")
    assert "1 answered: partly-answered" in ended.out
    with closing(RunStore.open_readonly(RUN)) as after:
        assert [request.subjects[0].example for request in requests(after)][1] == examples[-1]


def test_after_the_last_attempt_an_example_stays_unrated(store: RunStore) -> None:
    count = len(list(store.examples()))
    silent = do("judge", *recording("hello", "hello", "1. yes/yes/yes"), "--set", "judge.batch=1000")
    silent.failed(4, "nothing could be used", "To ask again: --set judge.attempts=4")
    assert not rows(RATINGS)
    assert f"{2 * count} answers missing or unusable" in silent.out
    do("judge").failed(4, "nothing could be used")
    assert spent().requests == 2, "nobody is asked a third time"
    dropped = [row for row in rows(REJECTED) if row["stage"] == "judge"]
    assert {(row["filter"], row["reason"]) for row in dropped} == {("answered", "missing-from-reply")}


def test_seed_tasks_are_not_rated_nor_dropped() -> None:
    do("prepare", "--set", "prepare.include_seeds=true").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        seeds = {example.digest for _, example in store.examples() if example.notes.get("seed")}
    assert len(seeds) > 100
    do("judge").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        assert store.ratings()
        assert not store.ratings().keys() & seeds
    do("prepare", "--min-score", "3", "--unrated", "drop").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        assert seeds <= {example.digest for _, example in store.examples()}


# --- scores


def test_low_scores_are_dropped_with_their_evidence_and_come_back_for_free() -> None:
    before = EXAMPLES.read_bytes()
    do("judge").done()
    paid = spent()
    do("prepare", "--min-score", "3").done()
    low = texts([row for row in rows(RATINGS) if row["score"] < 3])
    assert low
    assert not low & texts(rows(EXAMPLES))
    dropped = [row for row in rows(REJECTED) if row["filter"] == "rating"]
    assert len(dropped) == len(low)
    for row in dropped:
        evidence = row["evidence"]
        assert (row["stage"], row["reason"]) == ("prepare", "low-score")
        assert evidence["score"] == list(evidence.values()).count("yes") < 3
        assert evidence["remark"]
    do("prepare", "--min-score", "0").done()
    assert EXAMPLES.read_bytes() == before
    do("judge").done()
    assert spent() == paid, "rated examples are not rated again after prepare started again"


def test_the_unrated_are_kept_or_dropped_as_one_says_and_can_still_be_rated(store: RunStore) -> None:
    count = len(list(store.examples()))
    conflicts = sum(row["filter"] == "conflict" for row in rows(REJECTED))
    ended = do("prepare", "--min-score", "2").done()
    assert "no example is rated yet" in ended.err
    assert len(rows(EXAMPLES)) == count
    do("prepare", "--unrated", "drop").done()
    assert rows(EXAMPLES) == []
    unrated = sum(row["reason"] == "unrated" for row in rows(REJECTED))
    assert unrated == count + conflicts, "ratings are looked at before conflicts"
    do("judge").done()
    rated = rows(RATINGS)
    assert len(rated) >= 0.9 * count, "what was dropped for want of a rating is rated"
    do("prepare").done()
    conflicts = [row for row in rows(REJECTED) if row["filter"] == "conflict"]
    conflicting = {(row["instruction"], row["input"], row["text"]) for row in conflicts}
    good = texts([row for row in rated if row["score"] >= 2])
    assert texts(rows(EXAMPLES)) == good - conflicting, "new ratings count at once"


def test_the_best_examples_are_exported_first() -> None:
    do("judge").done()
    scores = {(row["instruction"], row["input"], row["output"]): row["score"] for row in rows(RATINGS)}
    order = [(row["instruction"], row["input"], row["output"]) for row in rows(EXAMPLES)]
    wanted = sorted((scores.get(text, -1) for text in order), reverse=True)
    args = ("--format", "alpaca", "--split", "1")
    for most in (5, len(order) - 1):
        do("export", "--to", "data", "--best", str(most), *args).done()
        trained = [(row["instruction"], row["input"], row["output"]) for row in rows(Path("data/data/train.jsonl"))]
        assert [scores.get(text, -1) for text in trained] == wanted[:most]
        assert len(set(trained)) == most
    ended = do("export", "--to", "data", "--best", "5000", *args).done()
    assert f"the run has {len(order)} examples, fewer than 5000, so all of them were written" in ended.out
    assert len(rows(Path("data/data/train.jsonl"))) == len(order)
    assert "rated" in Path("data/README.md").read_text("utf-8")
    config = json.loads(Path("data/config.json").read_text("utf-8"))
    assert config["judges"] == ["demo"]
    assert config["ratings"]["rated"] == len(scores)


def test_the_best_keep_the_side_that_they_have_among_all() -> None:
    do("judge").done()
    do("export", "--to", "all", "--format", "alpaca", "--split", "0.7").done()
    do("export", "--to", "best", "--format", "alpaca", "--split", "0.7", "--best", "20").done()
    trained = {row["instruction"] for row in rows(Path("all/data/train.jsonl"))}
    assert not trained & {row["instruction"] for row in rows(Path("best/data/validation.jsonl"))}


def test_without_ratings_distance_decides_and_that_is_said() -> None:
    ended = do("export", "--to", "data", "--best", "3", "--format", "alpaca", "--split", "1").done()
    assert "no example is rated" in ended.out
    chosen, every = rows(Path("data/data/train.jsonl")), rows(EXAMPLES)
    assert texts(chosen[:1]) == texts(every[:1]), "the first of equal ones is the oldest"
    said = [f"{row['instruction']}\n{row['input']}" for row in every]
    seen = [f"{row['instruction']}\n{row['input']}" for row in chosen]
    for at in (1, 2):
        nearest = [max(similarity(text, one) for one in seen[:at]) for text in said]
        assert nearest[said.index(seen[at])] == min(nearest)
    do("export", "--best", "3").failed(2, "--to")
    do("export", "--to", "data", "--best", "0").failed(2, "--best")


# --- what is paid


def test_a_judge_that_is_killed_ends_like_an_unbroken_one(project: Project) -> None:
    flags = ("--backend", "demo", "--set", "judge.batch=2", "--set", "run.concurrency=1")
    shutil.copytree(RUN, "unbroken")
    command("judge", "--out", "unbroken", *flags).done()
    for replies in (2, 7):
        process = project.start("judge", *flags, "--latency", "0.1", "--quiet")
        wait_until(partial(_has_replies, replies), "replies")
        process.kill()
    before = _replies()
    assert 7 <= before < 15
    do("judge", *flags, "--latency", "0", "--quiet").done()
    for name in ("finetuning/ratings.jsonl", "rejected.jsonl", "finetuning/all_generated_instances.jsonl"):
        assert (RUN / name).read_bytes() == (Path("unbroken") / name).read_bytes(), name
    with closing(RunStore.open_readonly(Path("unbroken"))) as unbroken:
        assert _replies() == unbroken.totals(JUDGE).replies, "what was in the journal was not asked again"


def _has_replies(count: int) -> bool:
    return _replies() >= count


def _replies() -> int:
    with closing(RunStore.open_readonly(RUN)) as store:
        return store.totals(JUDGE).replies


HALF = """
from selfinstruct.api import Component, Filter, NoOptions, drop, hookimpl, keep

class Half(Filter):
    def evaluate(self, item):
        return drop("odd") if len(item.output) % 2 else keep()

@hookimpl
def selfinstruct_filters():
    return [Component("half", "Drops every example whose output has an odd length", NoOptions, lambda _: Half())]
"""


def test_a_request_whose_examples_are_gone_by_now_is_settled(project: Project) -> None:
    """Killed while it waits for an answer; then `prepare` drops half of what was asked about."""
    process = project.start("judge", "--backend", "demo", "--latency", "30", "--quiet")
    wait_until(lambda: _asked() > 0, "a request")
    process.kill()
    Path("half.py").write_text(HALF)
    do("prepare", "--plugin", "half.py", "--set", 'prepare.add_filters=[{use="half"}]').done()
    with closing(RunStore.open_readonly(RUN)) as store:
        subjects = [one.id for request in requests(store) for one in request.subjects]
        now = {example.digest for _, example in store.examples()}
        assert set(subjects) - now, "some of what was asked about is no example any more"
    do("judge", "--backend", "demo", "--latency", "0", "--plugin", "half.py").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        assert set(subjects) <= store.asked_about(JUDGE).keys()


def _asked() -> int:
    with closing(RunStore.open_readonly(RUN)) as store:
        return store.next_request_index(JUDGE)


def test_the_budget_is_one_for_all_stages_and_stops_the_judge(store: RunStore) -> None:
    before = store.calls().spent().requests
    stopped = do("judge", "--max-requests", str(before + 2), "--set", "judge.batch=2", "--concurrency", "1")
    stopped.failed(5, f"the budget of {before + 2} requests is used up")
    assert spent().requests == 2
    assert 0 < len(rows(RATINGS)) <= 4
    do("judge", "--max-requests", "1000").done()
    assert len(rows(RATINGS)) > 10


# --- two backends


def test_another_backend_can_rate_and_the_run_remembers_which() -> None:
    do("judge", "--backend", "demo", "--backend-seed", "7").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        assert (store.facts.stage_config("judge") or {})["backend"]["seed"] == 7
        assert store.facts.config["backend"]["seed"] == 0
        assert (store.facts.own_backend("judge") or BackendFacts()).model == "demo"
    status = json.loads(do("status", "--json").done().out)
    assert status["judge"]["model"] == "demo"
    assert status["ratings"]["rated"] == status["stages"]["judge"]["accepted"] == sum(status["ratings"]["scores"])
    do("judge").done()
    do("judge", "--backend", "replay", "--path", "none.jsonl").failed(2, "none.jsonl")
    do("judge", "--backend", "demo", "--backend-seed", "8").failed(2, "judge.backend.seed", "7", "8")
    do("generate", "--target", "31", "--quiet").done()


def test_a_judge_without_a_key_is_an_error_before_anything_is_recorded() -> None:
    do("judge", "--backend", "groq").failed(4, "GROQ_API_KEY")
    assert not RATINGS.exists() or not rows(RATINGS)
    assert spent().requests == 0
    do("judge", "--backend", "demo").done()


def test_each_backend_has_its_own_prices_under_one_budget(store: RunStore) -> None:
    prices = [
        "budget.usd_per_million_prompt_tokens=1", "budget.usd_per_million_completion_tokens=1",
        "judge.usd_per_million_prompt_tokens=1000", "judge.usd_per_million_completion_tokens=1000",
    ]  # fmt: skip
    flags = [flag for price in prices for flag in ("--set", price)]
    before = store.calls().spent()
    cheap = (before.prompt_tokens + before.completion_tokens) / 1e6
    budget = cheap + 1.5  # some 1,500 tokens of the judge, which costs a thousand times more
    stopped = do("judge", "--backend", "demo", *flags, "--max-usd", str(budget), "--concurrency", "1")
    stopped.failed(5, "US dollars is used up")
    dear = spent()
    assert 0 < (dear.prompt_tokens + dear.completion_tokens) / 1000 <= 1.5
    total = cheap + (dear.prompt_tokens + dear.completion_tokens) / 1000
    do("generate", "--target", "100", "--max-usd", str(total)).failed(5, "US dollars is used up")
    do("generate", "--target", "100", "--max-usd", str(total + 1)).done()


def test_a_budget_in_dollars_needs_the_prices_of_both() -> None:
    known = ("--set", "budget.usd_per_million_prompt_tokens=1", "--set", "budget.usd_per_million_completion_tokens=1")
    do("judge", "--backend", "demo", *known, "--max-usd", "1").failed(2, "judge.usd_per_million_prompt_tokens")


def test_prices_and_limits_of_a_judge_need_a_backend_of_its_own() -> None:
    do("judge", "--set", "judge.limits.requests_per_minute=3").failed(2, "judge: ", "[judge.backend]")


def test_the_cost_of_rating_is_estimated_from_its_own_prompts() -> None:
    output = do("judge", "--estimate").done().out
    assert "nothing was sent" in output
    assert not RATINGS.exists()
    do("judge").done()
    with closing(RunStore.open_readonly(RUN)) as store:
        totals = store.totals(JUDGE)
        count = len({example.digest for _, example in store.examples()})
    assert f"to rate {count} examples, 0 of them rated" in output
    said = int(output.partition("about ")[2].split()[0].replace(",", ""))
    assert 0.7 * said < totals.prompt_tokens < 1.3 * said
    assert f"{len(rows(RATINGS))} of them rated" in do("judge", "--estimate").done().out


# --- from Python, and where there is nothing to rate


def test_python_has_it_too() -> None:
    made = SelfInstruct(backend="demo", out=RUN)
    summary = made.judge().summary
    assert (summary.stage, summary.exit_code) == (JUDGE, 0)
    assert summary.accepted == len(rows(RATINGS))


def test_there_must_be_a_run_and_a_stage() -> None:
    command("judge", "--out", "nowhere").failed(2, "there is no run")
    command("generate", "--backend", "demo", "--target", "3", "--out", "young", "--quiet").done()
    command("judge", "--out", "young").failed(2, "no training examples yet", "selfinstruct run --out young")
    command("run", "--backend", "demo", "--recipe", "paper", "--target", "3", "--out", "old", "--quiet").done()
    command("judge", "--out", "old").failed(2, "no stage judge", "--set judge.encoder.use=chat-judge")
    parts = ("--set", "judge.encoder.use=chat-judge", "--set", "judge.post_processor.use=chat-judge")
    command("judge", "--out", "old", *parts).done()


def test_an_untouched_run_has_the_files_that_it_always_had(store: RunStore) -> None:
    assert store.ratings() == {}
    assert not store.has_started(JUDGE)
    assert store.has_started(PREPARE)
    assert list(rows(EXAMPLES)[0]) == ["instruction", "input", "output", "is_classification", "id"]
