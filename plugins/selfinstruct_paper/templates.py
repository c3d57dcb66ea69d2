"""The paper's training format: the prompt templates, and the clean-up of inputs before they are put in."""

from __future__ import annotations

import re
from random import Random

from selfinstruct_paper.sampling import shared_unless_given

END = "<|endoftext|>"
# The prompt, to be filled in, and what stands before the output in the completion. The strings are Self-Instruct's own
# (Wang et al. 2023, section 2.3 and its code), in its order: a seeded draw must find the same one.
WITH_INPUT = (
    ("{instruction}\nInput: {input}\nOutput:", " "),
    ("{instruction}\n\nInput: {input}\n\nOutput:", " "),
    ("Task: {instruction}\nInput: {input}\nOutput:", " "),
    ("{instruction}\n\n{input}\n\nOutput:", " "),
    ("{instruction}\n\n{input}\n\n", ""),
    ("{instruction}\n{input}\n\n", ""),
    ("Task: {instruction}\n\n{input}\n\n", ""),
)
WITHOUT_INPUT = (
    ("{instruction} Output:", " "),
    ("{instruction}\nOutput:", " "),
    ("{instruction}\n\nOutput:", " "),
    ("{instruction}\n", ""),
    ("{instruction}\n\n", ""),
    ("Task: {instruction}\n\n", ""),
)
PLAIN = ("{instruction}\n\n{input}\n\n", "")
FIELD_NAME = re.compile(r"(\w+):")


def encode_instance(
    instruction: str,
    input: str,  # noqa: A002 - the reference's name
    output: str,
    random_template: bool = True,
    *,
    rng: Random | None = None,
    end_token: str = END,
) -> dict[str, str]:
    """Write one training example: `prompt` and `completion`, and the stripped parts they were made of.

    With `random_template` one of seven templates is drawn, or of six where the input is empty; without, the plain
    one is taken. `end_token` ends the completion. Source: Wang et al. 2023, section 2.3, and the reference's function
    of this name.
    """
    parts = {"instruction": instruction.strip(), "input": input.strip(), "output": output.strip()}
    template = PLAIN
    if random_template:
        template = shared_unless_given(rng).choice(WITH_INPUT if parts["input"] else WITHOUT_INPUT)
    prompt, lead = template
    return {"prompt": prompt.format(**parts), "completion": f"{lead}{parts['output']}{end_token}", **parts}


def clean_input(inst_input: str) -> str:
    """Take the field name off an input that has just one, and halve double line breaks; half of all inputs get this.

    A field name is any word before a colon, and everything up to the first colon goes with it: "Meet at 10:30"
    becomes "30". The reference does so, and the paper's recipe keeps it.
    """
    if len(set(FIELD_NAME.findall(inst_input))) == 1:
        _, _, inst_input = inst_input.partition(":")
    return inst_input.strip().replace("\n\n", "\n")
