"""The verb of an English instruction and its object, found by word lists and order: no parser, no download."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct.text.words import (
    ADJECTIVES,
    BOTH,
    CLAUSE,
    DETERMINERS,
    DITRANSITIVE,
    ENDS,
    ENGLISH,
    FOREIGN,
    GERUNDS,
    NOT_FIRST,
    PARTICLES,
    POLITE,
    PRONOUNS,
    VERBS,
    base_form,
    singular,
)

READ = 400
"""Characters of a text that are looked at; the task stands near the start."""

CLAUSES = 8
"""Clauses that are tried before a text counts as having no verb."""

_TOKEN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d(?:[\d.,:]*\w)?(?:-[^\W\d_]+)*|[^\s\w]|\n")
_QUOTED = re.compile(r'"[^"\n]{0,200}"|“[^”\n]{0,200}”|«[^»\n]{0,200}»|`[^`\n]{0,200}`')
_STOPS = frozenset(".!?\n;")
_BREAKS = frozenset(".!?\n;:,()")
_ASKS = frozenset({"what", "which", "who", "whom", "whose", "when", "where", "why", "how"})
_TO_BE = frozenset({"is", "are", "was", "were", "am", "be"})
_AUXILIARY = BOTH | {"do", "does", "did", "has", "have", "had", "can't", "won't", "don't", "isn't"}
_OPENS = frozenset({"that", "what", "which", "whose"})
"""Words that open a clause as often as a noun phrase."""

_WHOLE = frozenset({"way", "ways", "reason", "reasons"})
"""Nouns that a clause may follow without a sign: the way people speak."""

_SUBJECTS = frozenset({"i", "you", "we", "they", "he", "she", "it", "not", "this", "that"})
_WISHES = frozenset({"want", "need", "like", "love", "ask", "asked", "going"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """A root verb in its base form and the head of its object in the singular; either may be empty."""

    verb: str
    noun: str


NOTHING = Phrase("", "")


def verb_and_object(text: str) -> Phrase:
    """The verb of an English instruction or question, and the noun that it is done to, in lower case.

    "Given the memo, write a short summary of it." gives `write`, `summary`. A question gives its main verb: "Why does
    dough rise?" `rise` and nothing, "What is the capital of Peru?" `be`, `capital`. Both are empty where no verb is
    found, as in text of other languages. A heuristic: `benchmarks/diversity.py` prints how often it is right on
    instructions that were labelled by hand.
    """
    if len(text) > READ:
        text = text[:READ].rpartition(" ")[0]  # never half a word
    if '"' in text or "“" in text or "`" in text or "«" in text:
        text = _QUOTED.sub(" # ", text)
    words = _TOKEN.findall(text)
    lower = [word.lower() for word in words]
    if not _is_english(lower):
        return NOTHING
    start, tried = 0, 0
    while start < len(lower) and tried < CLAUSES:
        found = _clause(lower, start)
        if found is not None:
            return found
        start = _next(lower, start)
        tried += 1
    return NOTHING


def _is_english(words: Sequence[str]) -> bool:
    """Whether small words and letters are those of English, as far as they tell."""
    strange = sum(not word.isascii() and word.isalpha() for word in words)
    foreign = sum(word in FOREIGN for word in words)
    ours = sum(word in ENGLISH for word in words) if foreign or strange else 1
    return foreign <= ours and strange <= ours and not (foreign and foreign == ours and foreign * 3 > len(words))


def _next(words: Sequence[str], start: int) -> int:
    """Where the clause after the one at `start` begins."""
    for at in range(start, len(words)):
        if words[at] in _BREAKS:
            return at + 1
    return len(words)


def _clause(words: Sequence[str], start: int) -> Phrase | None:
    """The phrase of the clause at `start`; `None` where it has no verb of a task."""
    at, end = start, len(words)
    while at < end and (words[at] in POLITE or (words[at].endswith("ly") and words[at] not in VERBS)):
        at += 1
    if at >= end:
        return None
    word = words[at]
    if word in _ASKS:
        return _question(words, at)
    if word in _AUXILIARY or word in _TO_BE:
        return _inverted(words, at)
    if word in ("i", "i'd", "we", "we'd", "you", "your", "the", "my", "our"):
        return _wish(words, at)
    if word in ("let's", "let’s"):
        return _phrase(words, at + 1)
    if word == "try" and words[at + 1 : at + 2] == ["to"]:
        return _phrase(words, at + 2)
    if word == "help":
        return _help(words, at)
    if word in CLAUSE and not _is_plain(words, at):
        return None
    return _phrase(words, at) if word in VERBS and word not in NOT_FIRST else None


def _is_plain(words: Sequence[str], at: int) -> bool:
    """Whether a word that may open a side clause is the verb of the task: no other clause follows in its sentence."""
    if words[at] not in VERBS or words[at + 1 : at + 2] == ["that"]:
        return False
    for place in range(at + 1, len(words) - 1):
        if words[place] in _BREAKS and words[place + 1] in VERBS and words[place + 1] not in NOT_FIRST:
            return False
    return True


def _help(words: Sequence[str], at: int) -> Phrase | None:
    """What one is to be helped with, else the help itself."""
    place = at + 1
    while place < len(words) and (words[place] in PRONOUNS or words[place] == "to"):
        place += 1
    if place < len(words) and words[place] in VERBS and place > at + 1:
        return _phrase(words, place)
    return _phrase(words, at)


def _wish(words: Sequence[str], at: int) -> Phrase | None:
    """`I want you to VERB`, `your task is to VERB`: the verb after `to`; `None` for a plain statement."""
    for place in range(at + 1, min(at + 9, len(words) - 1)):
        word = words[place]
        if word in _BREAKS:
            return None
        if word == "to" and words[place + 1] in VERBS:
            before = words[at:place]
            if any(one in _WISHES or one in ("task", "job", "goal", "should", "are", "aim") for one in before):
                return _phrase(words, place + 1)
    return None


def _inverted(words: Sequence[str], at: int) -> Phrase | None:
    """A question that an auxiliary opens, or an imperative with `do` or `have`."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if word in ("do", "have", "don't", "be") and following not in DETERMINERS | PRONOUNS and not _asks(words, at):
        return None
    if word in _TO_BE:
        return Phrase("be", "")
    if following == "you":
        place = at + 2
        while place < len(words) and (words[place] in POLITE or words[place].endswith("ly") or words[place] == "help"):
            if words[place] == "help" and words[place + 1 : place + 2] == ["me"]:
                return _help(words, place)
            place += 1
        return _phrase(words, place) if place < len(words) and words[place] in VERBS else None
    return _after_subject(words, at + 1) if _asks(words, at) else None


def _asks(words: Sequence[str], at: int) -> bool:
    """Whether the sentence ends with a question mark."""
    for place in range(at, len(words)):
        if words[place] in _STOPS:
            return words[place] == "?"
    return False


def _after_subject(words: Sequence[str], at: int) -> Phrase | None:
    """The first verb after the subject of a question that an auxiliary opened, and its object."""
    for place in range(at + 1, len(words)):
        word = words[place]
        if word in _STOPS:
            break
        if word in VERBS and _may_precede(words[place - 1]):
            return _phrase(words, place)
    return None


def _may_precede(word: str) -> bool:
    """Whether a verb may stand behind a word, or only a noun can."""
    return word not in DETERMINERS | ENDS or word in PRONOUNS or word in _SUBJECTS


def _question(words: Sequence[str], at: int) -> Phrase | None:
    """A question by its main verb; one that is no question (`When you write ...`) is a side clause."""
    if not _asks(words, at):
        return None
    for place in range(at + 1, len(words)):
        word = words[place]
        if word in _STOPS:
            break
        if word in _AUXILIARY:
            following = words[place + 1] if place + 1 < len(words) else ""
            if following in VERBS and (place > at + 1 or word in BOTH):
                return _phrase(words, place + 1)
            found = _after_subject(words, place + 1)
            return found or (_phrase(words, place, "have") if word in ("has", "have", "had") else None)
        if word in _TO_BE:
            return Phrase("be", _head(words, place + 1))
        base = base_form(word)
        if base and words[place - 1] not in DETERMINERS - _ASKS and (place > at + 1 or words[at] != "how"):
            return _phrase(words, place, base)
    return None


def _phrase(words: Sequence[str], at: int, verb: str = "") -> Phrase | None:
    """The verb at a place with its object."""
    if at >= len(words):
        return None
    verb = verb or (words[at] if words[at] in VERBS else "")
    if not verb:
        return None
    place = at + 1
    if words[place : place + 2] == ["and", "then"] or (place < len(words) and words[place] in ("and", "or")):
        other = place + 1 + (words[place : place + 2] == ["and", "then"])
        if other < len(words) and words[other] in VERBS:
            place = other + 1
    return Phrase(verb, _head(words, place, verb))


def _head(words: Sequence[str], at: int, verb: str = "") -> str:
    """The last noun of the noun phrase at a place, in the singular; empty if there is none."""
    at = _object(words, at, verb)
    if at + 1 < len(words) and words[at] in _OPENS and not _is_nominal(words[at + 1]):
        return ""
    head, modified = "", True
    for place in range(at, len(words)):
        word = words[place]
        if word in ADJECTIVES and (modified or not head):
            head, modified = word, True
        elif word in DETERMINERS:
            if head and not modified:
                if verb not in DITRANSITIVE or word in ENDS:
                    break
                head = ""
            modified = True
        elif word in "#%" or (modified and (word[:1].isdigit() or (head and word in (",", "and", "or")))):
            continue
        elif _ends(word, head, modified):
            break
        else:
            modified = "-" in word or _is_participle(word) or word.endswith("ly")
            head = word
    return "" if len(head) < 2 or head in ADJECTIVES or _is_no_noun(head) else singular(head)


def _ends(word: str, head: str, modified: bool) -> bool:
    """Whether a word ends the noun phrase before it; after a bare noun, participles and adverbs do too."""
    if word in ENDS or head in _WHOLE or not word[:1].isalpha():
        return True
    return not modified and (_is_participle(word) or word.endswith("ly"))


def _is_nominal(word: str) -> bool:
    """Whether a word may stand behind `that` or `what` within one noun phrase."""
    return word not in DETERMINERS | PRONOUNS | ENDS and not base_form(word)


def _object(words: Sequence[str], at: int, verb: str) -> int:
    """Where the object begins: after a person that it is for, a particle, or a bound on its number."""
    follows = words[at + 1] if at + 1 < len(words) else ""
    if at < len(words) and words[at] == "," and (end := _next(words, at + 1)) < len(words):
        return end if words[at + 1] in CLAUSE else at
    if at < len(words) and words[at] in PRONOUNS:
        at, follows = at + 1, words[at + 2] if at + 2 < len(words) else ""
    if at < len(words) and (words[at] in PARTICLES or (verb == "fill" and words[at] == "in")):
        at += 2 if follows == "with" else 1
    elif at < len(words) and verb == "think" and words[at] == "of":
        at += 1
    elif (words[at : at + 1], follows) in ((["at"], "least"), (["at"], "most"), (["up"], "to")):
        at += 2
    return at


def _is_participle(word: str) -> bool:
    return word == "given" or (word.endswith("ed") and len(word) > 4) or (word.endswith("ing") and word not in GERUNDS)


def _is_no_noun(word: str) -> bool:
    return word == "given" or (word.endswith("ly") and word not in ("family", "reply", "supply", "fly", "assembly"))
