"""A key that every answer of the provider repeats is in no file, on no screen, in no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project import EndedCommand, Project
from tests.servers.groq_server import GroqAnswer, GroqServer, error

KEY = "gsk_0123456789abcdefSECRETfedcba9876543210"
TASKS = "\n".join(f"{n}. Describe the {word} of a river." for n, word in enumerate(("colour", "sound", "birth"), 1))
AGAIN = {"retry-after": "0.01"}


def repeating(asked: dict[str, Any], call: int) -> Any:
    """Busy, broken, refused and good answers, all with the key in them where one could be."""
    script = (
        error(429, f"Rate limit for {KEY}. Please try again in 10ms", "rate_limit_exceeded", AGAIN),
        GroqAnswer(TASKS),
        error(500, f"Internal error with {KEY}", headers=AGAIN),
        error(503, f"No room for {KEY}", headers=AGAIN),
        error(400, f"Prompt too long, says {KEY}"),
    )
    return script[call % len(script)]


def refusing(asked: dict[str, Any], call: int) -> Any:
    return GroqAnswer(TASKS) if call < 2 else error(401, f"Invalid API Key {KEY}", "invalid_api_key")


@pytest.fixture
def server() -> Iterator[GroqServer]:
    with GroqServer(repeating, key=KEY) as server:
        yield server


@pytest.fixture
def groq(project: Project, server: GroqServer) -> Project:
    project.args = ("--backend", "groq", "--base-url", server.url, "--model", "llama-3.1-8b-instant")
    project.env = {"GROQ_API_KEY": KEY, "GROQ_API_BASE": "", "LANGSMITH_TRACING": ""}
    return project


def files_with(secret: str, folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def assert_secret(project: Project, *finished: EndedCommand) -> None:
    assert files_with(KEY, project.folder) == []
    for command in finished:
        assert KEY not in command.stdout + command.stderr


def test_no_file_and_no_output_holds_the_key_when_every_fault_repeats_it(groq: Project, server: GroqServer) -> None:
    grown = groq.run("generate", "--target", "50", "--set", "generate.max_candidates=6")
    status = groq.run("status", "--json")
    assert grown.code == 5, grown.stderr
    assert len(server.chats) > 5, "the faults were met"
    store = groq.open_readonly()
    totals = store.totals("generate")
    store.close()
    assert totals.failures > 0
    assert totals.retries > 0
    assert_secret(groq, grown, status)


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_the_error_for_a_refused_key_does_not_show_it(
    groq: Project, server: GroqServer, debug: tuple[str, ...]
) -> None:
    server.reply = refusing
    refused = groq.run("generate", "--target", "50", *debug)
    assert refused.code == 4, refused.stderr
    assert "key" in refused.stderr
    assert_secret(groq, refused)


@pytest.mark.parametrize("place", ["config", "assignment"])
def test_a_key_in_the_config_is_used_and_not_recorded(groq: Project, server: GroqServer, place: str) -> None:
    server.reply = refusing
    groq.env = {**groq.env, "GROQ_API_KEY": ""}
    given: tuple[str, ...] = ("--set", f"backend.api_key={KEY}")
    if place == "config":
        given = ()
        text = f'[backend]\nuse = "groq"\napi_key = "{KEY}"\n'
        (groq.folder.parent / "selfinstruct.toml").write_text(text)
    grown = groq.run("generate", "--target", "3", *given)
    assert server.chats, grown.stderr
    assert_secret(groq, grown)


PLUGIN = """
from pydantic import Field, SecretStr
from selfinstruct.api import Component, Filter, Options, hookimpl, keep

class HostedOptions(Options):
    api_key: SecretStr = Field(description="The key of a service that judges.")

class Hosted(Filter):
    def evaluate(self, item):
        return keep()

@hookimpl
def selfinstruct_filters():
    return [Component("hosted", "Ask a service", HostedOptions, lambda options: Hosted(), stages=("generate",))]
"""


def test_a_key_among_a_filter_s_options_is_not_recorded(project: Project) -> None:
    folder = project.folder.parent
    (folder / "hosted.py").write_text(PLUGIN)
    text = f'plugins = ["hosted.py"]\n[[generate.filters]]\nuse = "hosted"\napi_key = "{KEY}"\n'
    (folder / "selfinstruct.toml").write_text(text)
    grown = project.run("generate", "--target", "3").succeeded()
    assert_secret(project, grown)
