"""Takes off what frames an example's output and is no part of it: pleasantries, labels, the next task."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selfinstruct_chat.readers.line_labels import Label, LabelledText, delimiter_at, label_at, one_label_a_line
from selfinstruct_chat.readers.part_words import HERE, HOPES, NEXT_TASKS, NOTES, SURE

MOST_CLOSERS = 3
ENDS = 600
"""Characters at either end of a text in which what frames it stands."""

_AGREES = r"(?:sure(?: thing)?|certainly|of course|absolutely|gladly|okay|no problem|great question)"
"""Alone at the start of an output; in other languages, and before `Here is`, more words are known."""

_OPENER = re.compile(
    rf"\s*(?:{SURE}[ \u00a0]?[!,.！，。–—-][ \t]*{HERE}[^\n:：]{{0,160}}(?:[:：]|[.!。](?=[ \t]*\n))[*_]*\s*"
    rf"|{HERE}[^\n:：]{{0,160}}[:：][*_]*[ \t]*\n[ \t]*\n\s*"
    r")(?=\S)",
    re.IGNORECASE,
)
_AGREED = re.compile(
    rf"\s*(?:{_AGREES}[!.][ \t]*(?:i['’](?:d|ll)\b[^\n]{{0,160}}|i (?:can|will|would)\b[^\n]{{0,160}})?\n\s*"
    rf"|{_AGREES}![ \t]+)(?=\S)",
    re.IGNORECASE,
)
_CLOSER = re.compile(
    r"(?:\n[ \t]*\n|\n|(?<=[.!?])[ \t]+|(?<=[。！？])[ \t]*)[ \t]*[¡([（*_]*(?:"
    r"(?:i )?hope (?:(?:this|these|that|it)(?: examples?| answers?)? (?:helps?\b|is helpful|are helpful|was helpful"
    r"|meets?|works)|you (?:like|enjoy|find)\b)"
    r"|enjoy(?: your [\w ]{1,30})?!|(?:please )?(?:let me know|feel free to (?:ask|reach out|let me know))\b[^\n]{0,60}"
    r"\b(?:help|else|more|other|another|further|questions?|changes?|adjust\w*|assist\w*|clarif\w*|examples?)\b"
    r"|(?:i hope|note)\b[^\n]{0,300}\bexamples?\b"
    r"|(?:these|the)(?: \w+)? examples (?:show|cover|are|demonstrate|illustrate|should|use|include|vary)\b"
    r"|is there anything else (?:i can|you)|would you like (?:me to|more|another|any)"
    r"|do you (?:want|need) (?:me to|more)"
    rf"|(?<=[(\[（*_])(?:{NOTES})[*_]*\s?[:：]"
    rf"|{HOPES}"
    r")[^\n]{0,200}\Z",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]*[-*_=]{3,}")
_WANTS_LETTER = re.compile(
    r"\b(?:e-?mails?|letters?|messages?|repl(?:y|ies)|respon\w+|notes?|chat|dialogue|support)\b", re.IGNORECASE
)
_NEXT_NAME = re.compile(NEXT_TASKS, re.IGNORECASE)
_TURNS = ("Human", "User", "Assistant")


def without_frame(output: str, instruction: str) -> str:
    """An output without words to the user around it, the label of another output below it, and the next task."""
    lines = output.split("\n")
    if others := [(at, other) for at in _below_blank(lines) if (other := _role(label_at(lines[at])))]:
        own = _role(label_at(lines[0]))
        lines = lines[: next((at for at, other in others if other != own), len(lines))]
    output = "\n".join(lines).rstrip()
    if found := _OPENER.match(output[:ENDS]):
        output = output[found.end() :]
    if not _WANTS_LETTER.search(instruction) and (found := _AGREED.match(output[:ENDS])):
        output = output[found.end() :]
    return without_closers(output, instruction)


def without_closers(text: str, instruction: str) -> str:
    """A text without words to the user at its end, unless the task is to write to somebody."""
    for _ in range(0 if _WANTS_LETTER.search(instruction) else MOST_CLOSERS):
        found = _CLOSER.search(text[-ENDS:])
        if found is None:
            break
        text = text[: len(text) - len(found[0])].rstrip()
        if _RULE.fullmatch(text.rpartition("\n")[2][:ENDS]):
            text = text.rpartition("\n")[0].rstrip()
    return text


def without_next_task(text: LabelledText, instruction: str) -> LabelledText:
    """A raw text without another task below its first output that has examples of its own."""
    lines = text.lines
    tasks = [at for at in range(1, len(lines)) if _role(text.labels[at]) == "task"]
    outputs = [at for at, line in enumerate(lines) if _is_output(line)] if tasks else []
    for at in tasks:
        if outputs and outputs[0] < at < outputs[-1]:
            task = _rest(lines[at]).strip() or next((line for line in lines[at + 1 :] if line.strip()), "")
            if task.split() != instruction.split():
                return text.changed_to("\n".join(lines[:at]).rstrip())
    return text


def split_input(given: str, output: str) -> tuple[str, str]:
    """Input and output, where an output begins with its own `Input:` and ends with an `Output:` or a paragraph."""
    label = label_at(output.partition("\n")[0])
    if label is None or label.part != "input":
        return given, output
    lines = one_label_a_line(LabelledText.from_text(output)).lines
    label = label_at(lines[0]) or label
    if place := next((at for at in range(1, len(lines)) if _is_output(lines[at])), 0):
        above, below = [label.rest, *lines[1:place]], [_rest(lines[place]), *lines[place + 1 :]]
        return "\n".join(above).strip("\r\n"), "\n".join(below).strip("\r\n")
    first, _, rest = "\n".join([label.rest, *lines[1:]]).partition("\n\n")
    return (first.strip("\r\n"), rest.strip("\r\n")) if rest.strip() else (given, output)


def _below_blank(lines: Sequence[str]) -> list[int]:
    """Numbers of the lines with words that stand below a blank one, from the third on: something stands above both."""
    return [at for at in range(2, len(lines)) if not lines[at - 1].strip() and lines[at].strip()]


def _role(label: Label | None) -> str:
    """Whether a label names the next `task`, or whose `turn` it is, and not a part of an example."""
    if label is None or label.part not in ("task", "answer"):
        return ""
    return "turn" if label.written in _TURNS else "task" if _NEXT_NAME.fullmatch(label.name) else ""


def _is_output(line: str) -> bool:
    label = delimiter_at(line) or label_at(line)
    return label is not None and label.part in ("output", "answer") and label.written not in (*_TURNS, "A")


def _rest(line: str) -> str:
    label = delimiter_at(line) or label_at(line)
    return label.rest if label else line
