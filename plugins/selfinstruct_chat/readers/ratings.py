"""Reads a judge's reply: three answers on each numbered example, in any order and many forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from selfinstruct.api import PostProcessor, Rating, Reply, Request
from selfinstruct_chat.readers.json_ratings import Numbered, read_json_ratings
from selfinstruct_chat.readers.replies import clean_reply
from selfinstruct_chat.readers.three_answers import ANSWERS, ReadAnswers, question_of, read, read_grade, word

LONGEST_REASON, LONGEST_LINE = 200, 1000
"""Characters of the judge's own words that are kept, and of a line that are read."""

_NAMED = r"(?:example|item|number|entry|instance|no|nr|ex)\b[.\s]*"
_NUMBER = re.compile(
    rf"[\s*_#>|`\"'(\[{{•+-]*(?P<name>{_NAMED})?[#(\[]?\s*(?P<number>\d{{1,4}})(?![\d.]\d)(?P<rest>.*)", re.IGNORECASE
)
_MARKS = re.compile(r"[\s*_#`\"')\]}.:：、|=→>–—-]*")
_BULLET = re.compile(r"\A[\s*_•+>#|-]*")
_LABELLED = re.compile(r"(?P<label>[^:：=→|]{1,120}?)[*_`\"'\s]*(?:[:：=→|?]|\s[–—-]\s|->)\s*(?P<said>.*)")
_REASON = re.compile(
    r"\A\W*(?:reasons?|explanation|comments?|why|notes?|rationale)\b[*_\s]*[:：-]?[*_\s]*", re.IGNORECASE
)


@dataclass(slots=True)
class _Block:
    """What a reply says of one example, gathered line by line; `headed` says that its number stood alone."""

    number: int | None
    headed: bool = False
    answers: list[tuple[int, str]] = field(default_factory=list)
    reason: str = ""
    grade: int | None = None


class ChatRatingsReader(PostProcessor):
    """Reads three answers for each numbered example from lines or JSON; total and pure."""

    def process(self, request: Request, reply: Reply) -> Sequence[Rating]:
        """One rating for each subject that the reply speaks of; what is missing or contradicts itself is `unknown`.

        The last rating of a reply cut by length counts only if words stand behind its answers.
        """
        text = clean_reply(request, reply).strip().replace("’", "'")
        count = len(request.subjects)
        found = read_ratings(text, count)
        if reply.ended_early and found and not found[-1][1].rest:
            found = found[:-1]
        heard: dict[int, list[ReadAnswers]] = {}
        for number, said in found:
            if number is not None and 1 <= number <= count:
                heard.setdefault(number, []).append(said)
        return [_rating(one.id, heard[at]) for at, one in enumerate(request.subjects, start=1) if at in heard]


def read_ratings(text: str, count: int) -> list[Numbered]:
    """Numbers of examples and what is said of them; without any number, as many as there are examples, in order."""
    found = read_json_ratings(text)
    if not any(said.answers for _, said in found):
        found = list(_by_line([line.strip()[:LONGEST_LINE] for line in text.split("\n") if line.strip("`~ \t-=_|*")]))
    if any(number is not None for number, _ in found):
        return found
    answered = [said for _, said in found if said.answers]
    return list(enumerate(answered, start=1)) if len(answered) == count else []


def _by_line(lines: Sequence[str]) -> Iterator[Numbered]:
    """A number with three answers on its line, or with the answers on the lines below."""
    block: _Block | None = None
    for line in lines:
        if (block is not None and _below(block, line)) or (opened := _opened(line)) is None:
            continue
        if block is not None:
            yield _closed(block)
        block = opened
    if block is not None:
        yield _closed(block)


def _closed(block: _Block) -> Numbered:
    return block.number, ReadAnswers(tuple(block.answers), block.reason, block.grade)


def _opened(line: str) -> _Block | None:
    """The block that a line begins: by its number, or by three answers without any."""
    start = _NUMBER.fullmatch(line)
    if start is None:
        said = read(_BULLET.sub("", line))
        return _Block(None, False, list(said.answers), said.rest, said.grade) if len(said.answers) == ANSWERS else None
    marks = _MARKS.match(start["rest"])
    rest = start["rest"][marks.end() if marks else 0 :]
    if not rest:
        return _Block(int(start["number"]), headed=True)
    said = read(rest)
    if said.answers or start["name"]:
        rest = said.rest if said.answers else ""
        return _Block(int(start["number"]), not said.answers, list(said.answers), rest, said.grade)
    return _Block(int(start["number"])) if _one(rest) else None


def _below(block: _Block, line: str) -> bool:
    """Take up a line below a number: an answer that names its question, or a reason; says whether it was one."""
    text = _BULLET.sub("", line)
    if reason := _REASON.match(text):
        block.reason = block.reason or text[reason.end() :]
        return True
    if (graded := read_grade(text))[0] is not None:
        block.grade, reason_behind = graded
        block.reason = block.reason or reason_behind.strip(" -–—:;,.|")
        return True
    if block.headed and (numbered := re.match(r"([1-3])\W+(.*)", text)) and (says := _one(numbered[2])):
        block.answers.append((int(numbered[1]) - 1, says))
        return True
    if block.headed and not block.answers and len((said := read(text)).answers) == ANSWERS:
        block.answers, block.reason, block.grade = list(said.answers), said.rest, said.grade
        return True
    found = _LABELLED.match(text)
    if found is None or _NUMBER.fullmatch(line):
        return False
    question, says = question_of(found["label"]), _one(found["said"])
    if question is None or says is None:
        return False
    block.answers.append((question, says))
    return True


def _one(words: str) -> str | None:
    """The one answer that some words begin with, or that they are."""
    return word(words) or word(re.split(r"[-–—,;:(./|]|\s", words.strip(" *_`\"'"), maxsplit=1)[0])


def _rating(identity: str, all_said: Sequence[ReadAnswers]) -> Rating:
    """One rating from all that a reply says of a subject."""
    says: list[set[str]] = [set() for _ in range(ANSWERS)]
    for said in all_said:
        for question, answer in said.answers:
            says[question].add(answer)
    answers = [given.pop() if len(given) == 1 else "unknown" for given in says]
    reason = next((" ".join(said.rest.split())[:LONGEST_REASON] for said in all_said if said.rest.strip()), "")
    grades = {said.grade for said in all_said if said.grade is not None}
    return Rating(
        answers[0], answers[1], answers[2], identity, reason, grade=grades.pop() if len(grades) == 1 else None
    )
