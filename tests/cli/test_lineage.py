"""`why` and `trace`: the fate of a candidate, and where an instruction came from."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.cli import cli
from selfinstruct.errors import shorten
from tests.command_line import command, rows

GROWN = ("run", "--backend", "demo", "--target", "200", "--quiet", "--set", "generate.filters.rouge-l.threshold=0.4")
NASTY = "\x1b[2J\x07evil\u202e\r\nnext"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run of the demo, with drops of every kind that it has; only looked at."""
    folder = tmp_path_factory.mktemp("lineage") / "run"
    command(*GROWN, "--out", folder).done()
    return folder


def json_of(name: str, *args: str | Path) -> Any:
    return json.loads(command(name, *args, "--json").done().out)


def dropped(folder: Path, rule: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in rows(folder / "rejected.jsonl") if row["filter"] == rule)
    return found


def accepted(folder: Path) -> list[dict[str, Any]]:
    return rows(folder / "machine_generated_instructions.jsonl")


# --- why


def test_why_shows_every_accepted_instruction_as_its_file_has_it(folder: Path) -> None:
    for row in accepted(folder)[::23]:
        (fate,) = json_of("why", row["id"], "--out", folder)["fates"]
        assert (fate["text"], fate["fate"], fate["filter"]) == (row["instruction"], "accepted", "")
        assert dict(map(tuple, fate["nearest"])) == row["most_similar"]
        assert fate["mean"] == row["avg_similarity_score"]
        source = fate["source"]
        assert source["request"] == row["request_idx"]
        assert source["prompt"] == row["metadata"]["prompt"]
        assert source["reply"] == row["metadata"]["response"]["choices"][0]["text"]
        assert source["answered_at"] == row["metadata"]["created_at"]


def test_why_shows_every_dropped_candidate_as_its_file_has_it(folder: Path) -> None:
    letters = {"generate": "g", "classify": "c", "instances": "i", "prepare": "e"}
    found = rows(folder / "rejected.jsonl")
    assert len({row["stage"] for row in found}) > 1
    for row in found[::7]:
        identity = f"{letters[row['stage']]}{row['request_idx']}.{row['position']}"
        (fate,) = json_of("why", identity, "--out", folder)["fates"]
        for key in ("text", "filter", "reason", "evidence", "stage", "fate"):
            assert fate[key] == row[key]
        assert fate["about"] == row.get("instruction", "")
        assert fate["source"]["reply"]


def test_why_shows_the_neighbour_that_novelty_named_with_its_score(folder: Path) -> None:
    row = dropped(folder, "rouge-l")
    out = command("why", row["text"], "--out", folder).done().out
    assert out.startswith(f"g{row['request_idx']}.{row['position']} rejected by rouge-l: not-novel\n")
    assert f"  nearest   {row['evidence']['score']:.3f}  " in out
    assert row["evidence"]["nearest"][:60] in out
    assert f"generate, request {row['request_idx']}, candidate {row['position']}" in out


def test_the_source_of_an_example_is_the_reply_that_holds_its_raw_instances(folder: Path) -> None:
    raw = {row["id"]: row for row in rows(folder / "machine_generated_instances.jsonl")}
    for row in rows(folder / "finetuning" / "all_generated_instances.jsonl")[::31]:
        (fate,) = json_of("why", row["id"], "--out", folder)["fates"]
        metadata = raw[fate["subject"]]["instance_metadata"]
        assert fate["source"]["reply"] == metadata["response"]["choices"][0]["text"]
        assert (fate["text"], fate["about"]) == (row["output"], row["instruction"])


def test_a_text_is_found_exactly_then_loosely_or_the_error_names_the_nearest(folder: Path) -> None:
    text = accepted(folder)[3]["instruction"]
    assert json_of("why", text, "--out", folder)["match"] == "exact"
    loose = json_of("why", "  " + text.upper().replace(" ", "  "), "--out", folder)
    assert (loose["match"], loose["fates"][0]["text"]) == ("loose", text)
    assert "Ignoring case and spaces, these do:" in command("why", text.upper(), "--out", folder).done().out
    for more in ((), ("--json",)):
        ended = command("why", f"Please {text}", "--out", folder, *more)
        ended.failed(2, f"there is no candidate 'Please {text[:50]}")
        assert ended.err.splitlines()[1] == "Give the id of one of the nearest:"
        assert ended.err.splitlines()[2].split(maxsplit=1) == [accepted(folder)[3]["id"], shorten(text)]
        assert ended.out == ""
    command("why", "xyz", "--out", folder).failed(2, "there is no candidate 'xyz' in", "shares a word with it")


def test_a_text_that_came_several_times_has_several_fates(folder: Path) -> None:
    row = next(row for row in rows(folder / "rejected.jsonl") if row["filter"] == "exact")
    found = json_of("why", row["text"], "--out", folder)
    same = [one for one in rows(folder / "rejected.jsonl") if one["text"] == row["text"]]
    kept = [one for one in accepted(folder) if one["instruction"] == row["text"]]
    assert len(found["fates"]) == len(same) + len(kept)
    assert len(found["fates"]) + len(found["seeds"]) > 1


def test_a_seed_is_found_by_its_id_and_its_text(folder: Path) -> None:
    seed = json_of("why", "seed_task_3", "--out", folder)["seeds"][0]
    assert json_of("why", seed["instruction"], "--out", folder)["seeds"][0]["id"] == "seed_task_3"
    assert "seed_task_3 a seed task" in command("why", seed["instruction"], "--out", folder).done().out


@pytest.mark.parametrize("name", ["why", "trace"])
def test_a_time_is_shown_to_the_second(folder: Path, name: str) -> None:
    out = command(name, accepted(folder)[0]["id"], "--out", folder).done().out
    assert re.search(r"request 0.*, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, demo$", out, re.MULTILINE)


def test_prompt_and_reply_are_clipped_unless_all_is_wanted(folder: Path) -> None:
    row = accepted(folder)[0]
    last = row["metadata"]["prompt"].splitlines()[-1]
    short = command("why", row["id"], "--out", folder).done().out
    assert "more characters: --full" in short
    assert last not in short
    assert last in command("why", row["id"], "--out", folder, "--full").done().out


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("g9999.0", "it has no request 9999"),
        ("g0.99", "request 0 of generate has 10 with a fate"),
        ("", "the id or text is empty"),
        (" \n", "the id or text is empty"),
    ],
)
def test_the_error_says_what_is_not_there(folder: Path, asked: str, words: str) -> None:
    command("why", asked, "--out", folder).failed(2, words)


def test_odd_questions_are_no_bugs(folder: Path) -> None:
    for asked in ("\ud800 half", "x" * 100_000, "g١.٢", "'; DROP TABLE decisions; --", "%", "e99999999999999999999.1"):
        command("why", asked, "--out", folder).failed(2, "there is no candidate '")


@pytest.mark.parametrize("name", ["why", "trace"])
def test_a_run_that_is_not_there(tmp_path: Path, name: str) -> None:
    command(name, "g0.0", "--out", tmp_path / "none").failed(2, "there is no run in")


@pytest.mark.parametrize("name", ["why", "trace"])
def test_no_control_character_of_a_run_reaches_the_terminal(folder: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "run.sqlite").write_bytes((folder / "run.sqlite").read_bytes())
    with closing(sqlite3.connect(copy / "run.sqlite")) as spoilt:
        spoilt.execute("UPDATE decisions SET text = ?, filter = ?, reason = ? WHERE fate = 'rejected'", (NASTY,) * 3)
        spoilt.execute("UPDATE decisions SET text = text || ? WHERE fate = 'accepted'", (NASTY,))
        spoilt.execute("UPDATE decisions SET evidence = ?", (json.dumps({NASTY: NASTY, "nearest": NASTY, "score": 1}),))
        spoilt.execute("UPDATE replies SET text = text || ?, model = ?", (NASTY, NASTY))
        spoilt.commit()
    row = dropped(folder, "restated")
    for identity in (f"g{row['request_idx']}.{row['position']}", accepted(folder)[5]["id"], "e3.0"):
        for more in ((), ("--full",), ("--json",)):
            ended = command(name, identity, "--out", copy, *more).done()
            strange = {sign for sign in ended.out + ended.err if not sign.isprintable()} - {"\n"}
            assert not strange


# --- trace


def test_a_trace_leads_back_to_the_seeds_and_on_to_the_training_rows(folder: Path) -> None:
    with_machine = accepted(folder)[-1]
    tree = json_of("trace", with_machine["id"], "--out", folder, "--depth", "100")
    assert tree["text"] == with_machine["instruction"]
    assert tree["prompt"] == with_machine["metadata"]["prompt"]
    texts = {row["id"]: row["instruction"] for row in accepted(folder)}
    kinds = set()

    def check(shown: list[dict[str, Any]], index: int) -> None:
        for one in shown:
            kinds.add(one["kind"])
            if one["kind"] == "machine":
                assert texts[one["id"]] == one["text"]
                assert one["text"] in prompts[index]
                assert one.get("above") or one["request"] < index
                check(one.get("showed", []), one.get("request", -1))

    prompts = {row["request_idx"]: row["metadata"]["prompt"] for row in accepted(folder)}
    check(tree["showed"], tree["request"])
    assert kinds == {"seed", "machine"}
    places = [int(one["id"].partition(".")[2]) for one in tree["of_the_same_reply"]]
    assert places == list(range(len(places)))


def test_a_trace_holds_label_raw_instances_and_every_example_with_its_row(folder: Path) -> None:
    examples = rows(folder / "finetuning" / "all_generated_instances.jsonl")
    lost = next(row for row in rows(folder / "rejected.jsonl") if row["stage"] == "prepare")
    labels = {row["id"]: row["is_classification"] for row in rows(folder / "is_clf_or_not.jsonl")}
    tree = json_of("trace", lost["subject"], "--out", folder)
    assert [one["text"].capitalize() for one in tree["labels"]] == [labels[lost["subject"]]]
    assert [one["fate"] for one in tree["raw_instances"]] == ["accepted"]
    by_id = {one["id"]: one for one in tree["examples"]}
    gone = by_id[f"e{lost['request_idx']}.{lost['position']}"]
    assert (gone["filter"], gone["reason"], "row" in gone) == (lost["filter"], lost["reason"], False)
    kept = [row for row in examples if row["id"] in by_id]
    for row in kept:
        assert by_id[row["id"]]["output"] == row["output"]
        assert by_id[row["id"]]["row"]["messages"][-1] == {"role": "assistant", "content": row["output"]}


@pytest.mark.parametrize("letter", ["c", "i", "e"])
def test_a_label_raw_instances_and_an_example_lead_to_their_instruction(folder: Path, letter: str) -> None:
    tree = json_of("trace", f"{letter}1.0", "--out", folder)
    assert tree["asked_for"] == f"{letter}1.0"
    assert tree["id"].startswith("g")
    out = command("trace", f"{letter}1.0", "--out", folder).done().out
    assert out.startswith(f"{tree['id']} accepted (asked for by {letter}1.0)\n")


def test_the_tree_says_what_a_reader_looks_for(folder: Path) -> None:
    row = accepted(folder)[-1]
    lines = command("trace", row["id"], "--out", folder).done().out.splitlines()
    assert lines[0] == f"{row['id']} accepted"
    for words in (
        "its prompt showed",
        "seed_task_",
        "prompt",
        "reply",
        f"*{row['id']} accepted",
        "label c",
        "example e",
    ):
        assert any(words in line for line in lines), words
    seed = command("trace", "seed_task_3", "--out", folder).done().out
    assert "instance: " in seed


def test_depth_0_names_what_was_shown_and_goes_no_further(folder: Path) -> None:
    tree = json_of("trace", accepted(folder)[-1]["id"], "--out", folder, "--depth", "0")
    assert tree["showed"]
    assert not any("showed" in one for one in tree["showed"])


def test_the_error_names_an_id_that_does_not_exist(folder: Path) -> None:
    command("trace", "hello", "--out", folder).failed(2, "'hello' is not the id of a seed task or a candidate")
    command("trace", "g9999.0", "--out", folder).failed(2, "there is no candidate g9999.0")


def test_the_commands_stand_in_the_list() -> None:
    assert {"why", "trace"} <= set(cli.list_commands(None))  # type: ignore[arg-type]
