"""Makes the paper's training file from raw instances: parses each task, samples instances, encodes and shuffles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from selfinstruct.api import DataError
from selfinstruct_paper.instances import (
    MOST_PER_TASK,
    InstanceRow,
    parse_instances_for_classification_task,
    parse_instances_for_generation_task,
)
from selfinstruct_paper.templates import clean_input, encode_instance


def collect_instances(
    tasks: Iterable[Mapping[str, Any]], labels: Mapping[str, bool], *, rng: Random
) -> list[InstanceRow]:
    """The instances of all tasks, at most five of each, drawn at random.

    `tasks` are rows of `machine_generated_instances.jsonl`; `labels` maps each instruction to whether it is
    classification. Raises `DataError` for a task without a label. Source: the reference's preparation of data.
    """
    collected: list[InstanceRow] = []
    for task in tasks:
        instruction = task["instruction"]
        if instruction not in labels:
            raise DataError(f"The task {instruction!r} has no label: is it classification or not?")
        clf = labels[instruction]
        parse = parse_instances_for_classification_task if clf else parse_instances_for_generation_task
        instances = parse(task["raw_instances"], instruction, task["instance_metadata"])
        collected += rng.sample(instances, min(len(instances), MOST_PER_TASK))
    return collected


def encode_training_rows(instances: Iterable[InstanceRow], *, rng: Random) -> list[dict[str, str]]:
    """Training rows from instances: half of the inputs cleaned, templates drawn, repeated rows removed, shuffled.

    Draws are made in the reference's order. Rows have `prompt` and `completion` only.
    """
    rows: dict[tuple[str, str], None] = {}
    for instruction, text, output in instances:
        text = clean_input(text) if rng.random() < 0.5 else text
        row = encode_instance(instruction, text, output, rng=rng)
        rows[row["prompt"], row["completion"]] = None
    shuffled = list(rows)
    rng.shuffle(shuffled)
    return [{"prompt": prompt, "completion": completion} for prompt, completion in shuffled]
