"""Any provider that LangChain knows, by `init_chat_model`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SecretStr, field_validator

from selfinstruct.api import Backend, BackendOptions, Component, hookimpl

SELFINSTRUCT_API = 1


class LangChainOptions(BackendOptions):
    """Which provider and model to use, and how to reach it."""

    model: str = Field(description="Provider and model, such as openai:gpt-4o-mini.")
    base_url: str | None = Field(None, description="Address of the API. Default: the provider's own.")
    api_key: SecretStr | None = Field(None, description="Default: the provider's own environment variable.")
    completion: bool = Field(
        False,
        description="Use OpenAI's completions endpoint, for a base model and the recipe paper.",
    )
    kwargs: dict[str, Any] = Field(
        default_factory=dict, description="Further arguments of the provider's LangChain class, sent as they are."
    )

    @field_validator("base_url")
    @classmethod
    def _has_scheme(cls, address: str | None) -> str | None:
        if address is not None and not address.lower().startswith(("http://", "https://")):
            raise ValueError("the scheme is missing: write http:// or https:// in front of the address")
        return address

    @field_validator("model")
    @classmethod
    def _names_both(cls, model: str) -> str:
        provider, _, name = model.partition(":") if ":" in model else ("", "", model)
        if not provider.strip() or not name.strip():
            raise ValueError(f"write provider:model, such as openai:{name.strip() or 'gpt-4o-mini'}")
        return model


def build(options: LangChainOptions) -> Backend:
    """Build the backend; the provider's package is imported only when a model or a check is asked for."""
    from selfinstruct_langchain.backend import LangChainBackend

    return LangChainBackend(options)


@hookimpl
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer every provider that LangChain knows."""
    summary = "Any provider that LangChain knows, by provider:model"
    return [Component("langchain", summary, LangChainOptions, build, extra="langchain")]
