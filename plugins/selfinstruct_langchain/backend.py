"""The LangChain backend: whatever `init_chat_model` gives, with its own retries and cache off."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import httpx
from langchain.chat_models import init_chat_model

from selfinstruct.api import (
    Backend,
    Batches,
    BilledModel,
    Check,
    Completion,
    Diagnosis,
    Exchange,
    Fault,
    Json,
    Limits,
    ModelError,
    OpenAIBatches,
    Sampling,
    Usage,
    chat,
    environment_problem,
    find_secrets,
    mask_secrets,
    offline_client,
)
from selfinstruct_langchain import LangChainOptions
from selfinstruct_langchain.openai_servers import UsageFreeCompletions, check_model_list
from selfinstruct_langchain.providers import (
    PROVIDERS,
    key_hint,
    provider_of,
    refused_hint,
    require_key,
    unknown_provider,
)
from selfinstruct_langchain.redirects import refuse_other_hosts
from selfinstruct_langchain.sampling import Plan, accepted_names, plan_sampling

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.messages import BaseMessage


NO_REDIRECTS = {"allow_redirects": False, "follow_redirects": False}
"""What the two HTTP clients of Google's package call it that a server may not send a request on to another one."""


class LangChainBackend(Backend):
    """A chat model of any provider.

    It closes the connections of completion models only: LangChain has no common way to, and some providers share one
    client between all their models.
    """

    def __init__(self, options: LangChainOptions) -> None:
        self.timeout, self.continues_text = options.timeout, options.completion
        self._options = options
        provider, _, name = options.model.partition(":")
        self._provider, self._name = provider.strip().lower(), name.strip()
        self._facts = provider_of(self._provider)
        self._key, self._key_place = self._facts.find_key(options.api_key)
        self._unsent: tuple[str, ...] = ()
        self._answered = False
        self._model: BaseChatModel | BaseLLM | None = None
        variables = {name for known in PROVIDERS.values() for name in known.keys}
        environment = {name: os.environ[name].strip() for name in variables if os.environ.get(name)}
        self._secrets = {self._key} - {""} | find_secrets(options, environment)
        self._connections: list[httpx.AsyncClient] = []

    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """Build the provider's model twice: first to see which arguments its class takes, then with those."""
        return self._model_of(self._build({}), sampling, {})

    def offline_model(self, sampling: Sampling, exchange: Exchange) -> BaseChatModel | None:
        """The model of a provider whose client takes an HTTP client, which calls `exchange`; `None` of any other."""
        bare = self._build({})
        if "http_client" not in accepted_names(type(bare)) or self._options.completion:
            return None
        return cast("BaseChatModel", self._model_of(bare, sampling, {"http_client": offline_client(exchange)}))

    @property
    def takes_batches(self) -> bool:
        """Whether the provider is OpenAI, or a server that speaks its protocol, and answers chats."""
        return self._provider == "openai" and not self._options.completion

    def batches(self) -> Batches | None:
        """The batches of OpenAI, or of the server at `base_url`, by OpenAI's SDK."""
        return OpenAIBatches(cast("Any", self._build({"max_retries": 0})).root_client) if self.takes_batches else None

    def _model_of(
        self, bare: BaseChatModel | BaseLLM, sampling: Sampling, clients: Mapping[str, Any]
    ) -> BaseChatModel | BaseLLM:
        plan: Plan = plan_sampling(bare, self._facts, sampling, timeout=self.timeout)
        self._unsent = plan.unsent
        arguments = {**plan.arguments, **clients}
        if self._options.completion:
            self._connections.append(httpx.AsyncClient(timeout=self.timeout))
            arguments["http_async_client"] = self._connections[-1]
        model = self._build(arguments)
        self._model = model
        self._secrets |= find_secrets(model)
        return cast("BaseChatModel", model.bind(**plan.per_call)) if plan.per_call else model

    def accepts_schema(self) -> bool:
        """Whether the profile of the provider's model, or its class, says that it takes a schema."""
        return chat.takes_schema(self._build({}))

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema as the provider's class takes it."""
        return chat.schema_arguments(self._model, schema)

    def _build(self, arguments: Mapping[str, Any]) -> BaseChatModel | BaseLLM:
        options, own = self._options, deepcopy(self._options.kwargs)  # some classes write into what they are given
        if self._provider in PROVIDERS:
            require_key(self._provider, self._key, own, place=self._key_place)
        given: dict[str, Any] = {self._facts.address: options.base_url, self._facts.key: self._key or None}
        given = {name: value for name, value in given.items() if value is not None}
        given |= own | {name: value for name, value in arguments.items() if name not in own}
        if isinstance(own.get("model_kwargs"), Mapping):
            given["model_kwargs"] = {**arguments.get("model_kwargs", {}), **own["model_kwargs"]}
        try:
            if options.completion:
                model: BaseChatModel | BaseLLM = _completion_model(self._name, self._provider, **given)
            else:
                model = _init(self._provider, self._name, given)
            refuse_other_hosts(model)
        except Exception as error:
            if problem := environment_problem(error):
                raise problem from None
            if isinstance(error, ImportError):
                raise self._missing(error) from None
            if str(error).startswith("Unsupported provider"):
                known = str(error).partition("are: ")[2].strip().split(", ")
                raise unknown_provider(self._provider, known) from None
            words = self._mask(chat.error_words(error))
            hint = f"Check the backend's options. {self._facts.hint}".strip()
            raise ModelError(f"LangChain could not make the model '{options.model}': {words}", hint) from None
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

    def read_reply(self, message: BaseMessage) -> Completion:
        """Read a reply of any provider. Raises `ValueError` if the client made it of an answer that is none."""
        completion = chat.read_message(message)
        is_known = completion.finish != "unknown" or completion.details or completion.usage != Usage()
        if not completion.text and not is_known:
            raise ValueError("it has neither text nor an end")
        self._answered = True
        return completion

    def read_error(self, error: Exception) -> Fault:
        """Sort an exception of any client, with the secrets that are known taken out of its words."""
        hints = {"key": key_hint(self._provider)}
        if self._key_place:
            hints["refused"] = refused_hint(self._key_place)
        if self._facts.hint:
            hints |= {"model": f"Check the model. {self._facts.hint}", "address": self._facts.hint}
        fault = chat.read_exception(error, hints)
        return replace(fault, message=self._mask(fault.message))

    def _mask(self, text: str) -> str:
        return mask_secrets(text, self._secrets)

    def limits(self) -> Limits:
        """One request goes ahead of all others, since its answer says whether key, model and options are right."""
        threads = min(32, (os.cpu_count() or 1) + 4) if self._facts.threads else None
        count = self._facts.cached_count
        return Limits(concurrency=threads, is_firm=True, learning=not self._answered, cached_count=count)

    def billed_model(self) -> BilledModel:
        """The provider's model, at another address if there is one in the options or in the environment."""
        given = {self._facts.address: self._options.base_url, **self._options.kwargs}
        places = (
            *(given.get(name) for name in chat.ADDRESSES),
            *(os.environ.get(name) for name in self._facts.addresses),
        )
        address = next((str(place) for place in places if place), "")
        return BilledModel(self._facts.billed_as or self._provider, self._name, address)

    def describe(self) -> Mapping[str, Json]:
        """Provider and model, and which sampling settings its class cannot take."""
        facts: dict[str, Json] = {"provider": self._provider, "model": self._name}
        if self._unsent:
            facts["note"] = f"The model does not take {', '.join(self._unsent)}, so the provider's default holds."
        return facts

    def secrets(self) -> Sequence[str]:
        """The key, from the option or the environment or as the provider's class found it, the longest first."""
        return tuple(sorted(self._secrets, key=lambda secret: (-len(secret), secret)))

    def check(self) -> Diagnosis:
        """Look whether the model can be made, and whether a server at an address of its own lists it."""
        try:
            self.chat_model(Sampling())
        except ModelError as error:
            return Diagnosis((Check("model", False, error.message, error.hint),))
        if self._provider == "openai" and self.billed_model().address:
            model: Any = self._model
            client = model.client._client if self._options.completion else model.root_client
            if found := check_model_list(client, self._name, self.read_error):
                return Diagnosis((found,))
        words = f"{self._provider}: {self._name} can be asked, but doctor has no free way to try key and address"
        return Diagnosis(
            (Check("model", True, words, "To ask the model one request, which is paid for: selfinstruct preview"),)
        )


def _init(provider: str, name: str, given: dict[str, Any]) -> BaseChatModel:
    """The provider's model by LangChain, with what some clients need beside: no retries, and an endpoint's address."""
    if provider == "huggingface":
        return _hugging_face(name, given)
    if provider == "google_genai":  # its HTTP clients would take the key along in a header of its own
        given = {**given, "client_args": NO_REDIRECTS | (given.get("client_args") or {})}
    model: BaseChatModel = init_chat_model(name, model_provider=provider, **given)
    if provider == "openrouter":  # its SDK repeats HTTP 5xx by itself unless this is set, whatever `max_retries` says
        model.client.sdk_configuration.retry_config = None  # type: ignore[attr-defined]
    return model


def _hugging_face(name: str, given: dict[str, Any]) -> BaseChatModel:
    """A model of an inference endpoint; by `init_chat_model` it would be loaded on this computer."""
    package = import_module("langchain_huggingface")
    given = dict(given)
    where = {"endpoint_url": given.pop("base_url")} if "base_url" in given else {"repo_id": name}
    endpoint = {
        key: given.pop(key) for key in ("huggingfacehub_api_token", "provider", "server_kwargs") if key in given
    }
    given.pop("backend", None)
    wait = {"timeout": given.pop("timeout")} if "timeout" in given else {}
    model: BaseChatModel = package.ChatHuggingFace(
        llm=package.HuggingFaceEndpoint(**where, **endpoint, **wait), model_id=name, **given
    )
    return model


def _completion_model(name: str, model_provider: str, **given: Any) -> BaseLLM:
    """The client of the completions endpoint, as vLLM, llama.cpp and OpenAI have it."""
    if model_provider != "openai":
        raise ValueError(f"completion models are asked through the provider openai, not '{model_provider}'")
    model: Any = import_module("langchain_openai").OpenAI(model=name, **given)
    model.async_client = UsageFreeCompletions(model.async_client)
    return cast("BaseLLM", model)
