"""Llama 3 through the Groq API, or the model that Groq offers in its place."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr

from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

SELFINSTRUCT_API = 1


class GroqOptions(BackendOptions):
    """How to reach Groq, and which of its models to use."""

    model: str = Field(
        "auto", min_length=1, description="Groq model id, or auto: the first preferred one that the account offers."
    )
    api_key: SecretStr | None = Field(None, description="Default: GROQ_API_KEY from the environment.")
    base_url: str | None = Field(
        None, description="Address of the API. Default: GROQ_API_BASE, then GROQ_BASE_URL, then https://api.groq.com."
    )
    service_tier: Literal["on_demand", "flex", "auto"] = Field(
        "on_demand", description="Groq's service tier; flex has higher limits and is refused when Groq is full."
    )
    reasoning_effort: str | None = Field(
        None, description="How long a reasoning model may think. Default: low for gpt-oss models, else not sent."
    )
    reasoning_format: Literal["parsed", "raw", "hidden"] | None = Field(
        None, description="Where a reasoning model puts its thoughts. Default: not sent, as not every model takes it."
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="Further fields of the request body, such as { seed = 7 }."
    )


def build(options: GroqOptions) -> Backend:
    """Build the backend. Nothing is sent, and a missing key is told only when a model or a check is asked for."""
    from selfinstruct_groq.backend import GroqBackend

    return GroqBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer Groq."""
    return [Component("groq", "Llama 3 through the Groq API", GroqOptions, build, extra="groq")]
