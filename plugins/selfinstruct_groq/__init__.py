"""Llama 3 through the Groq API, or the model that Groq offers instead."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr

from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

SELFINSTRUCT_API = 1


class GroqOptions(BackendOptions):
    """How to reach Groq, and which of its models to use."""

    model: str = Field(
        "auto",
        min_length=1,
        description="A model of Groq, or auto: the first of our list that the account may use.",
    )
    api_key: SecretStr | None = Field(None, description="Default: GROQ_API_KEY from the environment.")
    base_url: str | None = Field(
        None, description="Address of the API. Default: GROQ_API_BASE, then GROQ_BASE_URL, then https://api.groq.com."
    )
    service_tier: Literal["on_demand", "flex", "auto"] = Field(
        "on_demand", description="flex has higher limits, and Groq refuses it when it is busy."
    )
    reasoning_effort: str | None = Field(
        None, description="Reasoning effort. Default: low for gpt-oss models, otherwise not sent."
    )
    reasoning_format: Literal["parsed", "raw", "hidden"] | None = Field(
        None,
        description="Where a reasoning model writes its thoughts. Default: not sent.",
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="More fields of the request body, such as { seed = 7 }."
    )


def build(options: GroqOptions) -> Backend:
    """Create the backend. Nothing is sent yet; a missing key is an error only for a model or a check."""
    from selfinstruct_groq.backend import GroqBackend

    return GroqBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Register the backend `groq`."""
    return [Component("groq", "Llama 3 through the Groq API", GroqOptions, build, extra="groq")]
