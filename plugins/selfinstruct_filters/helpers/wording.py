"""What English tasks sound like: the word lists that the rules about wording share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from selfinstruct.api.similarity import sign_tokens, unicode_tokens


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


ENGLISH = word_set(
    """the of and to for with that is are was be it this what which how who why your you from on by or an at as
    not can"""
)
FOREIGN = word_set(
    """el la los las un una de del que y en por para con se es le les des du et est pour dans der die das und
    ein eine ist zu mit den von il lo gli che per di non het een van voor niet os um uma com nao não och att det som
    jest nie na do w z"""
)

VERBS = word_set(
    """act add adjust advise alphabetize analyze analyse annotate answer argue arrange ask assess assign assume
    attribute brainstorm break build calculate call capitalize categorize change check choose cite clarify
    classify combine come comment compare compile complete compose compress compute conclude condense consider
    construct continue contrast convert convince correct count craft create criticize critique debate debug decide
    decode deduce define delete demonstrate derive describe design detect determine develop devise diagnose
    differentiate discuss distinguish divide draft edit elaborate eliminate encode estimate evaluate examine
    expand explain express extend extract factor figure fill filter find finish fix formulate gather generate
    give group guess highlight hypothesize identify illustrate imagine imitate improve incorporate infer insert
    interpret introduce invent join judge justify label let list locate look make mark match measure mention
    merge modify name negate offer order organize outline paraphrase pick plan point predict prepare present
    pretend produce prioritize proofread propose prove provide punctuate put quote rank rate read reason recast
    recommend reduce rephrase reformat remove rename reorder repeat replace reply report represent reorganize
    respond restate return reverse review revise rewrite say score select separate share shorten show simplify
    solve sort spell split state structure suggest summarize summarise supply support synthesize take teach tell
    test think transcribe transform translate trim try turn unscramble use validate verify weigh work write"""
)
"""Verbs that tasks start with. It need not be complete: no draft is dropped for the lack of one alone."""

NOUNS_TOO = word_set(
    "name list report answer plan design outline review draft label rank order match estimate quote report"
)
"""Verbs that are nouns before `for` and `of`: `Name for the bakery: ...` commands nothing."""

_PLAIN_VERBS = VERBS - NOUNS_TOO
DETERMINERS = word_set("the a an this that these those it its each every all both some many most another other such")
NOT_VERBS = DETERMINERS | word_set(
    """dear he she they we i one two three there here no yes my our his her their additional is are was were because
    so but and or if when while since although in on at for of by with from to as"""
)
"""Words that commands do not start with."""

STATEMENT_OPENERS = NOT_VERBS - word_set(
    """in on at for of by with from to as so but and or if when while since although because such each every is are was
    were"""
)
"""Words that statements start with: `The relation is ...`, `Some options are ...`."""

_OBJECTS = word_set(
    """the a an this these those each every all your my me us any some two three four five ten one how whether
    what which if why when where who"""
)
"""Words that follow a verb rather than an adjective: with them, an unknown first word is taken for a verb."""

_AUXILIARIES = "is|are|was|were|do|does|did|can|could|should|would|will"
_OPENS_QUESTION = re.compile(
    rf"\W*(?:what|who|whom|whose|which|why|how|where|when(?= (?:{_AUXILIARIES}|to)\b)|{_AUXILIARIES})(?:'s)? ",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:please|(?:can|could) (?:you|u)|help me|(?:i|and|but) need|i (?:want|would like)|i'd like"
    r"|you (?:are|must|should|need(?! to know)|will)|"
    r"your (?:task|job|goal|answer)|how (?:to|do|can)|should be|must be)\b|_{2,}|\Ano idea\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?:\A[\"'“”*]*|[.!:;,(][\"”')\]]*\s+|\n|\bthen )([a-z]+)(?:-[a-z]+)?(?=[\s.!]|\Z)(?:\s+([a-z0-9']+))?",
    re.IGNORECASE,
)


def without_quotations(text: str, closing: Mapping[str, str]) -> str:
    """The text with `""` in place of each quotation; `closing` has the sign that closes it for each that opens one.

    Its time grows with the text alone: a sign that did not follow once is not looked for again.
    """
    if not any(map(text.__contains__, closing)):
        return text
    kept: list[str] = []
    end = 0
    missing: set[str] = set()
    for opened in re.finditer(f"[{''.join(closing)}]", text):
        sign = closing[opened[0]]
        if opened.start() < end or sign in missing:
            continue
        if (closed := text.find(sign, opened.end())) < 0:
            missing.add(sign)
            continue
        kept += (text[end : opened.start()], '""')
        end = closed + 1
    return "".join([*kept, text[end:]])


@lru_cache(maxsize=64)
def words_of(text: str) -> tuple[str, ...]:
    """The tokens of a text, found once for all filters of a chain."""
    return tuple(unicode_tokens(text))


@lru_cache(maxsize=64)
def distinct_words(text: str) -> frozenset[str]:
    """The tokens of a text, each one once."""
    return frozenset(words_of(text))


@lru_cache(maxsize=64)
def signed_words(text: str) -> tuple[str, ...]:
    """The tokens of a text with the signs that count, found once for all filters of a chain."""
    return tuple(sign_tokens(text))


@lru_cache(maxsize=64)
def is_english(text: str) -> bool:
    """Whether rules about English wording apply: Latin letters, and no more foreign than English function words."""
    if not text.isascii():
        letters = [char for char in text if char.isalpha()]
        if sum(not char.isascii() for char in letters) > len(letters) / 20:
            return False
    english, foreign = _function_words(text)
    return foreign <= english


@lru_cache(maxsize=64)
def has_english_words(text: str) -> bool:
    """Whether a text is surely English, by function words: rules for other languages leave it alone."""
    english, foreign = _function_words(text)
    return text.isascii() and english > foreign


@lru_cache(maxsize=64)
def _function_words(text: str) -> tuple[int, int]:
    """How many words of a text are function words of English, and how many are those of other languages."""
    spoken = words_of(text)
    return sum(map(ENGLISH.__contains__, spoken)), sum(map(FOREIGN.__contains__, spoken))


@lru_cache(maxsize=64)
def asks(text: str) -> bool:
    """Whether anything in an English text asks for something: a question, a request, a command in any clause."""
    if text.partition(" ")[0].lower() in _PLAIN_VERBS or "?" in text or "？" in text:
        return True
    for clause in _CLAUSE.finditer(text):
        first, second = clause[1].lower(), (clause[2] or "").lower()
        is_verb_form = first not in NOT_VERBS and not first.endswith(("ing", "ed", "ly", "s"))
        is_noun = first in NOUNS_TOO and second in ("for", "of")
        if (first in VERBS and not is_noun) or (is_verb_form and second in _OBJECTS):
            return True
    return _OPENS_QUESTION.match(text) is not None or _REQUEST.search(text) is not None
