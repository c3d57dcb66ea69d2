"""Turns a sampling into the arguments that a provider's class takes, and tells what it does not take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from selfinstruct.api import Sampling, chat
from selfinstruct_langchain.providers import PENALTIES, Provider

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM

OTHER_NAMES = {
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "num_predict"),
    "stop": ("stop", "stop_sequences"),
    "timeout": ("timeout", "request_timeout", "default_request_timeout"),
}
"""What the standard parameters are called in the classes that do not take the standard names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Arguments of the model's class, arguments of every call, and the settings that neither of them can hold."""

    arguments: dict[str, Any] = field(default_factory=dict)
    per_call: dict[str, Any] = field(default_factory=dict)
    unsent: tuple[str, ...] = ()


def plan_sampling(model: BaseChatModel | BaseLLM, provider: Provider, sampling: Sampling, *, timeout: float) -> Plan:
    """How to ask `model` for a sampling. A setting that its profile, class or API does not take is left out."""
    requested = _requested(sampling)
    accepted, untaken = accepted_names(type(model)), _untaken(model, provider)
    untaken.update([name for name in provider.one_of if name in requested and name not in untaken][1:])
    arguments, per_call, unsent, others = {}, dict(provider.each_call), [], {}
    for name, value in requested.items():
        taken = next((other for other in OTHER_NAMES.get(name, (name,)) if other in accepted), None)
        if name in untaken:
            unsent.append(name)
        elif name in provider.per_call:
            per_call[provider.per_call[name]] = value
        elif taken:
            arguments[taken] = value
        elif "model_kwargs" in accepted:  # by LangChain's custom, further fields of the request's body
            others[name] = value
        else:
            unsent.append(name)
    if others:
        arguments["model_kwargs"] = others
    client = {"max_retries": provider.retries, provider.timeout_name: provider.timeout(timeout), "cache": False}
    for name, value in client.items():
        taken = next((other for other in OTHER_NAMES.get(name, (name,)) if other in accepted), None)
        if taken or (type(model).__name__ == "ChatHuggingFace" and name == "timeout"):
            arguments[taken or name] = value
    return Plan(arguments, per_call, tuple(unsent))


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


def _untaken(model: BaseChatModel | BaseLLM, provider: Provider) -> set[str]:
    """The settings that a model's profile or its API does not have."""
    untaken = set(provider.untaken) | chat.untaken_settings(model)
    if (getattr(model, "profile", None) or {}).get("reasoning_output") is True:
        untaken.update(provider.not_by_reasoning)
    uses_responses = getattr(model, "_use_responses_api", None)
    if callable(uses_responses) and uses_responses({}):
        untaken |= {*PENALTIES, "stop"}
    return untaken


def accepted_names(kind: type[BaseChatModel | BaseLLM]) -> set[str]:
    """All names under which a model's class takes arguments; others it may ignore, or send to the server."""
    fields = kind.model_fields
    return set(fields) | {field.alias for field in fields.values() if field.alias}
