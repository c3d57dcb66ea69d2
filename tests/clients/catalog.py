"""The clients that people use, and how each reaches a server of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from selfinstruct.api import Backend
from selfinstruct_langchain import LangChainOptions, build
from tests.clients.protocols import ANTHROPIC, BEDROCK, CHAT, COHERE, GOOGLE, RESPONSES, Protocol, Words

CLIENTS_WARN = [
    pytest.mark.filterwarnings(f"ignore:{words}")
    for words in (
        "Inheritance class AiohttpClientSession from ClientSession:DeprecationWarning",  # google-genai
        "The `__fields__` attribute is deprecated:DeprecationWarning",  # cohere
        "The 'max_tokens' parameter is deprecated:DeprecationWarning",  # nvidia
        "unclosed:ResourceWarning",
        "Unclosed c:ResourceWarning",
        "Exception ignored in:pytest.PytestUnraisableExceptionWarning",  # those of the two lines above
    )
]
"""What the clients warn of among themselves, and of connections that LangChain has no common way to close."""

KEY = "sk-0123456789abcdefSECRET"


@dataclass(frozen=True)
class Client:
    """One client: its model as a config names it, and what it needs beside key and address.

    suffix        what follows the server's address in `base_url`
    protocol      what it speaks
    lost          kinds of tokens that it does not hand on
    unsent        settings of the sampling that it does not take
    places        settings that stand elsewhere than in its protocol
    defaults      settings that it sends values of its own for, where none are set
    takes_schema  whether it is asked with a schema
    ends          words for the end of a reply that it has beside those of the protocol, or that it reads otherwise
    differs       cases of the matrix that it does not hand on as the others do, and their outcome
    """

    name: str
    model: str
    suffix: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    protocol: Protocol = CHAT
    lost: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, float] = field(default_factory=dict)
    takes_schema: bool = True
    ends: Words = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, str]:
        """Where each setting that it takes stands in its requests."""
        places = {**self.protocol.settings, **self.places}
        return {name: place for name, place in places.items() if name not in self.unsent}

    @property
    def all_ends(self) -> Words:
        """Every word that a reply may end with, and how it is read."""
        return {**self.protocol.ends, **self.ends}

    def options(self, address: str) -> dict[str, Any]:
        """The options of a backend that asks the server at `address`."""
        base = {} if "azure" in self.model else {"base_url": address + self.suffix}
        kwargs = {name: address if value == "ADDRESS" else value for name, value in self.kwargs.items()}
        key = {} if "bedrock" in self.model else {"api_key": KEY}
        return {"model": self.model, **key, **base, "kwargs": kwargs, "timeout": 20}

    def backend(self, address: str, **more: Any) -> Backend:
        """The backend that asks the server at `address`."""
        return build(LangChainOptions(**self.options(address) | more))


PENALTIES = ("frequency_penalty", "presence_penalty")
AZURE = {"azure_endpoint": "ADDRESS", "api_version": "2025-01-01-preview"}
AWS = {
    "aws_access_key_id": "AKIA0123456789ABCDEF",
    "aws_secret_access_key": KEY,
    "region_name": "us-east-1",
    "provider": "anthropic",
}
NO_HEADERS = dict.fromkeys(("429, the wait in a header", "429, the wait in another header", "503", "529"), "again")
NO_ERROR_IN_200 = {"200, an error about payment": "again", "200, an error about a limit": "again"}
COMPLETION_TOKENS = {"max_tokens": "max_completion_tokens"}
CLIENTS = (
    Client("openai", "openai:gpt-4o-mini", "/v1", places=COMPLETION_TOKENS),
    Client(
        "openai (Responses)",
        "openai:gpt-5-pro",
        "/v1",
        protocol=RESPONSES,
        unsent=("temperature", "top_p", *PENALTIES, "stop"),
    ),
    Client("openai (own server)", "openai:llama-3-8b", "/v1", places=COMPLETION_TOKENS),
    Client(
        "azure",
        "azure_openai:gpt-4o-mini",
        kwargs=AZURE,
        places=COMPLETION_TOKENS,
        ends={"content_filter": "this request fails: filter"},
        differs={"a withheld reply": "this request fails: filter"},
    ),
    Client(
        "anthropic",
        "anthropic:claude-opus-4-6",
        protocol=ANTHROPIC,
        lost=("reasoning",),
        unsent=("top_p", *PENALTIES),
        defaults={"max_tokens": 128000},
        differs=NO_ERROR_IN_200,
    ),
    Client(
        "google-genai",
        "google_genai:gemini-2.5-flash",
        protocol=GOOGLE,
        unsent=PENALTIES,
        defaults={"temperature": 0.7},
        differs=NO_ERROR_IN_200,
    ),
    Client(
        "mistralai",
        "mistralai:mistral-small-latest",
        "/v1",
        lost=("cached", "reasoning"),
        defaults={"temperature": 0.7, "top_p": 1},
        ends={"model_length": "length"},
        differs=NO_ERROR_IN_200,
    ),
    Client("deepseek", "deepseek:deepseek-chat", "/v1", ends={"insufficient_system_resource": "length"}),
    Client("xai", "xai:grok-4.3", "/v1", kwargs={"xai_api_base": "ADDRESS"}, unsent=(*PENALTIES, "stop")),
    Client("together", "together:meta-llama/Llama-3-8b", "/v1", ends={"eos": "stop"}),
    Client("fireworks", "fireworks:accounts/fireworks/models/llama-v3-8b", differs=NO_ERROR_IN_200),
    Client(
        "cohere",
        "cohere:command-r",
        protocol=COHERE,
        unsent=("frequency_penalty",),
        lost=("cached", "reasoning"),
        takes_schema=False,
        differs=NO_ERROR_IN_200 | {"a withheld reply": "length", "a reply in blocks": "stop, with other text"},
    ),
    Client("openrouter", "openrouter:meta-llama/llama-3-8b", "/v1"),
    Client(
        "huggingface",
        "huggingface:meta-llama/Llama-3-8b",
        "/v1",
        lost=("cached", "reasoning"),
        unsent=("top_p", *PENALTIES, "stop"),
        defaults={"temperature": 0.8, "max_tokens": 512},
        takes_schema=False,
        ends={"eos_token": "stop", "stop_sequence": "stop"},
        differs=NO_ERROR_IN_200,
    ),
    Client(
        "nvidia",
        "nvidia:meta/llama3-8b-instruct",
        "/v1",
        lost=("cached", "reasoning"),
        defaults={"max_tokens": 1024},
        differs=NO_HEADERS | NO_ERROR_IN_200,
    ),
    Client(
        "bedrock",
        "bedrock_converse:anthropic.claude-haiku-4-5-20251001-v1:0",
        kwargs=AWS,
        protocol=BEDROCK,
        lost=("reasoning",),
        unsent=PENALTIES,
        differs=NO_ERROR_IN_200 | {"429, the wait in the body": "again"},
    ),
)

QUICK = {"openai", "openai (own server)", "google-genai", "mistralai"}
"""Clients that stand for the others in `make test`: of three protocols, and made by three teams."""

every_client = pytest.mark.parametrize(
    "client",
    [
        pytest.param(client, id=client.name, marks=() if client.name in QUICK else pytest.mark.slow)
        for client in CLIENTS
    ],
)
