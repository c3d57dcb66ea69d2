"""Chat templates by name, and the filling in of their placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.api import ConfigError

_PLACEHOLDER = re.compile(r"\{(system|instruction|input|question|output)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text around the parts of an example; `system` stands before `turn` where a system message is set.

    `begin` is what a tokenizer puts first by itself, so it is written only when asked for.
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
"""The named templates. None ends with a newline: trainers look for the token that ends a row at its very end."""


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Put the parts in the place of `{name}`, in one pass: braces inside a part are never looked at.

    A placeholder that `parts` does not know, and any other brace, stays as it is.
    """
    return _PLACEHOLDER.sub(lambda found: parts.get(found[1], found[0]), template)


def read_template(path: str) -> Template:
    """A template from a UTF-8 file, without the newline at its end; raises `ConfigError` if a part has no place."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"the template file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"the template file {path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    text = text.removesuffix("\n")
    has = set(_PLACEHOLDER.findall(text))
    if "output" not in has or not ("question" in has or {"instruction", "input"} <= has):
        raise ConfigError(
            f"the template file {path} does not show every part of an example",
            "It needs {output}, and either {question} or both {instruction} and {input}.",
        )
    if "system" in has:
        raise ConfigError(f"the template file {path} has no use for {{system}}", "Write the message itself there.")
    return Template(text)
