"""Answers prompts of the stage generate: a list of new tasks, with the mistakes that the options set."""

from __future__ import annotations

from random import Random

from selfinstruct_demo.faults import add_mistake, lay_out
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt
from selfinstruct_demo.tasks import draw_task


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Write as many tasks as were asked for, numbered from where the prompt wants them to begin."""
    tasks = [add_mistake(draw_task(rng, ask.labels), ask, rng, options=options) for _ in range(ask.count)]
    return lay_out(tasks, ask, rng, options=options)
