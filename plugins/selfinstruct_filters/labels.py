"""The rule against labels that the task does not name, and against inputs that give their label away."""

from __future__ import annotations

import re

from selfinstruct.api import Example, Filter, Verdict, drop, keep
from selfinstruct_filters.helpers.folding import folded

MOST_WORDS = 3
"""Words of an output that can be a label, and of a label that a task names."""

LONGEST_TASK, LONGEST_LABEL = 300, 60
"""Characters of a task that names its labels plainly, and of a label."""

_OPTION = r"(?:(?:a|an|the|either) )?[\w'-]+(?: [\w'-]+){0,2}?"
_LIST = rf"(?:either )?({_OPTION}(?:\s*,\s*{_OPTION})*(?:\s*,)?\s+or\s+{_OPTION})"
_NAMED = (
    re.compile(rf"\b(?:as|into|between)\s+{_LIST}\s*[.?]?\Z", re.IGNORECASE),
    re.compile(rf":\s*{_LIST}\s*[.?]?\Z", re.IGNORECASE),
    re.compile(
        rf"\b(?:odd one out|not belong|n't belong)\s*:\s*({_OPTION}(?:\s*,\s*{_OPTION}){{2,}})\s*[.?]?\Z", re.IGNORECASE
    ),
    re.compile(rf"\A(?:is|are) (?:the|this|it|these) [\w-]+ {_LIST}\s*\?\Z", re.IGNORECASE),
    re.compile(rf"\b(?:decide|say|tell|determine) (?:if|whether) the [\w-]+ is {_LIST}\s*\.?\Z", re.IGNORECASE),
    re.compile(
        rf"\b(?:categories|labels|classes|options)(?: are)?\s*:\s*({_OPTION}(?:\s*(?:,|/|\bor\b"
        rf"|\band\b)\s*{_OPTION})+)\s*[.?]?\Z",
        re.IGNORECASE,
    ),
)
_QUOTED = re.compile(r'[“"]([^“”"\n]{1,40})[”"]')
_LAST_QUOTED = re.compile(r'\b(?:or|else)\s+[“"][^“”"\n]{1,40}[”"]', re.IGNORECASE)
_TRUE_OR_FALSE = re.compile(r"\b(true or false|yes or no)\b", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*,\s*(?:or\s+|and\s+)?|\s+or\s+|\s*/\s*|\s+and\s+")
_ARTICLE = re.compile(r"\A(?:a|an|the|either|being)\s+", re.IGNORECASE)
_YES_OR_NO = re.compile(r"\W*(?:yes|no|both|neither|true|false)\b", re.IGNORECASE)
_LABELLED = (
    r"\b(?:label|sentiment|answer|category|class|output|classification|tone|language|genre|type|topic|emotion)"
    r"\s*[:=]\s*"
)


class LabelsFilter(Filter[Example]):
    """Drop an example of a classification task with a label that the task does not name, or one that its input holds.

    A task names labels at its end, in quotes, or as `true or false` or `yes or no`. The output has at most three
    words.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Look for the label behind a mark in the input, then among those that the task names."""
        label = folded(item.output).strip(" .!\"'*")
        if not item.is_classification or not label or len(label) > LONGEST_LABEL or len(label.split()) > MOST_WORDS:
            return keep()
        given = folded(item.input)
        if given and label in given and (found := re.search(_given_away(label), given)):
            return drop("label-in-the-input", words=found[0][-80:])
        options = _options(item.instruction.strip())
        if len(options) < 2 or _YES_OR_NO.match(label) or any(_is_option(label, option) for option in options):
            return keep()
        return drop("unknown-label", label=label, labels=list(options))


def _given_away(label: str) -> str:
    word = re.escape(label)
    return rf"{_LABELLED}{word}\b|(?:->|=>|→)\s*{word}\W*\Z|[(\[]{word}[)\]]\W*\Z"


def _options(task: str) -> list[str]:
    """The labels that a task names at its end; none if it names none plainly."""
    for pattern in _NAMED if len(task) <= LONGEST_TASK else ():
        if found := pattern.search(task):
            return [_ARTICLE.sub("", folded(one)) for one in _BETWEEN.split(found[1]) if one.strip()]
    if _LAST_QUOTED.search(task):
        return [folded(one) for one in _QUOTED.findall(task)]
    found = _TRUE_OR_FALSE.search(task)
    return folded(found[1]).split(" or ") if found else []


def _is_option(label: str, option: str) -> bool:
    """Whether a label is an option, holds it, or has its stem."""
    return option in label or label in option or (len(option) > 4 and label[:5] == option[:5])


KEPT = Example("Classify the review as positive or negative.", "The soup was cold.", "Negative", True, "g0.0")
DROPPED = Example("Classify the review as positive or negative.", "The soup was cold.", "Mixed", True, "g0.0")
