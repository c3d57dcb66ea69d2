"""Imitates mistakes of real models: repeated tasks, answers, unusual markers, remarks to the user and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random
from typing import TypeAlias

from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import recognise
from selfinstruct_demo.words import lexicon, sentence, thing

InputOutput: TypeAlias = tuple[str, str]
"""Input (empty if there is none) and output."""

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot fulfil this request.",
    "I apologize, but as an AI language model I am not able to come up with such tasks.",
    "Sorry, I can't assist with creating these tasks.",
)
PREAMBLES = (
    "Here are the tasks:",
    "Sure! Here are the remaining tasks:",
    "Here are some new tasks you might like:",
    "Of course. Below you will find the list you asked for:",
    "Great examples! Here is my continuation:",
)
OUTROS = (
    "Let me know if you would like more tasks!",
    "I hope these are helpful. Shall I go on?",
    "Would you like me to answer any of these?",
    "Feel free to ask for changes.",
)
MARKERS = ("{}) ", "**{}.** ", "Task {}: ", "- ", "json")
LENGTHENED = (
    " Give a short reason for your answer.",
    " Please answer in complete sentences and keep it simple.",
    " Explain your thinking step by step.",
)
SWAPS = (
    ("write", "compose"),
    ("given", "following"),
    ("explain", "describe"),
    ("list", "name"),
    ("make", "create"),
    ("find", "identify"),
    ("what", "which"),
    ("how", "in what way"),
    ("the", "this"),
    ("a", "one"),
)
UNSUITABLE = (
    "{thing}.",
    "Draw a picture of the {thing} that {name} keeps in {city}.",
    "Watch the video about the {thing} of {name} and note three things about {city}.",
    "Describe the attached image of the {thing} of {name} in {city}.",
    "Draw a graph of {name}'s {thing} sales in {city}.",
    "Listen to the recording of {name} in {city} and write down what is said about the {thing}.",
)


def happens(rng: Random, rate: float) -> bool:
    """Whether a mistake with this rate happens now: never at 0, always at 1."""
    return rng.random() < rate


def add_mistake(task: str, ask: ParsedPrompt, rng: Random, *, options: DemoOptions) -> str:
    """The task, unchanged or with one mistake."""
    examples = ask.examples or (task,)
    if happens(rng, options.echo):
        return rng.choice(examples)
    if happens(rng, options.near_duplicate):
        return restate(rng.choice(examples), rng)
    if happens(rng, options.answer):
        known = recognise(task)
        reply = known.draw_case(rng)[1] if known else ""
        return f"{task}\n\nAnswer: {reply}" if rng.random() < 0.5 else f"The answer is this: {sentence(rng)}."
    if happens(rng, options.unsuitable):
        return unsuitable(rng)
    return task


def unsuitable(rng: Random) -> str:
    """A task that cannot be answered in text, or that is too short."""
    words = {kind: rng.choice(lexicon()[kind]) for kind in ("name", "city")}
    text = rng.choice(UNSUITABLE).format(**words, thing=thing(rng))
    return text[0].upper() + text[1:]


def restate(example: str, rng: Random) -> str:
    """An example with one word changed or a sentence added; never an exact copy."""
    if rng.random() < 0.4:
        return example.rstrip() + rng.choice(LENGTHENED)
    for old, new in rng.sample(SWAPS, len(SWAPS)):
        changed = re.sub(rf"\b{old}\b", new, example, count=1, flags=re.IGNORECASE)
        if changed != example:
            return changed[:1].upper() + changed[1:]
    return "Please " + example[:1].lower() + example[1:]


def lay_out(tasks: Sequence[str], ask: ParsedPrompt, rng: Random, *, options: DemoOptions) -> str:
    """The list of tasks, with the requested markers or others, and with remarks before and after it."""
    marker = rng.choice(MARKERS) if happens(rng, options.markers) else "{}. "
    preamble = rng.choice(PREAMBLES) + "\n\n" if happens(rng, options.preamble) else ""
    outro = "\n\n" + rng.choice(OUTROS) if happens(rng, options.outro) else ""
    if marker == "json":
        return preamble + json.dumps(list(tasks), indent=2, ensure_ascii=False) + outro
    lines = [marker.format(number) + task for number, task in enumerate(tasks, ask.first)]
    if ask.paper and not preamble and "{}" in marker:
        lines[0] = " " + tasks[0]
    return preamble + "\n".join(lines) + outro


def add_instance_mistakes(cases: Sequence[InputOutput], rng: Random) -> list[InputOutput]:
    """The cases with a repeated input that has another output, or with an empty output."""
    case = rng.choice(cases)
    if rng.random() < 0.5:
        others = [output for _, output in cases if output != case[1]]
        return [*cases, (case[0], rng.choice(others) if others else f"{case[1]}, or {sentence(rng)}.")]
    return [(text, "") if (text, output) == case else (text, output) for text, output in cases]


def label_cases(cases: Sequence[InputOutput], labels: bool, rng: Random) -> str:
    """The instances of a task under other markers than the requested ones."""
    if labels:
        return "\n".join(f"Class label: {output}\n{text}".strip() for text, output in cases)
    names = rng.choice((("Input:", "Output:"), ("**Input:**", "**Output:**"), ("### Input\n", "### Output\n")))
    parts = []
    for number, (text, output) in enumerate(cases, 1):
        heading = f"Example {number}:\n" if len(cases) > 1 else ""
        parts.append(f"{heading}{names[0]} {text}\n{names[1]} {output}" if text else f"{names[1]} {output}")
    return "\n\n".join(part.replace("\n ", "\n") for part in parts)


def break_off(text: str, rng: Random) -> str:
    """The beginning of a text, at least a third of it, which ends inside a word or a sentence."""
    return text[: rng.randint(len(text) // 3, max(1, len(text) - 2))].rstrip(" \n.!?") or text[:1]
