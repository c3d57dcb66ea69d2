"""Takes off what frames an example's output and is no part of it: pleasantries, labels, the next task."""

from __future__ import annotations

import re

from selfinstruct_chat.labels import label_at
from selfinstruct_chat.words import ANSWERS, HERE, HOPES, INPUTS, NEXT_TASKS, NOTES, OUTPUTS, SURE

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
    r"(?:i )?hope (?:this|these|that|it)(?: examples?| answers?)? "
    r"(?:help|is helpful|are helpful|was helpful|meets?|works)"
    r"|(?:please )?(?:let me know|feel free to (?:ask|reach out|let me know))\b[^\n]{0,60}"
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

_LABEL = r"[ \t]*(?:#{1,6}[ \t]*)?[*_]{0,3}"
_KIND = r"(?:(?:sample|example|expected|correct|final)[ ]+)?"
_COLON = r"[ \t]*\d{0,2}[*_]{0,3}[ \t]*[:：]"
_EMPTY_OUTPUT = re.compile(rf"(?:\A|\n){_LABEL}{_KIND}(?:{OUTPUTS}|{ANSWERS}){_COLON}[*_ \t]*\Z", re.IGNORECASE)
_INPUT_FIRST = re.compile(rf"{_LABEL}{_KIND}(?:{INPUTS}){_COLON}[*_]{{0,3}}[ \t]*", re.IGNORECASE)
_OUTPUT_LINE = re.compile(
    rf"(?:\A|\n){_LABEL}(?:{_KIND}(?:{OUTPUTS}|{ANSWERS}){_COLON}[*_]{{0,3}}|<<OUTPUT>>)[ \t]*", re.IGNORECASE
)
_NEXT = rf"(?:{NEXT_TASKS})(?:[ \t]*#?\d{{1,3}})?"
_TASK = rf"(?:{_LABEL}{_NEXT}[*_]{{0,3}}[ \t]*[:：]|[ \t]*#{{1,6}}[ \t]*{_NEXT}[ \t]*(?=\n))"
_NEXT_TASK = re.compile(rf"\n[ \t]*\n{_TASK}", re.IGNORECASE)
_TASK_FIRST = re.compile(_TASK, re.IGNORECASE)
_TURN = r"[ \t]*(?:#{1,6}[ \t]*)?(?:Human|User|Assistant)[ \t]*:"
_TURN_FIRST, _NEXT_TURN = re.compile(_TURN), re.compile(rf"\n[ \t]*\n{_TURN}")
_NEXT_NAME = re.compile(NEXT_TASKS, re.IGNORECASE)
_OUTPUT_FIRST = re.compile(rf"{_LABEL}{_KIND}(?:{OUTPUTS}){_COLON}[*_]{{0,3}}\s*(?=\S)", re.IGNORECASE)


def without_frame(output: str, instruction: str) -> str:
    """An output without words to the user around it, the label of another output below it, and the next task."""
    for first, following in ((_TASK_FIRST, _NEXT_TASK), (_TURN_FIRST, _NEXT_TURN)):
        if not first.match(output) and (found := following.search(output)):
            output = output[: found.start()].rstrip()
    if found := _OUTPUT_FIRST.match(output[:ENDS]):
        output = output[found.end() :]
    if found := _OPENER.match(output[:ENDS]):
        output = output[found.end() :]
    if not _WANTS_LETTER.search(instruction) and (found := _AGREED.match(output[:ENDS])):
        output = output[found.end() :]
    if found := _EMPTY_OUTPUT.search(output[-ENDS:]):
        output = output[: len(output) - len(found[0])].rstrip()
    return without_closers(output, instruction)


def without_closers(text: str, instruction: str) -> str:
    """A text without words to the user at its end, unless the task is to write to somebody."""
    for _ in range(0 if _WANTS_LETTER.search(instruction) else MOST_CLOSERS):
        if found := _CLOSER.search(text[-ENDS:]):
            text = text[: len(text) - len(found[0])].rstrip()
            if _RULE.fullmatch(text.rpartition("\n")[2][:ENDS]):
                text = text.rpartition("\n")[0].rstrip()
    return text


def without_next_task(text: str, instruction: str) -> str:
    """A raw text without another task below its first output that has examples of its own."""
    lines = text.split("\n")
    labels = [(at, label) for at, line in enumerate(lines) if (label := label_at(line))]
    outputs = [at for at, label in labels if label.part in ("output", "answer")]
    outputs += [at for at, line in enumerate(lines) if _OUTPUT_LINE.match(line)]
    for at, label in labels if outputs else ():
        if min(outputs) < at < max(outputs) and not lines[at - 1].strip() and _NEXT_NAME.fullmatch(label.name):
            task = label.rest.strip() or next((line for line in lines[at + 1 :] if line.strip()), "")
            if task.split() != instruction.split():
                return "\n".join(lines[:at]).rstrip()
    return text


def split_input(given: str, output: str) -> tuple[str, str]:
    """Input and output, where an output begins with its own `Input:` and ends with an `Output:` or a paragraph."""
    found = _INPUT_FIRST.match(output[:ENDS])
    if found is None or (given and not _OUTPUT_LINE.search(output)):
        return given, output
    rest = output[found.end() :]
    if parted := _OUTPUT_LINE.search(rest):
        return rest[: parted.start()].strip("\r\n"), rest[parted.end() :].strip("\r\n")
    first, _, below = rest.partition("\n\n")
    return (first.strip("\r\n"), below.strip("\r\n")) if below.strip() else (given, output)
