"""Llama 3 on an Ollama server, on this computer or another."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

SELFINSTRUCT_API = 1


class OllamaOptions(BackendOptions):
    """How to reach an Ollama server, and how it should run the model."""

    unfrozen: ClassVar[frozenset[str]] = BackendOptions.unfrozen | {"keep_alive", "concurrency"}

    model: str = Field(
        "llama3.1", min_length=1, description="Name of a model that the server has, with or without tag."
    )
    base_url: str | None = Field(
        None, description="Address of the server. Default: OLLAMA_HOST, then http://127.0.0.1:11434."
    )
    num_ctx: int | None = Field(
        None,
        gt=0,
        description="Tokens that prompt and reply may fill. Default: what the model was made for, at most 8192.",
    )
    keep_alive: str | int | None = Field(
        None, description="How long the model stays loaded, such as 30m. Default: the server's own, five minutes."
    )
    reasoning: bool | str | None = Field(
        None, description="Whether a reasoning model thinks, or how hard (low, medium, high). Default: not sent."
    )
    timeout: float = Field(600.0, gt=0, description="Seconds one call may take in all, loading the model included.")
    concurrency: int = Field(
        1, ge=1, description="Requests to send at once; more than the server's OLLAMA_NUM_PARALLEL only wait there."
    )
    api_key: SecretStr | None = Field(
        None, description="Sent as a bearer token, for servers behind a proxy. Default: OLLAMA_API_KEY, if it is set."
    )


def build(options: OllamaOptions) -> Backend:
    """Build the backend; the server is asked only when a model or a check is."""
    from selfinstruct_ollama.backend import OllamaBackend

    return OllamaBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer Ollama."""
    return [Component("ollama", "Llama 3 on an Ollama server", OllamaOptions, build, extra="ollama")]
