"""A backend for a chat or completion model object that the caller made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from selfinstruct.api import Backend, Json, Sampling, chat, find_secrets

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM


class UserModel(Backend):
    """A model that the caller made.

    Its own settings go before those of the recipe, and settings of the stage that the caller chose go before both.
    """

    NAMES = {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "max_tokens": ("max_tokens", "max_output_tokens", "num_predict"),
        "stop": ("stop", "stop_sequences"),
        "frequency_penalty": ("frequency_penalty",),
        "presence_penalty": ("presence_penalty",),
    }
    """The names that models use for each sampling parameter."""

    def __init__(self, model: BaseChatModel | BaseLLM) -> None:
        self._model = model
        self.chosen: frozenset[str] = frozenset()
        """The sampling parameters that the caller chose for the stage that runs next."""

    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """The model itself, or a copy with the sampling in the fields that the caller did not set in the model."""
        fields, already_set = type(self._model).model_fields, set(self._model.model_fields_set)
        profile = getattr(self._model, "profile", None)
        if isinstance(profile, Mapping) and profile.get("temperature") is False:
            already_set.add("temperature")  # the model refuses one
        updates = {}
        for option, names in self.NAMES.items():
            value = getattr(sampling, option)
            name = next((name for name in names if name in fields), None)
            is_free = name not in already_set or option in self.chosen
            if name and is_free and value not in (None, ()):
                updates[name] = list(value) if option == "stop" else value
        return self._model.model_copy(update=updates) if updates else self._model

    def accepts_schema(self) -> bool:
        """Whether the model's profile or class says that it takes a schema."""
        return chat.takes_schema(self._model)

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema as the model's class takes it."""
        return chat.schema_arguments(self._model, schema)

    def secrets(self) -> Sequence[str]:
        """The keys that the model and its clients hold, the longest first."""
        return sorted(find_secrets(self._model), key=len, reverse=True)

    def describe(self) -> Mapping[str, Any]:
        """The model's class and name."""
        name = getattr(self._model, "model_name", None) or getattr(self._model, "model", "")
        return {"provider": type(self._model).__name__, "model": str(name)}
