"""A call to a live model, with exact expectations: what it passes on and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from selfinstruct.engine.budget import Budget
from selfinstruct.errors import ModelError, PluginError, Stopped
from selfinstruct.types import (
    Busy,
    Completion,
    Failure,
    Message,
    Rejected,
    Usage,
)
from tests.engine.clock import Clock, stopped_clock
from tests.engine.test_live import GOOD, KEY, REQUEST, BackendProbe, Model, Says

TOO_MANY = Says(Busy("429", too_many_requests=True))
DOWN_NOW = Says(Busy("503"))
SCHEMA: Mapping[str, Any] = {"type": "object"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped_clock(monkeypatch)


# --- what the backend says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [True, False])
async def test_the_backend_says_whether_it_takes_schemas_and_repeats_itself(said: bool) -> None:
    asked = BackendProbe(GOOD)
    asked.backend.accepts_schema = lambda: said  # type: ignore[method-assign]
    asked.backend.repeatable = said
    assert await asked.live.accepts_schema() is said
    assert asked.live.is_repeatable is said


async def test_a_backend_that_fails_when_asked_about_schemas_is_named_without_its_key() -> None:
    asked = BackendProbe(GOOD)

    def fail() -> bool:
        raise ValueError(f"with {KEY}")

    asked.backend.accepts_schema = fail  # type: ignore[method-assign]
    with pytest.raises(PluginError, match="Provider failed") as caught:
        await asked.live.accepts_schema()
    assert KEY not in str(caught.value)


class SchemaModel(Model):
    """Keeps the arguments that it gets for a schema."""

    more: Mapping[str, Any] = {}

    async def ainvoke(self, messages: Any, config: Any, **more: Any) -> Any:
        self.more = more
        return await super().ainvoke(messages, config)


@pytest.mark.parametrize("schema", [None, {}, SCHEMA])
async def test_a_schema_is_sent_in_the_backends_own_words(schema: Mapping[str, Any] | None) -> None:
    asked = BackendProbe(GOOD)
    asked.backend.model = asked.model = SchemaModel(GOOD)
    asked.backend.schema_arguments = lambda schema: {"format": dict(schema)}  # type: ignore[method-assign]
    await asked.answer(replace(REQUEST, schema=schema))
    assert asked.model.more == ({} if schema is None else {"format": schema})


@pytest.mark.parametrize("words", ["response_format json_schema is not supported", "too long"])
@pytest.mark.parametrize("schema", [None, SCHEMA])
async def test_a_refused_schema_ends_the_run_with_the_setting_that_leaves_it_out(
    words: str, schema: Mapping[str, Any] | None
) -> None:
    asked = BackendProbe(GOOD)
    asked.backend.model = asked.model = SchemaModel(Says(Rejected(words)))
    answer = asked.answer(replace(REQUEST, schema=schema))
    if schema is None or words == "too long":
        assert await answer == Failure(words)
        return
    with pytest.raises(ModelError) as caught:
        await answer
    assert caught.value.message == f"the model refuses the JSON schema that generate asks with: {words}"
    assert "--set run.structured=false" in caught.value.hint


async def test_the_name_of_a_call_has_its_stage_and_request() -> None:
    asked = BackendProbe(GOOD)
    await asked.answer()
    assert asked.model.calls[0][1]["run_name"] == "selfinstruct generate 7"


# --- what a call costs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "requests", "prompt", "reply"),
    [
        (GOOD, 1, 20, 10),
        (Completion("x", usage=Usage(None, 3)), 1, 1, 3),
        (Says(Rejected("no")), 1, 0, 0),
    ],
)
async def test_a_call_costs_the_budget_what_it_used(said: Any, requests: int, prompt: int, reply: int) -> None:
    asked = BackendProbe(said)
    await asked.answer()
    budget = asked.live.budget
    assert (budget.requests, budget.prompt_tokens, budget.completion_tokens) == (requests, prompt, reply)


@pytest.mark.parametrize(("busy", "requests", "prompt"), [(TOO_MANY, 1, 20), (DOWN_NOW, 2, 21)])
async def test_a_refused_call_costs_nothing_and_one_that_failed_all_that_was_reserved(
    clock: Clock, busy: Says, requests: int, prompt: int
) -> None:
    asked = BackendProbe(busy, GOOD, clock=clock)
    await asked.answer()
    assert (asked.live.budget.requests, asked.live.budget.prompt_tokens) == (requests, prompt)


async def test_reservations_learn_from_replies() -> None:
    asked = BackendProbe(Completion("x", usage=Usage(5000, 1)))
    long = replace(REQUEST, messages=(Message("user", "x" * 3500),))
    await asked.answer(long)
    asked.gate.budget = Budget(max_tokens=1024 + 2000)
    with pytest.raises(Stopped, match="3,024 tokens"):
        await asked.answer(long)


async def test_only_a_limit_halves_what_is_sent_at_once(clock: Clock) -> None:
    for busy, allowed in ((TOO_MANY, 2.5), (DOWN_NOW, 4.0)):
        asked = BackendProbe(busy, GOOD, clock=clock)
        await asked.answer()
        assert asked.gate._allowed == allowed, "half of four, and one half more by the answer"
