"""Llama 3 on an Ollama server, on this computer or another."""

from __future__ import annotations

import sys
from functools import partialmethod
from importlib import import_module
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

SELFINSTRUCT_API = 1


class OllamaOptions(BackendOptions):
    """Options of the backend `ollama`: how to reach the server, and how it runs the model."""

    unfrozen: ClassVar[frozenset[str]] = BackendOptions.unfrozen | {"keep_alive", "concurrency"}

    model: str = Field("llama3.1", min_length=1, description="Name of a model on the server, with or without a tag.")
    base_url: str | None = Field(
        None, description="Address of the server. Default: OLLAMA_HOST, then http://127.0.0.1:11434."
    )
    num_ctx: int | None = Field(
        None,
        gt=0,
        description="Context in tokens, for prompt and reply. Default: 4096, or more if the requests need it.",
    )
    raw: bool = Field(
        False,
        description="Send prompts without a chat template: for base models and the recipe paper.",
    )
    keep_alive: str | int | None = Field(
        None, description="How long the model stays loaded, such as 30m. Default: the server's."
    )
    reasoning: bool | str | None = Field(
        None, description="Whether a reasoning model thinks, or its effort (low, medium, high). Default: not sent."
    )
    timeout: float = Field(
        600.0, gt=0, description="Seconds that a call may take, including the time to load the model."
    )
    concurrency: int = Field(1, ge=1, description="Requests that are sent at once: the server's OLLAMA_NUM_PARALLEL.")
    api_key: SecretStr | None = Field(
        None, description="For servers behind a proxy. Default: OLLAMA_API_KEY, if it is set."
    )

    @field_validator("keep_alive")
    @classmethod
    def _read_number(cls, given: str | int | None) -> str | int | None:
        """A text of digits is a number of seconds: the server refuses `"-1"`, a duration without a unit."""
        text = given.strip() if isinstance(given, str) else ""
        return int(text) if text.removeprefix("-").isdecimal() else given


def build(options: OllamaOptions) -> Backend:
    """Create the backend. It connects to the server only for a model or a check."""
    _import_client()
    from selfinstruct_ollama.backend import OllamaBackend

    return OllamaBackend(options)


def _import_client() -> None:
    """Import `ollama`. It makes a client as it is imported, which fails if a variable for proxies cannot be read.

    Then that client is made without a look at the environment, which stays as it is: other threads read it too.
    """
    try:
        import_module("ollama")
    except Exception:
        if (failed := sys.modules.get("ollama._client")) is None:
            raise
        plain = failed.Client.__init__
        failed.Client.__init__ = partialmethod(plain, trust_env=False)
        try:
            import_module("ollama")
        finally:
            failed.Client.__init__ = plain


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Register the backend `ollama`."""
    return [Component("ollama", "Llama 3 on an Ollama server", OllamaOptions, build, extra="ollama")]
