"""Seed files: what may stand in one, and the one that comes with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.config.seeds import BUILTIN, builtin_seeds, read_seeds
from selfinstruct.errors import DataError
from selfinstruct.similarity import TOKENISERS, Pool
from selfinstruct.types import Instance
from tests.command_line import command

GOOD: dict[str, Any] = {"id": "a", "instruction": "Add two numbers.", "instances": [{"input": "1 2", "output": "3"}]}


def line(**changes: Any) -> str:
    return json.dumps({key: value for key, value in {**GOOD, **changes}.items() if value is not ...})


def seed_file(folder: Path, *lines: str) -> Path:
    path = folder / "seeds.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def refusal(path: Path) -> str:
    """What is said of a seed file that cannot be read; always one that says what to do next or where."""
    with pytest.raises(DataError) as caught:
        read_seeds(str(path))
    assert caught.value.exit_code == 2
    return str(caught.value)


# --- files that are fine


def test_a_seed_file(tmp_path: Path) -> None:
    (seed,) = read_seeds(str(seed_file(tmp_path, line(is_classification=True, name="add"))))
    assert (seed.id, seed.instruction, seed.name, seed.is_classification) == ("a", "Add two numbers.", "add", True)
    assert seed.instances == (Instance("1 2", "3"),)


def test_only_instruction_and_instances_are_needed(tmp_path: Path) -> None:
    bare = {"instruction": "Sing.", "instances": [{"output": "La."}]}
    seeds = read_seeds(str(seed_file(tmp_path, line(note="ignored"), json.dumps(bare))))
    assert [seed.id for seed in seeds] == ["a", "seed_task_1"]
    assert seeds[1].instances == (Instance("", "La."),)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_blank_lines_a_byte_order_mark_and_windows_lines_are_fine(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    text = ending.join(["", line(), "   ", line(id="b", instruction="Écris un poème 🎵."), "", ""])
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [seed.instruction for seed in read_seeds(str(path))] == ["Add two numbers.", "Écris un poème 🎵."]


def test_an_escaped_pair_of_surrogates_is_one_character(tmp_path: Path) -> None:
    (seed,) = read_seeds(str(seed_file(tmp_path, line(instruction="Sing 🎵."))))
    assert seed.instruction == "Sing 🎵."


# --- files that are not


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{not json}", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ('{"instruction": "Add.",', "not JSON"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"n": ' + "9" * 5000 + "}", "not JSON that can be read"),
        ("[1, 2]", "this line is not a JSON object"),
        ('"Add two numbers."', "this line is not a JSON object"),
        (line(instruction=...), "instruction: it is missing"),
        (line(instances=...), "instances: it is missing"),
        (line(instruction="  "), "instruction: it is blank"),
        (line(instruction=7), "instruction: input should be a valid string"),
        (line(instances=[]), "instances: a seed task needs at least one instance"),
        (line(instances="3"), "instances: input should be a valid list"),
        (line(instances=["3"]), "instances[0] is not a JSON object"),
        (line(instances=[{"input": "1 2"}]), "instances[0].output: it is missing"),
        (line(instances=[{"output": "3"}, {"output": 3}]), "instances[1].output: input should be a valid string"),
        (line(is_classification="no"), "is_classification: input should be a valid boolean"),
        (line(id=5), "id: input should be a valid string"),
        (line(id="g0.1"), "id: 'g0.1' looks like the id of a machine-written instruction"),
        (line(instruction="Sing \ud83d."), "it contains half a surrogate pair, which cannot be stored"),
        (line(instances=[{"output": "\udc00"}]), "it contains half a surrogate pair, which cannot be stored"),
    ],
)
def test_a_bad_line_is_named_with_its_fault(bad: str, words: str, tmp_path: Path) -> None:
    path = seed_file(tmp_path, line(id="first", instruction="Sing."), "", bad)
    told = refusal(path)
    assert told.startswith(f"{path}, line 3: ")
    assert words in told
    assert "\n" in told, "a hint"


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (line(instruction="Sing."), "duplicate id of line 1: a"),
        (line(id="b"), "duplicate instruction of line 1: Add two numbers."),
        (line(id="b", instruction="  Add  two numbers.\n"), "duplicate instruction of line 1"),
    ],
)
def test_a_duplicate_names_both_lines(second: str, words: str, tmp_path: Path) -> None:
    told = refusal(seed_file(tmp_path, line(), second))
    assert "line 2: " in told
    assert words in told


@pytest.mark.parametrize("content", ["", "\n  \n", "\ufeff"])
def test_an_empty_file(content: str, tmp_path: Path) -> None:
    assert "holds no seed task\nA seed task is {" in refusal(seed_file(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    told = refusal(tmp_path / "nowhere.jsonl")
    assert told == f"there is no seed file {tmp_path}/nowhere.jsonl\nName one with --seeds, or use --seeds builtin."


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert f"{tmp_path} cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_text_in_another_encoding(encoding: str, tmp_path: Path) -> None:
    """The line is right however far down it stands."""
    path = tmp_path / "seeds.jsonl"
    many = [line(id=str(index), instruction=f"Add {index} and one.") for index in range(200)]
    text = "\n".join([*many, json.dumps({**GOOD, "instruction": "Écris."}, ensure_ascii=False)])
    path.write_bytes(text.encode(encoding))
    assert f"line {1 if encoding == 'utf-16' else 201}: not UTF-8 text" in refusal(path)


def test_seeds_that_do_not_suffice_for_a_prompt_stop_the_command_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seed_file(tmp_path, line(), line(id="b", instruction="Sing."))
    ended = command("generate", "--backend", "demo", "--seeds", "seeds.jsonl", "--target", "3")
    ended.failed(2, "2 seed tasks")
    assert not (tmp_path / "runs").exists()


def test_a_bad_seed_file_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seed_file(tmp_path, line(), "oops")
    ended = command("generate", "--backend", "demo", "--seeds", "seeds.jsonl")
    ended.failed(2, "error: seeds.jsonl, line 2: not JSON: Expecting value at column 1\nEach line is one object.")
    assert not (tmp_path / "runs").exists()


# --- the seeds that come with the package


def test_the_shipped_seeds_are_many_and_mixed() -> None:
    seeds = read_seeds(BUILTIN)
    assert len(seeds) == 175
    assert sum(seed.is_classification for seed in seeds) >= 25
    empty = sum(not instance.input for seed in seeds for instance in seed.instances)
    assert empty * 3 >= len(seeds), "a third of the tasks need no input"
    assert [seed.id for seed in seeds] == [f"seed_task_{index}" for index in range(175)]


def test_the_shipped_file_has_the_documented_keys_and_no_others() -> None:
    for text in builtin_seeds().read_text("utf-8").splitlines():
        task = json.loads(text)
        assert list(task) == ["id", "name", "instruction", "instances", "is_classification"]
        assert all(list(instance) == ["input", "output"] for instance in task["instances"])
        assert task["name"].replace("_", "").isalnum()
        assert task["instruction"] == task["instruction"].strip()
        assert all(instance["output"].strip() for instance in task["instances"])


def test_labels_of_classification_seeds_are_short_and_say_so() -> None:
    labels = [i.output for seed in read_seeds(BUILTIN) if seed.is_classification for i in seed.instances]
    assert max(map(len, labels)) <= 60


@pytest.mark.parametrize("tokeniser", sorted(TOKENISERS))
def test_no_two_shipped_seeds_are_alike(tokeniser: str) -> None:
    pool = Pool(TOKENISERS[tokeniser])
    for seed in read_seeds(BUILTIN):
        near = pool.compare(seed.instruction)
        assert near.highest <= 0.5, (seed.instruction, near.nearest[0])
        pool.add(seed.instruction)
