"""The estimated cost of a run before anything is paid, and the limits that end a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command_line import Ended, command
from tests.faults.bench import KEY
from tests.servers.groq_server import GroqServer
from tests.servers.provider import Provider

PRICES = ("--set", "budget.usd_per_million_prompt_tokens=1", "--set", "budget.usd_per_million_completion_tokens=2")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", KEY)


def generate(target: int, *more: str, backend: str = "demo") -> Ended:
    return command("generate", "--backend", backend, "--out", "run", "--target", str(target), "--quiet", *more)


def number(ended: Ended, pattern: str) -> float:
    found = re.search(pattern, ended.out)
    assert found, ended.out
    return float(found.group(1).replace(",", ""))


def test_before_anything_is_known_it_is_a_guess_and_nothing_is_written() -> None:
    ended = generate(400, "--estimate").done()
    assert number(ended, r"about ([\d,]+) requests") == 100
    assert "a guess before the first good reply" in ended.out
    assert "cost: unknown" in ended.out
    assert "nothing was sent" in ended.out
    assert not Path("run").exists()


def test_nothing_is_sent_to_a_server() -> None:
    provider = Provider()
    with GroqServer(provider.groq, key=KEY) as server:
        generate(100, "--estimate", "--set", f"backend.base_url={server.url}", backend="groq").done()
    assert not server.requests


def test_the_estimate_uses_what_the_run_has_measured() -> None:
    generate(60).done()
    ended = generate(1000, "--estimate").done()
    assert "to 1,000 instructions, 60 of them accepted already" in ended.out
    assert "measured in this run" in ended.out
    each = number(ended, r"\(([\d.]+) instructions each")
    assert number(ended, r"about ([\d,]+) requests") == pytest.approx(940 / each, rel=0.02)


def test_a_target_that_is_reached_costs_nothing() -> None:
    generate(20).done()
    assert number(generate(20, "--estimate").done(), r"about ([\d,]+) requests") == 0


def test_prices_make_it_dollars() -> None:
    ended = generate(400, "--estimate", *PRICES).done()
    prompt = number(ended, r"about ([\d,]+) prompt")
    completion = number(ended, r"and ([\d,]+) completion")
    assert number(ended, r"about ([\d.]+) US dollars") == pytest.approx((prompt + 2 * completion) / 1e6, abs=1e-4)


def test_a_whole_run_is_estimated_with_all_its_stages_and_nothing_is_sent() -> None:
    provider = Provider()
    with GroqServer(provider.groq, key=KEY) as server:
        given = ("run", "--backend", "groq", "--out", "run", "--target", "40", *PRICES)
        address = ("--set", f"backend.base_url={server.url}")
        one = command(*given, *address, "--estimate").done()
        rated = command(*given, *address, "--estimate", "--judge").done()
        assert not server.requests
    assert "nothing was sent" in one.out
    generate_alone, whole = (
        number(one, rf"{words}: about ([\d.]+) US") for words in ("generate", "all stages together")
    )
    assert 0 < generate_alone < whole < number(rated, r"all stages together: about ([\d.]+) US")
    assert "judge then sends" in rated.out
    assert "judge then sends" not in one.out
    assert not Path("run").exists()


def test_what_later_stages_have_answered_is_not_estimated_again() -> None:
    command("run", "--backend", "demo", "--out", "run", "--target", "20", "--quiet").done()
    ended = command("run", "--out", "run", "--target", "30", "--estimate").done()
    assert number(ended, r"instances then sends ([\d,]+) request") == 10


def test_later_stages_are_estimated_for_all_that_the_run_holds_if_the_target_is_less() -> None:
    generate(20).done()
    ended = command("run", "--out", "run", "--target", "5", "--estimate").done()
    assert number(ended, r"instances then sends ([\d,]+) request") == 20


def test_dollars_need_prices_and_the_error_comes_before_anything_is_paid() -> None:
    generate(20, "--max-usd", "1").failed(2, "the price of tokens is not known", "usd_per_million_prompt_tokens")
    assert not Path("run", "replies").exists()


@pytest.mark.parametrize(("option", "little", "much"), [("--max-requests", "3", "100"), ("--max-usd", "0.006", "1")])
def test_a_budget_that_is_reached_is_exit_5_and_a_larger_one_continues(option: str, little: str, much: str) -> None:
    provider = Provider()
    with GroqServer(provider.groq, key=KEY) as server:
        always = ("--set", f"backend.base_url={server.url}", "--set", "generate.filters=[]", *PRICES)
        generate(60, option, little, *always, backend="groq").failed(5, f"the budget of {little} ", option)
        paid = provider.good
        assert 0 < paid < 20
        generate(60, option, little, *always, backend="groq").failed(5, f"the budget of {little} ", option)
        assert provider.good == paid
        generate(60, option, much, *always, backend="groq").done()
    assert provider.good <= 20 + 16, "nothing was paid twice, and no more than the window beyond the goal"
