"""Writes the page of the documentation that shows the matrix of clients, from the tables that the tests run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.clients.cases import CASES
from tests.clients.catalog import CLIENTS, Client
from tests.clients.protocols import PROTOCOLS, Protocol
from tests.clients.refusals import REFUSALS

HEAD = """\
# Clients

{note}
The backend `langchain` reaches a provider through the LangChain package that is made for it. These packages differ in
what they send, in how they report a problem, and in how often they ask again by themselves. So the tests take the real
package of every provider below through the same answers of a server on this computer, and check what the run makes of
each answer, that the client sends every request once, and that the key appears in no message. Every line of this page
is a line of those tests.

[Providers](../providers.md#langchain) says how to choose a model.

## What a run does with each answer {{ #answers }}

| the server's answer | what the run does | clients that differ |
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

What providers answer, as users have quoted it in public: the status, and the first words of the message. A wait that
a message names is seven seconds here.

| about | client | answer | what the run does |
|---|---|---|---|"""

CLIENTS_HEAD = """
## What each client takes { #clients }

A setting that a client does not take is left out, and the notes of the run say so. A value that a client sends unasked
is sent where the recipe and your config set none. Where no schema is taken, replies are free text.

| client | model | left out | sent unasked | JSON schema | tokens not reported |
|---|---|---|---|---|---|"""

PLACES_HEAD = """
## Where the settings stand { #settings }

The names of the settings in the bodies of the requests, as they arrived at the server.

| protocol | clients | settings | schema |
|---|---|---|---|"""

ENDS_HEAD = """
## How a reply ends { #ends }

A run keeps the last task of a reply only if the reply ended by itself. A word that is in no list counts as cut. A reply
that ends with a call of a tool has no tasks.

| protocol | whole | cut | withheld | call of a tool |
|---|---|---|---|---|"""


def lines(note: str) -> Iterator[str]:
    """The page, which opens with a note on how it is written."""
    yield HEAD.format(note=note)
    for name, (_, outcome) in CASES.items():
        yield f"| {name} | {OUTCOMES[outcome]} | {'; '.join(_differences(name))} |"
    yield REFUSALS_HEAD
    for refusal in sorted(REFUSALS, key=lambda one: one.about):
        words = f"{refusal.answer.status}: {refusal.words.replace('|', '&#124;')}"
        yield f"| {refusal.about} | {refusal.client} | {words} | {OUTCOMES[refusal.means]} |"
    yield CLIENTS_HEAD
    for client in CLIENTS:
        yield f"| {' | '.join(_client(client))} |"
    yield PLACES_HEAD
    for protocol, clients in _by_protocol():
        yield f"| {' | '.join(_places(protocol, clients))} |"
    yield ENDS_HEAD
    for protocol, clients in _by_protocol():
        yield f"| {protocol.name} | {' | '.join(_ends(protocol.ends))} |"
        for client in clients:
            own = {word: end for word, end in client.ends.items() if word not in protocol.ends}
            if own:
                yield f"| {client.name}, besides | {' | '.join(_ends(own))} |"


def _differences(case: str) -> Iterator[str]:
    """Which clients have another outcome than the others, by outcome."""
    found: dict[str, list[str]] = {}
    for client in CLIENTS:
        if case in client.differs:
            found.setdefault(client.differs[case], []).append(client.name)
    for outcome, names in found.items():
        yield f"{', '.join(names)}: {OUTCOMES[outcome]}"


def _by_protocol() -> Iterator[tuple[Protocol, list[Client]]]:
    for protocol in PROTOCOLS:
        yield protocol, [client for client in CLIENTS if client.protocol is protocol]


def _client(client: Client) -> Iterator[str]:
    yield client.name
    yield f"`{client.model}`"
    yield ", ".join(client.unsent)
    yield ", ".join(f"{name} {value:,}" for name, value in client.defaults.items())
    yield "yes" if client.takes_schema else "no"
    yield ", ".join(client.lost)


def _places(protocol: Protocol, clients: list[Client]) -> Iterator[str]:
    own: dict[str, list[str]] = {}
    for client in clients:
        for place in client.places.values():
            own.setdefault(place, []).append(client.name)
    yield protocol.name
    yield ", ".join(client.name for client in clients)
    yield "; ".join(
        [_code(protocol.settings.values()), *(f"{', '.join(names)}: `{place}`" for place, names in own.items())]
    )
    yield _code([protocol.schema] if protocol.schema else [])


def _ends(ends: Mapping[str, str]) -> Iterator[str]:
    for column in ("stop", "length", "filtered", "unknown"):
        yield _code(word for word, end in ends.items() if end == column)


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
