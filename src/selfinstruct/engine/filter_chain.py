"""Runs items through the filter chain. Each item gets one fate, and an error in a filter never becomes a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from selfinstruct.api import Filter, keep
from selfinstruct.engine.plugin_calls import (
    FIX_AND_RERUN,
    call_plugin,
    check_item,
    check_verdict,
    is_flat,
    raise_for_plugin,
)
from selfinstruct.errors import PluginError
from selfinstruct.text.encoding import clean
from selfinstruct.types import Decision, Deferred, Fate, Item, Json, Similarity

_KEPT = keep()
"""What filters return for nearly all items, and always the same object."""


@dataclass(frozen=True, slots=True)
class NamedFilter:
    """A filter with its name in the run. `title` names it in errors."""

    name: str
    filter: Filter[Any]
    title: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", f"filter '{self.name}'")

    def overrides(self, method: str) -> bool:
        """Whether the filter has its own method, rather than the one of `Filter` that does nothing."""
        return getattr(getattr(self.filter, method), "__func__", None) is not getattr(Filter, method)


@dataclass(frozen=True, slots=True)
class ChainResult:
    """The result for a reply: its new decisions, the number of its items with a fate, and whether all have one.

    `unread` means that the whole reply was quarantined, because it could not be read.
    """

    decisions: tuple[Decision, ...]
    evaluated: int
    complete: bool
    is_unreadable: bool = False


class FilterChain:
    """The filters of a stage.

    With `quarantine`, an item on which a plugin fails is quarantined; otherwise the run stops.
    """

    def __init__(self, rules: Sequence[NamedFilter], quarantine: bool = False) -> None:
        self._rules = rules
        self._with_memory = [rule for rule in rules if rule.overrides("observe")]
        self._with_batches = [rule for rule in rules if rule.overrides("prefetch")]
        self._quarantine = quarantine

    def observe(self, items: Iterable[Item]) -> None:
        """Let every filter remember items, in order."""
        items = list(items)
        for rule in self._rules:
            call_plugin(rule.title, "items before the run", rule.filter.observe_all, items, hint=FIX_AND_RERUN)

    def evaluate(
        self, read: Callable[[], Sequence[Item]], text: str, skip: int, *, room: int | None, most: int | None
    ) -> ChainResult:
        """Evaluate a reply's items from position `skip` on.

        It stops when `room` items are accepted or `most` are evaluated; `None` means no limit.
        `read` is the post-processor's work on the reply. If it fails and `quarantine` is set, the `text` is
        quarantined.
        """
        try:
            items = [_storable(item) for item in call_plugin("the post-processor", text, lambda: list(read()))]
            for rule in self._with_batches:
                call_plugin(rule.title, text, rule.filter.prefetch, tuple(map(_copy, items)))
        except PluginError as error:
            if not self._quarantine:
                raise
            return ChainResult(
                (Decision(skip, text, "quarantined", *_because_of(error)),), skip + 1, True, is_unreadable=True
            )
        decisions: list[Decision] = []
        accepted = 0
        for position in range(skip, len(items)):
            if accepted == room or len(decisions) == most:
                return ChainResult(tuple(decisions), position, False)
            decision = self._decide(position, items[position])
            decisions.append(decision)
            accepted += decision.fate == "accepted"
        return ChainResult(tuple(decisions), max(skip, len(items)), True)

    def _decide(self, position: int, item: Item) -> Decision:
        similarity: Similarity | Deferred | None = None
        shown = _copy(item)
        try:
            for rule in self._rules:
                try:
                    verdict = rule.filter.evaluate(shown)
                except BaseException as error:
                    raise_for_plugin(rule.title, item.text, error)
                if verdict is _KEPT:
                    continue
                check_verdict(rule.title, verdict, item.text)
                similarity = verdict.similarity or similarity
                if not verdict.keep:
                    reason = verdict.reason or "dropped"
                    return _decision(
                        position,
                        item,
                        "rejected",
                        similarity=similarity,
                        rule=rule.name,
                        reason=reason,
                        evidence=verdict.evidence,
                    )
        except PluginError as error:
            if not self._quarantine:
                raise
            rule_name, reason, evidence = _because_of(error)
            return _decision(position, item, "quarantined", rule=rule_name, reason=reason, evidence=evidence)
        for (
            rule
        ) in self._with_memory:  # no quarantine: with half its memory a filter decides differently after a resume
            call_plugin(rule.title, item.text, rule.filter.observe, shown, hint=FIX_AND_RERUN)
        return _decision(position, item, "accepted", similarity=similarity)


def _decision(
    position: int,
    item: Item,
    fate: Fate,
    *,
    similarity: Similarity | Deferred | None = None,
    rule: str = "",
    reason: str = "",
    evidence: Mapping[str, Json] | None = None,
) -> Decision:
    about = (similarity, item.notes, item.subject, item.payload)
    return Decision(position, item.text, fate, rule, reason, evidence or {}, *about)


def _because_of(error: PluginError) -> tuple[str, str, Mapping[str, Json]]:
    return "", "plugin-error", {"error": error.message}


def _copy(item: Item) -> Item:
    """The item as filters get it: what one of them writes into its notes is never stored."""
    copied: Any = item
    notes = dict(item.notes)
    whole: Item = replace(copied, notes=notes if is_flat(notes) else deepcopy(notes))
    return whole


def _storable(item: Any) -> Item:
    """The item without lone surrogates, which JSON can contain but which cannot be stored."""
    checked: Any = check_item(item)
    texts = ((name, getattr(checked, name)) for name in checked.__dataclass_fields__)
    broken = {name: clean(text) for name, text in texts if isinstance(text, str) and clean(text) != text}
    whole: Item = replace(checked, **broken) if broken else checked
    return whole
