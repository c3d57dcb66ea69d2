"""The plugin of the paper (Self-Instruct, Wang et al. 2023): its hooks, and its functions under their known names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selfinstruct.api import (
    CLASSIFY,
    EXPORT,
    GENERATE,
    INSTANCES,
    PREPARE,
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
from selfinstruct_paper.answers import PaperClassifyReader, PaperExamplesReader, PaperInstancesReader
from selfinstruct_paper.example_filters import DuplicatesFilter, InvalidFilter, PaperAtMostFilter, PaperAtMostOptions
from selfinstruct_paper.filters import (
    PaperCutFilter,
    TextFilter,
    evaluate_first_char,
    evaluate_keywords,
    evaluate_length,
    evaluate_program,
    find_word_in_string,
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
from selfinstruct_paper.prompt_completion import PromptCompletion, PromptCompletionOptions
from selfinstruct_paper.questions import PaperClassifyPrompt, PaperInstancesPrompt
from selfinstruct_paper.reply import PaperTasksReader, post_process_gpt3_response, post_process_llama3_response
from selfinstruct_paper.sampling import (
    PaperDemonstrations,
    PaperDemonstrationsOptions,
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

_TASKS = (GENERATE,)


@hookimpl
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer the paper's mix of instructions to continue, and demonstrations for the questions about one task."""
    mix = "A few machine-written instructions and seeds for the rest, shuffled"
    shown = "Seeds of both kinds, the same ones for every question of a stage"
    asks = (CLASSIFY, INSTANCES)
    return [
        Component("paper", mix, PaperSamplerOptions, PaperSampler, _TASKS),
        Component("paper-demonstrations", shown, PaperDemonstrationsOptions, PaperDemonstrations, asks),
    ]


@hookimpl
def selfinstruct_encoders() -> list[Component[PromptEncoder | TrainingEncoder]]:
    """Offer the paper's prompts, and its training format."""
    tasks = "The paper's numbered list of tasks, left open for the model to continue"
    classify = "The paper's question whether a task is classification, after answered seeds"
    instances = "The paper's two forms that ask for instances of a task: input first, or label first"
    rows = "The paper's training format: prompt templates drawn at random, and completions"
    return [
        Component("paper-tasks", tasks, PaperTasksOptions, PaperTasksPrompt, _TASKS),
        Component("paper-classify", classify, NoOptions, lambda _: PaperClassifyPrompt(), (CLASSIFY,)),
        Component("paper-instances", instances, NoOptions, lambda _: PaperInstancesPrompt(), (INSTANCES,)),
        Component("prompt-completion", rows, PromptCompletionOptions, PromptCompletion, (EXPORT,)),
    ]


@hookimpl
def selfinstruct_post_processors() -> list[Component[PostProcessor]]:
    """Offer the paper's reading of replies."""
    tasks = "Split a reply at its list numbers, as the paper's scripts do"
    classify = "Take a plain yes as yes and all else as no, as the paper's scripts do"
    instances = "Take the whole reply as it is, as the paper's scripts do"
    examples = "Read examples in the paper's two forms, as its scripts do"
    return [
        Component("paper-tasks", tasks, NoOptions, lambda _: PaperTasksReader(), _TASKS),
        Component("paper-classify", classify, NoOptions, lambda _: PaperClassifyReader(), (CLASSIFY,)),
        Component("paper-instances", instances, NoOptions, lambda _: PaperInstancesReader(), (INSTANCES,)),
        Component("paper-examples", examples, NoOptions, lambda _: PaperExamplesReader(), (PREPARE,)),
    ]


@hookimpl
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer the paper's rules, novelty apart, for tasks and for examples, each in the reference's order."""
    cut = "Drop what was cut by length: all tasks of the reply, or its last example"
    invalid = "Drop examples without output, with their input as output, or that end in a colon"
    duplicates = "Drop repeated examples, and all of a task that gives one input two outputs"
    at_most = "Keep the first few examples of each task"
    return [
        Component("paper-cut", cut, NoOptions, lambda _: PaperCutFilter(), (GENERATE, PREPARE)),
        _text_filter("paper-length", "Drop tasks of fewer than 4 or more than 150 words", evaluate_length),
        _text_filter("paper-keywords", "Drop tasks about images, files, maps and so on", evaluate_keywords),
        _text_filter("paper-program", 'Drop tasks that start with "Write a program"', evaluate_program),
        _text_filter(
            "paper-first-char", "Drop tasks that start with punctuation or outside ASCII", evaluate_first_char
        ),
        Component("paper-invalid", invalid, NoOptions, lambda _: InvalidFilter(), (PREPARE,)),
        Component("paper-duplicates", duplicates, NoOptions, lambda _: DuplicatesFilter(), (PREPARE,)),
        Component("paper-at-most", at_most, PaperAtMostOptions, PaperAtMostFilter, (PREPARE,)),
    ]


def _text_filter(name: str, summary: str, rule: Callable[[str], Verdict]) -> Component[Filter[Any]]:
    return Component(name, summary, NoOptions, lambda _: TextFilter(rule), _TASKS)
