"""Answers prompts of the stage instances: right cases of the demo's own tasks, or wrong ones where options ask so."""

from __future__ import annotations

import re
from random import Random

from selfinstruct_demo.classify import labels_of
from selfinstruct_demo.faults import REFUSALS, InputOutput, add_instance_mistakes, happens, label_cases
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import KnownTask, recognise
from selfinstruct_demo.wrong import spoil

CONTENT_WORD = re.compile(r"[A-Za-z]{5,}")


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Cases of a task, in the form that the prompt asks for. Only the chat form has mistakes."""
    task = recognise(ask.subjects[0])
    cases = draw_cases(ask, task, rng)
    if ask.blocks:
        if task is not None:
            cases = [spoil(case, task, rng, options) for case in cases]
        return _blocks(cases, ask, rng=rng, options=options)
    if ask.labels:
        return "\n".join(f"Class label: {output}\n{text}".rstrip() for text, output in cases)
    if not cases[0][0]:
        return f"Output: {cases[0][1]}"
    return "\n\n".join(f"Example {at}\nInput: {text}\nOutput: {said}" for at, (text, said) in enumerate(cases, 1))


def draw_cases(ask: ParsedPrompt, task: KnownTask | None, rng: Random) -> list[InputOutput]:
    """Inputs and right outputs: one for each label, several if the task takes an input, or else one."""
    if task is None:
        return elsewhere(ask.subjects[0], ask.labels)[: ask.count if ask.blocks else None]
    if ask.labels and task.labels:
        cases = task.draw_labelled(rng)
        return cases[: ask.count] if ask.blocks else cases
    most = (ask.count if ask.blocks else 3) if task.takes_input else 1
    return list(dict(task.draw_case(rng) for _ in range(rng.randint(min(2, most), most))).items())


def elsewhere(task: str, labels: bool) -> list[InputOutput]:
    """Stand-ins for the cases of a task that the demo did not write, since it cannot solve them."""
    words = sorted({word.lower() for word in CONTENT_WORD.findall(task)}, key=lambda word: (-len(word), word))[:3]
    about = " and ".join(words) or "this task"
    if labels:
        return [(f"A text on {about} that stands for the label {label}.", label) for label in labels_of(task)]
    return [("", f"The demo only solves tasks that it wrote itself; a model would write about {about} here.")]


def _blocks(cases: list[InputOutput], ask: ParsedPrompt, *, rng: Random, options: DemoOptions) -> str:
    """Write the form with delimiters, or what a mistake makes of it; only one mistake of the form strikes a reply."""
    fault = rng.choice(["markers", "cases", "refusal"]) if happens(rng, options.instance_faults) else ""
    if fault == "refusal":
        return rng.choice(REFUSALS)
    if fault == "markers":
        return label_cases(cases, ask.labels, rng)
    if fault == "cases":
        cases = add_instance_mistakes(cases, rng)
    return "\n\n".join(_block(text, output, ask.labels) for text, output in cases)


def _block(text: str, output: str, labels: bool) -> str:
    given = f"<<INPUT>>\n{text}" if text else ""
    parts = [f"<<OUTPUT>>\n{output}", given] if labels else [given, f"<<OUTPUT>>\n{output}"]
    return "\n".join(part for part in parts if part)
