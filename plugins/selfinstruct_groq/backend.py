"""The Groq backend: ChatGroq without its own retries, limits from response headers, and readable errors."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
from groq import APIConnectionError
from pydantic import SecretStr, ValidationError

from selfinstruct.api import (
    Backend,
    Batches,
    BilledModel,
    Busy,
    Check,
    Completion,
    ConfigError,
    Diagnosis,
    Exchange,
    Fault,
    Json,
    Limits,
    ModelError,
    OpenAIBatches,
    Rejected,
    Sampling,
    Unusable,
    Window,
    chat,
    mask_secrets,
    offline_client,
)
from selfinstruct_groq import GroqOptions, settings
from selfinstruct_groq.chat_model import CUT_JSON, SCHEMA_MISSED, CutJsonChatGroq
from selfinstruct_groq.clients import GroqClients
from selfinstruct_groq.limits import scope_from_error, window_from_error, windows_in
from selfinstruct_groq.models import LLAMA_3, MODEL_GONE, STRICT_SCHEMA, SUCCESSORS, TRIES_SCHEMA

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

NEEDS_ACCOUNT_OWNER = ("organization_restricted", "model_terms_required", "model_permission_blocked_org")
MOST_STOPS = 4
BATCH_SECONDS = 600.0
"""Seconds that the upload or download of a batch's file may take."""


class GroqBackend(Backend):
    """Chat models on Groq. Knowledge about limits and models is kept from stage to stage."""

    def __init__(self, options: GroqOptions) -> None:
        self.timeout = options.timeout
        self._options = options
        self._key = settings.find_key(options.api_key)
        self._refused_hint = settings.refused_hint(options.api_key)
        self._address = settings.find_address(options.base_url)
        self._model = ""
        self._offered: tuple[str, ...] = ()
        self._contexts: dict[str, int] = {}
        self._dropped_stops = 0
        self._windows: dict[tuple[str, int], Window] = {}
        self._answered = False
        self._clients = GroqClients(self._address, self._key, self.timeout)

    # --- the model ----------------------------------------------------------------------------------------------------

    def chat_model(self, sampling: Sampling) -> BaseChatModel:
        """Choose a model that Groq offers to the account, and create a client for it."""
        settings.require_key(self._key)  # a client cannot even be made with a key that no header takes
        return self._build(
            sampling, http_client=self._clients.open_sync(), async_client=self._clients.open_async(self._learn)
        )

    def offline_model(self, sampling: Sampling, exchange: Exchange) -> BaseChatModel:
        """The same client, which calls `exchange` in place of Groq."""
        return self._build(sampling, http_client=self._clients.keep(offline_client(exchange)))

    @property
    def takes_batches(self) -> bool:
        """Groq does."""
        return True

    def batches(self) -> Batches:
        """Groq's batches, by its own SDK."""
        return OpenAIBatches(self._clients.open_sdk(BATCH_SECONDS))

    def _build(self, sampling: Sampling, **clients: Any) -> CutJsonChatGroq:
        settings.require_key(self._key)
        if not self._model:
            self._model = self._choose()
        try:
            return CutJsonChatGroq(**self._arguments(sampling), **clients)
        except ValidationError as error:
            raise ConfigError(f"backend.extra_body: {error.errors()[0]['msg']}") from None

    def _arguments(self, sampling: Sampling) -> dict[str, Any]:
        options = self._options
        body = {
            "top_p": sampling.top_p,
            "frequency_penalty": sampling.frequency_penalty,
            "presence_penalty": sampling.presence_penalty,
        }
        self._dropped_stops = max(0, len(sampling.stop) - MOST_STOPS)
        given = {
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop[:MOST_STOPS]) or None,
            "reasoning_effort": options.reasoning_effort or ("low" if "gpt-oss" in self._model else None),
            "reasoning_format": options.reasoning_format,
            "model": self._model,
            "api_key": SecretStr(self._key),
            "base_url": self._address,
            "timeout": self._clients.timeouts(),
            "service_tier": options.service_tier,
            "max_retries": 0,
            "cache": False,
            "model_kwargs": _set(body) | options.extra_body,
        }
        return _set(given)

    def accepts_schema(self) -> bool:
        """Whether Groq's documentation names the chosen model among those that take a schema."""
        settings.require_key(self._key)
        self._model = self._model or self._choose()
        return self._model in (*STRICT_SCHEMA, *TRIES_SCHEMA)

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema in OpenAI's form, strict where the model can be."""
        return chat.response_format(schema, strict=self._model in STRICT_SCHEMA)

    def _choose(self) -> str:
        wanted = self._options.model
        try:
            self._offered = self._list_models()
        except (httpx.HTTPError, ValueError) as error:
            if wanted != "auto":
                return wanted  # the requests will show the problem, and wait until it is over
            raise ModelError(
                f"Groq's models could not be listed at {self._address}: {self._mask(chat.error_summary(error))}",
                "Check the network and base_url, or name a model in place of 'auto'.",
            ) from None
        return self._pick()

    def _pick(self) -> str:
        wanted = self._options.model
        if wanted in self._offered:
            return wanted
        if wanted != "auto":
            raise ModelError(self._not_offered(wanted), self._offer_hint())
        for name in (*LLAMA_3, *SUCCESSORS):
            if name in self._offered:
                return name
        raise ModelError("Groq offers this account none of the models that 'auto' chooses from", self._offer_hint())

    def _list_models(self) -> tuple[str, ...]:
        """The models of the account. Raises `ModelError` if Groq refuses the key, and other errors of httpx."""
        headers = {"Authorization": f"Bearer {self._key}"}
        with self._clients.new(httpx.Client) as client:
            answer = client.get(f"{self._address}/openai/v1/models", headers=headers)
        if answer.status_code in (401, 403):
            raise ModelError(f"Groq refused the key (HTTP {answer.status_code})", self._refused_hint)
        if answer.status_code != 200:
            raise httpx.HTTPError(f"HTTP {answer.status_code}")
        try:
            rows = [row for row in answer.json()["data"] if row.get("active", True)]
            self._contexts = {row["id"]: row["context_window"] for row in rows if row.get("context_window")}
            return tuple(sorted(row["id"] for row in rows))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError("the answer is not a list of models") from None

    def _not_offered(self, name: str) -> str:
        return f"Groq does not offer the model '{name}' to this account"

    def _offer_hint(self) -> str:
        if not self._offered:
            return "Set model to 'auto' or to a model listed at https://console.groq.com/docs/models"
        return f"Set model to 'auto' or to one that it offers: {', '.join(self._offered)}"

    async def _learn(self, response: httpx.Response) -> None:
        if response.request.url.path.endswith("/chat/completions"):
            self._answered = True
            for window in windows_in(response.headers, time.monotonic()):
                self._windows[window.what, window.seconds] = window

    async def close(self) -> None:
        """Close the connections of all models created so far."""
        await self._clients.close()

    # --- what came back -----------------------------------------------------------------------------------------------

    def read_reply(self, message: BaseMessage) -> Completion:
        """Read the reply, with the fingerprint of the system that wrote it."""
        read, facts = chat.read_message(message), message.response_metadata
        details = {name: facts[name] for name in ("system_fingerprint", CUT_JSON) if facts.get(name)}
        return replace(read, details={**read.details, **details}) if details else read

    def read_error(self, error: Exception) -> Fault:
        """Sort an exception of the client by Groq's own codes and words, then by its HTTP status."""
        status, code, words = chat.status_of(error), chat.code_of(error), self._words(error)
        if window := window_from_error(words):
            self._windows.setdefault((window.what, window.seconds), window)
        if status == 401:
            return Unusable(f"Groq refused the key (HTTP 401): {words}", self._refused_hint)
        if code in MODEL_GONE:
            return Unusable(f"{self._not_offered(self._model)} (HTTP {status}): {words}", self._offer_hint())
        if code in NEEDS_ACCOUNT_OWNER:
            return Unusable(f"Groq refuses this account (HTTP {status}): {words}", "See https://console.groq.com")
        if code == SCHEMA_MISSED:
            message = "the reply is not the JSON that was asked for; a run with run.structured=false asks for none"
            return Rejected(f"{message} (HTTP {status}): {words}", is_unexplained=True)
        if status == 413:
            return Rejected(
                f"the request is larger than Groq allows; lower max_tokens (HTTP 413): {words}", is_too_long=True
            )
        if status in (429, 498):
            message = f"HTTP {status}: {words}"
            return Busy(message, chat.retry_after(error), scope_from_error(words), too_many_requests=True)
        if isinstance(error, APIConnectionError):
            return Busy(f"no answer from {self._address}: {self._mask(chat.error_summary(_root(error)))}")
        fault = chat.read_exception(error, {"refused": self._refused_hint})
        if isinstance(fault, Rejected) and "not supported with this model" in words:
            return Unusable(f"the model does not take an option (HTTP 400): {words}", "Change the backend's options.")
        return replace(fault, message=self._mask(fault.message))

    def _words(self, error: BaseException) -> str:
        return self._mask(chat.error_words(error))

    def _mask(self, text: str) -> str:
        return re.sub(r"\borg_\w+", "org_***", mask_secrets(text, self.secrets()))

    # --- what is known ------------------------------------------------------------------------------------------------

    def limits(self) -> Limits:
        """The limits that Groq has reported so far; none before its first response. Cached tokens are outside them."""
        return Limits(
            windows=tuple(self._windows.values()),
            learning=not self._answered,
            cached_count=False,
            context=self._contexts.get(self._model),
        )

    def billed_model(self) -> BilledModel | None:
        """The model, once one is chosen, at the address that answers."""
        model = self._model or self._options.model
        return None if model == "auto" else BilledModel("groq", model, self._address)

    def describe(self) -> Mapping[str, Json]:
        """The provider, the model as configured or chosen, and the address if it is not that of Groq."""
        facts = {"provider": "groq", "model": self._model or self._options.model}
        if self._address != settings.DEFAULT_ADDRESS:
            facts["base_url"] = self._address
        notes = []
        if self._options.model == "auto" and self._model in SUCCESSORS:
            notes.append(f"Groq offers this account no Llama 3 model, so {self._model} was taken.")
        if self._dropped_stops:
            notes.append(f"Groq accepts {MOST_STOPS} stop texts, so {self._dropped_stops} more were not sent.")
        return facts | ({"note": " ".join(notes)} if notes else {})

    def secrets(self) -> Sequence[str]:
        """The key."""
        return (self._key,) if self._key else ()

    def check(self) -> Diagnosis:
        """Check that there is a key and that Groq accepts it, and report the model that a run would use."""
        try:
            settings.require_key(self._key)
            key = Check("key", True, "a key is set")
        except ModelError as error:
            return Diagnosis((Check("key", False, error.message, error.hint),))
        try:
            self._offered = self._list_models()
            server = Check("server", True, f"{self._address} offers {len(self._offered)} models")
            name = self._model = self._pick()
        except ModelError as error:
            return Diagnosis((key, Check("model", False, error.message, error.hint)))
        except (httpx.HTTPError, ValueError) as error:
            words = f"{self._address}: {self._words(error)}"
            return Diagnosis((key, Check("server", False, words, "Check the network and base_url.")))
        return Diagnosis((key, server, Check("model", True, name)))


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
