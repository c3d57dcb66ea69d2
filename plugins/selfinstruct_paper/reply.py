"""Parses a reply to the paper's task prompt: splits it at list numbers, and drops tasks as the reference does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from selfinstruct.api import Draft, PostProcessor, Reply, Request
from selfinstruct_paper.completions import read_text, was_cut
from selfinstruct_paper.filters import TEXT_RULES

NEXT_ITEM = re.compile(r"\n\d+\s?\. ")


def split_tasks(text: str) -> list[str]:
    """The tasks of a reply, which is split at list numbers at the start of a line. Each task is put on one line.

    A list number needs a dot and a space after it. `str.capitalize` raises the first letter and lowers all others,
    even in names and acronyms. The paper's recipe keeps that, and filters see the changed text. Source: the reference's
    code for replies.
    """
    pieces = (" ".join(piece.split()).capitalize() for piece in NEXT_ITEM.split(text))
    return [piece for piece in pieces if piece]


def post_process_llama3_response(response: Mapping[str, Any] | None) -> list[str]:
    """The tasks of a reply that pass the paper's rules, except novelty, in order; none for a failed call.

    This reads the records of both scripts. The Llama-3 version stores no `finish_reason`, and then the reply counts as
    complete. A reply that was cut by length gives no tasks. Raises `DataError` for a record without text.
    Source: Wang et al. 2023, section 2.2 (filtering), and the function of this name in the Llama-3 version.
    """
    if response is None or was_cut(response, reason_required=False):
        return []
    return [task for task in split_tasks(read_text(response)) if all(rule(task).keep for rule in TEXT_RULES)]


def post_process_gpt3_response(response: Mapping[str, Any] | None) -> list[str]:
    """The tasks of a reply as in `post_process_llama3_response`, for records that must say how the reply ended.

    Raises `DataError` for a record without `finish_reason` or text. Source: the reference's function of this name.
    """
    if response is not None:
        was_cut(response)
    return post_process_llama3_response(response)


class PaperTasksReader(PostProcessor):
    """Makes a draft of every task that the reference considers; the `paper-*` filters then evaluate it."""

    def process(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """The drafts in a reply. If it was cut by length, all have the note `cut`, as the reference drops them all."""
        examples = tuple(example.text for example in request.examples)
        notes = {"cut": True} if reply.finish == "length" else {}
        return [Draft(text, examples, notes) for text in split_tasks(reply.text)]
