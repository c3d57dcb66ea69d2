"""The paper's training format: the prompt templates, and the clean-up of inputs before they are put in."""

from __future__ import annotations

import re
from random import Random

from selfinstruct_paper.sampling import shared_unless_given

END = "<|endoftext|>"
# Prompt and completion, to be filled in. The strings are Self-Instruct's own (Wang et al. 2023, section 2.3 and its
# code), in its order: a seeded draw must find the same one.
WITH_INPUT = (
    ("{instruction}\nInput: {input}\nOutput:", " {output}" + END),
    ("{instruction}\n\nInput: {input}\n\nOutput:", " {output}" + END),
    ("Task: {instruction}\nInput: {input}\nOutput:", " {output}" + END),
    ("{instruction}\n\n{input}\n\nOutput:", " {output}" + END),
    ("{instruction}\n\n{input}\n\n", "{output}" + END),
    ("{instruction}\n{input}\n\n", "{output}" + END),
    ("Task: {instruction}\n\n{input}\n\n", "{output}" + END),
)
WITHOUT_INPUT = (
    ("{instruction} Output:", " {output}" + END),
    ("{instruction}\nOutput:", " {output}" + END),
    ("{instruction}\n\nOutput:", " {output}" + END),
    ("{instruction}\n", "{output}" + END),
    ("{instruction}\n\n", "{output}" + END),
    ("Task: {instruction}\n\n", "{output}" + END),
)
PLAIN = ("{instruction}\n\n{input}\n\n", "{output}" + END)
FIELD_NAME = re.compile(r"(\w+):")


def encode_instance(
    instruction: str,
    input: str,  # noqa: A002 - the reference's name
    output: str,
    random_template: bool = True,
    *,
    rng: Random | None = None,
) -> dict[str, str]:
    """Write one training example: `prompt` and `completion`, and the stripped parts they were made of.

    With `random_template` one of seven templates is drawn, or of six where the input is empty; without, the plain
    one is taken. Source: Wang et al. 2023, section 2.3, and the reference's function of this name.
    """
    parts = {"instruction": instruction.strip(), "input": input.strip(), "output": output.strip()}
    template = PLAIN
    if random_template:
        template = shared_unless_given(rng).choice(WITH_INPUT if parts["input"] else WITHOUT_INPUT)
    prompt, completion = template
    return {"prompt": prompt.format(**parts), "completion": completion.format(**parts), **parts}


def clean_input(inst_input: str) -> str:
    """Take the field name off an input that has just one, and halve double line breaks; half of all inputs get this.

    A field name is any word before a colon, and everything up to the first colon goes with it: "Meet at 10:30"
    becomes "30". The reference does so, and the paper's recipe keeps it.
    """
    if len(set(FIELD_NAME.findall(inst_input))) == 1:
        _, _, inst_input = inst_input.partition(":")
    return inst_input.strip().replace("\n\n", "\n")
