"""The Ollama backend: ChatOllama with a timeout, a fixed context, and a check of the server before the run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
from langchain_ollama import ChatOllama, OllamaLLM
from ollama import ResponseError

from selfinstruct.api import (
    Backend,
    Busy,
    Check,
    Completion,
    Diagnosis,
    Fault,
    Json,
    Limits,
    ModelError,
    Sampling,
    Unusable,
    chat,
    mask_secrets,
)
from selfinstruct_ollama import OllamaOptions
from selfinstruct_ollama.server import OllamaApi, find_address, usual_context

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatResult

CONNECT_SECONDS = 10.0
CONNECTIONS = httpx.Limits(max_connections=1000, max_keepalive_connections=200)
SENT = "prompt_characters"
FEWEST, MOST = 2.5, 6.0
"""Characters that a token stands for at the least, and at the most, in a prompt of words."""

NO_THOUGHTS = "Leave out backend.reasoning, or choose a model that thinks."
CANNOT_THINK = re.compile(r"does not support thinking", re.IGNORECASE)
NO_MEMORY = re.compile(r"more system memory|out of memory|(unable|failed) to allocate", re.IGNORECASE)
"""In the words of a server whose memory, or that of its GPU, is too small for the model and its context."""


class NonStreamingChatOllama(ChatOllama):
    """ChatOllama without streaming, because a stream costs the client a message object per token."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = await super()._agenerate(messages, stop, run_manager, **{"stream": False, **kwargs})
        sent = sum(len(str(message.content)) for message in messages)
        for generation in result.generations:
            generation.message.response_metadata[SENT] = sent
        return result


class RawOllama(OllamaLLM):
    """Continues a text in Ollama's raw mode, without a chat template; sends penalties, which its parent does not."""

    frequency_penalty: float | None = None
    presence_penalty: float | None = None

    def _generate_params(self, prompt: str, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        sent = super()._generate_params(prompt, stop, **kwargs)
        sent["options"].frequency_penalty = self.frequency_penalty
        sent["options"].presence_penalty = self.presence_penalty
        return {**sent, "raw": True}


class OllamaBackend(Backend):
    """Chat models on an Ollama server."""

    local = True

    def __init__(self, options: OllamaOptions) -> None:
        self.timeout, self.continues_text = options.timeout, options.raw
        self._options = options
        self._address = find_address(options.base_url)
        given = options.api_key.get_secret_value() if options.api_key else os.environ.get("OLLAMA_API_KEY", "")
        self._key = given.strip()
        self._server = OllamaApi(self._address, self._key)
        self._num_ctx = options.num_ctx
        self._longest = 0
        self._version = ""
        self._thinks = False
        self._here: list[str] = []
        self._unsent: tuple[str, ...] = ()
        self._models: list[ChatOllama | OllamaLLM] = []

    # --- the model ----------------------------------------------------------------------------------------------------

    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """Check that the server runs and has the model, and create a client for its chat, or for its raw mode."""
        self._inspect()
        kind = RawOllama if self._options.raw else NonStreamingChatOllama
        model: ChatOllama | OllamaLLM = kind(**self._arguments(sampling, kind))
        self._models.append(model)
        return model

    def accepts_schema(self) -> bool:
        """Whether the server keeps the model to a schema: it can with every model that does not think first."""
        self._inspect()
        return not self._thinks or self._options.reasoning is False

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema as Ollama's `format`."""
        return {"format": dict(schema)}

    def _inspect(self) -> None:
        """Learn version, models and the model's facts; raises `ModelError` if server or model is not there."""
        self._version = self._server.version()
        self._here = self._server.models()
        facts = self._server.show(self._options.model)
        length, self._thinks = facts.context_length, bool(facts.thinks)
        name = self._options.model
        if length is None and name not in self._here and f"{name}:latest" not in self._here:
            raise ModelError(f"the Ollama server at {self._address.url} has no model '{name}'", self._pull_hint())
        if self._options.reasoning and facts.thinks is False:
            raise ModelError(f"the model '{name}' cannot think, and backend.reasoning asks it to", NO_THOUGHTS)
        if self._options.num_ctx is None:
            self._num_ctx = usual_context(self._longest, length)

    def _arguments(self, sampling: Sampling, kind: type[ChatOllama | OllamaLLM]) -> dict[str, Any]:
        penalties = {
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
        }
        wished = _set(penalties)
        sendable = {name: value for name, value in wished.items() if name in kind.model_fields}
        self._unsent = tuple(name for name, value in wished.items() if value and name not in sendable)
        given = {
            "model": self._options.model,
            "base_url": self._address.url,
            "num_ctx": self._num_ctx,
            "num_predict": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "keep_alive": self._options.keep_alive,
            "reasoning": self._options.reasoning,
            "cache": False,
            "client_kwargs": {
                "timeout": httpx.Timeout(self.timeout, connect=min(CONNECT_SECONDS, self.timeout), pool=None),
                "trust_env": not self._address.is_local,
                "auth": self._server.auth,
            },
            "async_client_kwargs": _transport(trust_env=not self._address.is_local),
        }
        return _set(given) | sendable

    def _pull_hint(self) -> str:
        pull = f"Get it with: ollama pull {self._options.model}"
        return (
            f"{pull}\nThe server has: {', '.join(self._here)}" if self._here else f"{pull}\nThe server has no models."
        )

    async def close(self) -> None:
        """Close the connections of all models created so far."""
        models, self._models = self._models, []
        for model in models:
            clients: tuple[Any, Any] = (model._client, model._async_client)  # ChatOllama has no method to close them
            clients[0].close()
            await clients[1].close()

    # --- what came back -----------------------------------------------------------------------------------------------

    def read_reply(self, message: BaseMessage) -> Completion:
        """Read a reply. Raises `ConnectionError` if it ended before the server said that it was complete."""
        if (message.response_metadata or {}).get("done") is not True:
            raise ConnectionError("Ollama's answer broke off before its end")
        completion = chat.read_message(message)
        if self._looks_cut(completion.usage.prompt_tokens, message.response_metadata.get(SENT, 0)):
            return replace(completion, details={**completion.details, "prompt_cut": True, "num_ctx": self._num_ctx})
        return completion

    def _looks_cut(self, prompt_tokens: int | None, sent: int) -> bool:
        """Whether a prompt of so many characters was longer than the context, and the server read less than that.

        It cuts in silence: whole messages first, then to the half of the context and a token or three.
        """
        if not prompt_tokens or not self._num_ctx:
            return False
        half = self._num_ctx // 2
        return half < prompt_tokens <= half + 3 or (sent > FEWEST * self._num_ctx and sent > MOST * prompt_tokens)

    def read_error(self, error: Exception) -> Fault:
        """Sort an exception of the client by the server's words, then by its HTTP status."""
        words, status = self._mask(_server_message(error)), chat.status_of(error)
        if status == 404:
            return Unusable(f"Ollama at {self._address.url} answered HTTP 404: {words}", self._pull_hint())
        if NO_MEMORY.search(words):
            hint = "Take a smaller model or a lower num_ctx, or end other programs that use the memory."
            return Unusable(f"the model does not fit into memory: {words}", hint)
        if CANNOT_THINK.search(words):
            return Unusable(f"Ollama at {self._address.url} refuses: {words}", NO_THOUGHTS)
        if isinstance(error, ResponseError) and status is None:
            return Busy(f"Ollama broke off its answer: {words}")
        if isinstance(error, httpx.TransportError):
            return Busy(f"no answer from {self._address.url}: {self._mask(chat.error_summary(error))}")
        fault = chat.read_exception(error)
        return replace(fault, message=self._mask(fault.message))

    def _mask(self, text: str) -> str:
        return mask_secrets(text, self.secrets())

    # --- what is known ------------------------------------------------------------------------------------------------

    def limits(self) -> Limits:
        """The number of requests that are sent at once, and the context. An Ollama server has no other limits."""
        return Limits(concurrency=self._options.concurrency, context=self._num_ctx)

    def describe(self) -> Mapping[str, Json]:
        """The model, the address, the context length, and the version of the server if it is known."""
        facts: dict[str, Json] = {
            "provider": "ollama",
            "model": self._options.model,
            "base_url": self._address.url,
            "num_ctx": self._num_ctx,
        }
        if self._version:
            facts["version"] = self._version
        notes = []
        if self._unsent:
            notes.append(f"ChatOllama cannot send {' and '.join(self._unsent)}, so the server's own values hold.")
        if self._thinks and self._options.reasoning is not False:
            notes.append(
                "This model thinks before it answers: its thoughts count as reply tokens, and it takes no JSON schema."
            )
        return facts | ({"note": " ".join(notes)} if notes else {})

    def secrets(self) -> Sequence[str]:
        """The key, and the password inside the address, if there are any."""
        return tuple(text for text in (self._key, self._address.password) if text)

    def check(self) -> Diagnosis:
        """Check that the server runs and has the model."""
        try:
            version = self._server.version()
        except ModelError as error:
            return Diagnosis((Check("server", False, error.message, error.hint),))
        server = Check("server", True, f"Ollama {version} at {self._address.url}")
        try:
            self._inspect()
        except ModelError as error:
            return Diagnosis((server, Check("model", False, error.message, error.hint)))
        model = Check("model", True, f"{self._options.model}, asked for a context of {self._num_ctx} tokens")
        return Diagnosis((server, model))

    def make_room(self, tokens: int) -> None:
        """Ask for a context that holds so many tokens, unless the option `num_ctx` names one."""
        self._longest = tokens


def _transport(trust_env: bool) -> dict[str, Any]:
    """An httpx transport over aiohttp if it is installed, because httpx's own pool is slow with many connections."""
    try:
        from httpx_aiohttp import AiohttpTransport
    except ImportError:
        return {}
    return {"transport": AiohttpTransport(trust_env=trust_env, limits=CONNECTIONS)}


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _server_message(error: Exception) -> str:
    """The message of the server, without the status that the client appends."""
    if not isinstance(error, ResponseError):
        return chat.error_words(error)
    body: object = error.error  # may be any JSON value
    inner = body.get("message", body) if isinstance(body, Mapping) else body
    return " ".join(str(inner).split())
