"""Completion models: the paper's recipe runs on them, and looks here at what arrived; other recipes refuse them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from langchain_core.language_models import LLM

from selfinstruct import ModelError, SelfInstruct
from selfinstruct.api import GENERATE
from selfinstruct.store import RunStore
from selfinstruct_paper.prompt import PaperTasksPrompt
from tests.command_line import command
from tests.servers.loopback import LoopbackServer, Received, Wire
from tests.servers.ollama_server import GENERATE as RAW
from tests.servers.ollama_server import OllamaAnswer, OllamaServer

from .test_client import phrase

PAPER = PaperTasksPrompt.sampling


def continuation(prompt: str) -> str:
    """Tasks that nobody has written before, in the form in which a base model continues the paper's list."""
    rng = Random(prompt)
    return "".join(f"\n{n}. Explain how {phrase(rng)} differs from {phrase(rng)}." for n in range(9, 16))[3:]


class CompletionsServer(LoopbackServer):
    """Has the completions endpoint of OpenAI's protocol, as vLLM and llama.cpp do, and nothing else.

    `is_silent` leaves out how many tokens were used.
    """

    is_silent = False

    def answer(self, wire: Wire, request: Received, n: int) -> None:
        del n
        if request.path != "/v1/completions":
            return wire.json({"error": {"message": "no such page"}}, 404)
        (prompt,) = request.json["prompt"]
        text = prompt + continuation(prompt) if request.json.get("echo") else continuation(prompt)
        choice = {"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}
        usage = {"prompt_tokens": 90, "completion_tokens": 60, "total_tokens": 150}
        body = {"id": "1", "object": "text_completion", "created": 1, "model": "base", "choices": [choice]}
        return wire.json(body if self.is_silent else {**body, "usage": usage})


class Continues(LLM):
    """A completion model that the caller built."""

    stops: list[Any] = []
    prompts: list[str] = []

    @property
    def _llm_type(self) -> str:
        return "continues"

    def _call(self, prompt: str, stop: list[str] | None = None, *_: Any, **__: Any) -> str:
        self.prompts.append(prompt)
        self.stops.append(stop)
        return continuation(prompt)


@pytest.fixture
def grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Grow ten instructions by the recipe `paper`; gives the run's folder."""
    monkeypatch.chdir(tmp_path)

    def generate(**given: Any) -> Path:
        run = SelfInstruct(out=tmp_path / "run", **{"recipe": "paper", **given})
        assert len(run.generate(10).instructions) == 10
        return tmp_path / "run"

    return generate


def test_a_completions_endpoint_gets_the_papers_prompt_and_sampling(grow: Callable[..., Path]) -> None:
    with CompletionsServer() as server:
        backend = {"backend.model": "openai:base", "backend.completion": True, "backend.api_key": "none"}
        out = grow(backend="langchain", settings={**backend, "backend.base_url": f"{server.url}/v1"})
        sent = server.requests[0]
    assert sent.path == "/v1/completions"
    assert sent.json["prompt"][0].startswith("Come up with a series of tasks:\n1. ")
    assert sent.json["prompt"][0].endswith("\n9.")
    named = ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty")
    assert {name: sent.json[name] for name in named} == {name: getattr(PAPER, name) for name in named}
    assert (sent.json["stop"], sent.json["model"]) == (list(PAPER.stop), "base")
    store = RunStore.open_readonly(out)
    _, _, reply = next(store.decisions_with_replies(GENERATE, "accepted"))
    store.close()
    assert (reply.finish, reply.usage.prompt_tokens, reply.usage.completion_tokens) == ("stop", 90, 60)


def test_a_server_that_does_not_count_tokens_is_read_as_any_other(grow: Callable[..., Path]) -> None:
    with CompletionsServer() as server:
        server.is_silent = True
        backend = {"backend.model": "openai:base", "backend.completion": True, "backend.api_key": "none"}
        out = grow(backend="langchain", settings={**backend, "backend.base_url": f"{server.url}/v1"})
    store = RunStore.open_readonly(out)
    totals = store.totals(GENERATE)
    store.close()
    assert (totals.failures, totals.accepted) == (0, 10)


def test_a_prompt_that_the_server_repeats_is_no_part_of_the_reply(grow: Callable[..., Path]) -> None:
    with CompletionsServer() as server:
        backend = {"backend.model": "openai:base", "backend.completion": True, "backend.api_key": "none"}
        kwargs = {"backend.kwargs": {"model_kwargs": {"echo": True}}}
        out = grow(backend="langchain", settings={**backend, **kwargs, "backend.base_url": f"{server.url}/v1"})
        assert server.requests[0].json["echo"] is True
    store = RunStore.open_readonly(out)
    _, _, reply = next(store.decisions_with_replies(GENERATE, "accepted"))
    store.close()
    assert "Come up with" not in reply.text


def test_ollamas_raw_mode_gets_the_papers_prompt_and_sampling(grow: Callable[..., Path]) -> None:
    with OllamaServer(lambda asked, _n: OllamaAnswer(continuation(asked["prompt"]))) as server:
        settings = {"backend.model": "llama3.1", "backend.raw": True, "backend.base_url": server.url}
        grow(backend="ollama", settings=settings)
        sent = server.sent_to(RAW)[0].json
        assert server.chats == []
    assert (sent["raw"], sent["prompt"].endswith("\n9.")) == (True, True)
    expected = {"temperature": 0.7, "top_p": 0.5, "num_predict": 1024, "presence_penalty": 2.0, "stop": [*PAPER.stop]}
    assert {name: sent["options"][name] for name in expected} == expected


def test_a_model_from_python_gets_the_papers_prompt_and_stop_sequences(grow: Callable[..., Path]) -> None:
    model = Continues()
    grow(model=model)
    assert model.prompts[0].endswith("\n9.")
    assert model.stops[0] == list(PAPER.stop)


def test_another_recipe_refuses_a_completion_model_in_one_sentence(grow: Callable[..., Path]) -> None:
    model = Continues()
    with pytest.raises(ModelError) as caught:
        grow(model=model, recipe="chat")
    assert caught.value.message == (
        "the model of generate is a completion model, and this recipe's prompts are conversations for chat models"
    )
    assert "--recipe paper" in caught.value.hint
    assert model.prompts == []


BASE = {
    "ollama": {"use": "ollama", "model": "llama3.1", "raw": True},
    "langchain": {"use": "langchain", "model": "openai:base", "completion": True, "api_key": "none"},
}


@pytest.mark.parametrize("stage", ["classify", "instances", "judge"])
@pytest.mark.parametrize("base", BASE)
def test_a_base_model_for_a_later_stage_is_refused_before_the_first_request_of_the_run(
    base: str, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with OllamaServer(lambda asked, _n: OllamaAnswer(continuation(str(asked)))) as server:
        address = server.url if base == "ollama" else f"{server.url}/v1"
        own = {f"{stage}.backend.{name}": value for name, value in {**BASE[base], "base_url": address}.items()}
        chat = {"backend.model": "llama3.1", "backend.base_url": server.url}
        rates = {"judge.enabled": True} if stage == "judge" else {}
        run = SelfInstruct(backend="ollama", out="run", settings={**chat, **own, **rates})
        with pytest.raises(ModelError, match=f"the model of {stage} is a completion model"):
            run.run(3)
        assert (server.chats, server.sent_to(RAW)) == ([], [])


def test_doctor_names_the_stage_whose_model_is_a_base_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with OllamaServer() as server:
        given = {"backend.model": "llama3.1", "backend.base_url": server.url, "instances.backend.use": "ollama"}
        given |= {"instances.backend.model": "llama3.1", "instances.backend.base_url": server.url}
        sets = [f"--set={name}={value}" for name, value in given.items()]
        shown = command("doctor", "--backend", "ollama", *sets, "--set=instances.backend.raw=true", "--out", "run")
        assert (shown.code, "the model of instances is a completion model" in shown.out) == (4, True), shown.out
