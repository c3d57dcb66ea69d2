"""Writes the page of the documentation that shows the matrix of clients, from the tables that the tests run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.clients.cases import CASES
from tests.clients.catalog import CLIENTS, Client
from tests.clients.refusals import REFUSALS

HEAD = """\
# Clients

{note}
The backend [`langchain`](../providers.md#langchain) reaches a provider through the LangChain package that is made for
it. The tests run the real package of every provider below against the same answers of a local server. They check what
the run does with each answer, that the client sends every request once, and that the key appears in no message.

## What a run does with each answer {{ #answers }}

| what the run does | the server's answer | clients that differ |
|---|---|---|"""

OUTCOMES: Mapping[str, str] = {
    "stop": "keeps the whole reply",
    "length": "keeps the reply without its last task",
    "filtered": "records the reply as withheld",
    "stop, with other text": "gets the last block only",
    "a call of a tool": "records a reply without tasks that called a tool",
    "again": "asks again, after a wait that grows",
    "after 7 s": "asks again after the 7 s that the server names",
    "after 3600 s": "stops with exit code 5, or waits an hour with `--wait`",
    "this request fails": "counts this request as failed and continues",
    "this request fails: filter": "counts this request as filtered and continues",
    "this request fails: too long": "counts this request as too long and continues",
    **{
        f"the run ends: {cause}": f"ends with exit code 4: {words}"
        for cause, words in (
            ("payment", "check credit and billing"),
            ("key", "the key was refused, and where it stands"),
            ("model", "check model and address"),
            ("access", "check what the account may use"),
        )
    },
    "after 86400 s": "stops with exit code 5, or waits a day with `--wait`",
    "the run ends: max_tokens": "ends with exit code 4, and says to lower or leave out `max_tokens`",
    **dict.fromkeys(
        (
            *("the run ends: temperature", "the run ends: frequency_penalty", "the run ends: presence_penalty"),
            "the run ends: frequency_penalty presence_penalty",
        ),
        "ends with exit code 4, and names the option that leaves the setting out",
    ),
}
"""What each outcome of the tests means for a user."""

REFUSALS_HEAD = """
## Refusals in the providers' own words { #refusals }

What a run does with the answers of providers that refuse a request. Most are in the words that documentation and
public reports quote; where we found none, they are written from a description.

| the answer is about | what the run does |
|---|---|"""

CLIENTS_HEAD = """
## What each client takes { #clients }

A setting that a client does not take is left out, and the notes of the run say so. A value that a client sends unasked
is sent where the recipe and your config set none. Where no schema is taken, replies are free text.

| client | model | left out | sent unasked | JSON schema | tokens not reported |
|---|---|---|---|---|---|"""

ENDS = """
## How a reply ends { #ends }

A run keeps the last task of a reply only if the provider says that the reply ended by itself. A reason that the
run does not know counts as cut. A reply that ends with a call of a tool has no tasks.
"""


def lines(note: str) -> Iterator[str]:
    """The page, which opens with a note on how it is written."""
    yield HEAD.format(note=note)
    answers: dict[tuple[str, str], list[str]] = {}
    for name, (_, outcome) in CASES.items():
        answers.setdefault((OUTCOMES[outcome], "; ".join(_differences(name))), []).append(name)
    for (outcome, differences), names in answers.items():
        yield f"| {outcome} | {'; '.join(names)} | {differences} |"
    yield REFUSALS_HEAD
    refusals: dict[str, dict[str, dict[str, None]]] = {}
    for refusal in sorted(REFUSALS, key=lambda one: one.about):
        refusals.setdefault(refusal.about, {}).setdefault(OUTCOMES[refusal.means], {})[refusal.client] = None
    for about, outcomes in refusals.items():
        told = [f"{outcome} ({', '.join(clients)})" for outcome, clients in outcomes.items()]
        yield f"| {about} | {'; '.join(told if len(told) > 1 else outcomes)} |"
    yield CLIENTS_HEAD
    for client in CLIENTS:
        yield f"| {' | '.join(_client(client))} |"
    yield ENDS


def _differences(case: str) -> Iterator[str]:
    """Which clients have another outcome than the others, by outcome."""
    found: dict[str, list[str]] = {}
    for client in CLIENTS:
        if case in client.differs:
            found.setdefault(client.differs[case], []).append(client.name)
    for outcome, names in found.items():
        yield f"{', '.join(names)}: {OUTCOMES[outcome]}"


def _client(client: Client) -> Iterator[str]:
    yield client.name
    yield f"`{client.model}`"
    yield ", ".join(client.unsent)
    yield ", ".join(f"{name} {value:,}" for name, value in client.defaults.items())
    yield "yes" if client.takes_schema else "no"
    yield ", ".join(client.lost)
