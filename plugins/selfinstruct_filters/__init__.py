"""Quality filters for new instructions and for training examples: one rule a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selfinstruct.api import GENERATE, PREPARE, Component, Filter, NoOptions, Options, hookimpl
from selfinstruct_filters.answer import Answer, AnswerOptions
from selfinstruct_filters.at_most import AtMost, AtMostOptions
from selfinstruct_filters.conflict import Conflict, ConflictOptions
from selfinstruct_filters.containment import Containment, ContainmentOptions
from selfinstruct_filters.cut import Cut
from selfinstruct_filters.decontamination import Decontamination, DecontaminationOptions
from selfinstruct_filters.duplicate_example import DuplicateExample
from selfinstruct_filters.exact import Exact
from selfinstruct_filters.first_char import FirstChar
from selfinstruct_filters.invalid_example import InvalidExample
from selfinstruct_filters.keywords import Keywords, KeywordsOptions
from selfinstruct_filters.language import Language, LanguageOptions
from selfinstruct_filters.length import Length, LengthOptions
from selfinstruct_filters.near_duplicate import NearDuplicate, NearDuplicateOptions
from selfinstruct_filters.personal_data import PersonalData, PersonalDataOptions
from selfinstruct_filters.refusal import Refusal
from selfinstruct_filters.restated import Restated, RestatedOptions
from selfinstruct_filters.rouge_l import RougeL, RougeLOptions
from selfinstruct_filters.semantic import Semantic, SemanticOptions
from selfinstruct_filters.unreadable import Unreadable
from selfinstruct_filters.unsafe import Unsafe, UnsafeOptions

SELFINSTRUCT_API = 1

_BOTH = (GENERATE, PREPARE)


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer the filters for `generate` and `prepare`: in the order of the recipe `chat`, then the optional ones."""
    return [
        _offer("cut", "Drop what the reply's end cut off", Cut, stages=(GENERATE, PREPARE)),
        _offer("unreadable", "Drop broken text: wrong encodings, endless repetition", Unreadable),
        _offer("refusal", "Drop refusals, preambles and talk about the tasks", Refusal),
        _offer("first-char", "Drop a draft that starts with a sign", FirstChar),
        _offer("length", "Drop drafts that are too short or too long", Length, LengthOptions),
        _offer("answer", "Drop answers that stand where a task should", Answer, AnswerOptions),
        _offer("keywords", "Drop tasks that a text model cannot do", Keywords, KeywordsOptions),
        _offer("exact", "Drop what the pool holds word for word", Exact),
        _offer("restated", "Drop copies of a seed or a shown example, lengthened too", Restated, RestatedOptions),
        _offer("containment", "Drop longer or shorter copies of what the pool has", Containment, ContainmentOptions),
        _offer("rouge-l", "Drop what is too near to the pool by ROUGE-L", RougeL, RougeLOptions),
        _offer("invalid-example", "Drop empty, refused, broken-off examples", InvalidExample, stages=(PREPARE,)),
        _offer("duplicate-example", "Drop examples that were there before", DuplicateExample, stages=(PREPARE,)),
        _offer("conflict", "Drop another output to the same input", Conflict, ConflictOptions, (PREPARE,)),
        _offer(
            "near-duplicate", "Drop what nearly repeats an example", NearDuplicate, NearDuplicateOptions, (PREPARE,)
        ),
        _offer("at-most", "Drop a task's examples beyond a number", AtMost, AtMostOptions, (PREPARE,)),
        Component(
            "language", "Drop what is in a language that is not kept", LanguageOptions, Language, _BOTH, extra="lang"
        ),
        _offer("personal-data", "Drop data of real people, not placeholders", PersonalData, PersonalDataOptions, _BOTH),
        _offer("unsafe", "Drop profanity and requests for harm", Unsafe, UnsafeOptions, _BOTH),
        _offer(
            "decontamination",
            "Drop text of evaluation sets",
            Decontamination,
            DecontaminationOptions,
            _BOTH,
        ),
        Component(
            "semantic", "Drop what means the same by embeddings", SemanticOptions, Semantic, (GENERATE,), "embeddings"
        ),
    ]


def _offer(
    name: str,
    summary: str,
    build: Callable[..., Filter[Any]],
    options: type[Options] | None = None,
    stages: tuple[str, ...] = (GENERATE,),
) -> Component[Filter[Any]]:
    """A descriptor; a filter without options of its own is built from nothing."""
    if options is None:
        return Component(name, summary, NoOptions, lambda _: build(), stages=stages)
    return Component(name, summary, options, build, stages=stages)
