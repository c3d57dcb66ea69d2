"""Model objects in the runnables that LangChain puts around them: what reaches the server, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import Field

from selfinstruct import ModelError, SelfInstruct, UsageError
from selfinstruct.api import Json, Sampling
from selfinstruct.client.user_model import UserModel
from tests.servers.groq_server import GroqAnswer, GroqServer, error

STAGE = Sampling(temperature=0.8, max_tokens=77, stop=("END",))
TEMPERATURE = ConfigurableField(id="warmth")


@pytest.fixture
def server() -> Iterator[GroqServer]:
    """Speaks the chat completions of OpenAI's protocol too."""
    with GroqServer(lambda _asked, n: GroqAnswer(f"1. Describe river {n} in verse."), ["m"]) as started:
        yield started


def openai(server: GroqServer, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="m", api_key=server.key, base_url=f"{server.url}/openai/v1", max_retries=0, **settings)


def sent(server: GroqServer, given: Any) -> dict[str, Any]:
    """What the server gets in a call with the sampling of a stage."""
    UserModel(given).chat_model(STAGE).invoke("hello")
    body = server.chats[-1]
    return {
        name: body[name]
        for name in ("temperature", "max_tokens", "max_completion_tokens", "stop", "user")
        if name in body
    }


FROM_STAGE = {"temperature": 0.8, "max_completion_tokens": 77, "stop": ["END"]}


def test_a_model_and_a_backend_are_not_both_taken(server: GroqServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="both a model and a backend are given"):
        SelfInstruct(model=openai(server), backend="langchain", out=tmp_path / "run")


def test_the_sampling_of_a_stage_reaches_the_model_in_every_wrapper(server: GroqServer) -> None:
    model = openai(server)
    wrapped = {
        "none": model,
        "bind": model.bind(user="me"),
        "with_config": model.with_config(tags=["mine"]),
        "with_retry": model.with_retry(stop_after_attempt=2),
        "configurable_fields": model.configurable_fields(temperature=TEMPERATURE),
        "all": model.configurable_fields(temperature=TEMPERATURE).bind(user="me").with_retry().with_config(tags=["a"]),
    }
    found = {name: sent(server, one) for name, one in wrapped.items()}
    assert found == {name: FROM_STAGE | ({"user": "me"} if name in ("bind", "all") else {}) for name in wrapped}


@pytest.mark.parametrize("is_own", [True, False])
def test_a_refused_setting_is_changed_where_it_stands(server: GroqServer, tmp_path: Path, *, is_own: bool) -> None:
    server.reply = lambda _asked, _n: error(400, "Unsupported value: 'temperature' does not support this")
    model = openai(server, **({"temperature": 0.3} if is_own else {}))
    with pytest.raises(ModelError, match="does not take temperature") as caught:
        SelfInstruct(model=model, out=tmp_path / "run").generate(1)
    assert ("Make the model object with another temperature, or without it." in caught.value.hint) == is_own
    assert ("--set generate.sampling.temperature=unset" in caught.value.hint) != is_own


def test_what_the_caller_gave_in_a_wrapper_is_kept(server: GroqServer) -> None:
    model = openai(server)
    configurable = model.configurable_fields(temperature=TEMPERATURE)
    chosen = configurable.with_config(configurable={"warmth": 0.1})
    alternatives = model.configurable_alternatives(ConfigurableField(id="which"), cold=openai(server, temperature=0.2))
    assert sent(server, model.bind(temperature=0.3, stop=["."])) == FROM_STAGE | {"temperature": 0.3, "stop": ["."]}
    assert sent(server, model.bind(max_tokens=5).with_retry())["max_completion_tokens"] == 5
    assert sent(server, chosen) == FROM_STAGE | {"temperature": 0.1}
    assert sent(server, alternatives.with_config(configurable={"which": "cold"})) == FROM_STAGE | {"temperature": 0.2}
    assert sent(server, openai(server, temperature=1.5)) == FROM_STAGE | {"temperature": 1.5}


def test_a_sampling_that_the_caller_sets_for_a_stage_comes_before_that_of_the_model(
    server: GroqServer, tmp_path: Path
) -> None:
    settings = {"generate.sampling.temperature": 0.1, "generate.filters": []}
    for given in (openai(server, temperature=1.5, max_tokens=9), openai(server).bind(temperature=1.5, max_tokens=9)):
        SelfInstruct(model=given, out=tmp_path / str(len(server.chats)), settings=settings).generate(1)
        body = server.chats[-1]
        assert (body["temperature"], body["max_completion_tokens"]) == (0.1, 9)


class CustomModel(BaseChatModel):
    """A model of the user's own, whose temperature is an argument of a call and no field."""

    got: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "custom"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any) -> ChatResult:
        self.got.append(more.get("temperature"))
        return ChatResult(generations=[ChatGeneration(message=AIMessage("1. Describe a river in verse."))])


def test_a_set_value_takes_the_place_of_a_bound_one_that_is_no_field(tmp_path: Path) -> None:
    model = CustomModel()
    settings = {"generate.sampling.temperature": 0.9, "generate.filters": []}
    SelfInstruct(model=model.bind(temperature=0.1), out=tmp_path / "set", settings=settings).generate(1)
    SelfInstruct(model=model.bind(temperature=0.1), out=tmp_path / "bound").generate(1)
    assert set(model.got) == {0.9, 0.1}


def test_retries_of_a_wrapper_are_left_out_and_the_run_says_so(server: GroqServer) -> None:
    backend = UserModel(openai(server).with_retry())
    assert isinstance(backend.chat_model(STAGE), ChatOpenAI)
    assert "with_retry" in backend.describe()["note"]
    assert backend.describe()["model"] == "m"


def test_a_schema_reaches_a_wrapped_model_unless_the_caller_bound_another_form(server: GroqServer) -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    wrapped = UserModel(openai(server).with_retry().bind(user="me"))
    assert wrapped.accepts_schema()
    wrapped.chat_model(STAGE).invoke("hello", **wrapped.schema_arguments(schema))
    assert server.chats[-1]["response_format"]["json_schema"]["schema"] == schema
    assert not UserModel(openai(server).bind(response_format={"type": "json_object"})).accepts_schema()


def test_a_model_of_another_class_gets_its_own_names() -> None:
    model = UserModel(ChatOllama(model="m").bind(tools=[]).with_retry()).chat_model(STAGE)
    inner: Any = getattr(model, "bound", model)
    assert (inner.temperature, inner.num_predict, inner.stop) == (0.8, 77, ["END"])


def test_a_key_that_is_bound_is_a_secret(server: GroqServer) -> None:
    backend = UserModel(openai(server).bind(extra_headers={"Authorization": "Bearer sk-of-a-proxy-1234"}))
    assert any("sk-of-a-proxy-1234" in secret for secret in backend.secrets())


def test_the_price_of_a_model_at_another_address_is_not_known(server: GroqServer) -> None:
    billed = UserModel(openai(server).with_retry()).billed_model()
    assert billed is not None
    assert (billed.provider, billed.model, billed.address) == ("openai", "m", f"{server.url}/openai/v1")


def test_a_runnable_without_a_single_model_is_refused_in_a_sentence(server: GroqServer, tmp_path: Path) -> None:
    model = openai(server)
    refused: list[tuple[Any, str]] = [
        (model.with_fallbacks([model]), "RunnableWithFallbacks"),
        (model | RunnableLambda(str), "RunnableSequence"),
        (model.with_structured_output({"title": "a", "type": "object", "properties": {}}), "RunnableSequence"),
        ("gpt-4o-mini", "str"),
    ]
    for given, name in refused:
        with pytest.raises(UsageError, match=f"takes one LangChain chat model, not {name}"):
            SelfInstruct(model=given, out=tmp_path / "run")
    with pytest.raises(UsageError, match="FakeListLLM is a completion model, to whose calls nothing can be bound"):
        SelfInstruct(model=FakeListLLM(responses=["a"]).bind(stop=["."]), out=tmp_path / "run")
    assert not server.chats
