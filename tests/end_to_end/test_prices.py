"""Prices: from the user, from a table, or unknown; cached tokens cost less, and a run keeps its prices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Provider

from selfinstruct import SelfInstruct, Stopped
from selfinstruct.store import RunStore
from selfinstruct.types import Prices
from tests.command_line import command
from tests.servers.groq_server import GroqAnswer, GroqServer

MODEL = "llama-3.1-8b-instant"
SOURCE = f"genai-prices {genai_prices.__version__}"
ELSEWHERE = ("--set", "backend.base_url=http://127.0.0.1:9/v1", "--set", "backend.api_key=none")
OWN = [f"--set=budget.usd_per_million_{kind}_tokens={price}" for kind, price in (("prompt", 7), ("completion", 9))]
PROMPT, CACHED, COMPLETION = 1000, 800, 50
EVERY = 100_000
"""What a million prompt tokens cost in the table of these tests: so much that a budget is used up by a few requests."""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def estimated(model: str, *more: str) -> str:
    words = ("generate", "--backend", "langchain", "--set", f"backend.model={model}", "--out", "new", "--target", "100")
    return command(*words, "--estimate", *more).done().out


def test_a_model_in_the_table_has_a_price_that_names_its_source() -> None:
    out = estimated("openai:gpt-4o-mini")
    assert f"(prices: {SOURCE})" in out
    tokens = [int(word.replace(",", "")) for word in out.split() if word.replace(",", "").isdigit()]
    prompt, completion = tokens[3:5]
    assert f"about {(prompt * 0.15 + completion * 0.6) / 1e6:.4f} US dollars" in out


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("openai:a-model-that-nobody-has", ()),
        ("ollama:llama3.1", ()),
        ("openai:gpt-4o-mini", ("--set", "backend.base_url=http://127.0.0.1:9/v1")),
        ("openai:gpt-4o-mini", ("--set", 'backend.kwargs={openai_api_base="http://127.0.0.1:9/v1"}')),
        ("groq:canopylabs/orpheus-v1-english", ()),
    ],
)
def test_what_no_table_knows_stays_unknown(model: str, more: tuple[str, ...]) -> None:
    out = estimated(model, *more)
    assert "cost: unknown" in out
    assert "US dollars" not in out


def test_who_has_the_table_is_not_told_to_install_it_but_what_it_does_not_know() -> None:
    hint = command("generate", "--backend", "langchain", "--model", "openai:gpt-4o-mini", "--max-usd", "1", *ELSEWHERE)
    hint.failed(2, "the table of prices does not know gpt-4o-mini at http://127.0.0.1:9/v1")
    assert "pip install" not in hint.err
    for out in (estimated("openai:gpt-4o-mini", *ELSEWHERE), estimated("openai:a-model-that-nobody-has")):
        assert "the table of prices does not know" in out
        assert "pip install" not in out


def test_who_has_no_table_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("selfinstruct.run.price_table.find_spec", lambda _: None)
    assert "pip install 'selfinstruct[prices]'" in estimated("openai:a-model-that-nobody-has")


def test_another_address_in_the_environment_is_another_price(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "cost: unknown" in estimated("openai:gpt-4o-mini")


def test_the_figures_of_the_user_win() -> None:
    assert estimated("openai:gpt-4o-mini", *OWN) == estimated("openai:unknown", *OWN)


@pytest.fixture
def server() -> Iterator[GroqServer]:
    answers = iter(range(10_000))

    def reply(_asked: dict[str, Any], _n: int) -> GroqAnswer:
        text = f"1. Describe the river number {next(answers)} in the valley of {next(answers)} mills."
        return GroqAnswer(text, usage=(PROMPT, COMPLETION), cached_tokens=CACHED, reasoning_tokens=20)

    with GroqServer(reply, [MODEL]) as started:
        yield started


@pytest.fixture
def table(server: GroqServer) -> Iterator[Callable[[int], None]]:
    """Puts a table in the place of the one in the package, in which the server's model has this price."""

    def replace(prompt: int) -> None:
        prices = ModelPrice(input_mtok=Decimal(prompt), cache_read_mtok=Decimal(prompt) / 2, output_mtok=Decimal(0))
        model = ModelInfo(id=MODEL, match=ClauseEquals(equals=MODEL), prices=prices)
        listed = Provider(id="groq", name="Groq", api_pattern=server.url, models=[model])
        set_custom_snapshot(DataSnapshot(providers=[listed], from_auto_update=False))

    yield replace
    set_custom_snapshot(None)


def client(server: GroqServer, **settings: Any) -> SelfInstruct:
    always: dict[str, Any] = {"backend.base_url": server.url, "backend.api_key": server.key, "generate.filters": []}
    return SelfInstruct(backend="groq", out="run", settings=always | settings)


def paid() -> tuple[int, float | None, Prices | None]:
    """Replies and dollars of the run, and the prices that it recorded."""
    with closing(RunStore.open_readonly(Path("run"))) as store:
        recorded = store.facts.run_backend
    stage = json.loads(command("status", "--out", "run", "--json").done().out)["stages"]["generate"]
    return stage["usage"]["prompt_tokens"] // PROMPT, stage["usd"], recorded.prices if recorded else None


def test_cached_tokens_count_at_their_own_price_in_the_budget_and_in_the_status(
    server: GroqServer, table: Callable[[int], None]
) -> None:
    """One request costs 60 dollars, of which the cached tokens are 40, and would cost 100 without a cache."""
    table(EVERY)
    with pytest.raises(Stopped, match="the budget of 950 US dollars is used up"):
        client(server, **{"budget.max_usd": 950, "run.concurrency": 1}).generate(100)
    requests, usd, prices = paid()
    assert prices == Prices(EVERY, 0, EVERY / 2, SOURCE)
    assert usd == pytest.approx(60 * requests)
    assert 950 / 100 < requests <= 950 / 60
    words = command("status", "--out", "run").done().out
    assert f"({CACHED * requests:,} of them cached)" in words
    assert f"({20 * requests:,} of them reasoning), {usd:.4f} US dollars" in words


def test_a_run_keeps_the_prices_that_it_began_with(server: GroqServer, table: Callable[[int], None]) -> None:
    table(EVERY)
    client(server).generate(3)
    began = paid()[2]
    table(2 * EVERY)
    client(server).generate(6)
    requests, usd, prices = paid()
    assert prices == began
    assert usd == pytest.approx(60 * requests)


def test_the_user_may_set_a_price_later(server: GroqServer, table: Callable[[int], None]) -> None:
    table(EVERY)
    client(server).generate(3)
    own = {"budget.usd_per_million_prompt_tokens": 1000, "budget.usd_per_million_completion_tokens": 0}
    client(server, **own).generate(6)
    requests, usd, prices = paid()
    assert prices == Prices(1000, 0)
    assert usd == pytest.approx(requests)
