"""Reads from a chat reply which of the numbered tasks are classification tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from selfinstruct.api import Label, PostProcessor, Reply, Request
from selfinstruct_chat.prompts.classify import one_line
from selfinstruct_chat.prompts.task_facts import Facts, read_json_facts, split_facts
from selfinstruct_chat.readers.json_labels import read_json_labels
from selfinstruct_chat.readers.part_words import NO, YES
from selfinstruct_chat.readers.replies import clean_reply

LONGEST_SAID, END = 120, 200
"""Characters of the read words that are noted, and on either end of many words that are read."""

_IT_IS = r"(?:(?:it|this|that)(?:'s| is) )?"
_NO = (
    rf"no(?: classification)?|{NO}|generat(?:ion|ive)(?: tasks?)?|(?:open[- ]ended|free[- ]form)(?: tasks?)?"
    rf"|{_IT_IS}(?:not|isn't|non)[- ](?:an? )?classification(?: tasks?)?"
)
_YES = rf"{YES}|{_IT_IS}(?:an? )?classification(?: tasks?)?"
_ANSWER = rf"(?:(?P<no>{_NO})|(?P<yes>{_YES}))"
_WHOLE = re.compile(rf"\W*{_ANSWER}\W*", re.IGNORECASE)
_FIRST = re.compile(
    r"\W*(?:(?:the |my )?(?:answer|label|classification|result)(?: is)?\W{1,4})?"
    r"(?:(?P<no>no|nope|false|(?:no|not an?|not|non)[- ]classification(?: task)?)|(?P<yes>yes|yep|true))\b"
    r"[*_`\"')\]]*(?=[ \t]*(?:[.,;:!(\[|*–—→\n-]|$)|\s+(?:because|since|as|it|this|the)\b)",
    re.IGNORECASE,
)
"""An answer, and behind it nothing, a sign or a reason: not `True or false: ...`."""

_NAMED = re.compile(
    r"\W*(?:(?P<no>(?:not|non)[- ]classification)|(?P<yes>classification))(?: task)?\b[ *_]*[(,;–—-]", re.IGNORECASE
)

_LAST = re.compile(
    rf"(?:\b(?:so|therefore|thus|hence),? |[-–—:：=>→|(\[*.?!]|\n)[\s*_(\[`\"'|]*{_ANSWER}[\s*_)\]`\"'|.!]*\Z",
    re.IGNORECASE,
)
"""An answer at the end, set apart from what stands before it by a sign: not `Answer yes or no`."""

_INSIDE = re.compile(r"(?:\bis|'s)(?P<no> not|n't)?(?: an?)? (?P<kind>classification)\b", re.IGNORECASE)

_TASK = r"(?:(?:task|question|item|instruction|number|no|nr|t|q)\b[.\s]*)?[#(]?\s*"
_MARK = r"[*_`\"')\]]*\s*(?:[.):：、|=→\]]|->|=>|[–—-])"
_LINE = re.compile(
    rf"[\s*_#>|`\"'(\[{{•+-]*{_TASK}(?P<number>\d{{1,3}})(?:{_MARK}|(?=[\s*_]|\Z))(?P<rest>.*)", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!]) +(?=(?:Task|Instruction|Number)s? \d{1,3}\b|(?:All )?[Tt]he (?:others?|rest)\b)")
_TAG = re.compile(r"<[A-Za-z][^<>\d]{0,40}(\d{1,3})[^<>\n]{0,40}>|</[A-Za-z][^<>\n]{0,40}>")
"""A tag of XML, and the number in it."""

_OTHERS = re.compile(
    r"\W*(?:all )?(?:the )?(?:others?|rest|remaining)\b.{0,40}?\b(?:(?P<no>not?)|(?P<yes>yes|classification))\b",
    re.IGNORECASE,
)
_PAIR = re.compile(
    rf"{_TASK}[\"']?(?P<number>\d{{1,3}})(?!\d)[\s*_\"').:：=→>|–—-]*{_ANSWER}\b[\s*_\"').;,|/]*", re.IGNORECASE
)
_NUMBERS = r"(?P<numbers>(?:(?:and\b|tasks?\b|numbers?\b|[#\s,.;&*])*\d{1,3}(?!\d))+)"
_GROUP = re.compile(
    rf"[\s*_#>-]*(?:the )?{_ANSWER}s?(?: tasks)?[\s*_]*(?:[:：=–—-]|are\b:?)[\s*_]*{_NUMBERS}\W*", re.IGNORECASE
)
LONGEST_GROUP = 1_000
"""Characters of a line that can name a group: the numbers of all tasks that are asked about at once, and some words."""

_SPOKEN_GROUP = re.compile(
    rf"\W*{_NUMBERS} are (?:(?P<no>not|no)\b|(?P<yes>classification))(?: an?)?(?: classification)?(?: tasks?)?\W*",
    re.IGNORECASE,
)


class ChatLabelsReader(PostProcessor):
    """Reads yes or no for each numbered task, in any order and many forms; total and pure."""

    def process(self, request: Request, reply: Reply) -> Sequence[Label]:
        """One label for each subject that the reply speaks of; contradictions and other words are `unknown`.

        The last answer of a reply cut by length does not count, unless it is the only one that was asked for. Facts
        about a task are noted where the reply tells them.
        """
        text = clean_reply(request, reply).strip().replace("’", "'")
        tasks = [one_line(subject.text) for subject in request.subjects]
        answers = read_answers(text, tasks, is_cut=reply.ended_early)
        facts = read_json_facts(text)
        heard: dict[int, list[str]] = {}
        for number, said in answers:
            if 1 <= number <= len(tasks):
                words, found = split_facts(said)
                heard.setdefault(number, []).append(words)
                facts.setdefault(number, {}).update(found)
        return [
            _label(subject.id, heard[at], facts[at])
            for at, subject in enumerate(request.subjects, start=1)
            if at in heard
        ]


def _label(identity: str, said: Sequence[str], facts: Facts) -> Label:
    """One label from all that a reply says of a subject; what can be read goes before what cannot."""
    clear = {says for words in said if (says := yes_or_no(words))}
    text = clear.pop() if len(clear) == 1 else "unknown"
    notes = {"said": " | ".join(said)[:LONGEST_SAID]}
    return Label(text, identity, {**notes, "facts": facts} if facts else notes)


def yes_or_no(words: str) -> str:
    """What some words say: "yes", "no", or nothing that can be understood (empty). Of many, the ends count."""
    words = words if len(words) <= 2 * END else f"{words[:END]} ... {words[-END:]}"
    for found in (
        _WHOLE.fullmatch(words),
        _FIRST.match(words),
        _NAMED.match(words),
        _LAST.search(words),
    ):
        if found is not None:
            return "no" if found["no"] else "yes"
    inside = {bool(found["no"]) for found in _INSIDE.finditer(words)}
    return "" if len(inside) != 1 else "no" if inside.pop() else "yes"


def read_answers(text: str, tasks: Sequence[str], is_cut: bool = False) -> list[tuple[int, str]]:
    """The numbers of tasks and what is said of them, in the order in which they stand in the reply.

    The last answer of a reply that was cut is left out, unless its closing bracket or quotation mark says that it is
    whole, or one task was asked about.
    """
    if found := read_json_labels(text, tasks):
        return found
    text = _TAG.sub(lambda found: f"{found[1]}. " if found[1] else "", text)
    lines = [" ".join(line.split()) for line in _SENTENCE.sub("\n", text).split("\n") if line.strip("`~ \t")]
    found = _by_line(lines, tasks) or _by_position(lines, len(tasks)) or _by_text(lines, tasks)
    if not found and len(tasks) == 1 and text:
        found = [(1, text)]
    return found[:-1] if is_cut and len(tasks) > 1 else found


def _by_line(lines: Sequence[str], tasks: Sequence[str]) -> list[tuple[int, str]]:
    """Answers behind numbers; what stands on the lines below a number belongs to it."""
    found: list[tuple[int, str]] = []
    heading = ""
    for line in lines:
        if several := list(_pairs(line) or _group(line)):
            found.extend((number, said) for number, said in several if 1 <= number <= len(tasks))
        elif (start := _LINE.fullmatch(line)) and 1 <= int(start["number"]) <= len(tasks):
            number = int(start["number"])
            found.append((number, start["rest"].strip() or heading))
        elif found and (others := _OTHERS.match(line)):
            left = set(range(1, len(tasks) + 1)) - {number for number, _ in found}
            found.extend((number, "no" if others["no"] else "yes") for number in sorted(left))
        elif _WHOLE.fullmatch(line) and line.endswith((":", "*")) and (not found or heading):
            heading = line
        elif found and (split_facts(line)[1] or not yes_or_no(found[-1][1])):
            number, said = found[-1]
            found[-1] = (number, _ends(f"{said}\n{line}".strip(), len(tasks[number - 1]) + 2 * END))
    return found


def _by_text(lines: Sequence[str], tasks: Sequence[str]) -> list[tuple[int, str]]:
    """Answers before or behind the words of their tasks, where there are no numbers."""
    found = []
    for line in lines:
        for number, task in enumerate(tasks, start=1):
            before, found_task, behind = line.partition(task)
            if found_task and (said := yes_or_no(before) or yes_or_no(behind)):
                found.append((number, said))
                break
    return found


def _ends(words: str, most: int) -> str:
    """Both ends of a long text, so that a reply of many lines is not read in full for each line."""
    return words if len(words) <= 2 * most else words[:most] + words[-most:]


def _pairs(line: str) -> list[tuple[int, str]]:
    """`1-yes, 2-no`: numbers and answers on one line, and nothing else."""
    rest = line.strip(" \t*_{}[]`|.,;")
    found: list[tuple[int, str]] = []
    at = 0
    while at < len(rest):
        pair = _PAIR.match(rest, at)
        if pair is None:
            return []
        found.append((int(pair["number"]), pair["no"] or pair["yes"]))
        at = pair.end()
    return found


def _group(line: str) -> Iterator[tuple[int, str]]:
    """`Yes: 1, 4`, `Tasks 1 and 4 are not`: one answer for several numbers."""
    if len(line) > LONGEST_GROUP:
        return
    if group := _GROUP.fullmatch(line) or _SPOKEN_GROUP.fullmatch(line):
        for number in re.findall(r"\d+", group["numbers"]):
            yield int(number), "no" if group["no"] else "yes"


def _by_position(lines: Sequence[str], count: int) -> list[tuple[int, str]]:
    """As many bare answers as tasks, without numbers."""
    if len(lines) == 1 and count > 1:
        lines = [part for part in re.split(r"[,;|/、，]", lines[0]) if part.strip()]
    if len(lines) != count or not all(_WHOLE.fullmatch(line) for line in lines):
        return []
    return [(number, line.strip()) for number, line in enumerate(lines, start=1)]
