"""What a user allows is never exceeded, as a provider behind a socket sees it, over all commands of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Ended, command
from tests.servers.groq_server import GroqAnswer, GroqServer, error
from tests.servers.loopback import ServerFault
from tests.servers.provider import Provider

KEY = "gsk_of_an_account_0123456789"
TOKENS = 100
"""Tokens of every reply, which are also the most that a request asks for."""


class Account(GroqServer):
    """Answers every request with one task that no other has; `says` may answer in its place."""

    def __init__(self) -> None:
        super().__init__(self._reply, key=KEY)
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.refuse: Callable[[int], ServerFault | None] = lambda _n: None
        self.good = 0

    def _reply(self, _json: Any, n: int) -> GroqAnswer | ServerFault:
        if refusal := self.refuse(n):
            return refusal
        self.good += 1
        text = Provider(tasks=1).text(str(n))
        return GroqAnswer(text, usage=(20, TOKENS), headers=self.headers, delay=self.delay)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    (tmp_path / "selfinstruct.toml").write_text('[[generate.filters]]\nuse = "exact"\n')
    with Account() as account:
        yield account


def generate(account: Account, *more: str, target: int = 40) -> Ended:
    settings = (f"backend.base_url={account.url}", f"generate.sampling.max_tokens={TOKENS}", "run.structured=false")
    given = [word for setting in settings for word in ("--set", setting)]
    model = ("--backend", "groq", "--model", "llama-3.1-8b-instant")
    return command("generate", *model, *given, "--target", str(target), *more)


def paid_when_stopped(account: Account, *more: str) -> int:
    """How many good replies the account gave to a command that a bound stops; the same command gets no more."""
    first = generate(account, *more)
    assert first.code == 5, first.err
    paid = account.good
    again = generate(account, *more)
    assert (again.code, account.good) == (5, paid), again.err
    return paid


def test_a_provider_that_allows_more_does_not_raise_the_users_own_limit(account: Account) -> None:
    account.headers = {"x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14400"}
    assert paid_when_stopped(account, "--set", "limits.requests_per_day=5") == 5


def test_a_provider_that_allows_less_lowers_the_users_own_limit(account: Account) -> None:
    """It says so with its first reply, and nothing is asked that it would turn away."""
    account.headers = {"x-ratelimit-limit-requests": "3", "x-ratelimit-remaining-requests": "2"}
    ended = generate(account, "--set", "limits.requests_per_day=5", "--concurrency", "1")
    assert (ended.code, len(account.chats)) == (5, 3), ended.err


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "bound", [("--max-requests", "4"), ("--max-usd", str(4 * TOKENS / 1e6)), ("--set", "limits.requests_per_day=4")]
)
def test_a_call_that_was_turned_away_costs_nothing(account: Account, status: int, bound: tuple[str, str]) -> None:
    busy = error(status, "slow down", "rate_limit_exceeded", {"retry-after": "0.05"}, "requests")
    account.refuse = lambda n: busy if n % 2 == 0 else None
    prices = ("--set", "budget.usd_per_million_prompt_tokens=0", "--set", "budget.usd_per_million_completion_tokens=1")
    assert paid_when_stopped(account, *bound, *prices) == 4
    assert len(account.chats) >= 8
    assert "80 prompt and 400 completion tokens" in command("status").done().out


def test_a_larger_budget_continues_from_what_was_paid_and_not_from_what_was_turned_away(account: Account) -> None:
    busy = error(503, "slow down", headers={"retry-after": "0.05"})
    account.refuse = lambda n: busy if n % 2 == 0 else None
    for most in (4, 6):
        assert paid_when_stopped(account, "--max-requests", str(most)) == most


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_money_and_tokens_are_spent_to_the_last_call_that_fits(account: Account, concurrency: str) -> None:
    """A reply costs what was reserved for it, so a budget for five and a half of them pays five."""
    prices = ("--set", "budget.usd_per_million_prompt_tokens=0", "--set", "budget.usd_per_million_completion_tokens=1")
    money = ("--max-usd", str(5.5 * TOKENS / 1e6), *prices, "--concurrency", concurrency)
    assert paid_when_stopped(account, *money) == 5
    assert generate(account, "--max-usd", str(7.5 * TOKENS / 1e6), *prices, "--concurrency", concurrency).code == 5
    assert account.good == 7, "a larger budget counts what the smaller one paid"


def test_the_time_of_earlier_commands_counts(account: Account) -> None:
    account.delay = 2.0
    assert paid_when_stopped(account, "--max-hours", str(1.5 / 3600), "--concurrency", "1") > 0


def test_failures_that_the_journal_holds_end_no_later_command(account: Account) -> None:
    account.refuse = lambda _n: error(400, "the prompt is against our policy", "content_policy")
    failed = generate(account)
    assert failed.code == 4, failed.err
    refused = len(account.chats)
    assert refused >= 3
    account.refuse = lambda _n: None
    generate(account, target=5).done()
    assert account.good >= 5
