"""Calls plugins. An exception or a wrong return value becomes a `PluginError` that names the component."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import astuple
from math import isfinite
from typing import NoReturn, TypeVar, get_args

from selfinstruct.api.environment import environment_problem
from selfinstruct.api.secret_finder import mask_environment
from selfinstruct.errors import ModelError, PluginError, Stopped, UsageError, plugin_cause, plugin_frames, shorten
from selfinstruct.types import (
    Busy,
    Completion,
    Deferred,
    Draft,
    Example,
    Exhausted,
    Fault,
    Finish,
    Instruction,
    Label,
    Message,
    Rating,
    RawInstances,
    Rejected,
    Reply,
    Request,
    Similarity,
    Ties,
    Tokenising,
    Unusable,
    Verdict,
)

T = TypeVar("T")

HINT = 'Fix the plugin and run the same command again, or set run.on_plugin_error = "quarantine".'
VERDICT_HINT = f'Return keep() or drop("reason") from every path of evaluate. {HINT}'
FIX_AND_RERUN = "Fix the plugin and run the same command again. No paid reply is lost."
_TOKENISERS, _TIES = get_args(Tokenising), get_args(Ties)
_FLAT = (str, int, bool)
_ITEMS = (Draft, Label, RawInstances, Example, Rating)
_VALUES = (*_ITEMS, Instruction, Request, Reply)
"""What the core hands to plugins."""


def call_plugin(name: str, about: str, work: Callable[..., T], *values: object, hint: str = HINT) -> T:
    """Call a plugin. Raises `PluginError` with the component's name, the item or request, and the failing function."""
    try:
        return work(*values)
    except BaseException as error:
        raise_for_plugin(name, about, error, hint=hint)


def raise_for_plugin(name: str, about: str, error: BaseException, *, hint: str = HINT) -> NoReturn:
    """Raise, for an exception of a plugin's, what `call_plugin` raises for it."""
    if isinstance(error, UsageError | PluginError | ModelError | Stopped):
        raise error
    if problem := environment_problem(error):
        raise problem from None
    raise plugin_failed(name, about, error, hint=hint) from error


def plugin_failed(name: str, about: str, error: BaseException, *, hint: str = HINT) -> PluginError:
    """The error that names a component, what it was about, and where it failed; raises Ctrl-C itself again."""
    cause = mask_environment(plugin_cause(error))
    if isinstance(error, AttributeError) and isinstance(error.obj, _VALUES):
        known = ", ".join(part for part in dir(error.obj) if not part.startswith("_"))
        cause += f"; {type(error.obj).__name__} has {known}"
    return PluginError(f"{name} failed{_place(error)} on: {shorten(about)!r}: {cause}", hint)


def check_request(request: Request) -> None:
    """Raise `PluginError` if a sampler returned anything but examples, or an encoder anything but messages."""
    whole = (
        ("the sampler", request.examples, Instruction, "an Instruction"),
        ("the encoder", request.messages, Message, "a Message"),
    )
    for who, values, kind, wanted in whole:
        for value in values:
            if not isinstance(value, kind):
                problem = f"{who} of {request.stage} returned {_kind(value)} instead of {wanted}"
                raise PluginError(f"{problem}, for request {request.index}", FIX_AND_RERUN)
    if request.schema is not None and not (isinstance(request.schema, dict) and _is_json(request.schema)):
        problem = f"the encoder of {request.stage} returned a schema that is not a JSON object"
        raise PluginError(f"{problem}, for request {request.index}", FIX_AND_RERUN)


def check_item(item: object) -> Draft | Label | RawInstances | Example | Rating:
    """Return the item.

    Raises `PluginError` if a post-processor returned something that is no item or cannot be stored.
    """
    if not (isinstance(item, _ITEMS) and isinstance(item.text, str)):
        raise PluginError(f"the post-processor returned {_kind(item)} instead of an item: {shorten(str(item))!r}", HINT)
    if not (_is_json(dict(item.notes)) and _is_json(dict(item.payload))):
        raise PluginError(f"the post-processor returned notes that are not JSON, on: {shorten(item.text)!r}", HINT)
    return item


def check_verdict(name: str, verdict: object, text: str) -> None:
    """Raise `PluginError` if a filter returned anything but a verdict, or one that cannot be stored."""
    if not isinstance(verdict, Verdict):
        raise PluginError(f"{name} returned {_kind(verdict)}, not a Verdict, on: {shorten(text)!r}", VERDICT_HINT)
    near = verdict.similarity
    if near is None and verdict.reason == "" and verdict.evidence == {}:  # nearly all verdicts
        return
    scores = [near.mean, near.nearest] if isinstance(near, Similarity) else None
    if near is not None and not isinstance(near, Similarity) and not _can_be_computed(near):
        raise PluginError(f"{name} returned an invalid similarity, on: {shorten(text)!r}", HINT)
    if not (isinstance(verdict.reason, str) and _is_json(dict(verdict.evidence)) and _is_json(scores)):
        raise PluginError(f"{name} returned evidence that is not JSON, on: {shorten(text)!r}", HINT)


def _can_be_computed(near: object) -> bool:
    return (
        isinstance(near, Deferred)
        and all(type(number) is int and number >= 0 for number in (near.pool, near.nearest))
        and near.nearest > 0
        and near.tokeniser in _TOKENISERS
        and near.ties in _TIES
    )


def check_completion(name: str, about: str, completion: object) -> None:
    """Raise `PluginError` if a backend returned a completion that cannot be recorded."""
    if not isinstance(completion, Completion):
        raise PluginError(f"{name} read a reply as {_kind(completion)}, not a Completion, on: {about}", FIX_AND_RERUN)
    usage = astuple(completion.usage)
    texts = (completion.text, completion.model)
    if not (
        completion.finish in get_args(Finish)
        and all(isinstance(text, str) for text in texts)
        and all(count is None or isinstance(count, int) for count in usage)
        and _is_json(dict(completion.details))
    ):
        raise PluginError(f"{name} read a reply into a Completion of wrong types, on: {about}", FIX_AND_RERUN)


def check_fault(name: str, about: str, fault: object) -> Fault:
    """Return the fault. Raises `PluginError` if a backend returned something else."""
    if not isinstance(fault, Busy | Rejected | Unusable | Exhausted):
        raise PluginError(f"{name} read an error as {_kind(fault)}, not a fault, on: {about}", FIX_AND_RERUN)
    return fault


def _kind(value: object) -> str:
    return type(value).__name__


def _is_json(value: object) -> bool:
    if value is None or is_flat(value):  # nearly all items
        return True
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def is_flat(value: object) -> bool:
    """Whether a value is a dictionary of texts, finite numbers and truths: what notes and evidence mostly are."""
    return isinstance(value, dict) and all(
        type(k) is str and (type(v) in _FLAT or (type(v) is float and isfinite(v))) for k, v in value.items()
    )


def _place(error: BaseException) -> str:
    """The function of the plugin that failed."""
    for frame, _ in plugin_frames(error)[:1]:
        return f" in {frame.f_globals.get('__name__', '')}.{frame.f_code.co_qualname}"
    return ""


def is_cancelled() -> bool:
    """Whether the current task is being cancelled; if not, a `CancelledError` is one that a plugin raised."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
