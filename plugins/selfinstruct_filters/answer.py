"""The filter that drops answers in place of tasks."""

from __future__ import annotations

import re

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep
from selfinstruct_filters.helpers.wording import STATEMENT_OPENERS, VERBS, asks, is_english

_ANSWERS = "(?:answers?|solutions?|responses?|completions?|replies|outputs?|results?)"
_KINDS = "(?:the |their |its |my |your |some |short |brief |possible |sample |example |suggested |corresponding )*"
_DONE = "(?:completed|answered|solved|done)"
_ANNOUNCED = re.compile(
    rf"\bwith {_KINDS}{_ANSWERS}\b"
    rf"|\b{_ANSWERS} (?:to|for) (?:the|these|those|your|each|all)\b"
    rf"|\b(?:here|below) (?:are|is) {_KINDS}{_ANSWERS}\b"
    rf"|\btasks? (?:have been |has been |are |were )?{_DONE}\b"
    rf"|\b{_DONE} tasks?\b"
    rf"|\bI(?:'ve| have) {_DONE}\b",
    re.IGNORECASE,
)
"""How a reply's first words say that answers follow."""

_REMARK = re.compile(
    r"[(\[*_ ]*(?:note|hint|tip|remark|this (?:task|question|one)|(?:this )?"
    r"(?:tests?|checks|encourages|assesses|trains|practi[cs]es|explores|challenges)"
    r"|this is an? (?:[\w-]+ ){0,3}(?:task|question|exercise|problem)|category|type|skills?|difficulty|topic|goal"
    r"|purpose|format|language|let me know|feel free)\b"
    r"|[*_]*\((?![\"'“])[^()]*\)[*_]*\Z|[^\n]*:\Z",
    re.IGNORECASE,
)
_OPENS_ANSWER = re.compile(
    r"\W*(?:yes|no|sure|certainly|of course)\b[,.!:]"
    r"|\W*(?:here(?:'s| is| are)|for example|i(?:'m|'ll|'d| am| will| can| would))\b"
    rf"|\W*(?:the |one |a |an )?{_KINDS}(?:{_ANSWERS}|options?|examples?)\b"
    r"|\([\"'“]",
    re.IGNORECASE,
)
_POINTS = re.compile(r"\b(?:the|each|every|it|its|which|missing|following|solve|simplify|factor)\b", re.IGNORECASE)
"""A task with one of these may well work on what follows it."""

_TITLE = re.compile(r"(?P<head>[^:\n.!?]{3,120}):\s*(?P<quoted>[\"“][^\"“”]*[\"”]\W*\Z)?\S*")
_NOUN_PHRASE = re.compile(r"\w (?:for|of|about) ", re.IGNORECASE)
_PRODUCT = re.compile(
    r"\b(?:titles?|headlines?|subject lines?|descriptions?|options?|ideas?|summar(?:y|ies)|translations?|definitions?"
    r"|examples?|explanations?|suggestions?|slogans?|names?|sentences?|poem|haiku|limerick|list|steps|tips|relation"
    r"|reasons?|synonyms?|versions?|recipe|analysis|review) (?:for|of|that|about|between|to|in|with|without|which)\b",
    re.IGNORECASE,
)
"""`Title for the email: ...` presents what a task asked for."""


_LABELLED = re.compile(
    r"(?:(?:corrected|sorted|revised|translated|rewritten|sample|example|final|possible) )?"
    r"(?:answer|output|result|solution|response|translation|title|example|sentence|list|explanation|version|text):"
    r"|(?:version|option|answer|variant|example|solution) (?:\d{1,2}|[a-e]):"
    r"|(?:positive|negative|neutral|true|false|correct|incorrect|yes|no): ",
    re.IGNORECASE,
)
_IS = re.compile(
    r"(?:(?-i:[A-Z])[\w-]*, )+(?:and )?(?-i:[A-Z])[\w-]* (?:is|are|was|were) "
    r"|(?:[\w'-]+ ){1,3}(?:is|are|was|were|means|refers|consists|has|have|had|can|will|would|should|may|might|must) ",
    re.IGNORECASE,
)
"""`Photosynthesis is ...`: a command does not have this verb so early."""


_WORD = re.compile(r"[^\W\d_]{2}|[?？=]")
_SUM = re.compile(r"\d\)?\s*[-−+*/×÷^]\s*\(?\d")
"""`220 + 120` asks for its result; `3.14` and `(x - 2)(x - 3)` are results."""

_NAME = re.compile(
    r"(?:The )?[A-Z][a-z]+(?: [A-Z][a-z]+)?(?:, [A-Z][a-z]+)?[.!]?"
    r"|(?:[A-Z][a-z]*[^e\W]ed|Frozen|Written|Taken|Broken|Driven|Made|Known) (?:with|by|in|from) [a-z]+(?: [a-z]+)?\.?"
)
"""`Herman Melville`, `Lima, Peru` and `Filled with cheese` answer a question."""

_AFTER_A_CLAUSE = re.compile(
    r"(?:when|if|as|while|although|though|since|because|after|before|once|unlike|despite|in|at|on|for|with|by|during)\b"
    r"[^,.:?!\n]*, (?:it|he|she|they|there|this|that|these|those|we|the|an?|some|many|most|people|everyone)\b"
    r"(?:'s|'re|(?: [\w'-]+){0,5} (?:is|are|was|were|has|have|had|can|will|would|may|might|means|makes))\b",
    re.IGNORECASE,
)
"""`When it comes to friends, it's the best gift`: a clause, and then a statement."""

_PAST = re.compile(
    r"(?!(?:embed|shed|(?:n|f|s|w|h|sp|bl|br|proc|exc|succ)eed) )[a-z]{2,}ed (?:the|an?|his|her|my|our|their|its) ",
    re.IGNORECASE,
)
"""`Verified the price of gas`: what somebody did, without saying who."""

_FRAGMENT = re.compile(r"(?P<stem>[a-z]{2,11})ing (?!me\b)[^:;?\n]*?(?P<end>\.?)\Z", re.IGNORECASE)
"""`Having a good breakfast.`: a participle that no command follows. Without a full stop it may be a topic, unless its
verb is one of tasks: `Rating the password as fair`."""

_FIRST_PERSON = re.compile(r"\b(?:i|i'm|my|me|we|our)\b", re.IGNORECASE)
"""`Thinking about a dog but I work full time`: a user who leaves out the beginning of a sentence."""


class AnswerOptions(Options):
    """Options of the filter `answer`."""

    drop_glued: bool = Field(
        True, description="Drop a task with an unlabelled answer after it; if false, keep the task without the answer."
    )


class AnswerFilter(Filter[Draft]):
    """Drop answers: those that the reply announces, that follow a task, or that are a statement or a title.

    A task whose answer has a label, such as `Answer:`, is kept without the answer. The rules about wording are English.
    """

    def __init__(self, options: AnswerOptions) -> None:
        self._drop_glued = options.drop_glued

    def evaluate(self, item: Draft) -> Verdict:
        """Look at the intro, then at the tail, then at the draft's own wording."""
        intro = str(item.notes.get("intro", ""))
        if intro and (found := _ANNOUNCED.search(intro.replace("’", "'"))):
            return drop("intro-announces-answers", words=found[0])
        tail = str(item.notes.get("tail", "")).replace("’", "'")
        if self._drop_glued and tail and not item.notes.get("answered") and _answers(item.text, tail):
            return drop("answer-glued-on", tail=tail[:200])
        if not _WORD.search(item.text) and not _SUM.search(item.text):
            return drop("bare-value", text=item.text[:80])
        if _NAME.fullmatch(item.text) and not asks(item.text):
            return drop("bare-value", text=item.text)
        if asks(item.text) or not is_english(item.text):
            return keep()
        return _evaluate_wording(item.text)


def _evaluate_wording(text: str) -> Verdict:
    """Judge an English text that asks for nothing: it may still be a command whose verb is not known."""
    first = re.split(r"[^a-z]", text.lower().lstrip("\"'“*"), maxsplit=1)[0]
    is_statement = first in STATEMENT_OPENERS or any(form.match(text) for form in (_IS, _PAST, _AFTER_A_CLAUSE))
    if is_statement or _is_fragment(text):
        return drop("statement", first=first)
    if label := _LABELLED.match(text):
        return drop("labelled-as-answer", label=label[0])
    title = _TITLE.match(text)
    if title and (_PRODUCT if title["quoted"] is None else _NOUN_PHRASE).search(title["head"]):
        return drop("title-with-answer", title=title["head"])
    return keep()


def _is_fragment(text: str) -> bool:
    found = _FRAGMENT.match(text)
    if found is None or _FIRST_PERSON.search(text):
        return False
    stem = found["stem"].lower()
    is_task_verb = stem in VERBS or f"{stem}e" in VERBS or (stem[-1:] == stem[-2:-1] and stem[:-1] in VERBS)
    return is_task_verb or (bool(found["end"]) and "," not in text)


def _answers(task: str, tail: str) -> bool:
    """Whether glued text answers, rather than being a remark, a further command, or what the task works on.

    A task that points at nothing needs no material, so what follows it can only be its answer.
    """
    if not is_english(f"{task}\n{tail}"):
        return False
    first = re.split(r"[^a-z]", tail.lower(), maxsplit=1)[0]
    if _REMARK.match(tail) or (first in VERBS and first != "answer"):
        return False
    return _OPENS_ANSWER.match(tail) is not None or not _POINTS.search(task)


KEPT = Draft("This poem is about loss. Explain how the poet shows it.")
DROPPED = Draft("The relation between the pairs is that they are both animals.")
