"""The LangChain backend: whatever `init_chat_model` gives, with its own retries and cache off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import httpx
from langchain.chat_models import init_chat_model
from pydantic import SecretStr

from selfinstruct.api import (
    Backend,
    Batches,
    Check,
    Diagnosis,
    Exchange,
    Fault,
    Json,
    ModelError,
    OpenAIBatches,
    Sampling,
    chat,
    offline_client,
)
from selfinstruct_langchain import LangChainOptions

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM

OTHER_NAMES = {
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "num_predict"),
    "stop": ("stop", "stop_sequences"),
    "timeout": ("timeout", "request_timeout", "default_request_timeout"),
}
"""What the standard parameters are called in the classes that do not take the standard names."""


class LangChainBackend(Backend):
    """A chat model of any provider.

    It closes the connections of completion models only: LangChain has no common way to, and some providers share one
    client between all their models.
    """

    def __init__(self, options: LangChainOptions) -> None:
        self.timeout = options.timeout
        self._options = options
        provider, _, name = options.model.partition(":")
        self._provider, self._name = provider.strip().lower(), name.strip()
        self._unsent: tuple[str, ...] = ()
        self._connections: list[httpx.AsyncClient] = []
        self._model: BaseChatModel | BaseLLM | None = None
        self._secrets = {options.api_key.get_secret_value()} if options.api_key else set()

    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """Build the provider's model twice: first to see which arguments its class takes, then with those."""
        return self._model_of(_accepted(type(self._build({}))), sampling, {})

    def offline_model(self, sampling: Sampling, exchange: Exchange) -> BaseChatModel | None:
        """The model of a provider whose client takes an HTTP client, which calls `exchange`; `None` of any other."""
        accepted = _accepted(type(self._build({})))
        if "http_client" not in accepted or self._options.completion:
            return None
        return cast("BaseChatModel", self._model_of(accepted, sampling, {"http_client": offline_client(exchange)}))

    def batches(self) -> Batches | None:
        """The batches of OpenAI, or of the server at `base_url`, by OpenAI's SDK."""
        client = getattr(self._build({"max_retries": 0}), "root_client", None) if self._provider == "openai" else None
        return OpenAIBatches(client) if client else None

    def _model_of(self, accepted: set[str], sampling: Sampling, clients: Mapping[str, Any]) -> BaseChatModel | BaseLLM:
        arguments, others = _sort(_requested(sampling), accepted)
        arguments |= _sort({"max_retries": 0, "timeout": self.timeout, "cache": False}, accepted)[0]
        if others and "model_kwargs" in accepted:  # by LangChain's custom, further fields of the request's body
            arguments["model_kwargs"] = others | self._options.kwargs.get("model_kwargs", {})
            others = {}
        self._unsent = tuple(others)
        if self._options.completion:
            self._connections.append(httpx.AsyncClient(timeout=self.timeout))
            arguments["http_async_client"] = self._connections[-1]
        model = self._build({**arguments, **clients})
        self._secrets |= _secrets_of(model)
        self._model = model
        return model

    def accepts_schema(self) -> bool:
        """Whether the profile of the provider's model, or its class, says that it takes a schema."""
        return chat.takes_schema(self._build({}))

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema as the provider's class takes it."""
        return chat.schema_arguments(self._model, schema)

    def _build(self, arguments: Mapping[str, Any]) -> BaseChatModel | BaseLLM:
        options, own = self._options, deepcopy(self._options.kwargs)  # some classes write into what they are given
        given: dict[str, Any] = {"base_url": options.base_url, "api_key": options.api_key}
        given = {name: value for name, value in given.items() if value is not None}
        given |= own | {name: value for name, value in arguments.items() if name not in own or name == "model_kwargs"}
        try:
            make = _completion_model if options.completion else init_chat_model
            model: BaseChatModel | BaseLLM = make(self._name, model_provider=self._provider, **given)
        except ImportError as error:
            raise self._missing(error) from None
        except Exception as error:
            if str(error).startswith("Unsupported provider"):
                known = str(error).partition("are: ")[2]
                raise ModelError(f"LangChain knows no provider '{self._provider}'", f"It knows: {known}") from None
            words = self._mask(chat.error_words(error))
            raise ModelError(
                f"LangChain could not make the model '{options.model}': {words}", "Check the backend's options and key."
            ) from None
        return model

    async def close(self) -> None:
        """Close the connections of the completion models made so far."""
        connections, self._connections = self._connections, []
        for connection in connections:
            await connection.aclose()

    def _missing(self, error: ImportError) -> ModelError:
        """Put LangChain's own sentence about a package that is not installed into the two parts of ours."""
        words = chat.error_words(error)
        head, found, tail = words.partition("`pip install ")
        hint = f"pip install {tail.partition('`')[0]}" if found else "Install the provider's LangChain package."
        sentence = head.partition(". ")[0] if found else words
        return ModelError(f"provider '{self._provider}' is not installed: {sentence}", hint)

    def read_error(self, error: Exception) -> Fault:
        """Sort an exception of any client, with the secrets that are known taken out of its words."""
        fault = chat.read_exception(error)
        return replace(fault, message=self._mask(fault.message))

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def describe(self) -> Mapping[str, Json]:
        """Provider and model, and which sampling settings its class cannot take."""
        facts: dict[str, Json] = {"provider": self._provider, "model": self._name}
        if self._unsent:
            facts["note"] = f"The provider's class does not take {', '.join(self._unsent)}, so the default holds."
        return facts

    def secrets(self) -> Sequence[str]:
        """The key, from the option or as the provider's class found it."""
        return tuple(sorted(self._secrets))

    def check(self) -> Diagnosis:
        """Look whether the model can be made; nothing is sent."""
        try:
            self.chat_model(Sampling())
        except ModelError as error:
            return Diagnosis((Check("model", False, error.message, error.hint),))
        return Diagnosis((Check("model", True, f"{self._provider}: {self._name} (the server was not asked)"),))


def _requested(sampling: Sampling) -> dict[str, Any]:
    requested = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "stop": list(sampling.stop) or None,
    }
    return {name: value for name, value in requested.items() if value is not None}


def _completion_model(name: str, model_provider: str, **given: Any) -> BaseLLM:
    """The client of the completions endpoint, as vLLM, llama.cpp and OpenAI have it."""
    if model_provider != "openai":
        raise ValueError(f"completion models are asked through the provider openai, not '{model_provider}'")
    model: BaseLLM = import_module("langchain_openai").OpenAI(model=name, **given)
    return model


def _accepted(kind: type[BaseChatModel | BaseLLM]) -> set[str]:
    """All names under which a model's class takes arguments; others it may ignore, or send to the server."""
    fields = kind.model_fields
    return set(fields) | {field.alias for field in fields.values() if field.alias}


def _sort(requested: Mapping[str, Any], accepted: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what is wished into arguments that the class takes, under its names, and the others."""
    arguments, others = {}, {}
    for name, value in requested.items():
        taken = next((other for other in OTHER_NAMES.get(name, (name,)) if other in accepted), None)
        if taken:
            arguments[taken] = value
        else:
            others[name] = value
    return arguments, others


def _secrets_of(model: BaseChatModel | BaseLLM) -> set[str]:
    values = (getattr(model, name, None) for name in type(model).model_fields)
    return {value.get_secret_value() for value in values if isinstance(value, SecretStr)} - {""}
