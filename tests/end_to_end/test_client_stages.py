"""`SelfInstruct` from Python: every stage, their order, settings, and the names that people import."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_ollama import ChatOllama

import selfinstruct
from selfinstruct import ConfigError, Result, RunError, SelfInstruct, UsageError, errors
from selfinstruct.client.event_loop import start
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, ENGINE_STAGES, GENERATE, INSTANCES, JUDGE, PREPARE
from tests.command_line import command, python, rows
from tests.docs.reader_environment import world

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = "finetuning/all_generated_instances.jsonl"
TARGET = 8


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def stages(result: Result) -> list[str]:
    return [summary.stage for summary in result.summaries]


# --- the stages


def test_run_writes_the_files_that_the_command_run_writes(out: Path) -> None:
    result = SelfInstruct(backend="demo", out=out).run(TARGET)
    command("run", "--backend", "demo", "--target", str(TARGET), "--out", "other", "--quiet").done()
    assert stages(result) == [GENERATE, CLASSIFY, INSTANCES, PREPARE]
    assert result.summary.stage == PREPARE
    assert (out / EXAMPLES).read_bytes() == Path("other", EXAMPLES).read_bytes() != b""


def test_stages_one_by_one_give_the_examples_of_a_whole_run(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    calls: list[Callable[[], Result]] = [grow.classify, grow.instances, grow.prepare, grow.judge]
    assert stages(grow.generate(TARGET)) == [GENERATE]
    assert [stages(call()) for call in calls] == [[CLASSIFY], [INSTANCES], [PREPARE], [JUDGE]]
    whole = SelfInstruct(backend="demo", out="whole")
    whole.run(TARGET, judge=True)
    assert list(grow.examples()) == list(whole.examples()) != []
    assert rows(out / "finetuning/ratings.jsonl")[0].keys() == rows(Path("whole/finetuning/ratings.jsonl"))[0].keys()


async def test_the_async_twins_do_the_same(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    await grow.agenerate(TARGET)
    for call in (grow.aclassify, grow.ainstances, grow.aprepare, grow.ajudge):
        assert (await call()).summary.exit_code == 0
    assert (await grow.astatus()).stages.keys() == set(ENGINE_STAGES)
    exported = await grow.aexport(out.parent / "set", split=1)
    again = SelfInstruct(backend="demo", out="again")
    assert stages(await again.arun(TARGET)) == [GENERATE, CLASSIFY, INSTANCES, PREPARE]
    assert exported.counts == {"train": len(list(again.examples()))}


def test_every_call_has_an_async_twin_with_the_same_arguments() -> None:
    for name in ("run", *ENGINE_STAGES, "export", "status"):
        one, twin = getattr(SelfInstruct, name), getattr(SelfInstruct, f"a{name}")
        assert inspect.iscoroutinefunction(twin), name
        assert inspect.signature(one) == inspect.signature(twin), name


def test_a_minimum_score_prepares_once_more_after_the_judge(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out, settings={"judge.enabled": True, "prepare": {"min_score": 3}})
    with pytest.warns(UserWarning, match="no example is rated yet"):
        assert stages(grow.run(TARGET)) == [GENERATE, CLASSIFY, INSTANCES, PREPARE, JUDGE, PREPARE]
    assert stages(grow.run(judge=False)) == [GENERATE, CLASSIFY, INSTANCES, PREPARE], "an argument beats a setting"


def test_prepare_takes_a_minimum_score_and_makes_the_examples_again(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    grow.run(30, judge=True)
    scores = [row["score"] for row in rows(out / "finetuning/ratings.jsonl")]
    assert min(scores) < 3
    assert grow.prepare(min_score=3).summary.drops["rating: low-score"] == sum(score < 3 for score in scores)


def test_a_whole_run_with_a_model_object_over_a_socket(out: Path) -> None:
    with world(out.parent / "home") as env:
        model = ChatOllama(model="llama3.1", base_url=env["OLLAMA_HOST"])
        result = SelfInstruct(model=model, out=out).run(3)
        start(model._async_client._client.aclose()).result()  # the model is ours, and so is its connection
    assert len(result.instructions) >= 3
    assert rows(out / EXAMPLES)


def test_observers_see_every_stage(out: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.ended: list[str] = []

        def selfinstruct_stage_finished(self, summary: Any) -> None:
            self.ended.append(summary.stage)

    listener = Listener()
    SelfInstruct(backend="demo", out=out).run(3, observers=[listener])
    assert listener.ended == [GENERATE, CLASSIFY, INSTANCES, PREPARE]


# --- stages that have nothing to work on

MISSING = [
    (CLASSIFY, "instructions", GENERATE),
    (INSTANCES, "instructions", GENERATE),
    (PREPARE, "raw instances", INSTANCES),
    (JUDGE, "training examples", "run"),  # more than one stage before it is missing
]


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run that has sent no request yet, and one that has instructions and nothing else."""
    folder = tmp_path_factory.mktemp("young")
    settings = {"generate": {"filters": [{"use": "length", "min_words": 99, "max_words": 100}], "max_candidates": 1}}
    with pytest.raises(errors.Stopped):
        SelfInstruct(backend="demo", out=folder / "empty", settings=settings).generate(1)
    SelfInstruct(backend="demo", out=folder / "grown").generate(2)
    return folder / "empty", folder / "grown"


@pytest.mark.parametrize(("stage", "missing", "source"), MISSING)
def test_a_stage_without_input_says_what_is_missing(
    young: tuple[Path, Path], stage: str, missing: str, source: str
) -> None:
    folder = young[source != GENERATE]
    grow = SelfInstruct(backend="demo", out=folder)
    with pytest.raises(UsageError, match=rf"^there are no {missing} yet: call {source}\(\) first$") as caught:
        getattr(grow, stage)()
    assert caught.value.exit_code == 2
    said = f"there are no {missing} yet: run `selfinstruct {source} --out {folder}` first"
    command(stage, "--backend", "demo", "--out", folder).failed(2, said)
    with closing(RunStore.open_readonly(folder)) as store:
        assert not store.has_started(stage)


def test_a_stage_that_is_done_has_its_input_and_ends_at_once(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    first = grow.run(3, judge=True).summary
    assert grow.judge().summary.requests == first.requests
    assert grow.classify().summary.exit_code == 0


def test_seed_tasks_are_input_enough_for_prepare_if_the_config_includes_them(young: tuple[Path, Path]) -> None:
    result = SelfInstruct(backend="demo", out=young[1], settings={"prepare.include_seeds": True}).prepare()
    assert result.summary.accepted > 0


@pytest.mark.parametrize("name", [CLASSIFY, INSTANCES, PREPARE, JUDGE, "status", "export", "to_pandas"])
def test_there_must_be_a_run(out: Path, name: str) -> None:
    with pytest.raises(RunError, match="there is no run in"):
        getattr(SelfInstruct(backend="demo", out=out), name)()
    assert not out.exists()


# --- settings


def test_settings_have_dotted_names_beside_tables(out: Path) -> None:
    settings = {
        "run": {"seed": 1},
        "run.seed": 7,
        "generate.target": 4,
        "generate.filters.length.min_words": 2,
        "generate.filters.keywords": "off",
        "backend": {"latency": 0},
    }
    assert len(SelfInstruct(backend="demo", out=out, settings=settings).generate().instructions) == 4
    with closing(RunStore.open_readonly(out)) as store:
        config, filters = store.facts.config, (store.facts.stage_config("generate") or {})["filters"]
    assert config["run"]["seed"] == 7
    assert next(one for one in filters if one["use"] == "length")["min_words"] == 2
    assert "keywords" not in [one["use"] for one in filters]


def test_dotted_names_mean_what_set_means(out: Path) -> None:
    SelfInstruct(backend="demo", out=out, settings={"generate.encoder.count": 3, "run.seed": 5}).generate(4)
    args = ("--set", "generate.encoder.count=3", "--set", "run.seed=5", "--target", "4", "--out", "other")
    command("generate", "--backend", "demo", *args).done()
    assert rows(out / "rejected.jsonl") == rows(Path("other/rejected.jsonl"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"run.sed": 7}, r"run\.sed: unknown option; did you mean 'seed'"),
        (
            {"generate.filters.lenght.min_words": 3},
            r"^settings: generate\.filters\.lenght\.min_words: no entry 'lenght'",
        ),
        ({"recipe.name": 3}, "'name' is below a plain value"),
        ({"..": 3}, "is not a path of a setting"),
    ],
)
def test_a_wrong_setting_is_named_as_it_was_given(out: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        SelfInstruct(backend="demo", out=out, settings=settings).generate(1)
    assert not out.exists()


@pytest.mark.parametrize("target", [0, -3])
@pytest.mark.parametrize("call", ["generate", "run"])
def test_a_wrong_target_starts_nothing(out: Path, call: str, target: Any) -> None:
    with pytest.raises(UsageError, match=f"the target is {target!r}, and it must be a whole number above 0"):
        getattr(SelfInstruct(backend="demo", out=out), call)(target)
    assert not out.exists()


# --- names

ERRORS = ("ConfigError", "DataError", "ModelError", "PluginError", "RunError", "SelfInstructError", "Stopped")


def test_the_package_lists_and_has_the_names_that_people_import() -> None:
    names = {"SelfInstruct", "Result", "UsageError", *ERRORS}
    assert names <= set(dir(selfinstruct))
    assert names | {"__version__"} == set(selfinstruct.__all__)
    assert all(getattr(selfinstruct, name) is getattr(errors, name) for name in ERRORS)
    with pytest.raises(AttributeError, match="has no attribute 'SelfInstrut'"):
        _ = selfinstruct.SelfInstrut


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    code = (
        "import json, sys; before = set(sys.modules); import selfinstruct; dir(selfinstruct)\n"
        "bare = sorted(set(sys.modules) - before); from selfinstruct import Stopped, UsageError\n"
        "errors = sorted(set(sys.modules) - before); from selfinstruct import SelfInstruct, Result\n"
        "print(json.dumps([bare, errors, sorted(sys.modules)]))"
    )
    bare, with_errors, everything = python(code, tmp_path)
    assert [name for name in bare if name.startswith("selfinstruct")] == ["selfinstruct"]
    heavy = {"pydantic", "numpy", "click", "rich", "langchain_core", "pandas", "datasets", "jinja2"}
    assert not heavy & set(with_errors)
    assert not {"langchain_core", "pandas", "datasets", "jinja2"} & set(everything), "only what is used is imported"


def test_the_reference_and_the_class_have_the_same_calls() -> None:
    page = (ROOT / "docs/reference/python.md").read_text("utf-8")
    section = page.partition("\n## SelfInstruct\n")[2].partition("\n## ")[0]
    documented = re.findall(r"^`(\w+)[(:].*`<br>$", section, re.MULTILINE)
    (twins,) = re.findall(r"^Async twins, with the same arguments: (.*)\.$", section, re.MULTILINE)
    documented += re.findall(r"`(\w+)`", twins)
    assert len(documented) == len(set(documented))
    assert set(documented) == {name for name in dir(SelfInstruct) if not name.startswith("_")}
