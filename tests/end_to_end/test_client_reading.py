"""`SelfInstruct` from Python: what a run holds, as status, iterators, tables, exports, and in notebooks."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import FrozenInstanceError
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from selfinstruct import RunError, SelfInstruct, UsageError
from selfinstruct.store.reviews import Reviews
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Example
from tests.command_line import command, rows

EXAMPLES = "finetuning/all_generated_instances.jsonl"
INSTRUCTIONS = "machine_generated_instructions.jsonl"
TARGET = 30


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with rated training examples."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    SelfInstruct(backend="demo", out=folder).run(TARGET, judge=True)
    return folder


@pytest.fixture
def out(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that run, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    return Path("run")


@pytest.fixture
def grow(out: Path) -> SelfInstruct:
    return SelfInstruct(backend="demo", out=out)


@pytest.fixture
def reviews(out: Path) -> Iterator[Reviews]:
    with closing(Reviews.open(out)) as reviews:
        yield reviews


# --- status


def test_the_status_says_how_far_each_stage_is(grow: SelfInstruct, out: Path) -> None:
    status = grow.status()
    progress = {name: (stage.done, stage.total) for name, stage in status.stages.items()}
    labelled = sum(row["is_classification"] != "Unknown" for row in rows(out / "is_clf_or_not.jsonl"))
    answered = len(rows(out / "machine_generated_instances.jsonl"))
    examples, ratings = rows(out / EXAMPLES), rows(out / "finetuning/ratings.jsonl")
    assert progress == {
        GENERATE: (len(rows(out / INSTRUCTIONS)), None),
        CLASSIFY: (labelled, TARGET),
        INSTANCES: (answered, TARGET),
        PREPARE: (answered, answered),
        JUDGE: (len(ratings), len({(row["instruction"], row["input"], row["output"]) for row in examples})),
    }
    assert (status.folder, status.backend_name, status.model) == (out.absolute(), "demo", "demo")
    assert status.ratings is not None
    assert status.ratings.rated == len(ratings)


def test_a_stage_that_is_not_done_shows_how_much_is_left(grow: SelfInstruct) -> None:
    grow.generate(TARGET + 5)
    status = grow.status()
    assert (status.stages[CLASSIFY].done, status.stages[CLASSIFY].total) == (TARGET, TARGET + 5)
    assert status.stages[CLASSIFY].progress == f"{TARGET} of {TARGET + 5}"


def test_the_status_counts_the_drops_of_each_filter(grow: SelfInstruct, out: Path) -> None:
    stage = grow.status().stages[GENERATE]
    rejected = [row["filter"] for row in rows(out / "rejected.jsonl") if row["stage"] == GENERATE]
    assert {name: count for name, count in stage.drops.items() if count} == {
        name: rejected.count(name) for name in set(rejected)
    }
    assert next(iter(stage.drops)) == "cut", "in the order of the filters"


def test_the_status_is_that_of_the_command(grow: SelfInstruct) -> None:
    shown = json.loads(command("status", "--out", "run", "--json", "--more", "50").done().out)
    assert json.loads(json.dumps(grow.status(more=50).as_json())) == shown
    assert shown["growth"]["forecast"]["more"] == 50


def test_the_status_names_the_process_at_work_only_while_it_works(grow: SelfInstruct) -> None:
    assert grow.status().current_work is None, "this process has worked on it, and is done"
    stream = grow.stream(10_000)
    works = (grow.status().current_work for _ in stream)  # at first of replies that the run holds from before
    work = next(work for work in works if work is not None and work.stage == GENERATE)
    stream.close()
    assert work.pid == os.getpid()
    assert grow.status().current_work is None


def test_the_status_cannot_be_changed_and_reads_well(grow: SelfInstruct) -> None:
    status = grow.status()
    with pytest.raises(FrozenInstanceError):
        status.folder = Path("other")  # type: ignore[misc]
    folder = str(Path("run").absolute())
    assert repr(status).startswith(f"<RunStatus of {folder!r}: generate 30; classify 30 of 30; instances ")
    assert repr(grow) == f"<SelfInstruct in {folder!r}>"


class Moody(BaseChatModel):
    """Writes tasks with markup in them, and refuses every fourth request for good."""

    calls: list[Any] = []

    @property
    def _llm_type(self) -> str:
        return "moody"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.calls.append(messages)
        if len(self.calls) % 4 == 0:
            raise RequestRefused("no <script>alert(1)</script> & no more")
        tasks = [
            f"{n}. Explain to a <b>friend</b> why number {len(self.calls) * 8 + n} beats & <script> {n}{n}{n}."
            for n in range(1, 9)
        ]
        return ChatResult(generations=[ChatGeneration(message=AIMessage("\n".join(tasks)))])


class RequestRefused(Exception):
    status_code = 400


@pytest.fixture(scope="module")
def moody(tmp_path_factory: pytest.TempPathFactory) -> SelfInstruct:
    settings = {"run.concurrency": 1, "generate.filters": [{"use": "exact"}]}
    grow = SelfInstruct(model=Moody(), out=tmp_path_factory.mktemp("moody") / "a <i>run</i>", settings=settings)
    grow.generate(40)
    return grow


def test_the_status_has_the_causes_of_failures(moody: SelfInstruct) -> None:
    stage = moody.status().stages[GENERATE]
    assert stage.funnel.failed > 0
    assert sum(stage.failures.values()) == stage.funnel.failed
    assert "no <script>alert(1)</script> & no more" in next(iter(stage.failures))
    assert "failed: " in command("status", "--out", moody.out).done().out


# --- notebooks


class Cells(HTMLParser):
    """The texts of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


OWN_TAGS = {"div", "b", "br", "table", "thead", "tbody", "tr", "th", "td"}


def test_a_notebook_shows_status_and_result_with_every_text_escaped(moody: SelfInstruct) -> None:
    result = moody.generate(41)
    for shown in (moody, moody.status(), result):
        cells = Cells(shown._repr_html_())
        assert set(cells.tags) <= OWN_TAGS, "a tag of the model's"
        assert str(moody.out) in cells.texts
        assert cells.tags.count("b") == 1, "our own"
    assert result.instructions[-1] in Cells(result._repr_html_()).texts
    assert repr(result).startswith(f"<Result in {str(moody.out)!r}: generate 41 accepted, ")


def test_a_notebook_shows_numbers_of_every_stage(grow: SelfInstruct) -> None:
    cells = Cells(grow.status()._repr_html_())
    assert [name for name in cells.texts if name in (GENERATE, CLASSIFY, INSTANCES, PREPARE, JUDGE)] == [
        GENERATE, CLASSIFY, INSTANCES, PREPARE, JUDGE
    ]  # fmt: skip
    assert f"{TARGET} of {TARGET}" in cells.texts


def test_a_notebook_shows_that_there_is_no_run(tmp_path: Path) -> None:
    grow = SelfInstruct(backend="demo", out=tmp_path / "none")
    assert "There is no run yet: call run() or generate()." in Cells(grow._repr_html_()).texts
    assert not grow.out.exists()


# --- instructions and examples


def test_iterators_give_the_rows_of_the_files(grow: SelfInstruct, out: Path) -> None:
    assert [one.text for one in grow] == [row["instruction"] for row in rows(out / INSTRUCTIONS)]
    assert list(grow.instructions()) == list(grow)
    keys = ("instruction", "input", "output", "is_classification")
    found = [{key: getattr(example, key) for key in keys} for example in grow.examples()]
    assert found == [{key: row[key] for key in keys} for row in rows(out / EXAMPLES)] != []
    assert all(isinstance(example, Example) for example in grow.examples())


def test_iterators_follow_the_reviewers(grow: SelfInstruct, out: Path, reviews: Reviews) -> None:
    before = rows(out / "rejected.jsonl")
    dropped = next(row for row in before if row["stage"] == GENERATE)
    restored = f"g{dropped['request_idx']}.{dropped['position']}"
    first = next(iter(grow))
    reviews.reject(first.id, 0, "unclear")
    reviews.accept(restored, 0)
    grow.export()
    assert [one.id for one in grow] == [row["id"] for row in rows(out / INSTRUCTIONS)]
    assert first.id not in [one.id for one in grow]
    assert restored in [one.id for one in grow]
    assert first.text not in [example.instruction for example in grow.examples()]
    assert [one.output for one in grow.examples()] == [row["output"] for row in rows(out / EXAMPLES)]


def test_iterators_of_no_run_are_empty(tmp_path: Path) -> None:
    grow = SelfInstruct(backend="demo", out=tmp_path / "none")
    assert [*grow, *grow.instructions(), *grow.examples()] == []


# --- tables


def test_examples_as_a_data_frame_and_as_a_dataset(grow: SelfInstruct, out: Path) -> None:
    expected = rows(out / EXAMPLES)
    assert grow.to_pandas().to_dict("records") == expected
    dataset = grow.to_dataset()
    assert dataset.column_names == list(expected[0])
    assert dataset.to_list() == expected


def test_tables_in_a_training_format(grow: SelfInstruct) -> None:
    grow.export("set", format="messages", split=1)
    expected = rows(Path("set/data/train.jsonl"))
    assert grow.to_dataset("messages").to_list() == expected
    assert grow.to_pandas("messages").to_dict("records") == expected
    with pytest.raises(UsageError, match="did you mean 'alpaca'"):
        grow.to_pandas("alpca")


@pytest.mark.parametrize(("call", "package"), [("to_pandas", "pandas"), ("to_dataset", "datasets")])
def test_a_table_without_its_package_says_how_to_install_it(
    grow: SelfInstruct, monkeypatch: pytest.MonkeyPatch, call: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError) as caught:
        getattr(grow, call)()
    assert str(caught.value) == (f"{call}() needs the package {package}\nRun: pip install 'selfinstruct[{package}]'")


def test_a_table_before_prepare_says_what_is_missing(tmp_path: Path) -> None:
    grow = SelfInstruct(backend="demo", out=tmp_path / "run")
    grow.generate(2)
    for call in (grow.to_pandas, grow.to_dataset):
        with pytest.raises(UsageError, match=r"^there are no training examples yet: call run\(\) first$"):
            call()
    with pytest.raises(RunError, match="no training examples yet"):
        grow.export(tmp_path / "set")


# --- export


def test_export_writes_what_the_command_export_writes(grow: SelfInstruct) -> None:
    exported = grow.export("set", format="alpaca", split=0.8, best=10, license="mit")
    args = ("--to", "sub/set", "--format", "alpaca", "--split", "0.8", "--best", "10", "--license", "mit")
    command("export", "--out", "run", *args).done()
    assert sum(exported.counts.values()) == 10
    for path in exported.paths:
        assert path.read_bytes() == Path("sub", path).read_bytes()


def test_export_without_a_folder_writes_the_files_of_the_run(grow: SelfInstruct, out: Path) -> None:
    before = (out / EXAMPLES).read_bytes()
    (out / EXAMPLES).unlink()
    exported = grow.export()
    assert (out / EXAMPLES).read_bytes() == before
    assert exported.counts[EXAMPLES] == len(rows(out / EXAMPLES))
    assert (out / EXAMPLES).absolute() in exported.paths


def test_settings_of_the_export_count_and_others_do_not_matter(out: Path) -> None:
    settings = {"export.encoder.system": "Be brief.", "run.seed": 99}
    SelfInstruct(backend="demo", out=out, settings=settings).export("set", format="messages", split=1)
    assert rows(Path("set/data/train.jsonl"))[0]["messages"][0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "alpaca"}, "no folder is named"),
        ({"best": 3}, "no folder is named"),
        ({"to": "set", "format": "alpca"}, "did you mean 'alpaca'"),
        ({"to": "set", "file": "csv"}, "there is no file format 'csv'"),
        ({"to": "set", "split": 0}, "split is 0"),
        ({"to": "set", "split": 1.5}, r"split is 1\.5"),
        ({"to": "set", "best": 0}, "best is 0"),
        ({"to": "set", "public": True, "license": "mit"}, "can only be public at the Hub"),
        ({"to": "set", "public": True, "push_to_hub": "a/b"}, "needs a licence"),
        ({"to": "set", "license": "MIT"}, "knows no licence 'MIT'; did you mean 'mit'"),
        ({"to": "set", "languages": ["english"]}, "'english' is not the code of a language"),
    ],
)
def test_wrong_export_arguments_are_refused(grow: SelfInstruct, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        grow.export(**options)
    assert not Path("set").exists()
