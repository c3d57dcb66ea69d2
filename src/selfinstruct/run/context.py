"""Whether the requests of a run suit a model, and fit into its context: for `doctor` and before the first request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from selfinstruct.api import Backend
from selfinstruct.config import RunConfig
from selfinstruct.engine.completions import refused_conversation
from selfinstruct.engine.gate import estimated_tokens
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import ModelError, SelfInstructError
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.accounts import shared_by
from selfinstruct.run.estimate import sample_requests
from selfinstruct.types import Check, SeedTask


def longest_requests(
    registry: Registry, config: RunConfig, stage: str, *, seeds: Sequence[SeedTask]
) -> Mapping[str, int]:
    """Tokens of the longest request of each stage that shares this stage's backend, estimated from the seeds."""
    shared, needs = shared_by(config, stage), {}
    for name in config.stages if seeds else ():
        if name in shared and (requests := sample_requests(registry, config, name, seeds=seeds)):
            needs[name] = max(map(estimated_tokens, requests))
    return needs


def make_room_for_run(
    backend: Backend, registry: Registry, config: RunConfig, *, stage: str, seeds: Sequence[SeedTask]
) -> Mapping[str, int]:
    """The longest requests, for which room is made. A prompt that cannot be written is reported when it is needed."""
    measure = partial(longest_requests, registry, config, stage, seeds=seeds)
    try:
        needs = call_plugin("the sampler or the encoder", f"the prompts of {stage}", measure)
    except SelfInstructError:
        return {}
    make_room(backend, needs)
    return needs


def make_room(backend: Backend, needs: Mapping[str, int]) -> None:
    """Tell a backend how long its requests become, before it is checked or asked for a model."""
    if needs:
        name = f"the backend {type(backend).__name__}"
        call_plugin(name, "its context", backend.make_room, max(needs.values()), hint=FIX_AND_RERUN)


def check_context(backend: Backend, needs: Mapping[str, int]) -> Check:
    """Check whether the longest requests fit into the context of a backend that has chosen its model."""
    by_stage = ", ".join(f"{name} {tokens:,}" for name, tokens in needs.items())
    words = f"largest number of tokens in a request: {by_stage or 'not known without seeds'}"
    name = f"the backend {type(backend).__name__}"
    context = call_plugin(name, "limits", backend.limits, hint=FIX_AND_RERUN).context
    if context is None:
        return Check("context", True, f"{words}; the model's context size is not known")
    small = [stage for stage, tokens in needs.items() if tokens > context]
    fix = "Choose a model with a larger context, raise num_ctx if it is set, or lower [{}.sampling] max_tokens."
    found = f"{words}; the model's context is {context:,} tokens"
    return Check("context", not small, found, fix.format(small[0]) if small else "")


def refuse_completion_model(
    backend: Backend, registry: Registry, config: RunConfig, *, stage: str, seeds: Sequence[SeedTask]
) -> None:
    """Raise `ModelError` if a stage would ask a completion model with a conversation."""
    if backend.continues_text and stage in config.stages and seeds:
        write = partial(sample_requests, registry, config, stage, seeds=seeds)
        for request in call_plugin("the sampler or the encoder", stage, write, hint=FIX_AND_RERUN)[:1]:
            if [message.role for message in request.messages] != ["user"]:
                raise refused_conversation(stage)


def refuse_small_context(backend: Backend, needs: Mapping[str, int]) -> None:
    """Raise `ModelError` if `check_context` fails."""
    check = check_context(backend, needs)
    if not check.ok:
        raise ModelError(f"the requests do not fit: {check.detail}", check.fix)
