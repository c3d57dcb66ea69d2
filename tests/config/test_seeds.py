"""Seed files: what may stand in one, and the one that comes with the package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
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


ROW = {"instruction": "Add two numbers.", "input": "1 2", "output": "3"}
OTHER = {"instruction": "Sing, or hum.", "output": "La,\nla."}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seeds.json", json.dumps([ROW, OTHER])),
        ("seeds.json", json.dumps([ROW, OTHER], indent=4)),
        ("seeds.jsonl", json.dumps(ROW, indent=2) + "\n\n" + json.dumps(OTHER, indent=2)),
        ("seeds.jsonl", json.dumps(ROW) + "\n" + json.dumps({**OTHER, "input": None, "id": None, "name": None})),
        ("seeds.csv", 'instruction,input,output\nAdd two numbers.,1 2,3\n"Sing, or hum.",,"La,\nla."\n'),
        ("seeds.csv", '\ufeffInstruction;Output;Input\r\nAdd two numbers.;3;1 2\r\nSing, or hum.;"La,\nla.";\r\n'),
        ("seeds.tsv", 'instruction\toutput\tinput\nAdd two numbers.\t3\t1 2\nSing, or hum.\t"La,\nla."\t\n'),
    ],
)
def test_every_form_that_leaves_no_doubt_is_taken(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    seeds = read_seeds(str(path))
    assert [(seed.instruction, seed.instances) for seed in seeds] == [
        ("Add two numbers.", (Instance("1 2", "3"),)),
        ("Sing, or hum.", (Instance("", "La,\nla."),)),
    ]
    assert [seed.id for seed in seeds] == ["seed_task_0", "seed_task_1"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [(True, True), ("Yes", True), ("no", False), ("TRUE", True), (1, True), (0, False), (None, False), ("", False)],
)
def test_a_yes_or_no_is_understood(given: Any, meant: bool, tmp_path: Path) -> None:
    (seed,) = read_seeds(str(seed_file(tmp_path, line(is_classification=given))))
    assert seed.is_classification is meant


def test_integers_are_taken_as_text(tmp_path: Path) -> None:
    (seed,) = read_seeds(str(seed_file(tmp_path, line(id=5, instances=[{"input": 12, "output": 3}]))))
    assert (seed.id, seed.instances) == ("5", (Instance("12", "3"),))


def test_the_command_that_converts_another_shape_works(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Add 1 and 2."}, {"role": "assistant", "content": "3"}]
    (folder := tmp_path / "the club's own").mkdir()
    for row in (
        {"messages": messages},
        {"prompt": "Add 1 and 2.", "completion": "3"},
        {"question": "Add 1 and 2.", "answer": "3"},
        {"conversations": [{"from": "human", "value": "Add 1 and 2."}, {"from": "gpt", "value": "3"}]},
    ):
        given = seed_file(folder, json.dumps(row))
        follow(refusal(given))
        (seed,) = read_seeds(str(given))
        assert (seed.instruction, seed.instances) == ("Add 1 and 2.", (Instance("", "3"),))
        Path(f"{given}.bak").rename(given)
        assert json.loads(given.read_text("utf-8")) == row, "the user's rows are kept"


def follow(advice: str) -> None:
    """Run the command of an advice in a shell, as the user has one."""
    command = re.search(r'python (-c ".*") \(its old text stays in ', advice)
    assert command is not None, advice
    subprocess.run(f"{sys.executable} {command[1]}", shell=True, check=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("task,answer\nAdd 1 and 2.,3\n", "line 1: the file is not JSON, and as CSV it has no columns instruction and"),
        ("instruction,output\nSing, or hum.,La\n", "line 2: it has not as many columns as line 1"),
        ("instruction,output\nSing, or hum.,La\n", "each text that holds commas or line breaks"),
        ("instruction;output\nSing; or hum.;La\n", "each text that holds semicolons or line breaks"),
        ('instruction,output\nSing.,La\nHum.,"Mm\n', "not CSV"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text(text, "utf-8")
    assert words in refusal(path)


def test_objects_with_commas_between_them_are_seed_tasks(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text(",\n".join([line(), line(id="b", instruction="Hum.")]) + ",\n", "utf-8")
    assert [seed.instruction for seed in read_seeds(str(path))] == [ROW["instruction"], "Hum."]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_the_command_that_converts_a_table_of_excel_works(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("instruction;output\nSing é.;La\n", encoding)
    advice = refusal(Path("table.csv"))
    assert '(in Excel as "CSV UTF-8")' in advice
    follow(advice)
    (seed,) = read_seeds("table.csv")
    assert seed.instruction == "Sing é."
    assert Path("table.csv.bak").read_text(encoding).endswith("Sing é.;La\n"), "the user's text is kept"


def test_a_comment_in_the_first_line_does_not_make_a_table_of_the_file(tmp_path: Path) -> None:
    assert "Remove the comment" in refusal(seed_file(tmp_path, "# mine, all of them", line()))


def test_a_fault_in_an_array_is_named_with_the_line_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "seeds.json"
    path.write_text("[\n" + json.dumps(ROW) + ',\n\n  {"instruction": "Hum."}\n]', "utf-8")
    assert f"{path}, line 4: instances: it is missing" in refusal(path)


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
        ('{"instruction": "Add.", "input": "1 2"}', "instances[0].output: it is missing"),
        ('{"instruction": "Add.", "input": "1 2", "ouput": "3"}', "instances[0].output: it is missing; rename 'ouput'"),
        (
            line(instances=[{"inputs": "1", "output": "1"}]),
            "line 3: instances[0].inputs: no key of a seed task has this name",
        ),
        (
            '{"instruction": "Add.", "Input": "1", "output": "1"}',
            "instances[0].Input: no key of a seed task has this name; did you mean 'input'?",
        ),
        ('{"instuction": "Add.", "output": "3"}', "instruction: it is missing; rename 'instuction'"),
        ('{"instruction": "Add.", "Instances": []}', "instances: it is missing; rename 'Instances'"),
        (line(instruction="  "), "instruction: it is blank"),
        (line(instruction=7.5), "instruction: it must be a text, in quotes"),
        (line(instances=[]), "instances: a seed task needs at least one instance"),
        (line(instances="3"), "instances: it must be a list, such as"),
        (line(instances=["3"]), "instances[0] is not a JSON object"),
        (line(instances=[{"input": "1 2"}]), "instances[0].output: it is missing"),
        (line(instances=[{"output": "3"}, {"output": 3.5}]), "instances[1].output: it must be a text, in quotes"),
        (line(is_classification="maybe"), 'is_classification: it is "maybe"; write true or false'),
        (line(id=5.5), "id: it must be a text, in quotes"),
        (line(instances=[{"output": " "}]), "instances[0].output: it is empty; write the answer"),
        (line(instances=[{"output": "a" * 2_000_000}]), "instances[0].output: it has 2,000,000 characters"),
        (line(instruction="a" * 50_001), "instruction: it has 50,001 characters"),
        ("{'instruction': 'Add.'}", "Put names and texts between straight double quotes"),
        ('{"instruction": "Add.", "output": "3",}', "Remove the comma before the closing bracket"),
        ('{"instruction": "Add\nall.", "output": "3"}', "Write a line break inside a text as \\n"),
        ('{"prompt": "Add.", "completion": "3"}', "Convert it: python -c"),
        (line(is_clasification=True), "line 3: is_clasification: no key of a seed task has this name; did you mean"),
        (line(isClassification=True), "isClassification: no key of a seed task has this name; did you mean 'is_cl"),
        ('{"instruction": "Add.", "input": NaN, "output": "3"}', "instances[0].input: it is nan, as programs write"),
        ('{"instruction": "Add.", "input": "", "output": -Infinity}', "instances[0].output: it is -inf, as programs"),
        (line(instruction="nan"), "instruction: it is nan, as programs write a missing value; write the task"),
        (line(instances=[{"answer": "3"}]), "instances[0].output: it is missing; rename 'answer'"),
        ('{"instruction": "Add.", "answer": "3"}', "Convert it: python -c"),
        ('{"instruction": "Add.", "output": "3", "is_classification": True}', "Write true in place of True"),
        ('{"instruction": "Add.", "output": "3", "input": None}', "Write null in place of None"),
        ("# comments, too", "Remove the comment"),
        ("// comments, too", "Remove the comment"),
        (line()[:-1] + "\n" + line(id="b"), "Write the closing bracket, } or ], that this row lacks"),
        (line()[:-2], "Write the closing bracket, } or ], that this row lacks"),
        (
            '{"tasks": [' + line() + "]}",
            "Leave out the outer object with 'tasks': write its seed tasks as a list, or one a line",
        ),
        ('{"0": ' + line() + "}", "Leave out the outer object with '0': write its seed tasks"),
        (line(id="g0.1"), "id: 'g0.1' looks like the id of a machine-written instruction"),
        (line(instruction="Sing \ud83d."), "it contains half a surrogate pair, which cannot be stored"),
        (line(instances=[{"output": "\udc00"}]), "it contains half a surrogate pair, which cannot be stored"),
    ],
)
def test_a_bad_line_is_named_with_its_fault(bad: str, words: str, tmp_path: Path) -> None:
    path = seed_file(tmp_path, line(id="first", instruction="Sing."), "", bad)
    message = refusal(path)
    assert message.startswith(f"{path}, line 3: ")
    assert words in message
    assert "\n" in message, "a hint"


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (line(instruction="Sing."), "duplicate id of line 1: a"),
        (line(id="b"), "duplicate instruction of line 1: Add two numbers."),
        (line(id="b", instruction="  Add  two numbers.\n"), "duplicate instruction of line 1"),
    ],
)
def test_a_duplicate_names_both_lines(second: str, words: str, tmp_path: Path) -> None:
    message = refusal(seed_file(tmp_path, line(), second))
    assert "line 2: " in message
    assert words in message


@pytest.mark.parametrize("content", ["", "\n  \n", "\ufeff"])
def test_an_empty_file(content: str, tmp_path: Path) -> None:
    assert "holds no seed task\nA seed task is {" in refusal(seed_file(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere.jsonl")
    assert message == f"there is no seed file {tmp_path}/nowhere.jsonl\nName one with --seeds, or use --seeds builtin."


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
    ended.failed(2, "a prompt shows 8 seed tasks, and the run has only 2")
    assert not (tmp_path / "runs").exists()


def test_a_plain_text_file_of_tasks_is_answered_with_its_line_as_an_object(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_text("Name three rivers.\nWrite a poem.\n", "utf-8")
    with pytest.raises(DataError, match="line 1: not JSON") as caught:
        read_seeds(str(path))
    assert caught.value.hint.endswith('becomes: {"instruction": "Name three rivers.", "output": "..."}')


def test_a_heading_of_markdown_is_not_called_a_comment_of_json(tmp_path: Path) -> None:
    path = tmp_path / "seeds.md"
    path.write_text("# Tasks\n\n1. Sing.\n", "utf-8")
    said = refusal(path)
    assert "Remove the comment" not in said
    assert "Each seed task is one object, such as" in said


@pytest.mark.parametrize("task", ["Sing.", "Sing, or hum."])
def test_the_command_that_converts_yaml_works(task: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "seeds.yaml"
    path.write_text(f"- instruction: {task}\n  input: ''\n  output: La.\n", "utf-8")
    said = refusal(path)
    assert f"{path} is YAML" in said
    follow(said)
    (seed,) = read_seeds(str(path))
    assert (seed.instruction, seed.instances) == (task, (Instance("", "La."),))


def test_a_text_that_looks_like_a_missing_value_is_taken_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seeds = [line(id=f"s{index}", instruction=f"Sing song {index}.") for index in range(7)]
    asked = line(id="odd", instruction="What is 0.0 * float('inf') in Python?", instances=[{"output": "nan"}])
    seed_file(tmp_path, *seeds, asked)
    ended = command("generate", "--backend", "demo", "--seeds", "seeds.jsonl", "--target", "3", "--quiet").done()
    assert "warning: seeds.jsonl: odd: a text is nan; correct it if it stands for a missing value" in ended.err
    assert "s1" not in ended.err


def test_a_bad_seed_file_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seed_file(tmp_path, line(), "oops")
    ended = command("generate", "--backend", "demo", "--seeds", "seeds.jsonl")
    ended.failed(2, "error: seeds.jsonl, line 2: not JSON: Expecting value at column 1\nEach seed task is one object")
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
