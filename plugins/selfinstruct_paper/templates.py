"""The paper's training format: the prompt templates, and the function that cleans inputs for them."""

from __future__ import annotations

import re
from random import Random

from selfinstruct_paper.sampling import generator_or_shared

END = "<|endoftext|>"
# Templates of prompts, each with the text before the output in the completion. They are quoted from Self-Instruct (Wang
# et al. 2023, section 2.3 and its code) in its order, so that a seeded draw finds the same template.
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
    """One training example: `prompt` and `completion`, and the stripped parts that they were made of.

    With `random_template`, one of seven templates is drawn, or of six if the input is empty. Without it, the plain
    template is used. `end_token` ends the completion. Source: Wang et al. 2023, section 2.3, and the function
    of this name in the reference.
    """
    parts = {"instruction": instruction.strip(), "input": input.strip(), "output": output.strip()}
    template = PLAIN
    if random_template:
        template = generator_or_shared(rng).choice(WITH_INPUT if parts["input"] else WITHOUT_INPUT)
    prompt, lead = template
    return {"prompt": prompt.format(**parts), "completion": f"{lead}{parts['output']}{end_token}", **parts}


def clean_input(inst_input: str) -> str:
    """An input without its field name, if it has exactly one, and with single line breaks instead of double ones.

    The reference applies this to half of the inputs. A field name is any word before a colon, and everything up to the
    first colon is removed: "Meet at 10:30" becomes "30". The paper's recipe keeps this behaviour.
    """
    if len(set(FIELD_NAME.findall(inst_input))) == 1:
        _, _, inst_input = inst_input.partition(":")
    return inst_input.strip().replace("\n\n", "\n")
