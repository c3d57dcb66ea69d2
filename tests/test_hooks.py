"""The nine hooks: one plugin implements them all, and each has its test and its manual page."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.api import hooks as hookspecs
from selfinstruct.plugins.checks import HOOKS, OBSERVERS
from selfinstruct.plugins.registry import KINDS
from tests.command_line import Ended, command, rows

NINE = '''
"""All nine hooks; what the observers receive goes to observed.jsonl."""

import json
from dataclasses import asdict
from types import SimpleNamespace

from pydantic import Field

from selfinstruct.api import (
    Backend, Busy, Component, Draft, Filter, Message, NoOptions, Options, PostProcessor, PromptEncoder, Sampler, drop,
    hookimpl, keep,
)

SELFINSTRUCT_API = 1
WORDS = "river stone cloud bridge lantern meadow harbour violin copper window".split()


class Model:
    calls = 0

    async def ainvoke(self, messages, config=None):
        self.calls += 1
        if self.calls == 1:
            raise ConnectionError("come back soon")
        word = WORDS[self.calls % len(WORDS)]
        text = f"Describe the {word} {self.calls}.\\nA {word}, number {self.calls}."
        return SimpleNamespace(content=text, response_metadata={"finish_reason": "stop"}, usage_metadata={})


class Nine(Backend):
    def chat_model(self, sampling):
        return Model()

    def read_error(self, error):
        return Busy(str(error), retry_after=0.0)


class LastSeed(Sampler):
    def sample(self, view):
        return [view.seeds[-1]]


class Ask(PromptEncoder):
    def encode(self, examples, subjects):
        return [Message("user", f"More like: {examples[0].text}")]


class Lines(PostProcessor):
    def process(self, request, reply):
        return [Draft(line) for line in reply.text.splitlines()]


class VerbOptions(Options):
    verb: str = Field("Describe", description="The word that a task must start with.")


class Verb(Filter):
    def __init__(self, options):
        self.verb = options.verb

    def evaluate(self, item):
        return keep() if item.text.startswith(self.verb) else drop("no-verb")


def build(kind):
    return lambda options: kind()


@hookimpl
def selfinstruct_backends():
    return [Component("nine", "Says what it is given", NoOptions, build(Nine))]


@hookimpl
def selfinstruct_samplers():
    return [Component("nine-last", "The last seed", NoOptions, build(LastSeed), ("generate",))]


@hookimpl
def selfinstruct_encoders():
    return [Component("nine-ask", "Ask for more", NoOptions, build(Ask), ("generate",))]


@hookimpl
def selfinstruct_post_processors():
    return [Component("nine-lines", "One item a line", NoOptions, build(Lines))]


@hookimpl
def selfinstruct_filters():
    return [Component("nine-verb", "Only tasks with the verb", VerbOptions, Verb)]


def tell(hook, value):
    with open("observed.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps([hook, asdict(value)]) + "\\n")


@hookimpl
def selfinstruct_stage_started(stage):
    tell("selfinstruct_stage_started", stage)


@hookimpl
def selfinstruct_settled(settlement):
    tell("selfinstruct_settled", settlement)


@hookimpl
def selfinstruct_request_retried(retry):
    tell("selfinstruct_request_retried", retry)


@hookimpl
def selfinstruct_stage_finished(summary):
    tell("selfinstruct_stage_finished", summary)
'''

TOML = """
plugins = ["./nine.py"]
[run]
lookahead = 1
[backend]
use = "nine"
[generate]
sampler = { use = "nine-last" }
encoder = { use = "nine-ask" }
post_processor = { use = "nine-lines" }
filters = [{ use = "nine-verb" }]
"""


class Finished:
    """A finished run of the plugin."""

    def __init__(self, folder: Path, ended: Ended) -> None:
        self.ended = ended.done()
        self.accepted = rows(folder / "runs/default/machine_generated_instructions.jsonl")
        self.rejected = rows(folder / "runs/default/rejected.jsonl")
        self.observed: list[Any] = rows(folder / "observed.jsonl")

    def to(self, hook: str) -> list[dict[str, Any]]:
        """What one observer received."""
        return [value for name, value in self.observed if name == hook]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """One run of three instructions with all nine hooks in use."""
    folder = tmp_path_factory.mktemp("nine")
    (folder / "nine.py").write_text(NINE, "utf-8")
    (folder / "selfinstruct.toml").write_text(TOML, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield Finished(folder, command("generate", "--target", "3"))
    sys.modules.pop("selfinstruct_plugin_nine", None)


# --- each hook at work


def test_selfinstruct_backends(run: Finished) -> None:
    assert [row["instruction"][:8] for row in run.accepted] == ["Describe"] * 3


def test_selfinstruct_samplers(run: Finished) -> None:
    from selfinstruct.config.seeds import read_seeds

    last = read_seeds("builtin")[-1].instruction
    assert all(row["metadata"]["prompt"].endswith(last) for row in run.accepted)


def test_selfinstruct_encoders(run: Finished) -> None:
    assert all(row["metadata"]["prompt"].startswith("More like: ") for row in run.accepted)


def test_selfinstruct_post_processors(run: Finished) -> None:
    texts = [row["metadata"]["response"]["choices"][0]["text"].splitlines()[0] for row in run.accepted]
    assert [row["instruction"] for row in run.accepted] == texts


def test_selfinstruct_filters(run: Finished) -> None:
    assert {(row["filter"], row["reason"]) for row in run.rejected} == {("nine-verb", "no-verb")}


def test_selfinstruct_stage_started(run: Finished) -> None:
    assert run.observed[0][0] == "selfinstruct_stage_started"
    before = {
        "accepted": 0,
        "requests": 0,
        "size": None,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cached_tokens": 0,
    }
    assert run.to("selfinstruct_stage_started") == [{"stage": "generate", "target": 3, **before}]


def test_selfinstruct_settled(run: Finished) -> None:
    settlements = run.to("selfinstruct_settled")
    assert [settlement["request"]["index"] for settlement in settlements] == [0, 1, 2]
    assert [settlement["accepted"] for settlement in settlements] == [1, 2, 3]
    assert [decision["fate"] for decision in settlements[0]["decisions"]] == ["accepted", "rejected"]


def test_selfinstruct_request_retried(run: Finished) -> None:
    (retry,) = run.to("selfinstruct_request_retried")
    assert retry == {"stage": "generate", "index": 0, "attempt": 1, "wait": 0.0, "message": "come back soon"}


def test_selfinstruct_stage_finished(run: Finished) -> None:
    assert run.observed[-1][0] == "selfinstruct_stage_finished"
    (summary,) = run.to("selfinstruct_stage_finished")
    assert (summary["stage"], summary["exit_code"], summary["accepted"]) == ("generate", 0, 3)
    assert summary["reason"] in run.ended.out


# --- the manual


def specs() -> dict[str, Any]:
    """The hooks by name."""
    return {name: spec for name, spec in vars(hookspecs).items() if name.startswith("selfinstruct_")}


def test_there_are_nine_hooks_and_all_are_known() -> None:
    assert set(HOOKS) == {*KINDS.values(), *OBSERVERS}
    assert len(HOOKS) == len(set(HOOKS)) == 9
    assert all(hasattr(spec, "selfinstruct_spec") for spec in specs().values())


@pytest.mark.parametrize("hook", sorted(specs()))
def test_every_hook_is_tested(hook: str) -> None:
    assert f"test_{hook}" in globals(), f"write test_{hook}: the plugin above must implement the hook"
    assert f"def {hook}(" in NINE


@pytest.mark.parametrize("hook", sorted(specs()))
def test_every_hook_is_documented_in_full(hook: str) -> None:
    check_page(hook, inspect.getdoc(specs()[hook]) or "")


@pytest.mark.parametrize("hook", sorted(specs()))
def test_a_page_that_lacks_a_part_would_be_noticed(hook: str) -> None:
    page = inspect.getdoc(specs()[hook]) or ""
    for part in ("Called once", "thread", "f it raises", "@hookimpl", ".\n\n"):
        with pytest.raises(AssertionError):
            check_page(hook, page.replace(part, "..."))
    for page in ("", "Offer something.", "Observe something.\n\nCalled once."):
        with pytest.raises(AssertionError):
            check_page(hook, page)


def check_page(hook: str, page: str) -> None:
    """The manual page of a hook says all that an author needs."""
    first, blank, *_ = [*page.splitlines(), "", ""]
    assert first.startswith(("Offer ", "Observe ")), "the first line says what the hook is for"
    assert first.endswith(".")
    assert blank == ""
    assert "Called once" in page, "it says when the hook is called"
    assert "thread" in page, "it says in which thread"
    assert "if it raises" in " ".join(page.split()).lower(), "it says what becomes of an exception"
    assert f"@hookimpl\n    def {hook}(" in page, "it shows an example"
    assert len(page.split()) >= 35, "it is a manual page"
    if hook in KINDS.values():
        assert "Used by name: " in page, "it says how a config names what is offered"
    signature = inspect.signature(specs()[hook])
    assert (signature.return_annotation == "None") == (hook in OBSERVERS)
    assert len(signature.parameters) == (hook in OBSERVERS)
    for parameter in signature.parameters.values():
        assert f"`{parameter.annotation}`" in page, "it names the value that an observer is given"


# --- observers that break


@pytest.mark.parametrize("hook", OBSERVERS)
def test_an_observer_that_raises_is_named_once_and_muted(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nine.py").write_text(NINE.replace(f'    tell("{hook}"', f'    1 / 0\n    tell("{hook}"'), "utf-8")
    (tmp_path / "selfinstruct.toml").write_text(TOML, "utf-8")
    ended = command("generate", "--target", "3").done()
    message = f"warning: plugin 'nine' failed in {hook} and is not called again: ZeroDivisionError: division by zero"
    assert ended.err.count("ZeroDivisionError") == 1
    assert message in ended.err
    assert len(rows(Path("runs/default/machine_generated_instructions.jsonl"))) == 3
    sys.modules.pop("selfinstruct_plugin_nine", None)
