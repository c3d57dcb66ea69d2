"""What `selfinstruct.testing` brings beside its contracts: a scripted model, small runs, builders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import Message, Stopped
from selfinstruct.testing import Script, ScriptEnded, grow_in, make_pool_view, make_seeds
from selfinstruct.testing.builders import MOST_SEEDS
from tests.command_line import python

ONE_AT_A_TIME: dict[str, Any] = {"run": {"lookahead": 1}}
RIVERS = "1. Name a river that flows north.\n2. Explain how bread is baked."


async def test_a_list_is_read_in_order_and_its_exceptions_are_raised() -> None:
    script = Script(["one", ValueError("two"), "three"])
    model, other = script.chat_model(), script.chat_model()
    assert (await model.ainvoke([("system", "Be brief."), ("user", "Hello.")])).content == "one"
    with pytest.raises(ValueError, match="two"):
        other.invoke("again")
    assert other.invoke("and again").content == "three"
    with pytest.raises(ScriptEnded, match="has 3 answers, and this is question 4"):
        model.invoke("more")
    assert script.calls == 4
    assert script.asked[0] == (Message("system", "Be brief."), Message("user", "Hello."))


def test_a_model_that_fails_first_is_asked_again_in_a_run(tmp_path: Path) -> None:
    script = Script([TimeoutError("slow"), RIVERS])
    grown = grow_in(tmp_path / "run", 2, model=script.chat_model(), settings=ONE_AT_A_TIME)
    assert grown.instructions == ["Name a river that flows north.", "Explain how bread is baked."]
    assert script.calls == 2
    assert len(grown.prompts) == 1
    assert grown.reason == "target of 2 reached"


def test_what_ends_a_run_early_is_raised(tmp_path: Path) -> None:
    script = Script(lambda prompt: "")
    settings = {**ONE_AT_A_TIME, "generate": {"patience": 3}}
    with pytest.raises(Stopped, match="the pool is saturated"):
        grow_in(tmp_path / "run", 2, model=script.chat_model(), settings=settings)
    assert script.calls == 3


def test_seeds_and_views_are_as_many_as_asked_for() -> None:
    seeds = make_seeds(MOST_SEEDS)
    assert len({seed.instruction for seed in seeds}) == len({seed.id for seed in seeds}) == MOST_SEEDS
    assert {seed.is_classification for seed in make_seeds(6)} == {True, False}
    view = make_pool_view(seeds=9, machine=5)
    assert (len(view.seeds), len(view.machine)) == (9, 5)
    assert view.rng.random() == make_pool_view(seed=0).rng.random() != make_pool_view(seed=1).rng.random()


@pytest.mark.parametrize("absent", ["pytest", "hypothesis"])
def test_without_its_extra_a_sentence_says_so(absent: str, tmp_path: Path) -> None:
    code = (
        f"import json, sys; sys.modules[{absent!r}] = None\n"
        "try:\n    import selfinstruct.testing\nexcept ModuleNotFoundError as error:\n    print(json.dumps(str(error)))"
    )
    assert python(code, tmp_path) == f"selfinstruct.testing needs {absent}: pip install 'selfinstruct[testing]'"
