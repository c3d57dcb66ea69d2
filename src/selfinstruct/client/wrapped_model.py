"""Finds the model inside the runnables that LangChain puts around one, by `bind`, `with_retry` and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from selfinstruct.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

RETRIES = "The retries of with_retry are not used, because selfinstruct repeats requests itself."
HINT = (
    "Give it the chat model itself, or one with bind(), with_config(), with_retry() or configurable_fields(); by name: "
    'backend="langchain", settings={"backend.model": "openai:gpt-4o-mini"}.'
)


@dataclass(frozen=True, slots=True)
class WrappedModel:
    """A LangChain model, and what runnables around it add.

    fields_set  the fields that the caller gave to the model
    arguments   what is bound to each of its calls
    config      the configuration of each call
    note        what is left out, for the user
    """

    model: Any
    fields_set: frozenset[str]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    config: RunnableConfig | None = None
    note: str = ""

    @classmethod
    def from_runnable(cls, given: Any) -> WrappedModel:
        """Look into a runnable; raises `UsageError` if there is no single model in it."""
        if not hasattr(given, "ainvoke"):
            raise _refused(given)
        found = _look_into(given, None)
        if found.arguments and not hasattr(found.model, "bind_tools"):
            raise UsageError(
                f"{type(found.model).__name__} is a completion model, to whose calls nothing can be bound",
                f"Set its own fields in place of bind({', '.join(found.arguments)}=...).",
            )
        return found

    def wrap(self, model: Any, arguments: Mapping[str, Any]) -> Any:
        """Another model in place of the one found, with these arguments and the configuration of each call."""
        if not hasattr(model, "bind_tools") or not (arguments or any((self.config or {}).values())):
            return model
        from langchain_core.runnables import RunnableBinding

        return RunnableBinding(bound=model, kwargs=dict(arguments), config=self.config)


def _look_into(given: Any, config: RunnableConfig | None) -> WrappedModel:
    from langchain_core.language_models import BaseLanguageModel
    from langchain_core.runnables.base import RunnableBindingBase
    from langchain_core.runnables.config import merge_configs
    from langchain_core.runnables.configurable import DynamicRunnable
    from langchain_core.runnables.retry import RunnableRetry

    if isinstance(given, BaseLanguageModel):
        return WrappedModel(given, frozenset(given.model_fields_set))
    if isinstance(given, RunnableBindingBase):
        own = merge_configs(given.config, config)  # the outer one counts
        inner = _look_into(given.bound, own)
        note = RETRIES if isinstance(given, RunnableRetry) else inner.note
        return replace(
            inner,
            arguments={**inner.arguments, **given.kwargs},
            config=merge_configs(inner.config, given.config),
            note=note,
        )
    if isinstance(given, DynamicRunnable):
        chosen, _ = given.prepare(merge_configs(given.config, config))
        found, default = _look_into(chosen, config), given.default
        if type(default) is not type(found.model):
            return found
        own_fields = {  # LangChain gives every field to the model that it makes
            name
            for name in found.fields_set
            if name in default.model_fields_set or getattr(found.model, name) != getattr(default, name)
        }
        return replace(found, fields_set=frozenset(own_fields))
    raise _refused(given)


def _refused(given: object) -> UsageError:
    return UsageError(f"SelfInstruct(model=...) takes one LangChain chat model, not {type(given).__name__}", HINT)
