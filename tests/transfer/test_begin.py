"""An import begins a run once and completely, and every stage continues from it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel

from selfinstruct import SelfInstruct
from selfinstruct.errors import ConfigError, DataError, RunError, UsageError
from selfinstruct.run.run import Run
from selfinstruct.store import RunStore
from selfinstruct.transfer.importing import files as reading
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, STAGES
from tests.command_line import command, environment, process
from tests.forking import start
from tests.project import wait_until
from tests.transfer.old import SEEDS, OldRun, instruction_rows

TEXTS = ["Describe the rivers of Asia to a pupil.", "Plan a dinner for four guests.", "Suggest names for a bakery."]
INSTRUCTIONS_FILE = "machine_generated_instructions.jsonl"


def simple(old: OldRun, *texts: str) -> Path:
    return old.file("m.jsonl", *({"instruction": text} for text in texts or TEXTS))


def content(old: OldRun) -> list[Any]:
    """Everything in the database of the run but the times."""
    store = old.open_readonly()
    rows = [list(store._read.execute(f"SELECT * FROM {table}")) for table in ("decisions", "settlements", "replies")]
    facts = [store.facts.config, store.facts.tree, store.facts.imported, store.facts.seeds_digest]
    store.close()
    return [*rows, *facts]


def work(old: OldRun, stage: str, target: int | None = None, backend: str = "demo", **settings: Any) -> Any:
    with Run(old.settings(backend={"use": backend}, **settings), say=lambda _: None) as run:
        return asyncio.run(run.stage(stage, target))


# --- once and completely


def test_the_same_files_again_change_nothing_in_any_order_and_under_any_name(old: OldRun) -> None:
    m, more = simple(old), old.file("l.jsonl", {"instruction": TEXTS[0], "is_classification": "no"}, "x")
    first = old.bring(m, more)
    before = content(old)
    second = old.bring(more.rename(old.folder / "renamed.jsonl"), m)
    assert (first.is_new, second.is_new) == (True, False)
    assert content(old) == before
    assert (second.files, second.instructions, second.labels) == (first.files, 3, 1)


def test_the_same_files_again_do_not_change_a_run_that_has_continued(old: OldRun) -> None:
    path = simple(old)
    old.bring(path)
    work(old, GENERATE, 6)
    before = content(old)
    result = old.bring(path)
    assert (result.is_new, result.instructions, result.backend) == (False, 6, "demo")
    assert content(old) == before


def test_other_files_other_seeds_and_another_configuration_are_refused(old: OldRun) -> None:
    path = simple(old)
    old.bring(path)
    before = content(old)
    with pytest.raises(RunError, match="began as an import of other files"):
        old.bring(path, old.file("l.jsonl", {"instruction": TEXTS[0], "is_classification": "no"}))
    with pytest.raises(ConfigError, match=r"run\.lookahead: 16 in the run, now 5"):
        old.bring(path, recipe="paper")
    old.seeds = old.folder / "others.jsonl"
    old.seeds.write_bytes(b"".join((old.folder / "seeds.jsonl").read_bytes().splitlines(True)[:8]))
    with pytest.raises(ConfigError, match="other seeds"):
        old.bring(path)
    assert content(old) == before


def test_a_run_that_no_import_began_is_not_changed(old: OldRun) -> None:
    with Run(old.settings(backend={"use": "demo"}), say=print) as run:
        asyncio.run(run.stage(GENERATE, 2))
    with pytest.raises(RunError, match="that was not started by an import"):
        old.bring(simple(old))


def test_a_folder_that_another_process_uses_is_refused(old: OldRun) -> None:
    path = simple(old)
    old.bring(path)
    store = RunStore.open(old.out)
    with pytest.raises(RunError, match="in use"):
        old.bring(path)
    store.close()


def test_the_folder_of_the_old_run_is_refused_since_its_files_would_be_overwritten(old: OldRun) -> None:
    path = old.file(f"run/{INSTRUCTIONS_FILE}", {"instruction": TEXTS[0]})
    with pytest.raises(RunError, match="exists already, and the run would overwrite it") as caught:
        old.bring(path)
    assert caught.value.hint.endswith(f"selfinstruct import {path} --seeds FILE --out NEW_FOLDER")
    assert sorted(entry.name for entry in old.out.iterdir()) == [INSTRUCTIONS_FILE]


def test_files_without_a_usable_row_are_reported_and_no_run_begins(old: OldRun) -> None:
    with pytest.raises(
        DataError, match=r"no row could be imported\nl\.jsonl: labels, 1 rows, 0 imported\n .* \(line 1\)"
    ):
        old.bring(old.file("l.jsonl", {"instruction": "Go.", "is_classification": "no"}))
    assert not old.out.exists()
    assert old.bring(simple(old)).is_new


def test_an_error_in_the_middle_leaves_no_run(old: OldRun, monkeypatch: pytest.MonkeyPatch) -> None:
    path = simple(old)
    whole = reading._row
    seen: Iterator[int] = iter(range(100))

    def fails(line: bytes, first: bool) -> Any:
        if next(seen) == 3:  # the first row is read twice, once to see what the file is
            raise OSError(5, "Input/output error")
        return whole(line, first)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "_row", fails)
        with pytest.raises(DataError, match=r"m\.jsonl cannot be read: Input/output error"):
            old.bring(path)
    assert not RunStore.exists(old.out)
    assert (old.bring(path).is_new, old.instructions()) == (True, TEXTS)


def test_a_killed_import_leaves_no_run_and_the_same_command_imports_everything(old: OldRun) -> None:
    path = old.file("m.jsonl", *instruction_rows(8000))
    args = ("import", path, "--seeds", old.seeds, "--out")
    started = start("-m", "selfinstruct", *args, old.out, cwd=old.folder, env=environment())
    wal = old.out / "run.sqlite-wal"
    wait_until(lambda: wal.is_file() and wal.stat().st_size > 1_000_000, "a transaction that has grown")
    started.kill()
    assert started.code == -signal.SIGKILL
    assert not RunStore.exists(old.out)
    process(*args, old.out, cwd=old.folder).done()
    killed = content(old)
    old.out = old.folder / "unbroken"
    process(*args, old.out, cwd=old.folder).done()
    assert content(old) == killed


# --- continuing


def test_generate_continues_from_the_imported_pool_and_drops_its_duplicates(old: OldRun) -> None:
    old.bring(simple(old))
    reply = "\n".join(f"{n}. {text}" for n, text in enumerate([*TEXTS, "Name three kinds of trees.", SEEDS[3]], 1))
    model = FakeListChatModel(responses=[reply])
    SelfInstruct(model=model, out=old.out, seeds=old.seeds).generate(4)
    assert old.instructions() == [*TEXTS, "Name three kinds of trees."]
    rejected = {row["text"]: row["filter"] for row in old.rows("rejected.jsonl")}
    assert rejected.keys() == set(TEXTS)
    assert "import" not in rejected.values()


def test_classify_and_instances_ask_only_about_instructions_without_an_answer(old: OldRun) -> None:
    said = [" Yes", "", "no"]
    labels = old.file(
        "l.jsonl", *({"instruction": t, "is_classification": s} for t, s in zip(TEXTS, said, strict=True))
    )
    raw = old.file("i.jsonl", {"instruction": TEXTS[0], "raw_instances": "Class label: a\nText: b"})
    old.bring(simple(old, *TEXTS, "Never labelled, this one."), labels, raw)
    work(old, CLASSIFY)
    work(old, INSTANCES)
    store = old.open_readonly()
    asked = {stage: list(store._read.execute("SELECT body FROM requests WHERE stage = ? ORDER BY idx", (stage,)))
             for stage in (CLASSIFY, INSTANCES)}  # fmt: skip
    labelled, given = store.asked_about(CLASSIFY), store.asked_about(INSTANCES)
    store.close()
    assert '"g1.0"' in asked[CLASSIFY][-1][0]
    assert {
        i for i in ("g0.0", "g1.0", "g2.0", "g3.0") if any(f'"{i}"' in body for (body,) in asked[CLASSIFY][1:])
    } == {
        "g1.0",
        "g3.0",
    }
    assert labelled["g0.0"] == (1, "yes")
    assert labelled["g2.0"] == (1, "no")
    assert given["g0.0"][0] == 1
    assert all(times >= 1 for times, _ in given.values())
    assert len(given) == 4


def test_a_run_that_was_imported_without_a_backend_needs_one(old: OldRun) -> None:
    old.bring(simple(old))
    with Run(old.settings(), say=lambda _: None) as run, pytest.raises(UsageError, match="no backend is chosen"):
        asyncio.run(run.stage(GENERATE, 4))
    assert work(old, GENERATE, 4).accepted == 4


def test_the_first_backend_that_answered_stays(old: OldRun) -> None:
    old.bring(simple(old))
    work(old, GENERATE, 4)
    with pytest.raises(ConfigError, match=r"backend\.use: demo in the run, now ollama"):
        work(old, GENERATE, 5, "ollama")
    with Run(old.settings(), say=lambda _: None) as run:
        asyncio.run(run.stage(GENERATE, 5))
    assert len(old.instructions()) == 5


def test_a_backend_that_never_answered_does_not_stay(old: OldRun) -> None:
    old.bring(simple(old), backend={"use": "demo"})
    row = {"response": {"choices": [{"text": "1. Count the stars.", "finish_reason": "stop"}]}}
    recorded = old.file("r.jsonl", *[row] * 4)  # the recording counts requests, and three were imported
    with Run(old.settings(backend={"use": "replay", "path": str(recorded)}), say=lambda _: None) as run:
        asyncio.run(run.stage(GENERATE, 4))
    assert old.instructions() == [*TEXTS, "Count the stars."]


def test_all_stages_run_to_the_end_from_an_import(old: OldRun) -> None:
    old.bring(simple(old))
    for stage in STAGES[:-1]:
        work(old, stage, 5 if stage == GENERATE else None)
    assert {row["instruction"] for row in old.rows("finetuning/all_generated_instances.jsonl")} & set(TEXTS)


# --- the command


def test_the_command_reports_the_import_and_the_next_commands(old: OldRun) -> None:
    m = old.file(INSTRUCTIONS_FILE, *({"instruction": text} for text in [*TEXTS, TEXTS[0]]), b'{"instru')
    labels = old.file("is_clf_or_not.jsonl", {"instruction": TEXTS[0], "is_classification": " Yes"})
    args = ("import", labels, m, "--seeds", old.seeds, "--out", "my run")
    ended = command(*args).done()
    assert ended.out.splitlines() == [
        "machine_generated_instructions.jsonl: instructions, 5 rows, 3 imported",
        "         1 cut off (line 5)",
        "         1 the instruction exists already (line 4)",
        "is_clf_or_not.jsonl: labels, 1 rows, 1 imported",
        "my run: 3 instructions, 1 label, 0 with instances",
        "Next:",
        "  selfinstruct generate --out 'my run' --backend NAME --target 103",
        "  selfinstruct classify --out 'my run' --backend NAME    # 2 without a label",
        "  selfinstruct instances --out 'my run' --backend NAME    # 3 without instances",
    ]
    assert "my run: imported before, nothing changed: 3 instructions" in command(*args).done().out
    command("classify", "--out", "my run", "--backend", "demo", "--quiet").done()
    assert "selfinstruct instances --out 'my run'    # 3" in command(*args).done().out


def test_the_command_takes_a_backend_and_its_options(old: OldRun) -> None:
    command("import", simple(old), "--seeds", old.seeds, "--out", "run", "--backend", "demo").done()
    command("generate", "--out", "run", "--target", "4", "--quiet").done()
    assert len(old.instructions()) == 4


def test_the_seeds_of_an_import_may_be_named_in_a_config(old: OldRun) -> None:
    old.file("selfinstruct.toml", f'[run]\nseeds = "{old.seeds.as_posix()}"\n')
    command("import", simple(old), "--config", old.folder / "selfinstruct.toml", "--out", "run").done()
    with closing(old.open_readonly()) as store:
        assert store.seeds()[0].id == "s0"


def test_wrong_commands_are_refused_with_a_reason(old: OldRun) -> None:
    command("import", "--out", "run").failed(2, "FILE")
    command("import", "absent.jsonl", "--out", "run").failed(2, "there is no file absent.jsonl")
    command("import", simple(old), "--seeds", "absent", "--out", "run").failed(2, "there is no seed file absent")
    command("import", simple(old), "--recipe", "chta", "--out", "run").failed(2, "no recipe is called 'chta'")
    command("import", simple(old), "--out", "run").failed(2, "an import needs the seed tasks of the old run")
    assert not os.path.exists("run")
