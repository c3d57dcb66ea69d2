"""Quality filters for new instructions and for training examples, one per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selfinstruct.api import GENERATE, PREPARE, Component, Filter, NoOptions, Options, hookimpl
from selfinstruct_filters.answer import AnswerFilter, AnswerOptions
from selfinstruct_filters.at_most import AtMostFilter, AtMostOptions
from selfinstruct_filters.conflict import ConflictFilter, ConflictOptions
from selfinstruct_filters.containment import ContainmentFilter, ContainmentOptions
from selfinstruct_filters.counts import CountsFilter
from selfinstruct_filters.cut import CutFilter
from selfinstruct_filters.decontamination import DecontaminationFilter, DecontaminationOptions
from selfinstruct_filters.duplicate_example import DuplicateExampleFilter
from selfinstruct_filters.echo import EchoFilter, EchoOptions
from selfinstruct_filters.exact import ExactFilter
from selfinstruct_filters.facts import FactsFilter, FactsOptions
from selfinstruct_filters.first_char import FirstCharFilter
from selfinstruct_filters.injection import InjectionFilter
from selfinstruct_filters.invalid_example import InvalidExampleFilter
from selfinstruct_filters.keywords import KeywordsFilter, KeywordsOptions
from selfinstruct_filters.labels import LabelsFilter
from selfinstruct_filters.language import LanguageFilter, LanguageOptions
from selfinstruct_filters.length import LengthFilter, LengthOptions
from selfinstruct_filters.limits import LimitsFilter
from selfinstruct_filters.marks import MarksFilter
from selfinstruct_filters.material import MaterialFilter
from selfinstruct_filters.near_duplicate import NearDuplicateFilter, NearDuplicateOptions
from selfinstruct_filters.order import OrderFilter
from selfinstruct_filters.parses import ParsesFilter
from selfinstruct_filters.personal_data import PersonalDataFilter, PersonalDataOptions
from selfinstruct_filters.refusal import RefusalFilter
from selfinstruct_filters.restated import RestatedFilter, RestatedOptions
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions
from selfinstruct_filters.semantic import SemanticFilter, SemanticOptions
from selfinstruct_filters.sums import SumsFilter
from selfinstruct_filters.swallowed import SwallowedFilter
from selfinstruct_filters.unfinished import UnfinishedFilter
from selfinstruct_filters.unreadable import UnreadableFilter
from selfinstruct_filters.unsafe import UnsafeFilter, UnsafeOptions

SELFINSTRUCT_API = 1

_BOTH = (GENERATE, PREPARE)


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer the filters for `generate` and `prepare`: in the order of the recipe `chat`, then the optional ones."""
    return [
        _offer("cut", "Drop items cut off by the end of the reply", CutFilter, stages=(GENERATE, PREPARE)),
        _offer("unreadable", "Drop broken text: wrong encodings, no words, loops", UnreadableFilter),
        _offer("marks", "Drop drafts with a list's number in front, or several tasks", MarksFilter),
        _offer("echo", "Drop copies of the prompt", EchoFilter, options=EchoOptions, stages=_BOTH),
        _offer("injection", "Drop commands to the reader of the prompt", InjectionFilter),
        _offer("refusal", "Drop refusals, preambles and talk about the tasks", RefusalFilter),
        _offer("first-char", "Drop a draft that starts with a sign", FirstCharFilter),
        _offer("length", "Drop drafts that are too short or too long", LengthFilter, options=LengthOptions),
        _offer("answer", "Drop candidates that are answers, not tasks", AnswerFilter, options=AnswerOptions),
        _offer("unfinished", "Drop text that ends in mid-sentence or mid-word", UnfinishedFilter, stages=_BOTH),
        _offer("material", "Drop tasks without the material they refer to", MaterialFilter, stages=_BOTH),
        _offer("keywords", "Drop tasks that a text model cannot do", KeywordsFilter, options=KeywordsOptions),
        _offer("exact", "Drop word-for-word copies of the pool", ExactFilter),
        _offer(
            "restated",
            "Drop copies of a seed or a shown example, even extended",
            RestatedFilter,
            options=RestatedOptions,
        ),
        _offer(
            "containment",
            "Drop longer or shorter copies of the pool",
            ContainmentFilter,
            options=ContainmentOptions,
        ),
        _offer("rouge-l", "Drop drafts too similar to the pool by ROUGE-L", RougeLFilter, options=RougeLOptions),
        _offer("invalid-example", "Drop empty, refused, broken-off examples", InvalidExampleFilter, stages=(PREPARE,)),
        _offer("swallowed", "Drop outputs with an input or a next task", SwallowedFilter, stages=(PREPARE,)),
        _offer("parses", "Drop Python and JSON that do not parse", ParsesFilter, stages=(PREPARE,)),
        _offer("sums", "Drop wrong results of plain sums", SumsFilter, stages=(PREPARE,)),
        _offer("counts", "Drop wrong counts of words, letters and items", CountsFilter, stages=(PREPARE,)),
        _offer("order", "Drop what is sorted or compared wrongly", OrderFilter, stages=(PREPARE,)),
        _offer(
            "labels", "Drop labels that the task does not name, or the input holds", LabelsFilter, stages=(PREPARE,)
        ),
        _offer("limits", "Drop outputs that break a limit of the task", LimitsFilter, stages=(PREPARE,)),
        _offer("duplicate-example", "Drop repeated examples", DuplicateExampleFilter, stages=(PREPARE,)),
        _offer(
            "conflict",
            "Drop a different output for the same input",
            ConflictFilter,
            options=ConflictOptions,
            stages=(PREPARE,),
        ),
        _offer(
            "near-duplicate",
            "Drop near-duplicates of an example",
            NearDuplicateFilter,
            options=NearDuplicateOptions,
            stages=(PREPARE,),
        ),
        _offer(
            "at-most", "Drop examples above a number per task", AtMostFilter, options=AtMostOptions, stages=(PREPARE,)
        ),
        _offer(
            "facts", "Drop examples by facts about their task", FactsFilter, options=FactsOptions, stages=(PREPARE,)
        ),
        Component(
            "language",
            "Drop text in other languages",
            LanguageOptions,
            LanguageFilter,
            _BOTH,
            extra="lang",
        ),
        _offer(
            "personal-data",
            "Drop personal data, except placeholders",
            PersonalDataFilter,
            options=PersonalDataOptions,
            stages=_BOTH,
        ),
        _offer("unsafe", "Drop profanity and requests for harm", UnsafeFilter, options=UnsafeOptions, stages=_BOTH),
        _offer(
            "decontamination",
            "Drop text of evaluation sets",
            DecontaminationFilter,
            options=DecontaminationOptions,
            stages=_BOTH,
        ),
        Component(
            "semantic",
            "Drop drafts with the same meaning, by embeddings",
            SemanticOptions,
            SemanticFilter,
            (GENERATE,),
            "embeddings",
        ),
    ]


def _offer(
    name: str,
    summary: str,
    build: Callable[..., Filter[Any]],
    *,
    options: type[Options] | None = None,
    stages: tuple[str, ...] = (GENERATE,),
) -> Component[Filter[Any]]:
    """Make a descriptor. A filter without options is built without arguments."""
    if options is None:
        return Component(name, summary, NoOptions, lambda _: build(), stages=stages)
    return Component(name, summary, options, build, stages=stages)
