"""Whether a stage asks with a JSON schema: decided when it first asks, and frozen with the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from selfinstruct.api import PromptEncoder
from selfinstruct.config import RunConfig
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import ModelError
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.stage_config import refuse_other_settings
from selfinstruct.store import RunStore
from selfinstruct.types import Settlement

AUTO = "auto"
NO_SCHEMA = 'Set run.structured to false or "auto", or choose another model.'


def encoder_with_schema(registry: Registry, config: RunConfig, stage: str) -> PromptEncoder | None:
    """The encoder with which a stage asks for JSON; `None` if its prompt has no such form."""
    table = config.stages.get(stage)
    if table is None or table.encoder is None:
        return None
    encoder: PromptEncoder = table.encoder.build(registry)
    name = registry.describe(table.encoder.kind, table.encoder.name)
    return call_plugin(name, "its form with a schema", encoder.with_schema, hint=FIX_AND_RERUN)


def wants_schema(registry: Registry, config: RunConfig, stage: str) -> bool:
    """Whether a stage is to ask with a schema if its model takes one."""
    mode = config.run.structured
    encoder = encoder_with_schema(registry, config, stage) if mode else None
    return encoder is not None and (mode is True or encoder.prefers_schema)


def change_form(stage: str, *, registry: Registry, config: RunConfig, store: RunStore) -> None:
    """Give up the schema of a stage that has replies, where `run.structured` is false now: the model may have lost it.

    Replies stay as they are, and requests without one are planned again. Raises `ConfigError` if the stage has requests
    at a provider as a batch, or if its replies are free text and `run.structured` is changed to true. The value of an
    earlier command is no change: a later stage may have started with it.
    """
    mode, recorded = config.run.structured, store.facts.structured or {}
    if mode == AUTO or not _is_asked(store, stage):
        return
    known, is_wanted = bool(recorded.get(stage)), wants_schema(registry, config, stage)
    if known and not is_wanted and not store.batches.open(stage):
        store.facts.record_structured({**recorded, stage: False})
        store.delete_requests(stage)
    elif known != is_wanted and mode != store.facts.tree.get("run", {}).get("structured", AUTO):
        was, now = (str(form).lower() for form in (known, is_wanted))
        refuse_other_settings(store, [f"run.structured: {was} in the run, now {now}"])


def _is_asked(store: RunStore, stage: str) -> bool:
    """Whether a stage has a reply, or requests at a provider as a batch; failed requests have no form to keep."""
    return bool(store.totals(stage).replies or store.batches.open(stage))


async def decide_structured(
    stage: str,
    *,
    registry: Registry,
    config: RunConfig,
    store: RunStore,
    accepts_schema: Callable[[], Awaitable[bool]],
) -> bool:
    """Whether a stage asks with a schema, now and whenever it continues; recorded before it asks.

    A run that an older version began has no record of it and keeps asking in free text. A stage without any reply may
    still change: what it had planned is planned again. Raises `ModelError` if the config insists on a schema that the
    model does not take.
    """
    mode, recorded = config.run.structured, store.facts.structured
    known = None if recorded is None else recorded.get(stage)
    if _is_asked(store, stage) or (mode == AUTO and (recorded is None or known is not None)):
        return bool(known)
    is_wanted = wants_schema(registry, config, stage)
    if is_wanted and not await accepts_schema():
        if mode is True:
            raise ModelError(f"run.structured is true, but the model that {stage} asks takes no JSON schema", NO_SCHEMA)
        is_wanted = False
    if recorded is not None or is_wanted:
        store.facts.record_structured({**(recorded or {}), stage: is_wanted})
    if bool(known) != is_wanted:
        store.delete_requests(stage)
    return is_wanted


class FreeTextNote:
    """Says once for each stage that its first reply to a schema was free text. An observer of the run."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._seen: set[str] = set()

    def selfinstruct_settled(self, settlement: Settlement) -> None:
        """Look at the first reply of a stage."""
        request, reply = settlement.request, settlement.reply
        if request.schema is None or reply is None or request.stage in self._seen:
            return
        self._seen.add(request.stage)
        if reply.text.strip() and "{" not in reply.text:
            self._say(f"replies: the first one of {request.stage} is free text, so the server may ignore the schema")
