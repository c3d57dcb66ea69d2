"""Config for trainers to read a training file, by the shape of its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Shape:
    """Rows with these columns: how LLaMA-Factory and Axolotl read them, and whether TRL does as they are.

    has_turns    whether the columns hold lists of messages instead of texts
    llama_stage  the stage that LLaMA-Factory trains in, if it is not its default
    """

    columns: frozenset[str]
    llama_factory: Mapping[str, Any] = field(default_factory=dict)
    axolotl: Sequence[str] = ()
    trl: bool = False
    has_turns: bool = False
    llama_stage: str = ""


_CHAT = (
    "type: chat_template",
    "field_messages: {column}",
    "message_property_mappings:",
    "  role: {role}",
    "  content: {content}",
)
_PAIR = (
    "type:",
    "  field_instruction: prompt",
    "  field_output: completion",
    '  format: "{instruction}"',
    '  no_input_format: "{instruction}"',
)


def _chat(column: str, role: str, content: str) -> tuple[str, ...]:
    return tuple(line.format(column=column, role=role, content=content) for line in _CHAT)


SHAPES = (
    Shape(
        frozenset({"messages"}),
        {
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        },
        _chat("messages", "role", "content"),
        trl=True,
        has_turns=True,
    ),
    Shape(
        frozenset({"conversations"}),
        {"formatting": "sharegpt", "columns": {"messages": "conversations"}},
        _chat("conversations", "from", "value"),
        has_turns=True,
    ),
    Shape(
        frozenset({"instruction", "input", "output"}),
        {"columns": {"prompt": "instruction", "query": "input", "response": "output"}},
        ("type: alpaca",),
    ),
    Shape(
        frozenset({"prompt", "completion"}),
        {"columns": {"prompt": "prompt", "response": "completion"}},
        _PAIR,
        trl=True,
    ),
    Shape(frozenset({"prompt", "completion"}), trl=True, has_turns=True),
    Shape(
        frozenset({"text"}),
        {"columns": {"prompt": "text"}},
        ("type: completion", "field: text"),
        trl=True,
        llama_stage="pt",
    ),
)


def shape_of(row: Mapping[str, Any]) -> Shape | None:
    """The known shape of a row, or `None` for one of a plugin's own."""
    has_turns = any(isinstance(value, list) for value in row.values())
    return next((shape for shape in SHAPES if shape.columns == row.keys() and shape.has_turns == has_turns), None)


def dataset_info(shape: Shape, files: Mapping[str, str]) -> str:
    """LLaMA-Factory's `dataset_info.json`: an entry `selfinstruct_PART` for each part and its file."""
    entries = {f"selfinstruct_{part}": {"file_name": file, **shape.llama_factory} for part, file in files.items()}
    return json.dumps(entries, indent=2) + "\n"


def axolotl(shape: Shape, files: Mapping[str, str]) -> str:
    """The lines of an Axolotl config that name the files: the part `train`, and any other to test on."""
    lines: list[str] = []
    for part, file in files.items():
        kind = "parquet" if file.endswith(".parquet") else "json"
        lines += ["datasets:" if part == "train" else "test_datasets:", f"  - path: {file}", f"    ds_type: {kind}"]
        lines += [f"    {line}" for line in shape.axolotl]
        if part != "train":
            lines.append("    split: train")
    return "\n".join(lines)
