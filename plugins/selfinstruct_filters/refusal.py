"""The rule against refusals, preambles, and talk about the tasks instead of tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from selfinstruct.api import Draft, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.abroad import ANNOUNCED, ASKS, READY, REFUSALS
from selfinstruct_filters.helpers.wording import distinct_words, without_quotations, word_set

_QUOTES = {'"': '"', "“": "”"}
_LEAD = re.compile(r"[\s(\[*_]+")

_DO = "(?:help|assist|provide|fulfil|fulfill|complete|generate|create|comply|do|continue|produce|engage|answer|write)"
_CANNOT = "(?:can't|cannot|can not|won't|will not|could not|couldn't|don't|do not|am unable to|'m unable to)"
_FACTS = "(?:details?|context|information|clarification|clarity|input)"
_TASK = "(?:task|instruction|question|request|prompt)"
_TASK_WORDS = "task instruction question request prompt"
_FAULT = "(?:incomplete|unclear|missing|out of|a duplicate|the same|similar)"
_ASK = "please (?:provide|share|give|supply|specify|clarify|tell|add)"

_TASKS = r"(?:tasks?|instructions?|prompts?|exercises?)"
_ABOUT_TASKS = (
    r"(?:(?:the|each|every|all|these|those|any|this|your) )?(?:(?:new|given|following|next|first|last|other|second"
    rf"|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{{1,3}}(?:st|nd|rd|th)?) )*{_TASKS}"
    r"(?: above| below| in (?:this|the) list)? (?!(?:is|are) to (?!create|generate|write \w+ new))(?:is|are"
    r"|should|must|can|could|may"
    r"|might|will|requires?(?! you)|asks?(?! you)|involves?|needs?|tests?|focus(?:es)?|shows?|helps?|have|has"
    r"|vary|covers?"
    r"|include)\b[^?]*\Z"
)
_GOAL = rf"the (?:goal|aim|purpose|objective) of (?:this|these|the|each) (?:new )?{_TASKS} (?:is|are)\b"

_MORE = "(?:more|some more|further|additional)"
QUESTIONS_BACK = (
    rf"(?:what|which) (?:(?:kind|type|sort|style)s? of )?(?:new )?{_TASKS} (?:would|do|should|shall|can) (?:you|i)\b",
    (
        r"(?:what|which|how many|how|on what) [^?]{0,60}\b(?:new tasks|the (?:new )?tasks|the list|the instructions) "
        r"(?:should|shall|be|to be)\b"
    ),
    (
        r"(?:what|which) (?:format|topics?|subjects?|languages?|style|level)\b[^?]{0,40}\b(?:do|would|should)"
        r" (?:you|i)\b"
    ),
    (
        rf"(?:could|can|would) you (?:please )?(?:tell|give|provide|share|send)(?: me| us)? (?:with"
        rf" )?{_MORE}\b[^?]{{0,120}}\?\s*\Z"
    ),
    (
        r"(?:could|can|would) you (?:please )?clarify(?:\W*\Z"
        rf"| (?:what|which) (?:you|kinds?|types?|sorts?)\b| (?:what|which)\b[^?]{{0,40}}\bnew {_TASKS}\b"
        rf"| (?:your|the) (?:{_TASKS}|requests?)\b)"
    ),
    (
        r"(?:could|can|would) you (?:please )?(?:provide|give|share|send)\b[^?]{0,60}"
        r"\byou (?:mentioned|mention|referred|refer)\b"
    ),
    rf"(?:do|would|should|shall|may|can) (?:you|i)\b[^?]{{0,80}}\b(?:{_TASKS}|the examples?)\b[^?]{{0,40}}\?\s*\Z",
    (
        r"are you (?:an? (?:beginner|newcomer|fan|parent|student|teacher|business owner)|new to|looking (?:for|to)"
        r"|interested in|ready (?:to|for)|planning (?:to|a|an|your)|tired of|struggling)\b[^?]{0,120}\?\s*\Z"
    ),
)
"""Questions in English about the tasks themselves, or about the reader, which answer nothing and ask for nothing."""

STARTS = {
    "refusal": (
        r"(?:i'm|i am) (?:sorry|afraid)[,.]? (?:but )?(?:i|as|it|that|there|we)\b",
        r"(?:i'm|i am) (?:unable|not able|not allowed|just an ai|an ai)\b",
        rf"(?:sorry|unfortunately|i apologi[sz]e|apologies)\b[^.!?]*\b(?:i|we) ?(?:{_CANNOT}|am|'m)",
        rf"i {_CANNOT} {_DO}\b",
        rf"i (?:need|would need|require|don't have|do not have) (?:more|enough|additional|further|any) {_FACTS} to\b",
        r"(?:it (?:seems|looks|appears) (?:like |that )?)?you (?:did not|didn't|have not|haven't|forgot)\b",
        r"as an? (?:ai|(?:ai )?(?:large )?language model)\b[^.]*\bi\b",
        *REFUSALS,
    ),
    "preamble": (
        rf"(?:here|below|following)(?:'s| is| are) (?:[\w'-]+ ){{0,7}}{_TASK}s?\b[^.!?\n]{{0,60}}(?:[:.!]?\s*\Z|\n)",
        r"(?:sure|certainly|of course|absolutely|okay|ok|got it|understood|no problem)[!,.:]",
        r"(?:let me know|i hope (?:this|these)|feel free to)\b",
        rf"let(?:'s| us) (?:get started|start|begin|continue)\b[^.!?\n]{{0,40}}\b{_TASK}s?\b",
        rf"i(?:'ve| have) (?:written|created|prepared|made|added|listed)\b[^.!?\n]{{0,30}}\b{_TASK}s\b",
        *ANNOUNCED,
        *READY,
        r"how (?:can|may) i (?:help|assist) you",
        (
            r"(?:i'm|i am) (?:ready|here|happy|glad|pleased|available|excited|eager) to (?:help|assist)"
            r"(?: you\b| with (?:your|that|this|the|any)\b|\W*(?:\Z|[.!]))"
        ),
        rf"(?:these|those|all) (?:[\w-]+ ){{0,3}}{_TASK}s (?:are|cover|vary|range|differ|should|can|have)\b",
    ),
    "placeholder": (
        rf"(?:no|none)(?: \w+)? {_TASK}s?\b(?:[^.]*(?:provided|given|specified|needed|available|left|remaining)|\W*\Z)",
        r"(?:n/?a|none|tbd|todo|empty|blank|skip(?:ped)?|placeholder|\.\.\.|…)[.)\]]*\Z",
        r"to be (?:determined|added|continued)[.)\]]*\Z",
        rf"{_TASK}s? (?:\d+ )?(?:(?:is|was|has been) )?(?:not|already|incomplete|missing|repeated|skipped|goes here)\b",
        r"already (?:completed|answered|done|covered|given|listed)\b",
        rf"(?:this is )?(?:a )?(?:duplicate|repeat|repetition|copy) of (?:{_TASK}|number|the|example|#)",
        rf"(?:the )?same {_TASK}? ?as (?:{_TASK}|above|before|number|the (?:first|previous)|#)",
        rf"(?:{_TASK}|example|item)s?(?: #?\d+)?[.:)\]]*\Z",
        rf"{_TASK}s?:? (?:n/?a|none|tbd|todo)\b\W*\Z",
        rf"(?:{_TASK}|example) (?:description|text|title|goes here)[.)\]]*\Z",
        rf"write (?:a|an|the|another) (?:new )?{_TASK} (?:about|on|for) \[[^\]]*\]",
        r"lorem ipsum\b",
        r"(?:insert|your|add|new|another) (?:new )?(?:task|instruction)(?: here)?[.)\]]*\Z",
    ),
    "asks-back": QUESTIONS_BACK,
    "talks-about-the-tasks": (
        _ABOUT_TASKS,
        _GOAL,
        r"the (?:user|assistant|model) (?:wants|needs|asks|would like)\b[^?]*\Z",
        r"(?:do not|don't) (?:add|answer|copy|explain|give|include|make|repeat|use|write)\b[^.!?,;:\n]*[.!]?\Z",
    ),
}
"""Wordings that a draft may not start with; opening brackets and emphasis do not count."""

_ANY_START = "|".join(f"(?:{words})" for some in STARTS.values() for words in some)
"""Few drafts match it, and no other has to be tried with each wording. Plain text is tried in lower case, since that is
sooner done."""

ANYWHERE: Mapping[str, Mapping[str, str]] = {
    "placeholder": {
        (
            rf"(?<!if )(?<!when )\bno (?:{_TASK}|e-?mail|text|pairs?|names?|subject)[\w ]{{0,12}} "
            r"(?:provided|given)\b"
        ): "no",
    },
    "asks-back": {
        rf"\b{_ASK}(?: me with)? (?:more|further|additional|some more|the missing) {_FACTS}": "please",
        (
            rf"\b{_ASK}\b[^.?!]{{0,90}}\b(?:i can|i could|i'll|i will|for me to|you(?:'d| would) like me"
            r"|you want me)\b"
        ): "please",
        r"\bplease (?:clarify|specify) (?:what|which|the task|your)\b": "please",
        r"\b(?:would you like|do you want|if you'd like|if you would like|if you want) me to\b": "me",
        r"\bwhat would you like (?:me to|to (?:know|do|see|discuss|talk|ask|get|work|learn|add))\b": "like",
        r"\bi(?:'ll| will) need (?:the|more|your|some|a bit|additional)\b": "ll will",
        (
            r"\bi(?:'ll| will) (?:assume|be happy|be glad)\b|\bi(?:'d| would) be (?:happy|glad) to (?:help|assist)"
        ): "ll will happy glad",
        r"\blet me know if you(?:'d like me| would like me| want me| need (?:any|more|further|me))": "me",
        **ASKS,
    },
    "talks-about-the-tasks": {
        rf"\bthis {_TASK} (?:is|seems|appears|looks)(?: to be| like)? {_FAULT}": _TASK_WORDS,
        rf"\bthe same {_TASK} as\b": _TASK_WORDS,
        r"\b(?:if|whether) the (?:given )?task is\b": "task",
        rf"\b(?:(?:give|write|create|make) (?:a|the|another)|\d+|two|three|five|ten|some|more) new {_TASK}s?\b": "new",
    },
}
"""Wordings that a draft may not hold outside double quotes, with words of which each match in ASCII has one. Those are
found sooner."""

SIGNALS = word_set(" ".join(signals for some in ANYWHERE.values() for signals in some.values()))

_REFUSES = re.compile("|".join(STARTS["refusal"]), re.IGNORECASE)
_NEEDS = re.compile(
    rf"\bi(?:'ll| will| would|'d)? (?:need|require|like to know) (?:to know )?(?:some |a (?:bit|little|few) )?"
    rf"(?:more|further|additional)? ?{_FACTS}\b"
    r"|\b(?:could|can|would) you (?:please )?(?:tell|clarify|specify|provide|share)\b"
    r"|\b(?:i have|here are) (?:a few|some|the following) questions\b",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    rf"\b(?:here (?:are|is)|here's|below|instead)\b[^.!?\n]*\b(?:{_TASK}|ideas?|list)s?\b", re.IGNORECASE
)
"""How tasks are announced, be it after an apology."""


class RefusalFilter(Filter[Draft]):
    """Drop refusals, preambles, placeholders and questions to the user, and all drafts of a reply that starts with one.

    The wordings are English; refusals and questions back are known in about ten more languages.
    """

    def __init__(self) -> None:
        self._any_start = re.compile(_ANY_START, re.IGNORECASE)
        self._any_plain_start = re.compile(_ANY_START)

    def evaluate(self, item: Draft) -> Verdict:
        """Try each wording; what stands in double quotes is material to work on, so it does not count."""
        text = item.text.replace("’", "'")
        lead = _LEAD.match(text)
        start = text[lead.end() :] if lead else text
        may_start = self._any_plain_start.match(start.lower()) if start.isascii() else self._any_start.match(start)
        for reason, pattern in self._starts if may_start else ():
            if found := pattern.match(start):
                return drop(reason, words=found[0])
        words = distinct_words(item.text)
        if not text.isascii() or not SIGNALS.isdisjoint(words):
            spoken = without_quotations(text, _QUOTES)
            for reason, signals, pattern in self._anywhere:
                may_hold = not (text.isascii() and signals.isdisjoint(words))
                if may_hold and (found := pattern.search(spoken)):
                    return drop(reason, words=found[0])
        intro = str(item.notes.get("intro", ""))
        return self._evaluate_intro(intro.replace("’", "'")) if intro else keep()

    @cached_property
    def _starts(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(reason, re.compile(words, re.IGNORECASE)) for reason, some in STARTS.items() for words in some]

    @cached_property
    def _anywhere(self) -> list[tuple[str, frozenset[str], re.Pattern[str]]]:
        return [
            (reason, word_set(signals), re.compile(words, re.IGNORECASE))
            for reason, some in ANYWHERE.items()
            for words, signals in some.items()
        ]

    def _evaluate_intro(self, intro: str) -> Verdict:
        """A list below a refusal or a question back gives reasons or asks, unless tasks are announced all the same."""
        if not _OFFERS.search(intro):
            for found in (_REFUSES.match(intro), _NEEDS.search(intro)):
                if found:
                    return drop("intro-refuses" if found.re is _REFUSES else "intro-asks-back", words=found[0])
        return keep()


KEPT = Draft("I cannot sleep at night. What should I change?")
DROPPED = Draft("I'm sorry, but I can't help with that.")
REASONS = tuple(dict.fromkeys([*STARTS, *ANYWHERE]))
