"""Watches for replies that bring nothing: a run of them ends the stage with the cause, before many are paid for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfinstruct.errors import ModelError, Stopped
from selfinstruct.text.final_answer import final_text
from selfinstruct.types import Decision, Failure, Reply, Request

FIRST, LATER = 8, 10
"""Such replies in a row that end a stage: before any good one was seen, and after one, where at least twice as many
are needed as a good reply has followed before, so that a model of which half the replies are cut is not ended."""

NOT_HERE = (
    "A stage with results keeps all settings but run.structured=false: change them in another --out, or run the same "
    "command again."
)

BLANK = re.compile(r'(?:"[^"\\\n]{0,200}"\s*:|null\b|```\w*|[\s{}\[\]",])*+')
"""A text that says nothing, or JSON without any value but blank texts."""

_NUMBER = re.compile(r"-?\d[\d.]*")

BY_HAND = "Try the model by hand: it may lack a chat template, or think where no reply is read."
LOWER_REASONING = "lower the model's reasoning (an option of its backend)"
FEW_TOKENS = 20
"""Tokens that a reply without a text may cost, such as those of a chat template; more were spent on thinking."""

FREE_TEXT = "--set run.structured=false"
NO_SCHEMA = f"Ask without one: {FREE_TEXT}"

FIRST_FAILURES, FAILURES_IN_A_ROW = 3, 8
"""Failed requests in a row that do: before the model has given the command its first reply, and after that."""


class UnproductiveReplies:
    """Counts replies in a row that were empty, cut before one item was whole, withheld, or calls of tools."""

    def __init__(self, is_proven: bool) -> None:
        """`is_proven` says that the stage has had a good reply already."""
        self._is_proven = is_proven
        self._count = self._longest = 0
        self._cause = ("", "")

    @property
    def _most(self) -> int:
        return max(LATER, 2 * self._longest) if self._is_proven else FIRST

    def in_flight(self, lookahead: int) -> int:
        """How many requests may be under way: those that may be in vain, or `lookahead` after a good reply."""
        most = max(self._most, lookahead) if self._is_proven else self._most
        return max(1, min(lookahead, most - self._count))

    @staticmethod
    def has_text(reply: Reply) -> bool:
        """Whether a reply is more than thinking and blanks."""
        return BLANK.fullmatch(final_text(reply.text, is_cut=reply.finish == "length")) is None

    def settled(
        self, request: Request, reply: Reply, decisions: Sequence[Decision], *, has_text: bool, is_new: bool
    ) -> None:
        """A reply was settled. `has_text` is what the method of this name says of it.

        A reply that is not new says nothing bad of the model as it is now.
        """
        cause = _cause(request, reply, decisions, has_text=has_text)
        if cause is None:
            self._longest = max(self._longest, self._count)
            self._is_proven, self._count = True, 0
        elif is_new:
            self._count, self._cause = self._count + 1, cause

    def check(self, is_complete: bool = False) -> None:
        """Raise `ModelError` after too many, or at the end of a stage in which no reply was good."""
        if self._count >= self._most or (is_complete and self._count and not self._is_proven):
            replies = "the only reply" if self._count == 1 else f"each of the last {self._count} replies"
            hint = f"{self._cause[1]} {NOT_HERE}" if self._is_proven else self._cause[1]
            raise ModelError(f"{replies} brought nothing: {self._cause[0]}", hint)


def all_failed(count: int, last: Failure, has_schema: bool) -> ModelError | Stopped:
    """The error that ends a stage whose last requests failed; `has_schema` says whether they asked for JSON.

    It is one to resume from if the server did not answer.
    """
    which = "the only request failed" if count == 1 else f"the last {count} requests all failed"
    if last.hint:
        return Stopped(f"{which}: {last.message}", last.hint)
    hint = f"If the model takes no JSON schema: {NO_SCHEMA}" if has_schema else ""
    return ModelError(f"{which}: {last.message}", hint)


def _cause(request: Request, reply: Reply, decisions: Sequence[Decision], *, has_text: bool) -> tuple[str, str] | None:
    """Why a reply brought nothing, and what to do; `None` for one that brought something, or ended by itself."""
    raise_limit = f"Raise {request.stage}.sampling.max_tokens"
    limit = f"{request.sampling.max_tokens:,} tokens" if request.sampling.max_tokens else "tokens"
    if reply.details.get("prompt_cut"):
        return "the server cut the prompt to fit its context", "Raise the backend's context (num_ctx of Ollama)."
    if has_text:
        if not decisions and BLANK.fullmatch(_NUMBER.sub("", reply.text)):
            return "it is JSON without a text", BY_HAND
        if reply.finish != "length" or any(map(_is_usable, decisions)):
            return None
        return f"its {limit} ended before one item was whole", f"{raise_limit}."
    if reply.details.get("cut_json"):
        fixes = f"{raise_limit}, {LOWER_REASONING}, or ask without a schema: {FREE_TEXT}"
        return f"its {limit} ended before the JSON was whole", fixes
    if reply.finish == "length":
        if reply.text and BLANK.fullmatch(reply.text):
            return f"it is {limit} of white space", f"{raise_limit}, or ask without a schema: {FREE_TEXT}"
        return f"the model spent its {limit} on thinking and gave no answer", f"{raise_limit}, or {LOWER_REASONING}."
    if reply.details.get("tool_calls"):
        return "the model called a tool in place of answering", "Choose another model, or switch its tools off."
    if reply.finish == "filtered":
        return "the provider withheld the text", "Choose another model or provider, or other seed tasks."
    if BLANK.fullmatch(reply.text) and (reply.text or (reply.usage.completion_tokens or 0) <= FEW_TOKENS):
        return "it was empty", BY_HAND
    return "it was thinking without an answer", f"{LOWER_REASONING.capitalize()}. {BY_HAND}"


def _is_usable(decision: Decision) -> bool:
    """Whether something whole was found, whatever filters think of it."""
    notes = decision.notes
    return decision.fate == "accepted" or not (notes.get("cut") or notes.get("missing") or not decision.text.strip())
