"""The clients that people use, and how each reaches a server of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from selfinstruct.api import Backend
from selfinstruct_langchain import LangChainOptions, build

KEY = "sk-0123456789abcdefSECRET"


@dataclass(frozen=True)
class Client:
    """One client: its model as a config names it, and what it needs beside key and address.

    suffix    what follows the server's address in `base_url`
    lost      kinds of tokens that it does not hand on
    unsent    settings of the sampling that it does not take
    defaults  settings that it sends values of its own for, where none are set
    differs   cases of the matrix that it does not hand on as the others do, and their outcome
    """

    name: str
    model: str
    suffix: str = ""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    differs: Mapping[str, str] = field(default_factory=dict)

    def backend(self, address: str, **more: Any) -> Backend:
        """The backend that asks the server at `address`."""
        base = {} if "azure" in self.model else {"base_url": address + self.suffix}
        kwargs = {name: address if value == "ADDRESS" else value for name, value in self.kwargs.items()}
        key = {} if "bedrock" in self.model else {"api_key": KEY}
        given = {**key, **base, "kwargs": kwargs, "timeout": 20} | more
        return build(LangChainOptions(model=self.model, **given))


PENALTIES = ("frequency_penalty", "presence_penalty")
AZURE = {"azure_endpoint": "ADDRESS", "api_version": "2025-01-01-preview"}
AWS = {
    "aws_access_key_id": "AKIA0123456789ABCDEF",
    "aws_secret_access_key": KEY,
    "region_name": "us-east-1",
    "provider": "anthropic",
}
NO_HEADERS = dict.fromkeys(("429, the wait in a header", "429, the wait in another header", "503", "529"), "again")
CLIENTS = (
    Client("openai", "openai:gpt-4o-mini", "/v1"),
    Client("openai, Responses", "openai:gpt-5-pro", "/v1", unsent=("temperature", *PENALTIES, "stop")),
    Client("openai, own server", "openai:llama-3-8b", "/v1"),
    Client("azure", "azure_openai:gpt-4o-mini", kwargs=AZURE, differs={"a withheld reply": "this request fails"}),
    Client("anthropic", "anthropic:claude-sonnet-4-5", lost=("reasoning",), unsent=PENALTIES, defaults=("maxtokens",)),
    Client("google-genai", "google_genai:gemini-2.5-flash", defaults=("temperature",)),
    Client(
        "mistralai", "mistralai:mistral-small-latest", "/v1", lost=("cached", "reasoning"), defaults=("temperature",)
    ),
    Client("deepseek", "deepseek:deepseek-chat", "/v1"),
    Client("xai", "xai:grok-4", "/v1", kwargs={"xai_api_base": "ADDRESS"}, unsent=("stop",)),
    Client("together", "together:meta-llama/Llama-3-8b", "/v1"),
    Client("fireworks", "fireworks:accounts/fireworks/models/llama-v3-8b"),
    Client("cohere", "cohere:command-r", lost=("cached", "reasoning"), differs={"a withheld reply": "length"}),
    Client("openrouter", "openrouter:meta-llama/llama-3-8b", "/v1"),
    Client(
        "huggingface",
        "huggingface:meta-llama/Llama-3-8b",
        "/v1",
        lost=("cached", "reasoning"),
        unsent=("top_p", *PENALTIES, "stop"),
        defaults=("temperature", "maxtokens"),
    ),
    Client(
        "nvidia",
        "nvidia:meta/llama3-8b-instruct",
        "/v1",
        lost=("cached", "reasoning"),
        defaults=("maxtokens",),
        differs=NO_HEADERS | {"a page of HTML": "unknown"},
    ),
    Client(
        "bedrock",
        "bedrock_converse:anthropic.claude-3-haiku-20240307-v1:0",
        kwargs=AWS,
        lost=("reasoning",),
        unsent=PENALTIES,
        differs={"429, no credit": "again", "429, the wait in the body": "again"},
    ),
)
