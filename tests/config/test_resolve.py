"""Checking a config: every problem is named with its path, several at once, with a suggestion where there is one."""

from __future__ import annotations

from copy import deepcopy
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from selfinstruct.config import assign, merge, read_recipe, recipes, resolve, tables
from selfinstruct.config.tables import SamplingOptions
from selfinstruct.errors import ConfigError
from selfinstruct.plugins.registry import Registry
from selfinstruct.types import Sampling
from tests import third_party_plugins as strangers
from tests.command_line import command


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load()


def problems(registry: Registry, over: dict[str, Any], recipe: str = "chat") -> list[str]:
    """What is wrong with a recipe that something is laid over."""
    with pytest.raises(ConfigError) as caught:
        resolve(merge(read_recipe(recipe), over), registry)
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("recipe", recipes())
def test_every_recipe_can_be_run(recipe: str, registry: Registry) -> None:
    config = resolve(read_recipe(recipe) | {"backend": {"use": "demo"}}, registry)
    assert config.backend is not None
    assert config.stages["generate"].filters
    for stage in config.stages.values():
        for chosen in (stage.sampler, stage.encoder, stage.post_processor, *stage.filters):
            if chosen is not None:
                chosen.build(registry)


@pytest.mark.parametrize("given", [{}, {"raw": True}])
def test_an_option_added_since_a_run_began_is_frozen_only_where_it_is_set(
    given: dict[str, Any], registry: Registry
) -> None:
    config = resolve(read_recipe("chat") | {"backend": {"use": "ollama", **given}}, registry)
    now = config.frozen()
    recorded = {**now, "backend": {key: value for key, value in now["backend"].items() if key != "raw"}}
    assert config.frozen(recorded) == (now if given else recorded)


@pytest.mark.parametrize(
    ("name", "part", "option"),
    [("generate", "encoder", "topic"), ("generate", "filters", "max_words"), ("judge", "", "attempts")],
)
def test_an_option_that_a_stage_gained_since_a_run_began_does_not_differ(
    name: str, part: str, option: str, registry: Registry
) -> None:
    stage = resolve(read_recipe("chat"), registry).stages[name]
    now = stage.frozen()
    recorded = deepcopy(now)
    tables = [recorded] if not part else recorded[part] if part == "filters" else [recorded[part]]
    assert sum(table.pop(option, None) is not None for table in tables) == 1
    assert stage.frozen(recorded) == recorded != now


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"generat": {}}, "generat: unknown option; did you mean 'generate'?"),
        ({"run": {"sed": 1}}, "run.sed: unknown option; did you mean 'seed'?"),
        (
            {"run": {"zzz": 1}},
            (
                "run.zzz: unknown option; known: seeds, seed_tasks, seed, lookahead, concurrency, batch, batch_size, "
                "resend_lost, structured, trace, on_plugin_error"
            ),
        ),
        ({"run": {"batch": "true"}}, "run.batch: must be true or false, without quotes"),
        ({"run": {"structured": "true"}}, "run.structured: must be true or false, without quotes"),
        ({"run": {"trace": "off"}}, "run.trace: must be true or false, in lower case, not 'off'"),
        ({"run": {"seed": "x"}}, "run.seed: must be a whole number, not 'x'"),
        ({"run": {"lookahead": 0}}, "run.lookahead: must be greater than or equal to 1"),
        ({"run": {"on_plugin_error": "skip"}}, "run.on_plugin_error: must be 'stop' or 'quarantine'"),
        ({"run": 5}, "run: must be a table"),
        ({"budget": {"max_hours": inf}}, "budget.max_hours: must be a finite number"),
        (
            {"generate": {"sampling": {"max_tokens": 10**19}}},
            "generate.sampling.max_tokens: must be less than or equal to 1000000000 or 'unset'",
        ),
        ({"limits": {"tokens_per_day": -1}}, "limits.tokens_per_day: must be greater than or equal to 1"),
        ({"backend": "demo"}, "backend: must be a table, such as { use = 'demo' }"),
        ({"backend": {"latency": 1}}, "backend.use: missing: write use = 'NAME'"),
        ({"backend": {"use": 5}}, "backend.use: must be a text, in quotes, not 5"),
        ({"generate": {"sampler": "paper"}}, "generate.sampler: must be a table, such as { use = 'paper' }"),
        (
            {"generate": {"filters": {"use": "cut"}}},
            "generate.filters: must be a list of tables: write [[generate.filters]], with double brackets",
        ),
        ({"generate": {"filters": ["cut"]}}, "generate.filters[0]: must be a table, such as { use = 'cut' }"),
        ({"generate": {"filters": [{}]}}, "generate.filters[0].use: missing: write use = 'NAME'"),
        ({"generate": {"targt": 5}}, "generate.targt: unknown option; did you mean 'target'?"),
        ({"generate": {"target": 0}}, "generate.target: must be greater than or equal to 1"),
        (
            {"generate": {"sampling": {"temprature": 1}}},
            "generate.sampling.temprature: unknown option; did you mean 'temperature'?",
        ),
        (
            {"generate": {"sampling": {"temperature": "x"}}},
            "generate.sampling.temperature: must be a number or 'unset', not 'x'",
        ),
        ({"budget": {"max_hours": float("inf")}}, "budget.max_hours: must be a finite number"),
        ({"limits": {}, "budget": {"max_usd": float("nan")}}, "budget.max_usd: must be a finite number"),
        ({"generate": {"sampling": {"stop": [1]}}}, "generate.sampling.stop[0]: must be a text, in quotes, not 1"),
    ],
)
def test_the_shape_is_checked_first(over: dict[str, Any], problem: str, registry: Registry) -> None:
    assert problems(registry, over) == [problem]


@pytest.mark.parametrize("value", [inf, nan, "1e400"])
def test_no_option_takes_a_number_that_is_not_finite(value: object, registry: Registry) -> None:
    models: list[type[BaseModel]] = [offer.component.options for offer in registry.offers()]
    models += [one for one in vars(tables).values() if isinstance(one, type) and issubclass(one, BaseModel)]
    numbers = [(model, name) for model in models for name, field in model.model_fields.items() if is_number(field)]
    assert len(numbers) > 40
    for model, name in numbers:
        with pytest.raises(ValidationError) as refused:
            model.model_validate({name: value})
        assert "finite_number" in [fault["type"] for fault in refused.value.errors() if fault["loc"][0] == name], name


def is_number(field: FieldInfo) -> bool:
    return "float" in str(field.annotation)


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        (
            {"generate": {"filters": [{"use": "length", "min_word": 3}]}},
            "generate.filters.length.min_word: unknown option; did you mean 'min_words'?",
        ),
        (
            {"generate": {"filters": [{"use": "rouge-l", "threshold": 1.5}]}},
            "generate.filters.rouge-l.threshold: must be less than or equal to 1",
        ),
        (
            {"generate": {"filters": [{"use": "rouge-l", "tokeniser": "latin"}]}},
            "generate.filters.rouge-l.tokeniser: must be 'unicode' or 'classical'",
        ),
        (
            {"generate": {"filters": [{"use": "cut"}, {"use": "rogue-l"}]}},
            "generate.filters[1].use: no filter is called 'rogue-l'; did you mean 'rouge-l'?",
        ),
        ({"backend": {"use": "grok"}}, "backend.use: no backend is called 'grok'; did you mean 'groq'?"),
        (
            {"backend": {"use": "demo", "model": "x"}},
            (
                "backend.model: unknown option; known: seed, latency, preamble, outro, markers, refusal, cut, "
                "near_duplicate, echo, answer, unsuitable, label_faults, judge_faults, instance_faults, wrong_output, "
                "foreign_label, broken_code, missing_input, echoed_input, cut_output"
            ),
        ),
        ({"backend": {"use": "langchain"}}, "backend.model: missing (Provider and model, such as openai:gpt-4o-mini)"),
        (
            {"backend": {"use": "langchain", "model": "gpt"}},
            "backend.model: write provider:model, such as openai:gpt",
        ),
        (
            {"backend": {"use": "ollama", "keep_alive": {}}},
            "backend.keep_alive: must be a text, in quotes, or a whole number",
        ),
        ({"generate": {"sampler": {"use": "chat-tasks"}}}, "generate.sampler.use: no sampler is called 'chat-tasks'"),
        (
            {"generate": {"encoder": {"use": "paper-task"}}},
            "generate.encoder.use: no encoder is called 'paper-task'; did you mean 'paper-tasks'?",
        ),
    ],
)
def test_components_and_their_options_are_checked_next(over: dict[str, Any], problem: str, registry: Registry) -> None:
    assert problems(registry, over) == [problem]


def test_one_unknown_component_comes_with_the_list_of_what_is_known(registry: Registry) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(merge(read_recipe("chat"), {"backend": {"use": "grok"}}), registry)
    assert "Known: demo, groq" in caught.value.hint


def test_one_error_names_all_problems(registry: Registry) -> None:
    shape = {"run": {"sed": 1, "lookahead": 0}, "generate": {"target": "many"}}
    assert [problem.partition(":")[0] for problem in problems(registry, shape)] == [
        "run.lookahead", "run.sed", "generate.target",
    ]  # fmt: skip
    parts = {
        "backend": {"use": "demo", "latncy": 1, "cut": 2},
        "generate": {"filters": [{"use": "length", "min_word": 3}, {"use": "rouge-k"}], "sampler": {"use": "papr"}},
    }
    assert sorted(problem.partition(":")[0] for problem in problems(registry, parts)) == [
        "backend.cut", "backend.latncy", "generate.filters.length.min_word", "generate.filters[1].use",
        "generate.sampler.use",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "path", "named"),
    [
        ({"base_url": "http://${HOST}:8000/v1"}, "base_url", "${HOST}"),
        ({"base_url": "$VLLM_URL"}, "base_url", "$VLLM_URL"),
        ({"kwargs": {"default_headers": {"X-Title": "${TITLE}"}}}, "kwargs", "${TITLE}"),
    ],
)
def test_a_variable_in_a_backends_options_is_refused_with_the_way_to_give_its_value(
    options: dict[str, Any], path: str, named: str, registry: Registry
) -> None:
    backend = {"use": "langchain", "model": "openai:m", "api_key": "none", **options}
    with pytest.raises(ConfigError, match="environment variables are not filled in") as caught:
        resolve(read_recipe("chat") | {"backend": backend}, registry)
    assert caught.value.message.startswith(f"backend.{path}: {named} ")
    assert caught.value.hint.endswith(f'--set "backend.{path}=${named.strip("${}")}"')


def test_a_component_that_does_not_serve_the_stage_is_refused(tmp_path: Path) -> None:
    source = strangers.FILTER.replace('("generate",)', '("prepare", "classify")')
    registry = Registry.load([str(strangers.write(tmp_path, source))])
    assert problems(registry, {"generate": {"filters": [{"use": "starts-with"}]}}) == [
        "generate.filters[0].use: filter 'starts-with' does not serve the stage generate, only prepare, classify"
    ]


def test_a_component_listed_twice_is_built_twice(registry: Registry) -> None:
    filters = [{"use": "length", "min_words": 2}, {"use": "length", "min_words": 9}]
    config = resolve(merge(read_recipe("chat"), {"generate": {"filters": filters}}), registry)
    first, second = (chosen.build(registry) for chosen in config.stages["generate"].filters)
    assert first is not second
    assert [chosen.options.model_dump()["min_words"] for chosen in config.stages["generate"].filters] == [2, 9]


def test_settings_reach_the_component_by_position_and_by_name(registry: Registry) -> None:
    tree = merge(read_recipe("chat"), {"generate": {"filters": [{"use": "length"}, {"use": "rouge-l"}]}})
    assign(tree, "generate.filters[0].min_words", 5)
    assign(tree, "generate.filters.rouge-l.threshold", 0.5)
    length, rouge = resolve(tree, registry).stages["generate"].filters
    assert length.options.model_dump()["min_words"] == 5
    assert rouge.options.model_dump()["threshold"] == 0.5


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[run\n", "selfinstruct.toml:1 is not TOML: Expected ']'"),
        ('recipe = "papr"', "recipe: no recipe is called 'papr'; did you mean 'paper'?"),
        ("recipe = 5", "no recipe is called '5'"),
        ("plugins = 5", "plugins: must be a list of files or modules"),
        ('plugins = "./mine.py"', "plugins: must be a list of files or modules"),
        ("run = 5", "run: must be a table"),
        ("[generate]\nfilters = [{ use = 'length', min_word = 3 }]", "did you mean 'min_words'?"),
    ],
)
def test_a_config_file_that_is_wrong_stops_the_command_before_anything_is_made(
    toml: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("selfinstruct.toml").write_text(toml)
    command("generate", "--backend", "demo").failed(2, words)
    assert not Path("runs").exists()
    command("generate", "--backend", "demo", "--help").done()


def test_a_config_or_recipe_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command("generate", "--config", "none.toml").failed(2, "there is no config file none.toml", "Correct the path")
    command("generate", "--backend", "demo", "--recipe", "none").failed(2, "no recipe is called 'none'", "Known: ")
    command("generate", "--backend", "demo", "--recipe", "none.toml").failed(2, "none.toml")


def test_flags_go_over_the_file_and_the_file_over_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from selfinstruct.run.settings import Settings, read_tree

    monkeypatch.chdir(tmp_path)
    Path("selfinstruct.toml").write_text(
        'recipe = "paper"\n[run]\nseed = 5\nlookahead = 3\n[backend]\nuse = "demo"\nlatency = 0.5\n'
    )
    tree = read_tree(Settings(Path("r"), overrides={"run": {"seed": 6}, "backend": {"use": "groq"}}))
    assert tree["recipe"] == "paper"
    assert tree["generate"]["encoder"]["use"] == "paper-tasks"
    assert (tree["run"]["seed"], tree["run"]["lookahead"]) == (6, 3)
    assert tree["backend"] == {"use": "groq"}, "another backend does not inherit the options of the one in the file"


def test_a_setting_that_is_unset_is_left_to_the_provider() -> None:
    options = SamplingOptions(temperature="unset", stop="unset")
    assert options.over(Sampling(0.7, 0.9, stop=("###",))) == Sampling(None, 0.9)
