"""Chat templates by name, and the function that fills in their placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.api import ConfigError
from selfinstruct.api.text import read_input_text

_PLACEHOLDER = re.compile(r"\{(system|instruction|input|question|output)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders for the parts of an example.

    turn    the question and the answer
    system  text before the turn if a system message is set
    begin   first token of a row; most tokenizers add it themselves, so it is written only on request
    """

    turn: str
    system: str = ""
    begin: str = ""


TEMPLATES: Mapping[str, Template] = {
    "llama-3": Template(
        "<|start_header_id|>user<|end_header_id|>\n\n{question}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n{output}<|eot_id|>",
        "<|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>",
        "<|begin_of_text|>",
    ),
    "chatml": Template(
        "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{output}<|im_end|>",
        "<|im_start|>system\n{system}<|im_end|>\n",
    ),
    "plain": Template("### Task\n{question}\n\n### Answer\n{output}", "{system}\n\n"),
}
"""The built-in templates. None ends with a newline, because trainers expect the end token at the end of a row."""


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Replace each `{name}` of a template by that part, in one pass: braces inside a part are left alone.

    Placeholders that are not in `parts`, and all other braces, stay unchanged.
    """
    return _PLACEHOLDER.sub(lambda found: parts.get(found[1], found[0]), template)


def read_template(path: str) -> Template:
    """The template in a UTF-8 file, without a final newline. Raises `ConfigError` if a placeholder is missing."""
    try:
        text = read_input_text(Path(path))
    except OSError as error:
        raise ConfigError(f"the template file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"the template file {path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    text = text.removesuffix("\n")
    has = set(_PLACEHOLDER.findall(text))
    if "output" not in has or not ("question" in has or {"instruction", "input"} <= has):
        raise ConfigError(
            f"the template file {path} lacks a part of an example",
            "It needs {output}, and either {question} or both {instruction} and {input}.",
        )
    if "system" in has:
        raise ConfigError(
            f"the template file {path} cannot contain {{system}}", "Write the system message itself there."
        )
    return Template(text)
