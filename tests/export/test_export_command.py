"""`selfinstruct export`: the contract files, or a data set in a format."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from selfinstruct import SelfInstruct
from tests import third_party_plugins as strangers
from tests.command_line import command, rows
from tests.export.runs import make_examples, make_run

PLUGIN = """
from selfinstruct.api import Component, EXPORT, NoOptions, TrainingEncoder, hookimpl

class Shout(TrainingEncoder):
    def __init__(self, options):
        pass

    def encode(self, example):
        return {"loud": example.output.upper()}

@hookimpl
def selfinstruct_encoders():
    return [Component("shout", "in capitals", NoOptions, Shout, (EXPORT,))]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run", make_examples(20)).close()
    return Path("run")


def test_without_a_folder_the_contract_files_are_written_again(run: Path) -> None:
    ended = command("export", "--out", run).done()
    assert "run/machine_generated_instructions.jsonl: 1 row\n" in ended.out
    assert len(rows(run / "finetuning/all_generated_instances.jsonl")) == 20


def test_a_data_set_in_the_format_of_the_run(run: Path) -> None:
    ended = command("export", "--out", run, "--to", "set", "--split", "0.8").done()
    train, validation = rows(Path("set/data/train.jsonl")), rows(Path("set/data/validation.jsonl"))
    assert f"set/data/train.jsonl: {len(train)} rows\nset/data/validation.jsonl: {len(validation)} rows\n" in ended.out
    assert "fill in the licence" in ended.out
    assert "share of the train part" not in ended.out
    turned = command("export", "--out", run, "--to", "turned", "--split", "0.2").done().out
    assert "split is the share of the train part: 0.8 would train on most examples" in turned
    assert "datasets.load_dataset('set')" in ended.out
    assert list(train[0]) == ["messages"]
    assert not (run / "machine_generated_instructions.jsonl").exists()


def test_another_format_with_an_option_and_a_licence(run: Path) -> None:
    args = ("--format", "text", "--set", "export.encoder.template=chatml", "--set", "export.encoder.system=Be brief.")
    ended = command("export", "--out", run, "--to", "set", "--split", "1", *args, "--license", "llama3.1").done()
    assert "licence" not in ended.out
    (row, *_) = rows(Path("set/data/train.jsonl"))
    assert row["text"].startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nDo 0.")
    assert json.loads(Path("set/config.json").read_text("utf-8"))["config"]["export"]["encoder"] == {
        "use": "text", "template": "chatml", "template_file": None, "system": "Be brief.", "begin": False
    }  # fmt: skip


def test_a_format_of_a_plugin(run: Path) -> None:
    Path("loud.py").write_text(PLUGIN)
    command("export", "--out", run, "--to", "set", "--plugin", "loud.py", "--format", "shout", "--split", "1").done()
    assert rows(Path("set/data/train.jsonl"))[0] == {"loud": "DONE 0."}


def test_plugins_of_the_run_are_there_and_missed_only_if_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loud.py").write_text(PLUGIN)
    tree = {"recipe": "chat", "plugins": ["./loud.py", "./gone.py"], "export": {"encoder": {"use": "shout"}}}
    make_run(tmp_path / "run", make_examples(20), tree=tree).close()
    ended = command("export", "--out", "run", "--to", "set").done()
    assert "left out: plugin ./gone.py" in ended.err
    Path("loud.py").unlink()
    command("export", "--out", "run", "--to", "set").failed(2, "no format is called 'shout'")
    command("export", "--out", "run", "--to", "set", "--format", "alpaca").done()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--format", "alpaca"), "no folder is named for the dataset"),
        (("--push-to-hub", "a/b"), "no folder is named for the dataset"),
        (("--to", "set", "--format", "alpca"), "did you mean 'alpaca'?"),
        (("--to", "set", "--format", "chat-tasks"), "does not serve the stage export"),
        (("--to", "set", "--set", "export.encoder.sytem=a"), "unknown option; did you mean 'system'?"),
        (("--to", "set", "--set", "run.seed=7"), "only uses settings of export"),
        (("--to", "set", "--format", "text", "--set", "export.encoder.template_file=no.txt"), "no.txt cannot be read"),
        (("--to", "set", "--public", "--license", "mit"), "can only be public at the Hub"),
        (("--to", "set", "--push-to-hub", "a/b", "--public"), "needs a licence"),
        (("--to", "set", "--license", "nonsense"), "the Hub knows no licence 'nonsense'\nGive an id of the Hub"),
        (("--to", "set", "--license", "llama-3.1"), "knows no licence 'llama-3.1'; did you mean 'llama3.1'?"),
        (("--to", "set", "--language", "English"), "'English' is not the code of a language"),
        (("--to", "set", "--split", "0"), "--split: 0.0 is not a number above 0 and at most 1"),
        (("--to", "run"), "holds other files"),
    ],
)
def test_what_is_refused(run: Path, args: tuple[str, ...], words: str) -> None:
    command("export", "--out", run, *args).failed(2, words)
    assert not Path("set").exists()


def test_an_empty_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run").close()
    command("export", "--out", "run", "--to", "set").failed(2, "no training examples", "selfinstruct run --out run")
    assert not Path("set").exists()


@pytest.mark.parametrize(("module", "args"), [("pyarrow", "--file parquet"), ("huggingface_hub", "--push-to-hub a/b")])
def test_what_is_not_installed(run: Path, monkeypatch: pytest.MonkeyPatch, module: str, args: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    command("export", "--out", run, "--to", "set", *args.split()).failed(2, "pip install 'selfinstruct[")


@pytest.mark.parametrize("recipe", ["chat", "paper"])
def test_the_recipe_in_the_folder_makes_the_same_data_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    monkeypatch.chdir(tmp_path)
    command("run", "--recipe", recipe, "--backend", "demo", "--target", "12", "--out", "first").done()
    command("export", "--out", "first", "--to", "set").done()
    command("run", "--recipe", "set/recipe.toml", "--out", "again").done()
    command("export", "--out", "again", "--to", "same").done()
    for name in ("recipe.toml", "dataset_info.json", "data/train.jsonl", "data/validation.jsonl"):
        assert (tmp_path / "set" / name).read_bytes() == (tmp_path / "same" / name).read_bytes()


def test_columns_on_request(run: Path) -> None:
    wanted = ("--column", "id", "--column", "is_classification", "--language", "en")
    command("export", "--out", run, "--to", "set", *wanted).done()
    command("export", "--out", run).done()
    kept = {row["id"]: row for row in rows(run / "finetuning/all_generated_instances.jsonl")}
    for row in rows(Path("set/data/train.jsonl")):
        assert list(row) == ["messages", "id", "is_classification"]
        assert row["messages"][-1]["content"] == kept[row["id"]]["output"]
        assert row["is_classification"] is kept[row["id"]]["is_classification"]
    card = Path("set/README.md").read_text("utf-8")
    assert "SFTTrainer(" in card, "the format is still known by its own columns"
    assert " --column id --column is_classification --language en" in card
    assert card.count("--column id") == 1


def test_a_column_that_is_unknown(run: Path) -> None:
    unknown = command("export", "--out", run, "--to", "set", "--column", "is_clasification")
    unknown.failed(2, "there is no column 'is_clasification'; did you mean 'is_classification'?", "Known: id")
    assert not Path("set").exists()


def test_the_command_in_the_card_makes_the_same_data_again_with_seeds_and_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    strangers.write(Path(), strangers.FILTER, "my_filters")
    verbs, things = ("Sort", "Group", "Order"), ("rivers", "towns", "birds", "trees")
    seeds = [{"instruction": f"{verb} the {thing} by length.", "output": "a, b"} for verb in verbs for thing in things]
    Path("own.jsonl").write_text("".join(json.dumps(seed) + "\n" for seed in seeds))
    own = ("--seeds", "own.jsonl", "--plugin", "./my_filters.py", "--filter", "starts-with")
    command("run", "--backend", "demo", "--target", "4", "--out", "first", *own).done()
    command("export", "--out", "first", "--to", "set", "--column", "id").done()
    shell = Path("set/README.md").read_text("utf-8").partition("```sh\n")[2].partition("```")[0].splitlines()
    run_again, export_again = [line for line in shell if line.startswith("selfinstruct ")]
    assert "--seeds own.jsonl --plugin ./my_filters.py" in run_again
    command(*shlex.split(run_again.replace("recipe.toml", "set/recipe.toml"))[1:]).done()
    command(*shlex.split(export_again.replace("FOLDER", "same"))[1:]).done()
    assert Path("set/data/train.jsonl").read_bytes() == Path("same/data/train.jsonl").read_bytes()


def test_mlx_finds_its_validation_part(run: Path) -> None:
    command("export", "--out", run, "--to", "set", "--split", "0.8").done()
    ended = command("export", "--out", run, "--to", "set", "--split", "0.8", "--mlx").done()
    assert sorted(path.name for path in Path("set/data").iterdir()) == ["train.jsonl", "valid.jsonl"]
    assert "set/data/valid.jsonl: " in ended.out
    card = Path("set/README.md").read_text("utf-8")
    assert "--data FOLDER/data" in card
    assert "path: data/valid.jsonl" in card
    command("export", "--out", run, "--to", "other", "--mlx", "--file", "parquet").failed(2, "MLX reads JSONL only")


def test_a_card_names_the_languages(run: Path) -> None:
    command("export", "--out", run, "--to", "set", "--language", "en", "--language", "de").done()
    assert 'language:\n- "en"\n- "de"\n' in Path("set/README.md").read_text("utf-8")


def test_bare_text_is_for_the_stage_pt_of_llama_factory(run: Path) -> None:
    command("export", "--out", run, "--to", "set", "--format", "text").done()
    assert "`dataset: selfinstruct_train` and `stage: pt`" in Path("set/README.md").read_text("utf-8")


def test_nothing_is_written_where_the_hub_has_no_client(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    command("export", "--out", run, "--to", "set", "--push-to-hub", "a/b").failed(2, "the Hub needs its client")
    assert not Path("set").exists()


def test_the_commands_of_the_card_make_the_same_data_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(tmp_path)
    (project / "mine.py").write_text(PLUGIN)
    seeds = [
        {"instruction": f"Name {count} {what}.", "output": what}
        for count in (2, 3, 9)
        for what in ("fish", "birds", "trees")
    ]
    (project / "mine.jsonl").write_text("\n".join(json.dumps(seed) for seed in seeds))
    given = ("--plugin", "project/mine.py", "--seeds", "project/mine.jsonl", "--set", "export.encoder.use=shout")
    command("run", "--backend", "demo", "--target", "5", "--out", "first", *given).done()
    command("export", "--out", "first", "--to", "set").done()
    steps = Path("set/README.md").read_text("utf-8").split("```sh\n")[1].split("```")[0].splitlines()
    monkeypatch.chdir(project)
    (project / "recipe.toml").write_text((tmp_path / "set/recipe.toml").read_text())
    for step in steps[1:]:
        program, *args = shlex.split(step)
        assert program == "selfinstruct"
        command(*args).done()
    assert (project / "FOLDER/data/train.jsonl").read_bytes() == (tmp_path / "set/data/train.jsonl").read_bytes()


def test_an_export_says_that_it_replaced_a_dataset_of_another_format_or_run(run: Path) -> None:
    to = ("--to", "set", "--format")
    assert "replaced" not in command("export", "--out", run, *to, "alpaca").done().out
    assert "replaced" not in command("export", "--out", run, *to, "alpaca", "--split", "1").done().out
    said = command("export", "--out", run, *to, "text").done().out
    assert "this replaced the dataset in the folder, which was in the format alpaca\n" in said
    make_run(Path("other"), make_examples(4), created_at="2026-02-02T00:00:00+00:00").close()
    said = command("export", "--out", "other", *to, "text").done().out
    assert "which was of the run that started 2026-01-02T03:04:05+00:00\n" in said


def test_seed_tasks_are_in_the_dataset_only_if_prepare_includes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = {f"Name {count} rivers." for count in range(2, 14)}
    given = [{"input": "", "output": "Rhine, Rhone"}, {"input": "in Africa", "output": "Nile, Niger"}]
    seeds = "".join(json.dumps({"instruction": text, "instances": given}) + "\n" for text in sorted(own))
    Path("own.jsonl").write_text(seeds)
    command("run", "--backend", "demo", "--seeds", "own.jsonl", "--target", "12", "--out", "run").done()

    def exported() -> tuple[dict[str, set[str]], str]:
        command("export", "--out", "run", "--to", "set", "--format", "alpaca", "--split", "0.7").done()
        files = {part: rows(Path(f"set/data/{part}.jsonl")) for part in ("train", "validation")}
        texts = {part: {row["instruction"] for row in found} for part, found in files.items()}
        return texts, Path("set/README.md").read_text("utf-8")

    parts, card = exported()
    assert not own & (parts["train"] | parts["validation"])
    assert "instances of seed tasks" not in card
    command("prepare", "--out", "run", "--include-seeds").done()
    parts, card = exported()
    assert own <= parts["train"] | parts["validation"]
    assert not parts["train"] & parts["validation"], "all examples of a seed task are in one part"
    everything = rows(Path("set/data/train.jsonl")) + rows(Path("set/data/validation.jsonl"))
    written = sum(row["instruction"] in own for row in everything)
    assert f"| instances of seed tasks | {written} of the rows |" in card
    command("prepare", "--out", "run", "--no-include-seeds").done()
    assert "instances of seed tasks" not in exported()[1]
    SelfInstruct(out="run").prepare(include_seeds=True)
    assert own <= set().union(*exported()[0].values())
