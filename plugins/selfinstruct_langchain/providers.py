"""What the clients of LangChain's providers need that their common interface does not tell: keys, units, retries."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from typing import Any

from pydantic import SecretStr

from selfinstruct.api import ModelError


def _whole(seconds: float) -> float:
    return ceil(seconds)


def _milliseconds(seconds: float) -> float:
    return ceil(seconds * 1000)


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's client.

    keys       environment variables that may hold its key, the usual one first; none: it needs no key of that kind
    key        the argument that takes the key
    address    the argument that takes the address, if it is not `base_url`
    timeout    seconds as its argument `timeout_name` wants them
    retries    the value of `max_retries` with which it sends a request once
    per_call   settings of the sampling that its class only takes with each call, and their names there
    each_call  further arguments of every call
    untaken    settings of the sampling that its API does not have
    one_of     settings of which its API takes one in a request: the first of these
    not_by_reasoning  settings of the sampling that its reasoning models do not have
    threads    whether its client has no async calls of its own, so that each one takes a thread
    package    the module of its client, if that is not named as the provider is
    hint       what else to check when its model or address is wrong
    addresses  environment variables that send its client to another address
    billed_as  how price tables call it, if by another name
    cached_count  whether cached prompt tokens count towards its limits
    """

    keys: tuple[str, ...] = ()
    key: str = "api_key"
    address: str = "base_url"
    timeout: Callable[[float], float] = float
    timeout_name: str = "timeout"
    retries: int = 0
    per_call: dict[str, str] = field(default_factory=dict)
    each_call: dict[str, Any] = field(default_factory=dict)
    untaken: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    not_by_reasoning: tuple[str, ...] = ()
    threads: bool = False
    package: str = ""
    hint: str = ""
    addresses: tuple[str, ...] = ()
    billed_as: str = ""
    cached_count: bool = True

    def find_key(self, given: SecretStr | None) -> tuple[str, str]:
        """The key, without spaces and quotes around it, and where it stands: the option, or one of the variables.

        Both are empty if there is none.
        """
        texts = {"the backend's api_key": given.get_secret_value() if given is not None else ""}
        texts |= {name: os.environ.get(name, "") for name in self.keys}
        found = ((clean, place) for place, text in texts.items() if (clean := text.strip().strip("'\"").strip()))
        return next(found, ("", ""))


ALIASES = {
    **dict.fromkeys(("google", "gemini", "google_ai", "googleai", "google-genai"), "google_genai"),
    **dict.fromkeys(("vertex", "vertexai", "vertex_ai"), "google_vertexai"),
    "mistral": "mistralai",
    **dict.fromkeys(("aws", "amazon"), "bedrock_converse"),
    "claude": "anthropic",
    "azure": "azure_openai",
    **dict.fromkeys(("gpt", "chatgpt", "open_ai", "vllm", "llamacpp", "llama.cpp", "lmstudio", "lm-studio"), "openai"),
    **dict.fromkeys(("local", "llama", "llama3"), "ollama"),
    "grok": "xai",
    **dict.fromkeys(("hf", "hugging_face"), "huggingface"),
}
"""What users call providers, and LangChain's names of those."""

PENALTIES = ("frequency_penalty", "presence_penalty")
OPENAI_HINT = "For a server of your own, base_url ends in /v1."
PROVIDERS = {
    "openai": Provider(
        ("OPENAI_API_KEY",),
        not_by_reasoning=(*PENALTIES, "stop"),
        hint=OPENAI_HINT,
        addresses=("OPENAI_API_BASE", "OPENAI_BASE_URL"),
    ),
    "azure_openai": Provider(
        ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"),
        package="langchain_openai",
        not_by_reasoning=(*PENALTIES, "stop"),
        address="azure_endpoint",
        addresses=("AZURE_OPENAI_ENDPOINT",),
        billed_as="azure",
        hint="Check azure_endpoint (https://NAME.openai.azure.com), api_version and the deployment's name in kwargs.",
    ),
    "anthropic": Provider(
        ("ANTHROPIC_API_KEY",),
        untaken=PENALTIES,
        one_of=("temperature", "top_p"),
        hint="For an address of your own, base_url ends without /v1.",
        addresses=("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
        cached_count=False,
    ),
    "google_genai": Provider(
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        retries=1,
        untaken=PENALTIES,  # Gemini 2.0 had them, and no model since
        hint="For an address of your own, base_url ends without /v1beta.",
    ),
    "mistralai": Provider(("MISTRAL_API_KEY",), timeout=_whole, retries=1),
    "deepseek": Provider(("DEEPSEEK_API_KEY",)),
    "xai": Provider(("XAI_API_KEY",), untaken=("stop",), not_by_reasoning=PENALTIES),
    "together": Provider(("TOGETHER_API_KEY",)),
    "fireworks": Provider(("FIREWORKS_API_KEY",)),
    "cohere": Provider(
        ("COHERE_API_KEY", "CO_API_KEY"),
        key="cohere_api_key",
        timeout_name="timeout_seconds",
        per_call={"max_tokens": "max_tokens", "top_p": "p", "stop": "stop", **{name: name for name in PENALTIES}},
        each_call={"request_options": {"max_retries": 0}},
        one_of=("presence_penalty", "frequency_penalty"),
    ),
    "openrouter": Provider(("OPENROUTER_API_KEY",), timeout=_milliseconds),
    "huggingface": Provider(
        ("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"), key="huggingfacehub_api_token", untaken=("top_p", *PENALTIES, "stop")
    ),
    "nvidia": Provider(("NVIDIA_API_KEY",), package="langchain_nvidia_ai_endpoints"),
    "bedrock_converse": Provider(
        package="langchain_aws", timeout=_whole, threads=True, untaken=PENALTIES, billed_as="aws"
    ),
    "bedrock": Provider(package="langchain_aws", timeout=_whole, threads=True, untaken=PENALTIES, billed_as="aws"),
    "perplexity": Provider(("PPLX_API_KEY",)),
    "groq": Provider(("GROQ_API_KEY",), addresses=("GROQ_API_BASE", "GROQ_BASE_URL"), cached_count=False),
}
OTHER = Provider()
AWS_CREDENTIALS = ("aws_access_key_id", "credentials_profile_name", "api_key", "bedrock_api_key", "client")
"""Arguments of the client of Bedrock, one of which it needs where the environment holds no credentials."""


def provider_of(name: str) -> Provider:
    """What is known of a provider; the usual for one that is not listed."""
    return PROVIDERS.get(name, OTHER)


def require_key(name: str, key: str, given: dict[str, Any], *, place: str) -> None:
    """Raise `ModelError` if a provider needs a key and has none, or one in `place` that a header cannot hold."""
    keys = provider_of(name).keys
    hint = key_hint(name)
    installed = find_spec(provider_of(name).package or f"langchain_{name}")  # a missing package is reported elsewhere
    if installed and name.startswith("bedrock") and not (key or _has_aws_credentials(given)):
        raise ModelError(f"provider '{name}' needs credentials of AWS", hint)
    if installed and keys and not key and provider_of(name).key not in given:
        raise ModelError(f"provider '{name}' needs a key", hint)
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        words = f"the key of provider '{name}' contains spaces or characters that a key cannot have"
        raise ModelError(words, f"Replace the key in {place}.")


def _has_aws_credentials(given: dict[str, Any]) -> bool:
    """Whether the arguments, the environment, a file or this machine's role holds credentials of AWS."""
    if any(given.get(name) for name in AWS_CREDENTIALS) or os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        return True
    return import_module("boto3").Session().get_credentials() is not None


def unknown_provider(name: str, known: Sequence[str]) -> ModelError:
    """The error for a provider that LangChain does not know: it guesses the one that was meant, or names all."""
    guess = next(iter([ALIASES[name]] if name in ALIASES else get_close_matches(name, known, n=1)), "")
    hint = f"Did you mean {guess}:MODEL?" if guess else f"It knows: {', '.join(known)}."
    return ModelError(f"LangChain knows no provider '{name}'", hint)


def refused_hint(place: str) -> str:
    """What to do about a key that the provider does not accept; `place` is where it stands."""
    return f"The key in {place} was refused: check its rights, or put another one there."


def key_hint(name: str) -> str:
    """Where the key of a provider belongs."""
    if name.startswith("bedrock"):
        return (
            "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION, or log in with the AWS command line."
        )
    keys = provider_of(name).keys
    return f"Set {keys[0]} in the environment or in a .env file." if keys else "Check the backend's key."
