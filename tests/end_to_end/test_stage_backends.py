"""A stage with a backend of its own: who is asked, whose limits, budget and prices count, and who reports on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES
from tests.command_line import command
from tests.servers.ollama_server import OllamaAnswer, OllamaServer
from tests.servers.schemas import answer

RUN = Path("run")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def better() -> Iterator[OllamaServer]:
    """The server of a better model, which answers and does not find tasks."""
    with OllamaServer(lambda asked, _n: answer(asked)) as server:
        yield server


def flags(server: OllamaServer, *settings: str, stages: tuple[str, ...] = (INSTANCES,)) -> list[str]:
    given = [f"{stage}.backend={{use='ollama', base_url='{server.url}', model='llama3.1'}}" for stage in stages]
    return [part for setting in [*given, *settings] for part in ("--set", setting)]


def calls(stage: str) -> int:
    with closing(RunStore.open_readonly(RUN)) as store:
        return store.calls().spent((stage,)).requests


def test_a_better_model_answers_what_a_small_one_found(better: OllamaServer) -> None:
    command("run", "--backend", "demo", "--target", "6", "--out", "run", *flags(better)).done()
    with closing(RunStore.open_readonly(RUN)) as store:
        models = {
            stage: (facts.model if (facts := store.facts.backend(stage)) else "") for stage in (GENERATE, INSTANCES)
        }
        assert models == {GENERATE: "demo", INSTANCES: "llama3.1"}
        assert store.facts.structured == {GENERATE: False, CLASSIFY: False, INSTANCES: True}, "as each model can"
    assert len(better.chats) == calls(INSTANCES) == 6
    command("instances", "--out", "run", "--set", "instances.backend.model=other").failed(
        2, "instances.backend.model: llama3.1 in the run, now other"
    )


def test_the_backend_of_a_later_stage_is_checked_before_anything_is_paid(
    better: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    paid = ("--backend", "ollama", "--base-url", better.url, "--model", "llama3.1", "--target", "6", "--out", RUN)
    own = ("--set", "instances.backend={use='langchain', model='anthropic:claude-sonnet-4-5'}")
    command("run", *paid, *own).failed(
        4, "instances.backend: provider 'anthropic' needs a key", "Set ANTHROPIC_API_KEY"
    )
    assert better.chats == []
    assert not RUN.exists()


def test_its_budget_is_its_own_within_that_of_the_run(better: OllamaServer) -> None:
    limited = flags(better, "instances.budget.max_requests=3")
    ended = command("run", "--backend", "demo", "--target", "6", "--out", "run", *limited)
    ended.failed(5, "the budget of 3 requests is used up", "a larger instances.budget.max_requests")
    assert calls(INSTANCES) == 3
    spent = calls(GENERATE) + calls(CLASSIFY) + 3
    again = ["run", "--target", "6", "--out", "run", "--set", "instances.budget.max_requests=100"]
    command(*again, "--max-requests", str(spent + 1)).failed(5, "a larger --max-requests")
    assert calls(INSTANCES) == 4
    command(*again, "--max-requests", "1000").done()


def test_dollars_need_the_prices_of_every_backend(better: OllamaServer) -> None:
    better.reply = lambda asked, _n: OllamaAnswer(answer(asked), usage=(600, 400))  # a dollar
    prices = ("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens")
    of_run, own = [f"budget.{price}=0" for price in prices], [f"instances.{price}=1000" for price in prices]
    run = ("run", "--backend", "demo", "--target", "6", "--out", "run", "--max-usd", "4", "--concurrency", "1")
    ended = command(*run, *flags(better, *of_run))
    ended.failed(2, "the price of tokens is not known of the backend of instances", f"Set instances.{prices[0]}")
    assert not RUN.exists(), "it is refused before anything is paid"
    checked = ("doctor", "--backend", "demo", "--set", "budget.max_usd=4", *flags(better, *of_run))
    found = command(*checked)
    assert found.code == 2
    assert "the price of tokens is not known of the backend of instances" in found.out
    expected = command(*run, "--estimate", *flags(better, *(f"{setting}.5" for setting in of_run))).done().out
    assert "all stages together: unknown, because the price of instances is not known" in expected
    dear = command(*run, "--estimate", *flags(better, *(f"{setting}0000000" for setting in own), *of_run)).done().out
    assert "more than the budget of 4 US dollars" in dear
    command(*run, *flags(better, *of_run, *own)).failed(5, "the budget of 4 US dollars is used up")
    assert 1 <= calls(INSTANCES) <= 3, "none is sent that could cost more than is left"


@pytest.mark.parametrize(
    "setting", ["limits.requests_per_day=2", "budget.max_tokens=9", "usd_per_million_prompt_tokens=1"]
)
def test_terms_without_a_backend_of_its_own_are_refused(setting: str) -> None:
    ended = command("run", "--backend", "demo", "--target", "6", "--set", f"classify.{setting}")
    ended.failed(2, "classify: limits, budget and prices here are those of [classify.backend], which is missing")


def test_limits_are_those_of_the_account_that_stages_share(better: OllamaServer) -> None:
    terms = [f"{stage}.limits.requests_per_day=3" for stage in (CLASSIFY, INSTANCES)]
    shared = flags(better, *terms, stages=(CLASSIFY, INSTANCES))
    ended = command("run", "--backend", "demo", "--target", "6", "--out", "run", *shared)
    ended.failed(5, "the limit of 3 requests a day is reached")
    assert (calls(CLASSIFY), calls(INSTANCES)) == (1, 2)


def test_doctor_looks_at_every_backend_once(better: OllamaServer) -> None:
    both = flags(better, stages=(CLASSIFY, INSTANCES))
    said = json.loads(command("doctor", "--json", "--backend", "demo", "--out", "none", *both).done().out)["checks"]
    found = {(one["area"], one["name"]): one["detail"] for one in said}
    assert (
        found["backend", "schema"] == "the model takes none: replies are free text"
        or "free text" in found["backend", "schema"]
    )
    assert found["classify", "schema"] == "replies are JSON that keeps to a schema in classify, instances"
    assert ("instances", "model") not in found, "they share one backend"
    assert "generate" in found["backend", "context"]
    assert "instances" not in found["backend", "context"]


def test_an_estimate_knows_the_prices_of_the_backend_that_generates(better: OllamaServer) -> None:
    own = ("generate.usd_per_million_prompt_tokens=1", "generate.usd_per_million_completion_tokens=1")
    estimate = ("generate", "--estimate", "--target", "100", "--out", "none")
    assert "generate: about" in command(*estimate, *flags(better, *own, stages=(GENERATE,))).done().out
    assert "cost: unknown" in command(*estimate, *flags(better, stages=(GENERATE,))).done().out
