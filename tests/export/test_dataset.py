"""A dataset folder: loaded by what users load it with, whole or not there, and never over what is the user's."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from selfinstruct.api import Example, Json, TrainingEncoder
from selfinstruct.config import read_recipe, resolve
from selfinstruct.errors import PluginError, RunError
from selfinstruct.export.dataset import Exported, FileFormat, export_dataset
from selfinstruct.plugins.registry import ENCODER, Registry
from selfinstruct.store import RunStore
from tests.export.runs import add, make_examples, make_run, strange_examples

FORMATS = ("messages", "alpaca", "sharegpt", "text")


def encoder_of(name: str, **options: Any) -> TrainingEncoder:
    registry = Registry.load()
    made: TrainingEncoder = registry.build(ENCODER, name, registry.find(ENCODER, name).options(**options))
    return made


def export(store: RunStore, folder: Path, name: str = "messages", **how: Any) -> Exported:
    return export_dataset(store, encoder_of(name), folder, chosen={"use": name}, **how)


def rows_of(folder: Path, part: str) -> list[dict[str, Any]]:
    with (folder / "data" / f"{part}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.filterwarnings("default")
class TestLoaded:
    """By `datasets`, as JSON lines, as Parquet, and as a folder."""

    @pytest.fixture
    def datasets(self) -> Any:
        return pytest.importorskip("datasets", reason="datasets is not installed")

    @pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
    @pytest.mark.parametrize("name", FORMATS)
    def test_every_text_comes_back(self, datasets: Any, tmp_path: Path, name: str, file_format: FileFormat) -> None:
        examples = strange_examples()
        store = make_run(tmp_path / "run", examples)
        exported = export(store, tmp_path / "data set", name, file_format=file_format, split=0.8)
        store.close()
        wanted = [encoder_of(name).encode(example) for example in examples]
        parts = datasets.load_dataset(str(exported.folder), cache_dir=tmp_path / "cache")
        assert {part: len(rows) for part, rows in parts.items()} == exported.counts
        assert sorted(exported.counts) == ["train", "validation"]
        found = [row for rows in parts.values() for row in rows]
        assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, wanted))
        one = datasets.load_dataset(
            "json" if file_format == "jsonl" else "parquet",
            data_files=str(exported.folder / f"data/train.{file_format}"),
            split="train",
            cache_dir=tmp_path / "cache",
        )
        assert list(one) == list(parts["train"])
        assert one.column_names == list(wanted[0])


def test_all_examples_of_an_instruction_are_on_one_side_and_in_order(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", make_examples(200))
    exported = export(store, tmp_path / "out", "alpaca", split=0.7)
    train, validation = (rows_of(tmp_path / "out", part) for part in ("train", "validation"))
    assert exported.counts == {"train": len(train), "validation": len(validation)}
    assert not {row["instruction"] for row in train} & {row["instruction"] for row in validation}
    assert len(train) + len(validation) == 200
    for rows in (train, validation):
        numbers = [int(row["output"][5:-1]) for row in rows]
        assert numbers == sorted(numbers)
    store.close()


def test_exporting_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", make_examples(20))
    export(store, tmp_path / "a" / "name")
    export(store, tmp_path / "b" / "name")
    export(store, tmp_path / "b" / "name")
    assert files_in(tmp_path / "a") == files_in(tmp_path / "b")
    store.close()


def test_another_format_leaves_nothing_of_the_older_one(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="PyArrow is not installed")
    store = make_run(tmp_path / "run", make_examples(20))
    export(store, tmp_path / "out", file_format="parquet")
    exported = export(store, tmp_path / "out", split=1)
    assert exported.counts == {"train": 20}
    assert set(files_in(tmp_path / "out")) == {
        "README.md", "config.json", "recipe.toml", "dataset_info.json", "data/train.jsonl"
    }  # fmt: skip
    assert {path.relative_to(tmp_path / "out").as_posix() for path in exported.paths} == set(files_in(tmp_path / "out"))
    store.close()


def test_no_examples_no_files(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run")
    with pytest.raises(RunError, match="no training examples") as caught:
        export(store, tmp_path / "out")
    assert f"selfinstruct run --out {tmp_path / 'run'}" in caught.value.hint
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()
    store.close()


def test_one_instruction_cannot_be_split_and_that_is_said(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", make_examples(2))
    exported = export(store, tmp_path / "out", split=0.5)
    assert exported.counts == {"train": 2}
    assert "no validation" in exported.note
    assert "validation" not in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert not export(store, tmp_path / "out", split=1).note
    store.close()


class Breaks(TrainingEncoder):
    """Fails on one example."""

    def encode(self, example: Example) -> dict[str, Json]:
        return {"a": example.output if example.output != "Done 19." else "\ud83d"}


def test_an_encoder_that_fails_leaves_an_older_export_as_it_was(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", make_examples(20))
    export(store, tmp_path / "out")
    before = files_in(tmp_path / "out")
    with pytest.raises(PluginError, match=r"example e19\.0"):
        export_dataset(store, Breaks(), tmp_path / "out", chosen={"use": "breaks"})
    assert files_in(tmp_path / "out") == before
    store.close()


class Grows(TrainingEncoder):
    """The run goes on while it is exported."""

    def __init__(self, store: RunStore) -> None:
        self._store, self._calls = store, 0

    def encode(self, example: Example) -> dict[str, Json]:
        self._calls += 1
        if self._calls == 25:
            add(self._store, make_examples(4), start=20)
        return {"text": example.output}


def test_a_run_that_grows_meanwhile_is_exported_as_it_stood(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", make_examples(20))
    exported = export_dataset(store, Grows(store), tmp_path / "out", chosen={"use": "grows"})
    assert sum(exported.counts.values()) == 20
    store.close()


class TestForeignFolders:
    """Nothing of the user's is overwritten."""

    @pytest.fixture
    def run(self, tmp_path: Path) -> Any:
        store = make_run(tmp_path / "run", make_examples(4))
        yield store
        store.close()

    @pytest.mark.parametrize("name", ["notes.txt", "data", "README.md", "config.json", "recipe.toml", "data/train.csv"])
    def test_other_files(self, run: RunStore, tmp_path: Path, name: str) -> None:
        path = tmp_path / "out" / name
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        with pytest.raises(RunError, match=r"other files|not of an export|not written by an export|cannot be written"):
            export(run, tmp_path / "out")
        assert files_in(tmp_path / "out") == {name: b"mine"}

    def test_the_run_folder(self, run: RunStore, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="other files"):
            export(run, tmp_path / "run")

    def test_a_file(self, run: RunStore, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        with pytest.raises(RunError, match="is a file"):
            export(run, tmp_path / "out")

    def test_an_edited_card(self, run: RunStore, tmp_path: Path) -> None:
        export(run, tmp_path / "out")
        card = tmp_path / "out" / "README.md"
        card.write_text(card.read_text("utf-8").replace("# license: FILL IN, see below", "license: mit"), "utf-8")
        with pytest.raises(RunError, match="was edited") as caught:
            export(run, tmp_path / "out")
        assert "--license" in caught.value.hint
        card.unlink()
        export(run, tmp_path / "out")

    def test_hidden_files_and_others_beside_an_export_stay(self, run: RunStore, tmp_path: Path) -> None:
        (tmp_path / "out" / ".git").mkdir(parents=True)
        (tmp_path / "out" / ".git" / "HEAD").write_text("x")
        export(run, tmp_path / "out")
        (tmp_path / "out" / "notes.txt").write_text("mine")
        export(run, tmp_path / "out")
        assert {"notes.txt", ".git/HEAD"} <= set(files_in(tmp_path / "out"))

    def test_what_a_killed_export_left_is_no_hindrance(self, run: RunStore, tmp_path: Path) -> None:
        export(run, tmp_path / "out")
        (tmp_path / "out" / "README.md").unlink()
        (tmp_path / "out" / "data" / ".train.jsonl.0a1b2c3d").write_text("half")
        export(run, tmp_path / "out")


class TestCard:
    """What the folder says of itself."""

    def card(self, tmp_path: Path, **how: Any) -> tuple[dict[str, Any], str]:
        facts = how.pop("facts", {})
        store = make_run(tmp_path / "run", make_examples(40), **facts)
        export(store, tmp_path / "out", **{"split": 0.8, **how})
        store.close()
        _, front, text = (tmp_path / "out" / "README.md").read_text("utf-8").split("---\n", 2)
        return yaml.safe_load(front), text

    def test_the_front_matter(self, tmp_path: Path) -> None:
        front, _ = self.card(tmp_path)
        assert front["configs"] == [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train.jsonl"},
                    {"split": "validation", "path": "data/validation.jsonl"},
                ],
            }
        ]
        assert front["pretty_name"] == "out"
        assert front["size_categories"] == ["n<1K"]

    def test_the_licence_is_asked_for(self, tmp_path: Path) -> None:
        front, text = self.card(tmp_path)
        assert "license" not in front
        assert "Fill this in before you share the data" in text
        assert "`tiny:1b/x`" in text  # the model that wrote it; a bar would end the table's cell

    def test_a_given_licence(self, tmp_path: Path) -> None:
        front, text = self.card(tmp_path, license="llama3.1")
        assert front["license"] == "llama3.1"
        assert "Fill this in" not in text
        assert "--license llama3.1" in text

    def test_the_funnel(self, tmp_path: Path) -> None:
        _, text = self.card(tmp_path)
        assert "| generate | 2 | 1 | 1 | 0 | 0 | 0 |" in text
        assert "| generate | `length` | too-short | 1 |" in text
        assert "| prepare | 40 | 40 | 0 | 0 | 0 | 0 |" in text

    def test_words_from_outside_stay_words(self, tmp_path: Path) -> None:
        _, text = self.card(tmp_path, facts={"tree": {"recipe": "/home/me/a|b`.toml", "run": {"seeds": "mine.jsonl"}}})
        assert "recipe `a/b'.toml`" in text
        assert "/home/me" not in text
        assert "its own 1 seed tasks" in text
        assert "--seeds mine.jsonl" in text

    def test_the_card_holds_a_config_for_axolotl(self, tmp_path: Path) -> None:
        _, text = self.card(tmp_path)
        written = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
        assert [entry["path"] for entry in written["datasets"] + written["test_datasets"]] == [
            "data/train.jsonl",
            "data/validation.jsonl",
        ]
        assert written["datasets"][0]["message_property_mappings"] == {"role": "role", "content": "content"}

    def test_the_folder_holds_a_dataset_info_for_llama_factory(self, tmp_path: Path) -> None:
        self.card(tmp_path, name="sharegpt")
        written = json.loads((tmp_path / "out" / "dataset_info.json").read_text("utf-8"))
        for part, entry in written.items():
            rows = rows_of(tmp_path / "out", part.removeprefix("selfinstruct_"))
            assert entry["columns"]["messages"] in rows[0]
            assert (tmp_path / "out" / entry["file_name"]).is_file()

    def test_a_shape_that_no_trainer_knows(self, tmp_path: Path) -> None:
        store = make_run(tmp_path / "run", make_examples(4))

        class Own(TrainingEncoder):
            def encode(self, example: Example) -> dict[str, Json]:
                return {"q": example.instruction, "a": example.output}

        export_dataset(store, Own(), tmp_path / "out", chosen={"use": "own"})
        assert not (tmp_path / "out" / "dataset_info.json").exists()
        assert "Axolotl" not in (tmp_path / "out" / "README.md").read_text("utf-8")
        store.close()

    def test_the_config_of_the_run(self, tmp_path: Path) -> None:
        self.card(tmp_path)
        written = json.loads((tmp_path / "out" / "config.json").read_text("utf-8"))
        assert written["rows"] == {part: len(rows_of(tmp_path / "out", part)) for part in ("train", "validation")}
        assert written["config"]["run"]["seed"] == 42
        assert written["models"] == ["tiny:1b|x"]
        assert written["seeds"] == {"count": 1, "sha256": "5eed"}

    def test_the_recipe_can_be_run(self, tmp_path: Path) -> None:
        registry = Registry.load()
        config = resolve(read_recipe("chat") | {"backend": {"use": "demo"}}, registry)
        store = make_run(tmp_path / "run", make_examples(4), config=config.frozen(), tree=config.tree)
        for name, stage in config.stages.items():
            store.facts.record_stage(name, stage.frozen(), tree=config.tree)
        export(store, tmp_path / "out")
        store.close()
        again = resolve(read_recipe(str(tmp_path / "out" / "recipe.toml")), registry)
        assert again.frozen() == config.frozen()
        assert {name: stage.frozen() for name, stage in again.stages.items()} == {
            name: stage.frozen() for name, stage in config.stages.items()
        }
        assert tomllib.loads((tmp_path / "out" / "recipe.toml").read_text("utf-8"))["generate"]["target"] == 1
