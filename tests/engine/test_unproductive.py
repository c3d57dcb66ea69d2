"""A stage whose replies bring nothing ends soon and names the fix; a good reply now and then is enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from selfinstruct import SelfInstruct
from selfinstruct.engine.unproductive import FIRST, LATER
from selfinstruct.errors import ModelError
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY
from tests.servers.groq_server import GroqAnswer, completion, error
from tests.servers.ollama_server import OllamaAnswer, OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.provider import Provider

LISTS = Provider(tasks=3)
ALOUD = (
    "Okay, the user wants new tasks. They could be on many things:\n1. Write a poem about the {0} leaves of autumn.\n"
    "2. Compute the area of a circle with radius {0}.\nBut wait, at most one of them may be a classification task, so I"
)


def grow(server: OpenAIServer, out: Path, target: int = 30, **settings: Any) -> None:
    where = {"backend.base_url": f"{server.url}/v1", "backend.model": "openai:tiny", "backend.api_key": "none"}
    SelfInstruct(backend="langchain", out=out, settings={**where, **settings}).generate(target)


def calls_tool(asked: dict[str, Any], _n: int) -> dict[str, Any]:
    body = completion(GroqAnswer(""), asked["model"])
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    body["choices"][0] |= {
        "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": None, "tool_calls": [call]},
    }
    return body


@pytest.mark.parametrize(
    ("reply", "cause", "fix"),
    [
        (
            lambda _a, _n: GroqAnswer(None, "length"),
            "spent its 1,280 tokens on thinking",
            "lower the model's reasoning",
        ),
        (
            lambda _a, _n: GroqAnswer("<think>Well, first", "length"),
            "on thinking",
            "Raise generate.sampling.max_tokens",
        ),
        (
            lambda _a, _n: GroqAnswer("{" + "\n" * 900, "length"),
            "1,280 tokens of white space",
            "ask without a schema: --set run.structured=false",
        ),
        (lambda _a, _n: "{}", "it was empty", "Try the model by hand"),
        (lambda _a, _n: '```json\n{"1": "", "2": " ", "3": null}\n```', "it was empty", "Try the model by hand"),
        (lambda _a, _n: '{"1": 1, "2": -0.5}', "JSON without a text", "Try the model by hand"),
        (lambda _a, _n: "<think>1. Write a poem.", "it was thinking without an answer", "Lower the model's reasoning"),
        (lambda _a, _n: GroqAnswer("", usage=(20, 900)), "thinking without an answer", "Lower the model's reasoning"),
        (
            lambda _a, n: GroqAnswer(f"<ponder>{ALOUD.format(n)}", "length"),
            "on thinking",
            "lower the model's reasoning",
        ),
        (lambda _a, n: GroqAnswer(ALOUD.format(n), "length"), "on thinking", "lower the model's reasoning"),
        (lambda _a, _n: GroqAnswer(" \n" * 600, "length"), "it is 1,280 tokens of white space", "run.structured=false"),
        (lambda _a, _n: GroqAnswer("1. Describe the", "length"), "ended before one item was whole", "max_tokens"),
        (lambda _a, _n: GroqAnswer(""), "it was empty", "Try the model by hand"),
        (lambda _a, _n: GroqAnswer("", "content_filter"), "withheld", "Choose another model or provider"),
        (calls_tool, "called a tool", "switch its tools off"),
    ],
    ids=[
        "no text",
        "thoughts",
        "blank JSON",
        "empty JSON",
        "JSON of blanks",
        "JSON of numbers",
        "only thoughts",
        "thoughts that are not sent",
        "unknown wrapper",
        "aloud",
        "blank",
        "cut",
        "empty",
        "withheld",
        "tool",
    ],
)
@pytest.mark.parametrize("concurrency", [1, 64])
def test_nothing_but_such_replies_costs_a_few_requests(
    reply: Any, cause: str, fix: str, concurrency: int, tmp_path: Path
) -> None:
    with OpenAIServer(reply) as server:
        with pytest.raises(ModelError, match=cause) as caught:
            grow(server, tmp_path, **{"run.lookahead": 64, "run.concurrency": concurrency})
        assert len(server.chats) <= FIRST <= 10
    assert fix in caught.value.hint
    assert caught.value.exit_code == 4


def test_a_good_reply_now_and_then_is_enough(tmp_path: Path) -> None:
    def one_in_six(asked: dict[str, Any], n: int) -> GroqAnswer:
        return GroqAnswer(LISTS.text(json.dumps(asked["messages"]))) if n % 6 == 5 else GroqAnswer(None, "length")

    with OpenAIServer(one_in_six) as server:
        grow(server, tmp_path, target=9)
        assert len(server.chats) > 2 * FIRST


@pytest.mark.parametrize("lookahead", [1, 16])
def test_a_model_that_answers_nothing_after_one_good_reply_costs_a_few_requests_more(
    lookahead: int, tmp_path: Path
) -> None:
    def once(asked: dict[str, Any], n: int) -> GroqAnswer:
        return GroqAnswer(None, "length") if n else GroqAnswer(LISTS.text(json.dumps(asked["messages"])))

    with OpenAIServer(once) as server:
        with pytest.raises(ModelError, match=f"each of the last {LATER} replies") as caught:
            grow(server, tmp_path, **{"run.lookahead": lookahead, "run.concurrency": lookahead})
        assert len(server.chats) <= 1 + max(LATER, lookahead)
    assert "in another --out" in caught.value.hint


def test_a_model_that_has_come_back_after_many_such_replies_gets_twice_as_many(tmp_path: Path) -> None:
    """Good replies after none, 8, 14 and 20 bad ones."""

    def now_and_then(asked: dict[str, Any], n: int) -> GroqAnswer:
        is_good = n in (0, 9, 24, 45)
        return GroqAnswer(LISTS.text(json.dumps(asked["messages"]))) if is_good else GroqAnswer(None, "length")

    with OpenAIServer(now_and_then) as server:
        grow(server, tmp_path, target=12, **{"run.lookahead": 1})
        assert len(server.chats) == 46


def test_the_fix_works_in_the_same_folder(tmp_path: Path) -> None:
    def thinks(asked: dict[str, Any], _n: int) -> GroqAnswer:
        enough = asked["max_completion_tokens"] >= 4000
        return GroqAnswer(LISTS.text(json.dumps(asked["messages"]))) if enough else GroqAnswer(None, "length")

    with OpenAIServer(thinks) as server:
        with pytest.raises(ModelError, match="on thinking"):
            grow(server, tmp_path, target=6)
        grow(server, tmp_path, target=6, **{"generate.sampling.max_tokens": 4000})
        assert len(server.chats) <= 2 * FIRST + 2


def test_a_short_stage_without_a_good_reply_ends_in_the_same_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def only_tasks(asked: dict[str, Any], _n: int) -> GroqAnswer:
        words = asked["messages"][-1]["content"]
        return GroqAnswer(None, "length") if words.startswith("Tasks:") else GroqAnswer(LISTS.text(words))

    with OpenAIServer(only_tasks) as server:
        grow(server, tmp_path, target=6)
        with pytest.raises(ModelError, match="the last 2 replies brought nothing: the model spent its 900 tokens"):
            SelfInstruct(out=tmp_path).classify()


@pytest.mark.parametrize("fault", [GroqAnswer(None, "length"), error(400, "bad words")], ids=["empty", "failed"])
def test_what_was_asked_in_vain_is_asked_again_however_often_that_is(
    fault: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")

    def answers(asked: dict[str, Any], _n: int) -> Any:
        words = asked["messages"][-1]["content"]
        if not words.startswith("Tasks:"):
            return GroqAnswer(LISTS.text(words))
        return GroqAnswer("1. no\n2. no\n3. yes") if asked["max_completion_tokens"] >= 4000 else fault

    with OpenAIServer(answers) as server:
        grow(server, tmp_path, target=3)
        for _ in range(3):
            with pytest.raises(ModelError, match=r"brought nothing|all failed"):
                SelfInstruct(out=tmp_path).classify()
        SelfInstruct(out=tmp_path, settings={"classify.sampling.max_tokens": 4000}).classify()
    store = RunStore.open_readonly(tmp_path)
    try:
        assert [label for _, label in store.asked_about(CLASSIFY).values()] == ["no", "no", "yes"]
    finally:
        store.close()


def test_prompts_that_ollama_cuts_end_the_run(tmp_path: Path) -> None:
    def cut(asked: dict[str, Any], _n: int) -> OllamaAnswer:
        return OllamaAnswer(LISTS.text(json.dumps(asked["messages"])), usage=(2050, 30))

    with OllamaServer(cut) as server:
        settings = {"backend.base_url": server.url, "backend.num_ctx": 4096}
        with pytest.raises(ModelError, match="the server cut the prompt") as caught:
            SelfInstruct(backend="ollama", out=tmp_path, settings=settings).generate(100)
        assert len(server.chats) <= FIRST
    assert "num_ctx" in caught.value.hint


def test_a_context_that_doctor_calls_too_small_is_refused_before_the_first_request(tmp_path: Path) -> None:
    with OllamaServer(lambda asked, _n: LISTS.text(json.dumps(asked["messages"]))) as server:
        settings = {"backend.base_url": server.url, "backend.num_ctx": 200}
        with pytest.raises(ModelError, match="the model's context is 200 tokens") as caught:
            SelfInstruct(backend="ollama", out=tmp_path, settings=settings).generate(3)
        assert server.chats == []
    assert "[generate.sampling] max_tokens" in caught.value.hint


def test_a_run_asks_ollama_for_the_smallest_usual_context_that_holds_its_requests(tmp_path: Path) -> None:
    with OllamaServer(lambda asked, _n: LISTS.text(json.dumps(asked["messages"]))) as server:
        for number, (tokens, context) in enumerate([(1000, 4096), (7000, 8192)]):
            settings = {"backend.base_url": server.url, "generate.sampling.max_tokens": tokens}
            SelfInstruct(backend="ollama", out=tmp_path / str(number), settings=settings).generate(3)
            assert server.chats[-1]["options"]["num_ctx"] == context


@pytest.mark.parametrize(("reasoning", "takes"), [(None, False), (True, False), (False, True)])
def test_ollama_says_that_a_model_thinks_and_takes_no_schema_then(reasoning: bool | None, takes: bool) -> None:
    from selfinstruct.api import Sampling
    from selfinstruct_ollama import OllamaOptions, build

    with OllamaServer() as server:
        server.capabilities = ["completion", "thinking"]
        backend = build(OllamaOptions(base_url=server.url, reasoning=reasoning))
        assert backend.accepts_schema() is takes
        backend.chat_model(Sampling())
        assert ("thinks before it answers" in str(backend.describe().get("note", ""))) is not takes
