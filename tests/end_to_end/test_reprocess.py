"""`replay`: other filters over the replies of a run; nothing is asked, and the new run can be gone on with."""

from __future__ import annotations

import json
import signal
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from selfinstruct.export.contracts import FILES
from selfinstruct.files.names import EXAMPLES, INSTRUCTIONS, LABELS, RATINGS, RAW_INSTANCES, REJECTED
from selfinstruct.store import RunStore
from selfinstruct.types import ENGINE_STAGES
from tests.command_line import command, environment, rows
from tests.forking import start
from tests.project import Project, wait_until

ROOT = Path(__file__).parents[2]
STRICT = ("--set", "generate.filters.rouge-l.threshold=0.3")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run of the demo; only looked at."""
    folder = tmp_path_factory.mktemp("source") / "run"
    command("run", "--backend", "demo", "--target", "60", "--quiet", "--out", folder).done()
    return folder


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def contracts(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def replayed(source: Path, out: str | Path, *args: str) -> Any:
    return json.loads(command("reprocess", source, "--out", out, "--json", *args).done().out)


def timeless(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The contract files without the times of day in them."""
    found = {name: rows(folder / name) for name in FILES if (folder / name).is_file()}
    for row in (row for file in found.values() for row in file):
        for key in ("metadata", "instance_metadata"):
            if key in row:
                del row[key]["created_at"]
    return found


def everything(folder: Path) -> dict[str, bytes]:
    beside = ("-wal", "-shm")
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.name.endswith(beside)}


# --- nothing is different


def test_a_replay_with_no_change_to_the_same_target_gives_the_same_files_byte_for_byte(source: Path) -> None:
    report = replayed(source, "other", "--target", "60")
    assert report["instructions"] == {"before": 60, "now": 60, "unchanged": 60, "added": 0, "removed": 0}
    assert contracts(Path("other")) == contracts(source), "to the second, since the replies are those"
    assert len(contracts(source)) == 5


def test_a_replay_takes_all_replies_those_beyond_the_old_target_too(source: Path) -> None:
    report = replayed(source, "other")
    before, now = rows(source / INSTRUCTIONS), rows(Path("other") / INSTRUCTIONS)
    assert now[: len(before)] == before
    assert len(now) > len(before)
    assert report["removed"] == []
    assert {one["was"] for one in report["added"]} == {"not evaluated"}
    assert [one["text"] for one in report["added"]] == [row["instruction"] for row in now[len(before) :]]
    funnel = json.loads(command("status", "--out", "other", "--json").done().out)["stages"]["generate"]["funnel"]
    assert (funnel["waiting"], funnel["unanswered"]) == (0, 0)


def test_a_run_to_the_same_replies_is_a_run_to_that_target_at_once(source: Path) -> None:
    """What is accepted beyond the old target is what the run itself would have accepted, had it gone on."""
    now = replayed(source, "other")["instructions"]["now"]
    command("generate", "--backend", "demo", "--target", str(now), "--quiet", "--out", "longer").done()
    texts = [[row["instruction"] for row in rows(Path(name) / INSTRUCTIONS)] for name in ("other", "longer")]
    assert texts[0] == texts[1][: len(texts[0])]


def test_a_replay_of_a_replay_is_the_same_again(source: Path) -> None:
    replayed(source, "one", *STRICT)
    report = replayed(Path("one"), "two")
    assert report["added"] == report["removed"] == []
    assert contracts(Path("one")) == contracts(Path("two"))


# --- other filters


def test_the_report_lists_what_a_stricter_filter_drops_with_evidence(source: Path) -> None:
    report = replayed(source, "other", "--target", "60", "--diff", "diff.jsonl", *STRICT)
    removed = [one for one in report["removed"] if one["was"] == "rejected"]
    assert removed
    for one in removed:
        assert (one["filter"], one["reason"]) == ("rouge-l", "not-novel")
        assert 0.3 < one["evidence"]["score"] <= 0.7
    before = {row["instruction"] for row in rows(source / INSTRUCTIONS)}
    now = {row["instruction"] for row in rows(Path("other") / INSTRUCTIONS)}
    assert {one["text"] for one in report["removed"]} == before - now
    assert {one["text"] for one in report["added"]} == now - before
    assert report["removed_because"]["rouge-l: not-novel"] == len(removed)
    changes = Counter(row["change"] for row in rows(Path("diff.jsonl")))
    counted = report["instructions"]
    assert changes == Counter({name: counted[name] for name in changes})
    assert sum(changes.values()) == len(before | now)


def test_the_report_lists_what_comes_back_without_a_filter_and_why_it_was_dropped(source: Path) -> None:
    args = [
        part for name in ("restated", "containment", "rouge-l") for part in ("--set", f"generate.filters.{name}=off")
    ]
    report = replayed(source, "other", *args)
    back = [one for one in report["added"] if one["was"] == "rejected"]
    assert {(one["filter"], one["reason"]) for one in back} == {("restated", "restated")}
    assert {one["text"] for one in back} <= {row["text"] for row in rows(source / REJECTED)}
    out = command("reprocess", source, "--out", "other", *args).done().out
    assert f"{len(back)} restated: restated" in out
    assert "before: restated: restated (known " in out


PARSER = '''
from selfinstruct.api import Component, Draft, NoOptions, PostProcessor, hookimpl

class Lines(PostProcessor):
    """Every line that starts with a digit, shouted."""
    def __init__(self, options): pass
    def process(self, request, reply):
        examples = tuple(one.text for one in request.examples)
        assert all(text in request.prompt for text in examples), "the examples are those that the prompt showed"
        lines = [line for line in reply.text.splitlines() if line[:1].isdigit()]
        return [Draft(line.partition(". ")[2].upper(), examples) for line in lines]

@hookimpl
def selfinstruct_post_processors():
    return [Component("lines", "Lines", NoOptions, Lines, ("generate",))]
'''


def test_another_parser_reads_the_same_replies(source: Path) -> None:
    Path("mine.py").write_text(PARSER)
    args = ("--plugin", "./mine.py", "--set", 'generate.post_processor={use="lines"}', "--target", "60")
    report = replayed(source, "other", *args)
    now = [row["instruction"] for row in rows(Path("other") / INSTRUCTIONS)]
    assert all(text == text.upper() for text in now)
    assert {one["was"] for one in report["removed"]} <= {"not found", "not evaluated"}
    assert report["instructions"]["unchanged"] == 0


# --- what is reused


def test_labels_instances_and_examples_of_what_both_runs_hold_are_reused_and_no_others(source: Path) -> None:
    report = replayed(source, "other", *STRICT)
    instructions = {row["instruction"]: row["id"] for row in rows(Path("other") / INSTRUCTIONS)}
    for name, key in ((LABELS, "is_classification"), (RAW_INSTANCES, "raw_instances")):
        before = {row["instruction"]: row[key] for row in rows(source / name)}
        now = {row["instruction"]: row[key] for row in rows(Path("other") / name)}
        assert now == {text: value for text, value in before.items() if text in instructions}
    for stage in ("classify", "instances"):
        unchanged, missing = report["instructions"]["unchanged"], report["stages"][stage]["missing"]
        assert report["stages"][stage]["now"] == unchanged
        assert missing == len(instructions) - unchanged > 0
    examples = rows(Path("other") / EXAMPLES)
    assert {row["instruction"] for row in examples} <= instructions.keys()
    assert len(examples) == report["examples"]["now"] > 0
    command("status", "--out", "other").done()


def test_a_new_run_continues_live_and_requests_only_what_is_missing(source: Path) -> None:
    report = replayed(source, "other", *STRICT)
    stages = ("generate", "classify", "instances")
    with closing(RunStore.open_readonly(Path("other"))) as store:
        reused = {stage: store.asked_about(stage) for stage in stages[1:]}
        requests = sum(store.totals(stage).requests for stage in stages)
    target = report["instructions"]["now"] + 20
    command("run", "--out", "other", "--target", str(target), "--quiet").done()
    assert len(rows(Path("other") / INSTRUCTIONS)) == len(rows(Path("other") / RAW_INSTANCES)) == target
    with closing(RunStore.open_readonly(Path("other"))) as store:
        for stage, before in reused.items():
            now = store.asked_about(stage)
            assert {identity: now[identity] for identity in before} == before, "none of these is asked about again"
            assert len(now) == target
        assert store.calls().spent().requests == sum(store.totals(stage).requests for stage in stages) - requests


def test_going_on_live_in_steps_is_going_on_at_once(source: Path) -> None:
    """The plan goes on from the new run's own pool, whatever interrupts it."""
    now = replayed(source, "once", *STRICT)["instructions"]["now"]
    replayed(source, "steps", *STRICT)
    for target in (now + 1, now + 7, now + 30):
        command("generate", "--out", "steps", "--target", str(target), "--quiet").done()
    command("generate", "--out", "once", "--target", str(now + 30), "--quiet").done()
    assert timeless(Path("once")) == timeless(Path("steps"))


def test_reprocessing_to_a_larger_target_continues_with_the_replies_that_were_left(source: Path) -> None:
    """Prompts in the journal showed instructions that the new run may not hold: they are read all the same."""
    all_of_it = replayed(source, "all", *STRICT)["instructions"]["now"]
    replayed(source, "some", "--target", "20", *STRICT)
    command("generate", "--out", "some", "--target", str(all_of_it), "--quiet").done()
    assert rows(Path("some") / INSTRUCTIONS) == rows(Path("all") / INSTRUCTIONS)


DEAF = '''
from selfinstruct.api import Component, NoOptions, hookimpl
from selfinstruct_chat.readers.classification import ChatLabelsReader

class Deaf(ChatLabelsReader):
    """Hears nothing of the first reply."""
    def process(self, request, reply):
        return [] if request.index == 0 else super().process(request, reply)

@hookimpl
def selfinstruct_post_processors():
    return [Component("deaf", "Deaf", NoOptions, lambda _: Deaf(), ("classify",))]
'''


def test_an_answer_that_a_parser_finds_in_both_of_two_replies_counts_once() -> None:
    """The old run asked again about what its parser had missed; now the first reply is read, and so is the second."""
    Path("deaf.py").write_text(DEAF)
    given = ("--plugin", "./deaf.py", "--set", 'classify.post_processor={use="deaf"}')
    command("run", "--backend", "demo", "--target", "30", "--quiet", "--out", "old", *given).done()
    missed = [row for row in rows(Path("old") / REJECTED) if row["reason"] == "missing-from-reply"]
    assert missed
    replayed(Path("old"), "new", "--target", "30", "--set", 'classify.post_processor={use="chat-classify"}')
    double = [row for row in rows(Path("new") / REJECTED) if row["reason"] == "answered-before"]
    assert len(double) > 10, "most of what the old parser missed"
    assert {row["subject"] for row in double} <= {row["subject"] for row in missed}
    for name in (LABELS, RAW_INSTANCES, EXAMPLES):
        assert rows(Path("new") / name) == rows(Path("old") / name)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose examples are rated, and dropped below a score."""
    folder = tmp_path_factory.mktemp("rated") / "run"
    score = ("--set", "prepare.min_score=3", "--set", "judge.batch=3")
    command("run", "--backend", "demo", "--target", "30", "--quiet", "--judge", *score, "--out", folder).done()
    assert any(row["filter"] == "rating" for row in rows(folder / REJECTED)), "ratings decide something"
    return folder


def test_ratings_are_reused_and_count(rated: Path) -> None:
    replayed(rated, "same", "--target", "30")
    assert contracts(Path("same")) == contracts(rated)
    assert RATINGS in contracts(rated)
    report = replayed(rated, "other", *STRICT)
    old = rows(rated / RATINGS)
    assert report["stages"]["judge"]["before"] == len(old)
    assert 0 < report["stages"]["judge"]["now"] < len(old)
    assert {row["output"] for row in rows(Path("other") / EXAMPLES)} <= {
        row["output"] for row in rows(rated / EXAMPLES)
    }


def test_a_replay_with_ratings_that_is_killed_ends_like_an_unbroken_one(rated: Path, project: Project) -> None:
    replayed(rated, "unbroken", *STRICT)
    for stage in ("classify", "judge", "prepare"):
        process = project.start("reprocess", str(rated), "--quiet", *STRICT)
        wait_until(lambda: stage in started_stages(project.folder) or not process.is_running(), stage)  # noqa: B023
        process.kill()
    project.run("reprocess", str(rated), "--quiet", *STRICT).succeeded()
    assert contracts(project.folder) == contracts(Path("unbroken"))


def started_stages(folder: Path) -> set[str]:
    if not RunStore.exists(folder):
        return set()
    with closing(RunStore.open_readonly(folder)) as store:
        return {stage for stage in ENGINE_STAGES if store.totals(stage).candidates}


def test_a_rating_leads_to_its_instruction_and_is_part_of_its_trace(rated: Path) -> None:
    tree = json.loads(command("trace", "r0.0", "--out", rated, "--json").done().out)
    (found,) = [one for example in tree["examples"] for one in example["ratings"] if one["id"] == "r0.0"]
    assert found["text"] in "0123"
    assert "rating r0.0 accepted: " in command("trace", "r0.0", "--out", rated).done().out
    assert command("why", "r0.0", "--out", rated).done().out.startswith("r0.0 accepted")


# --- the old run


def test_the_old_run_is_only_read_and_may_be_in_use(source: Path) -> None:
    before = everything(source)
    with closing(RunStore.open(source)):  # another writer holds it
        replayed(source, "other", *STRICT)
    assert everything(source) == before


def test_no_model_is_needed(tmp_path: Path) -> None:
    reply = {
        "response": {
            "choices": [{"text": "1. Name a river in Asia.\n2. Explain how tides work.", "finish_reason": "stop"}]
        }
    }
    Path("replies.jsonl").write_text(json.dumps(reply) + "\n")
    command("generate", "--backend", "replay", "--path", "replies.jsonl", "--out", "old", "--quiet").done()
    Path("replies.jsonl").unlink()
    report = replayed(Path("old"), "new", "--set", "generate.filters.length.min_words=5")
    assert [one["reason"] for one in report["removed"]] == ["too-short"]
    with closing(RunStore.open_readonly(Path("new"))) as store:
        assert store.calls().spent().requests == 0


def test_requests_without_an_answer_are_left_to_the_next_command(project: Project) -> None:
    process = project.start("generate", "--target", "100", "--latency", "0.2", "--concurrency", "4")
    wait_until(lambda: project.replies() >= 6, "six replies")
    process.kill()
    with closing(project.open_readonly()) as store:
        totals = store.totals("generate")
        accepted = totals.accepted
    assert totals.requests > totals.replies
    report = replayed(project.folder, "other")
    assert report["requests"] == totals.replies
    assert report["instructions"]["now"] >= accepted
    assert rows(Path("other") / INSTRUCTIONS)[:accepted] == sorted(
        rows(Path("other") / INSTRUCTIONS)[:accepted], key=lambda row: row["request_idx"]
    )
    command("generate", "--out", "other", "--target", "120", "--latency", "0", "--quiet").done()
    assert len(rows(Path("other") / INSTRUCTIONS)) == 120


# --- killed


def fates(folder: Path) -> int:
    """How many candidates of all stages have a fate by now."""
    if not RunStore.exists(folder):
        return 0
    with closing(RunStore.open_readonly(folder)) as store:
        return sum(store.totals(stage).candidates for stage in ENGINE_STAGES)


DYING = """
import sys
from selfinstruct.cli import main
from tests.faults.dying import Steps, watch
watch(Steps(int(sys.argv.pop(1))))
main()
"""


@pytest.mark.slow
def test_a_replay_that_is_killed_again_and_again_ends_like_an_unbroken_one(project: Project) -> None:
    old = project.another("old")
    old.run("run", "--backend", "demo", "--target", "150", "--quiet").succeeded()
    replayed(old.folder, "unbroken", *STRICT)
    args = ["reprocess", str(old.folder), "--out", str(project.folder), "--quiet", *STRICT]
    rng = Random(3)
    reached: list[int] = []
    for _ in range(8):
        step = str(rng.randint(4, 14))
        started = start("-c", DYING, step, *args, env=environment(), cwd=ROOT)
        assert started.wait() in (0, -signal.SIGKILL)
        reached.append(fates(project.folder))
    assert len(set(reached)) > 2, "it was killed in the midst of it"
    project.run("reprocess", str(old.folder), "--quiet", *STRICT).succeeded()
    assert contracts(project.folder) == contracts(Path("unbroken"))


def test_a_run_that_a_replay_did_not_finish_is_not_gone_on_with(source: Path) -> None:
    replayed(source, "other", *STRICT)
    with closing(RunStore.open(Path("other"))) as store:
        store.facts.update_reprocessing(is_finished=False)
    refused = command("run", "--out", "other", "--target", "70", "--quiet")
    refused.failed(2, "other holds a reprocessed run that was not finished", "selfinstruct reprocess")
    replayed(source, "other", *STRICT)
    command("run", "--out", "other", "--target", "70", "--quiet").done()


def test_the_same_command_again_changes_nothing(source: Path) -> None:
    first = replayed(source, "other", *STRICT)
    files = contracts(Path("other"))
    assert replayed(source, "other", *STRICT) == first
    assert contracts(Path("other")) == files


# --- what is refused


def test_another_folder_is_wanted(source: Path) -> None:
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    command("reprocess", source, "--out", "full").failed(2, "full is not empty")
    assert Path("full/notes.txt").read_text() == "mine"
    command("reprocess", source, "--out", source).failed(2, "is the run to reprocess")
    command("reprocess", source, "--out", "full/notes.txt").failed(2, "is not a folder")
    command("reprocess", source).failed(2, "--out")
    command("generate", "--backend", "demo", "--target", "2", "--quiet", "--out", "run").done()
    command("reprocess", source, "--out", "run").failed(2, "run already holds a run")
    command("reprocess", "run", "--out", "again").done()
    command("reprocess", source, "--out", "again").failed(2, "again holds a reprocessed run of another run")
    command("reprocess", "run", "--out", "again", *STRICT).failed(
        2, "again holds a reprocessed run with other settings"
    )
    command("reprocess", "run", "--out", "again", "--target", "1").failed(2, "--target: None in the run, now 1")
    Path("empty").mkdir()
    command("reprocess", "run", "--out", "empty").done()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("generate.encoder.count=3", "generate.encoder.count: 10 in the run, now 3"),
        ("generate.sampling.temperature=0.1", "generate.sampling.temperature"),
        ("run.seed=7", "run.seed: 42 in the run, now 7"),
        (
            "backend.latency=1",
            "--set backend.latency: reprocessing only reads replies again, so this would change nothing",
        ),
        ("generate.target=3", "Stop at a number of instructions with --target"),
        ("budget.max_usd=3", "--set budget.max_usd: reprocessing only reads"),
        ("judge.enabled=true", "--set judge.enabled: reprocessing only reads"),
        ("recipe=paper", "generate.encoder.use: chat-tasks in the run, now paper-tasks"),
        ("classify.batch=3", "classify.batch: 20 in the run, now 3"),
        ("generate.filters.rogue-l.threshold=1", "no entry 'rogue-l'; did you mean 'rouge-l'?"),
        ("generate.filters.rouge-l.treshold=1", "unknown option; did you mean 'threshold'?"),
        ("generate.filters.rouge-l.threshold=7", "less than or equal to 1"),
        ("generate.filters.rogue-l=off", "no entry 'rogue-l'"),
    ],
)
def test_settings_of_requests_cannot_be_changed_and_a_wrong_setting_is_an_error(
    source: Path, setting: str, words: str
) -> None:
    command("reprocess", source, "--out", "other", "--set", setting).failed(2, words)
    assert not Path("other").exists()


def test_the_error_says_why_a_run_cannot_be_reprocessed(tmp_path: Path) -> None:
    command("reprocess", "none", "--out", "other").failed(2, "there is no run in none")
    Path("machine_generated_instructions.jsonl").write_text('{"instruction": "Name a river in Asia."}\n')
    command("import", "machine_generated_instructions.jsonl", "--seeds", "builtin", "--out", "old").done()
    command("reprocess", "old", "--out", "other").failed(2, "began as an import")
    assert not Path("other").exists()


@pytest.mark.parametrize("name", ["", INSTRUCTIONS, REJECTED, "run.sqlite"])
def test_the_file_of_changes_cannot_take_the_place_of_the_new_run_or_of_its_files(source: Path, name: str) -> None:
    diff = Path("other", name)
    command("reprocess", source, "--out", "other", "--diff", diff, *STRICT).failed(2, str(diff), "another --diff")
    assert not Path("other").exists()
