"""The rule against outputs that break a limit which the task states: the kinds of checks that IFEval has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selfinstruct.api import Example, Filter, Verdict, keep
from selfinstruct_filters.helpers.stated_values import NUMBER_WORDS
from selfinstruct_filters.helpers.wording import has_english_words, is_english

LONGEST, LONGEST_TASK = 20_000, 2_000
"""Characters of an output and of a task that are looked at."""

SLACK_FROM, SLACK = 20, 0.1
"""From this many words on a limit may be missed by a tenth: people and tokenisers count in different ways."""

_N = rf"(\d{{1,4}}|{'|'.join(NUMBER_WORDS)})"
_ANY_NUMBER = re.compile(rf"\b{_N}\b", re.IGNORECASE)
_WORDS = re.compile(
    rf"\b(exactly|at most|no more than|not more than|up to|a maximum of|maximum|fewer than|less than|under|at"
    rf" least|more than"
    rf"|a minimum of|no fewer than|no less than) {_N} words\b(?! (?:per|each|long each|that|which|starting|from"
    rf"))",
    re.IGNORECASE,
)
_SENTENCES = re.compile(
    rf"\b(?:in|using|with|of|to|exactly) (?:exactly |just |only )?(?:{_N}|a single) (?:short |simple |complete"
    rf" )?sentences?\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"\b(?:list|name|give(?: me)?|suggest|provide|write|generate|come up with|in|into|as|with) (?:exactly )?{_N} "
    r"(?:[\w'-]+ ){0,2}?(?:[\w'-]+s)\b",
    re.IGNORECASE,
)
_PARAGRAPHS = re.compile(rf"\b{_N} (?:short |long )?paragraphs\b", re.IGNORECASE)
_NO_LETTER = re.compile(r"\bwithout (?:using )?(?:any )?the letter [\"'“‘]?([a-z])\b", re.IGNORECASE)
_QUOTED = r"[\"“]([^\"“”]{1,40})[\"”]"
_MUST = re.compile(
    r"(?<!\bnot )(?<!n't )(?<!\bnever )(?<!\bwithout )(?<!\bavoid )"
    rf"\b(?:include|includes|including|contain|contains|containing|use|uses|using|mention|mentions)(?: both|"
    rf" all)?(?: of)? the "
    rf"(?:words?|phrases?|keywords?|terms?):? ((?:{_QUOTED}(?:,? and |, )?)+)",
    re.IGNORECASE,
)
_MUST_NOT = re.compile(
    rf"\b(?:do not|don't|without|avoid|never) (?:use|using|include|including|mention|mentioning)?\s?(?:any of"
    rf" )?the (?:words?|phrases?) "
    rf"((?:{_QUOTED}(?:,? (?:and|or) |, )?)+)",
    re.IGNORECASE,
)
_UPPER = re.compile(
    r"\b(?:in|using|use) (?:all |only )(?:capital letters|caps|capitals|upper ?case)|\bin (?:all )?upper ?case\b",
    re.IGNORECASE,
)
_LOWER = re.compile(r"\bin (?:all |only )?lower ?case\b|\blower ?case (?:letters )?only\b", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"\b(?:write|answer|reply|respond|translate)\b[^.?!]{0,60}\b(?:in|into) (Spanish|French|German|Italian"
    r"|Portuguese|Dutch"
    r"|Russian|Chinese|Japanese|Korean|Greek|Arabic|Hindi)\b(?=\s*[.:,?]|\s*\Z|: )",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_SENTENCE_END = re.compile(
    r"(?<!\b[A-Z])(?<!\bMr)(?<!\bDr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)(?<!\bvs)(?<!\betc)(?<!\be\.g)(?<!\bi\.e)(?<!\d)[.!?…]+[\"”')]*(?=\s|\Z)"
)
_EACH = re.compile(r"\b(?:each|every|per|for both|at least|at most|or more|up to|more than|sub-?)\b", re.IGNORECASE)

Reason = tuple[str, dict[str, int | str]]


class LimitsFilter(Filter[Example]):
    """Drop an example whose output breaks a limit that its task states, where a program can count.

    The rules are English. A limit for a part of the output is not checked.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Try each kind of limit on the output."""
        task, output = item.instruction.strip(), item.output.strip()
        if not output or len(output) > LONGEST or len(task) > LONGEST_TASK or not is_english(task):
            return keep()
        folded = task.casefold()
        for signs, check in CHECKS:
            for reason, evidence in check(task, output) if any(map(folded.__contains__, signs)) else ():
                return Verdict(keep=False, reason=reason, evidence=evidence)
        return keep()


def _words(task: str, output: str) -> Iterator[Reason]:
    found = _WORDS.search(task)
    if found is None or _EACH.sub("", task[: found.start()]) != task[: found.start()] or len(_WORDS.findall(task)) > 1:
        return
    how, limit, count = found[1].lower(), _number(found[2]), len(output.split())
    slack = int(SLACK * limit) if limit >= SLACK_FROM else 0
    is_least = how in ("at least", "more than", "a minimum of", "no fewer than", "no less than")
    if (not is_least and count > limit + slack) or ((is_least or how == "exactly") and count < limit - slack):
        yield "words", {"limit": f"{how} {limit}", "count": count}


def _sentences(task: str, output: str) -> Iterator[Reason]:
    found = _SENTENCES.search(task)
    if found is None or "\n" in output or '"' in output or "“" in output or _EACH.search(task):
        return
    limit = _number(found[1]) if found[1] else 1
    parts = [part for part in _SENTENCE_END.split(output) if part and len(part.split()) > 1]
    if len(parts) > limit or (len(parts) < limit and _SENTENCE_END.search(output)):
        yield "sentences", {"limit": limit, "count": len(parts)}


def _items(task: str, output: str) -> Iterator[Reason]:
    found = _LISTED.search(task)
    lines = [line for line in output.splitlines() if line.strip()]
    listed = sum(_ITEM.match(line) is not None for line in lines)
    is_list = listed >= 2 and listed >= len(lines) - 1 and not any(line[:1].isspace() for line in lines)
    if found is None or not is_list or _EACH.search(task) or len(_ANY_NUMBER.findall(task)) > 1:
        return
    limit = _number(found[1])
    if (
        limit > 1
        and listed != limit
        and not re.search(r"\b(?:words|sentences|paragraphs|lines|years?|minutes|people)\b", found[0])
    ):
        yield "listed-items", {"limit": limit, "count": listed}


def _paragraphs(task: str, output: str) -> Iterator[Reason]:
    found = _PARAGRAPHS.search(task)
    if found is None or _EACH.search(task) or (limit := _number(found[1])) < 2:
        return
    counts = {len([part for part in re.split(cut, output) if part.strip()]) for cut in (r"\n\s*\n", r"\n")}
    if max(counts) < limit:
        yield "paragraphs", {"limit": limit, "count": max(counts)}


def _letters(task: str, output: str) -> Iterator[Reason]:
    if (found := _NO_LETTER.search(task)) and (letter := found[1].lower()) in output.lower():
        yield "letter", {"letter": letter, "count": output.lower().count(letter)}
    is_upper, is_lower = _UPPER.search(task) is not None, _LOWER.search(task) is not None
    if is_upper != is_lower and "```" not in output:
        wrong = sum(map(str.islower if is_upper else str.isupper, output))
        if wrong:
            yield "case", {"wanted": "upper" if is_upper else "lower", "count": wrong}


def _quoted(task: str, output: str) -> Iterator[Reason]:
    folded = output.casefold()
    if found := _MUST.search(task):
        for word in re.findall(_QUOTED, found[1]):
            if word.casefold().strip(".,") not in folded:
                yield "missing-word", {"word": word}
    if found := _MUST_NOT.search(task):
        for word in re.findall(_QUOTED, found[1]):
            if re.search(rf"\b{re.escape(word.casefold())}\b", folded):
                yield "forbidden-word", {"word": word}


def _language(task: str, output: str) -> Iterator[Reason]:
    found = _LANGUAGE.search(task)
    if found and "\n" not in output and output.isascii() and has_english_words(output) and len(output.split()) > 4:
        yield "language", {"wanted": found[1], "seen": "English"}


def _number(text: str) -> int:
    return NUMBER_WORDS[text.lower()] if text.lower() in NUMBER_WORDS else int(text)


CHECKS: tuple[tuple[tuple[str, ...], Callable[[str, str], Iterator[Reason]]], ...] = (
    (("words",), _words),
    (("sentence",), _sentences),
    (("",), _items),
    (("paragraphs",), _paragraphs),
    (("letter", "case", "caps", "capital"), _letters),
    (('"', "“"), _quoted),
    (("write", "answer", "reply", "respond", "translate"), _language),
)
"""The checks, each with the words of which a task that states such a limit has one: they are found sooner."""

KEPT = Example("List three reasons to walk.", "", "1. It is cheap.\n2. It is healthy.\n3. It is quiet.", False, "g0.0")
DROPPED = Example("Describe the sea in exactly five words.", "", "The sea is deep and blue and cold.", False, "g0.0")
REASONS = (
    "words", "sentences", "listed-items", "paragraphs", "letter", "case", "missing-word", "forbidden-word", "language",
)  # fmt: skip
