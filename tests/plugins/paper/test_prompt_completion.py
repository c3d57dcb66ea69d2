"""The training format, the recipe as a whole, and a run from seeds to training rows."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfinstruct_paper as paper
from selfinstruct.api import CLASSIFY, GENERATE, INSTANCES, PREPARE, Example
from selfinstruct.config.seeds import read_seeds
from selfinstruct.run.run import Run
from selfinstruct.run.settings import Settings
from selfinstruct_paper.templates import END, WITH_INPUT, WITHOUT_INPUT

from .golden import golden
from .parts import built

MANY = range(200)


def encoder(**options: object) -> Any:
    return built("encoders", "prompt-completion", **options)


def example(text: str = "", output: str = "out", of: str = "g0.0") -> Example:
    return Example("Do.", text, output, False, of)


def test_every_template_is_drawn() -> None:
    for text, templates in (("in", WITH_INPUT), ("", WITHOUT_INPUT)):
        made = {tuple(encoder().encode(example(text, of=f"g{number}.0")).values()) for number in MANY}
        assert len(made) == len(templates)


def test_an_example_always_gets_the_same_row() -> None:
    one = encoder()
    first = one.encode(example("in"))
    for number in MANY:
        one.encode(example("in", of=f"g{number}.0"))
    assert one.encode(example("in")) == encoder().encode(example("in")) == first
    assert len({tuple(encoder(seed=seed).encode(example("in")).values()) for seed in MANY}) == len(WITH_INPUT)


def test_the_plain_template_and_other_ends() -> None:
    assert encoder(random_template=False).encode(example("in")) == {
        "prompt": "Do.\n\nin\n\n",
        "completion": "out<|endoftext|>",
    }
    row = encoder(random_template=False, end_token="").encode(example())
    assert row == {"prompt": "Do.\n\n\n\n", "completion": "out"}


def test_half_of_the_inputs_are_cleaned() -> None:
    made = [encoder().encode(example("Word: in", of=f"g{number}.0"))["prompt"] for number in MANY]
    assert 70 < sum("Word:" in prompt for prompt in made) < 130
    is_unused = [encoder(clean_input=False).encode(example("Word: in", of=f"g{number}.0"))["prompt"] for number in MANY]
    assert all("Word: in" in prompt for prompt in is_unused)
    assert [text.replace("Word: ", "") for text in is_unused] == [text.replace("Word: ", "") for text in made]


@golden("input_cleanup")
def test_inputs_are_cleaned_as_recorded(case: dict[str, Any]) -> None:
    given, cleaned = case["input"]["inst_input"], case["output"]
    expected = {paper.encode_instance("Do.", text, "out", False)["prompt"] for text in (given, cleaned)}
    made = {encoder(random_template=False, seed=seed).encode(example(given))["prompt"] for seed in range(50)}
    assert made == expected


@golden("encode_templates")
def test_rows_are_among_the_recorded_ones(case: dict[str, Any]) -> None:
    parts = case["input"]
    recorded = {(row["prompt"], row["completion"]) for row in case["output"]}
    one = Example(parts["instruction"], parts["input"], parts["output"], False, "g0.0")
    made = [encoder(clean_input=False, seed=seed).encode(one) for seed in MANY]
    assert {(row["prompt"], row["completion"]) for row in made} == recorded


@given(st.builds(Example, st.text(), st.text(), st.text(), st.booleans(), st.text()), st.booleans(), st.integers())
def test_any_example_becomes_a_row(one: Example, random_template: bool, seed: int) -> None:
    row = encoder(random_template=random_template, seed=seed).encode(one)
    assert list(row) == ["prompt", "completion"]
    assert row["completion"].strip() == f"{one.output.strip()}{END}".strip()
    assert one.instruction.strip() in row["prompt"]


# --- all of it --------------------------------------------------------------------------------------------------------


def run_stages(folder: Path) -> tuple[list[Example], list[Any], list[Any]]:
    with Run(Settings(folder, "paper", overrides={"backend": {"use": "demo"}}), say=lambda _: None) as run:
        summaries = [
            asyncio.run(run.stage(name, 12 if name == GENERATE else None))
            for name in (GENERATE, CLASSIFY, INSTANCES, PREPARE)
        ]
        examples = [one for _, one in run.store.examples()]
        training = run.config.export.build(run.registry)
        return examples, [training.encode(one) for one in examples], summaries


def test_the_recipe_goes_from_seeds_to_training_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples, made, (_, classify, instances, prepare) = run_stages(tmp_path / "one")
    assert (classify.accepted, instances.accepted) == (12, 12)
    assert classify.requests == instances.requests == 12
    assert prepare.accepted == len(examples) >= 12
    assert {one.is_classification for one in examples} == {True, False}
    assert {one.subject for one in examples if one.input} < {one.subject for one in examples}
    assert made == run_stages(tmp_path / "two")[1]


def test_the_built_in_seeds_survive_the_filters() -> None:
    rule = built("filters", "paper-invalid")
    shown = [(seed.instruction, one.input, one.output) for seed in read_seeds("builtin") for one in seed.instances]
    assert [row for row in shown if not rule.evaluate(example(row[1], row[2])).keep] == []
    assert sorted(paper.filter_duplicate_instances(shown)) == sorted(shown)
