"""A backend for a chat or completion model object that the caller made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from selfinstruct.api import Backend, BilledModel, Fault, Json, Sampling, Unusable, chat, find_secrets
from selfinstruct.client.wrapped_model import WrappedModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM

FORMS = frozenset({"response_format", "format", "tools", "extra_body", "output_config"})
"""Arguments of a call that say which form a reply has: where the caller bound one, no schema is sent beside it."""


class UserModel(Backend):
    """A model that the caller made, or a runnable around one; raises `UsageError` for a runnable that is neither.

    Its own settings are kept, unless the caller sets them for a stage; the stage's sampling sets the others.
    """

    NAMES = {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"),
        "stop": ("stop", "stop_sequences"),
        "frequency_penalty": ("frequency_penalty",),
        "presence_penalty": ("presence_penalty",),
    }
    """The names that models use for each sampling parameter."""

    def __init__(self, model: object) -> None:
        self._wrapped = WrappedModel.from_runnable(model)
        self._model = self._wrapped.model
        self.continues_text = chat.continues_text(self._model)
        self.chosen: frozenset[str] = frozenset()
        """The sampling parameters that the caller has set for the stage that runs next."""
        self._own: set[str] = set()
        """The sampling parameters whose values are those of the model object."""

    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """The model itself, or a copy with the sampling in the fields that the caller did not set, in its wrappers."""
        fields, already_set = type(self._model).model_fields, set(self._wrapped.fields_set)
        refused = chat.untaken_settings(self._model)
        updates, bound = {}, dict(self._wrapped.arguments)
        self._own = set()
        for option, names in self.NAMES.items():
            value = getattr(sampling, option)
            name = next((name for name in names if name in fields), None)
            if option in self.chosen:
                already_set.discard(name or "")
                for one in names:
                    if bound.pop(one, None) is not None and name is None and value not in (None, ()):
                        bound[one] = value  # the class has no such field, so its calls take it
            is_bound = any(one in bound for one in names)
            if is_bound or name in already_set:
                self._own.add(option)
            if name and name not in already_set | refused and not is_bound and value not in (None, ()):
                updates[name] = list(value) if option == "stop" else value
        model = self._model.model_copy(update=updates) if updates else self._model
        return cast("BaseChatModel", self._wrapped.wrap(model, bound))

    def read_error(self, error: Exception) -> Fault:
        """As usual; a setting that the model object holds is to be changed there, since the run cannot leave it out."""
        fault = super().read_error(error)
        if isinstance(fault, Unusable) and self._own.intersection(fault.setting.split()):
            return Unusable(
                fault.message,
                f"Make the model object with another {fault.setting.replace(' ', ' and ')}, or without it.",
            )
        return fault

    def accepts_schema(self) -> bool:
        """Whether the model's profile or class says that it takes a schema, and the caller bound no other form."""
        return not FORMS & self._wrapped.arguments.keys() and chat.takes_schema(self._model)

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """A schema as the model's class takes it."""
        return chat.schema_arguments(self._model, schema)

    def secrets(self) -> Sequence[str]:
        """The keys that the model and its clients hold, and what is bound to it, the longest first."""
        return sorted(find_secrets(self._model, self._wrapped.arguments), key=len, reverse=True)

    def billed_model(self) -> BilledModel | None:
        """The model by the names that LangChain gives to tracers, at the address that its client has."""
        about = self._model._get_ls_params()
        provider, name = about.get("ls_provider"), about.get("ls_model_name")
        address = next((str(place) for one in chat.ADDRESSES if (place := getattr(self._model, one, None))), "")
        return BilledModel(provider, name, address) if provider and name else None

    def describe(self) -> Mapping[str, Any]:
        """The model's class and name, and what of its wrappers is not used."""
        name = getattr(self._model, "model_name", None) or getattr(self._model, "model", "")
        note = {"note": self._wrapped.note} if self._wrapped.note else {}
        return {"provider": type(self._model).__name__, "model": str(name), **note}
