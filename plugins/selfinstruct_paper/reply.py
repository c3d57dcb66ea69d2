"""Reads a reply to the paper's task prompt: splits it at list numbers, and as a whole judges it like the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from selfinstruct.api import Draft, PostProcessor, Reply, Request
from selfinstruct_paper.completions import read_text, was_cut
from selfinstruct_paper.filters import TEXT_RULES

NEXT_ITEM = re.compile(r"\n\d+\s?\. ")


def split_tasks(text: str) -> list[str]:
    """Split a reply at list numbers that start a line, put each piece on one line, and leave out empty pieces.

    A number counts only with a dot and one space behind it. `str.capitalize` raises the first letter and lowers all
    others, names and acronyms too: the paper's recipe keeps that, and the filters see the text after it.
    Source: the reference's reading of replies.
    """
    pieces = (" ".join(piece.split()).capitalize() for piece in NEXT_ITEM.split(text))
    return [piece for piece in pieces if piece]


def post_process_llama3_response(response: Mapping[str, Any] | None) -> list[str]:
    """Give the tasks of a reply that pass all of the paper's rules but novelty, in order; none for a failed call.

    Serves the records of both scripts: the Llama-3 version stores no `finish_reason`, and then the reply counts as
    whole; a reply cut by length is thrown away. Raises `DataError` for a record without text.
    Source: Wang et al. 2023, section 2.2 (filtering), and the function of this name in the Llama-3 version.
    """
    if response is None or was_cut(response, reason_required=False):
        return []
    return [task for task in split_tasks(read_text(response)) if all(rule(task).keep for rule in TEXT_RULES)]


def post_process_gpt3_response(response: Mapping[str, Any] | None) -> list[str]:
    """Do what `post_process_llama3_response` does, for records that must say how the reply ended.

    Raises `DataError` for a record without `finish_reason` or text. Source: the reference's function of this name.
    """
    if response is not None:
        was_cut(response)
    return post_process_llama3_response(response)


class PaperTasksReader(PostProcessor):
    """Reads every piece that the reference would look at as a draft; the `paper-*` filters then judge it."""

    def process(self, request: Request, reply: Reply) -> Sequence[Draft]:
        """Split the reply; if its tokens ran out, every draft is noted as `cut`, as the reference drops them all."""
        examples = tuple(example.text for example in request.examples)
        notes = {"cut": True} if reply.finish == "length" else {}
        return [Draft(text, examples, notes) for text in split_tasks(reply.text)]
