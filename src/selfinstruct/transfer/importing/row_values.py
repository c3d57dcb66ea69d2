"""Reads the values of rows from any version of the scripts. A value that cannot be read is left out, never guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from selfinstruct.text.encoding import clean
from selfinstruct.types import Finish, Similarity

_FINISHES: Mapping[Any, Finish] = {"stop": "stop", "length": "length", "content_filter": "filtered"}
_SAYS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a text came from, if its row says; `reply` is `None` if the reply was not kept."""

    prompt: str = ""
    reply: str | None = None
    finish: Finish = "unknown"
    created_at: str = ""


def clean_text(value: object) -> str:
    """A text that can be stored, without white space around it; empty if the value is not a text."""
    return clean(value).strip() if isinstance(value, str) else ""


def text_key(text: str) -> str:
    """A key that is equal for texts that differ only in white space."""
    return " ".join(text.split())


def row_origin(metadata: object) -> RowOrigin:
    """The prompt and the reply in a row's metadata. The scripts wrote `"response": null` for a failed request."""
    if not isinstance(metadata, Mapping):
        return RowOrigin()
    choice = _choice(metadata.get("response"))
    prompt, created_at, reply = metadata.get("prompt"), metadata.get("created_at"), choice.get("text")
    if reply is None and isinstance(message := choice.get("message"), Mapping):
        reply = message.get("content")
    finish = choice.get("finish_reason")
    return RowOrigin(
        clean(prompt) if isinstance(prompt, str) else "",
        clean(reply) if isinstance(reply, str) else None,
        _FINISHES.get(finish, "unknown") if isinstance(finish, str) else "unknown",
        clean(created_at) if isinstance(created_at, str) else "",
    )


def _choice(response: object) -> Mapping[str, Any]:
    """The first choice of a response of a completion or chat API, or the text itself."""
    if isinstance(response, str):
        return {"text": response}
    if not isinstance(response, Mapping):
        return {}
    choices = response.get("choices")
    if isinstance(choices, Sequence) and choices and isinstance(choices[0], Mapping):
        return choices[0]
    return response


def similarity_of(row: Mapping[str, Any]) -> Similarity | None:
    """The nearest texts and the mean that the old run computed, if they are numbers."""
    near, mean = row.get("most_similar"), row.get("avg_similarity_score")
    pairs = near.items() if isinstance(near, Mapping) else ()
    scores = {clean(text): float(score) for text, score in pairs if _is_score(score)}
    if not scores and not _is_score(mean):
        return None
    nearest = tuple(sorted(scores.items(), key=lambda entry: -entry[1])[:_NEAREST])
    return Similarity(nearest[0][1] if nearest else 0.0, nearest, float(mean) if _is_score(mean) else 0.0)


def label_of(value: object) -> str:
    """`yes` or `no`; empty for anything else, such as a cut or a failed answer.

    Of a text its first line counts: a completion model that was not stopped writes the next task below its answer.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    first = value.strip().partition("\n")[0] if isinstance(value, str) else ""
    return _SAYS.get(first.strip().lower(), "")


def _is_score(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
