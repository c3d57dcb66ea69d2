"""The plugin of the paper (Self-Instruct, Wang et al. 2023): its hooks, and its functions under their known names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selfinstruct.api import (
    GENERATE,
    Component,
    Filter,
    NoOptions,
    PostProcessor,
    PromptEncoder,
    Sampler,
    TrainingEncoder,
    Verdict,
    hookimpl,
)
from selfinstruct_paper.filters import (
    CutFilter,
    TextFilter,
    find_word_in_string,
    judge_first_char,
    judge_keywords,
    judge_length,
    judge_program,
)
from selfinstruct_paper.instances import (
    filter_duplicate_instances,
    filter_invalid_instances,
    parse_input_output,
    parse_instances_for_classification_task,
    parse_instances_for_generation_task,
    read_clf_label,
)
from selfinstruct_paper.prompt import PaperTasksOptions, PaperTasksPrompt, encode_prompt
from selfinstruct_paper.reply import PaperTasksReader, post_process_gpt3_response, post_process_llama3_response
from selfinstruct_paper.sampling import (
    PaperSampler,
    PaperSamplerOptions,
    sample_machine_instructions,
    sample_prompt_instructions,
)
from selfinstruct_paper.templates import clean_input, encode_instance
from selfinstruct_paper.training import collect_instances, encode_training_rows

__all__ = [
    "clean_input",
    "collect_instances",
    "encode_instance",
    "encode_prompt",
    "encode_training_rows",
    "filter_duplicate_instances",
    "filter_invalid_instances",
    "find_word_in_string",
    "parse_input_output",
    "parse_instances_for_classification_task",
    "parse_instances_for_generation_task",
    "post_process_gpt3_response",
    "post_process_llama3_response",
    "read_clf_label",
    "sample_machine_instructions",
    "sample_prompt_instructions",
]

_SERVES = (GENERATE,)


@hookimpl
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer the paper's mix of seed and machine-written instructions."""
    summary = "A few machine-written instructions and seeds for the rest, shuffled"
    return [Component("paper", summary, PaperSamplerOptions, PaperSampler, _SERVES)]


@hookimpl
def selfinstruct_encoders() -> list[Component[PromptEncoder | TrainingEncoder]]:
    """Offer the paper's prompt for new tasks."""
    summary = "The paper's numbered list of tasks, left open for the model to continue"
    return [Component("paper-tasks", summary, PaperTasksOptions, PaperTasksPrompt, _SERVES)]


@hookimpl
def selfinstruct_post_processors() -> list[Component[PostProcessor]]:
    """Offer the paper's reading of replies."""
    summary = "Split a reply at its list numbers, as the paper's scripts do"
    return [Component("paper-tasks", summary, NoOptions, lambda _: PaperTasksReader(), _SERVES)]


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer the paper's rules, novelty apart, in the order that gives the reference's reasons."""
    return [
        Component("paper-cut", "Drop all of a reply that was cut by length", NoOptions, lambda _: CutFilter(), _SERVES),
        _text_filter("paper-length", "Drop tasks of fewer than 4 or more than 150 words", judge_length),
        _text_filter("paper-keywords", "Drop tasks about images, files, maps and so on", judge_keywords),
        _text_filter("paper-program", 'Drop tasks that start with "Write a program"', judge_program),
        _text_filter("paper-first-char", "Drop tasks that start with punctuation or outside ASCII", judge_first_char),
    ]


def _text_filter(name: str, summary: str, rule: Callable[[str], Verdict]) -> Component[Filter[Any]]:
    return Component(name, summary, NoOptions, lambda _: TextFilter(rule), _SERVES)
