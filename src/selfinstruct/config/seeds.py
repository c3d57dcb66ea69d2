"""The seed file: what a seed task is, and how a file of them is read."""

from __future__ import annotations

import codecs
import difflib
import json
import re
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from selfinstruct.config.seed_rows import rewrite, seed_rows
from selfinstruct.errors import DataError, shorten
from selfinstruct.files.inputs import read_input
from selfinstruct.types import Instance, SeedTask

BUILTIN = "builtin"
SHAPE = 'A seed task is {"instruction": "...", "instances": [{"input": "...", "output": "..."}]}.'
LONGEST_TEXT = 50_000
"""Characters of one text: a prompt shows eight seed tasks."""

_ARCHIVES = (b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")
"""How files of Excel, Parquet and gzip begin."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_MACHINE_ID = re.compile(r"g\d+\.\d+")
NOT_A_NUMBER = {"nan", "NaN", "inf", "-inf", "Infinity", "-Infinity"}
"""What programs write for a number that is missing or too large."""

_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False, "": False}
_OTHER_SHAPES = {
    ("messages",): "{'instruction': r['messages'][-2]['content'], 'output': r['messages'][-1]['content']}",
    ("conversations",): "{'instruction': r['conversations'][-2]['value'], 'output': r['conversations'][-1]['value']}",
} | {
    (task, answer): f"{{'instruction': r['{task}'], 'output': r['{answer}']}}"
    for task in ("prompt", "question", "instruction")
    for answer in ("completion", "response", "answer")
}
"""Rows of other tools by their keys, and the Python expression that makes a seed task of a row `r`."""


def _usable(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"it has {len(text):,} characters, and at most {LONGEST_TEXT:,} fit into a prompt; shorten it")
    return text


def _text(given: Any) -> Any:
    """An integer as text, since there is one way to write it; all else as it is. Raises `ValueError` for NaN."""
    if isinstance(given, float) and not isfinite(given):
        raise ValueError(f"it is {given}, as programs write a missing value; leave it empty, or put it into quotes")
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


OptionalText = Annotated[str, BeforeValidator(lambda given: "" if given is None else _text(given))]


class InstanceRecord(BaseModel):
    """One worked example of a seed task."""

    model_config = ConfigDict(strict=True)
    input: Annotated[OptionalText, AfterValidator(_usable)] = ""
    output: Annotated[str, BeforeValidator(_text), AfterValidator(_usable)]

    @model_validator(mode="before")
    @classmethod
    def _input_is_not_misspelt(cls, row: Any) -> Any:
        return _refuse_misspelt("input", row)

    @field_validator("output")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("it is empty; write the answer that a model is to learn")
        return text


class SeedRecord(BaseModel):
    """One row of a seed file. Other keys are allowed and ignored.

    A row in Alpaca's form, with `input` and `output` beside the instruction, is a seed task with one instance.
    """

    model_config = ConfigDict(strict=True)
    id: OptionalText = ""
    name: OptionalText = ""
    instruction: str
    instances: list[InstanceRecord] = Field(min_length=1)
    is_classification: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_alpaca(cls, row: Any) -> Any:
        if isinstance(row, dict) and {"input", "output"} & row.keys() and "instances" not in row:
            row = {**row, "instances": [{key: row[key] for key in row if key not in cls.model_fields}]}
        return _refuse_misspelt("is_classification", row)

    @field_validator("is_classification", mode="before")
    @classmethod
    def _yes_is_true(cls, given: Any) -> Any:
        if given is None:
            return False
        word = str(given).strip().lower() if isinstance(given, str | int) else ""
        if word not in _YES_NO:
            raise ValueError(f"it is {json.dumps(given)}; write true or false")
        return _YES_NO[word]

    @field_validator("instruction")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("it is blank")
        if text in NOT_A_NUMBER:
            raise ValueError(f"it is {text}, as programs write a missing value; write the task")
        return _usable(text)


def builtin_seeds() -> Path:
    """The seed file of the package: inside the wheel, or in `data/` of a checkout."""
    here = Path(__file__).resolve().parents[1]
    shipped = here / "data" / "seed_tasks.jsonl"
    return shipped if shipped.is_file() else here.parents[1] / "data" / "seed_tasks.jsonl"


def read_seeds(named: str) -> list[SeedTask]:
    """Read a seed file, or the builtin one; raises `DataError` with the line of the first mistake.

    The rows may be JSON Lines, JSON over many lines, a JSON array or CSV, in the shape of seed tasks or of Alpaca.
    Blank lines and a byte order mark are fine; duplicates and an empty file are not.
    """
    path = builtin_seeds() if named == BUILTIN else Path(named)
    seeds: list[SeedTask] = []
    lines: dict[str, int] = {}
    for number, row in seed_rows(_file_text(path), path):
        seed = _seed(row, path, number, position=len(seeds))
        for what, key in (("id", seed.id), ("instruction", " ".join(seed.instruction.split()))):
            first = lines.setdefault(f"{what}:{key}", number)
            if first != number:
                raise DataError(
                    f"{path}, line {number}: duplicate {what} of line {first}: {shorten(key)}",
                    "Give it another id." if what == "id" else "Remove one, or list both cases in its instances.",
                )
        seeds.append(seed)
    if not seeds:
        raise DataError(f"{path} holds no seed task", SHAPE)
    return seeds


def _file_text(path: Path) -> str:
    try:
        content = read_input(path)
        if content.startswith(_ARCHIVES):
            raise DataError(f"{path} is a spreadsheet or an archive, not text", f"Export it as CSV in UTF-8. {SHAPE}")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"there is no seed file {path}", "Name one with --seeds, or use --seeds builtin.") from None
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {number}: not UTF-8 text: {error.reason}", _to_utf8(path, content)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Name a JSONL file with --seeds.") from None


def _to_utf8(path: Path, content: bytes) -> str:
    """How to convert a file in another encoding, which is most likely that of Excel."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "cp1252"
    command = rewrite(path, f"b.decode({encoding!r})")
    return f'Save it as UTF-8 (in Excel as "CSV UTF-8"), or, if its encoding is {encoding}: {command}'


def _seed(row: object, path: Path, number: int, *, position: int) -> SeedTask:
    where = f"{path}, line {number}"
    try:
        record = SeedRecord.model_validate(row)
    except ValidationError as error:
        raise DataError(f"{where}: {_fault(error)}", _conversion(row, path) or SHAPE) from None
    if _SURROGATE.search(json.dumps(record.model_dump(), ensure_ascii=False)):
        raise DataError(f"{where}: it contains half a surrogate pair, which cannot be stored", "Remove it.")
    if "\\u0000" in json.dumps(record.model_dump()):
        raise DataError(f"{where}: it holds a NUL character, at which many readers stop", "Remove it.")
    if _MACHINE_ID.fullmatch(record.id):
        raise DataError(f"{where}: id: '{record.id}' looks like the id of a machine-written instruction", "Rename it.")
    instances = tuple(Instance(instance.input, instance.output) for instance in record.instances)
    identity = record.id or f"seed_task_{position}"
    return SeedTask(identity, record.instruction, instances, record.is_classification, record.name)


def _conversion(row: object, path: Path) -> str:
    """The command that makes seed tasks of JSON Lines in the shape of another tool; empty if the shape is not known."""
    keys = row.keys() if isinstance(row, dict) and "instances" not in row else ()
    for shape, expression in _OTHER_SHAPES.items():
        if all(key in keys for key in shape):
            rows = f"chr(10).join(json.dumps({expression}) for r in map(json.loads, b.splitlines()))"
            return f"Convert it: {rewrite(path, rows)}"
    for key, inner in row.items() if isinstance(row, dict) else ():
        if any(
            isinstance(one, dict) and "instruction" in one for one in (inner if isinstance(inner, list) else [inner])
        ):
            return f"Leave out the outer object with {key!r}: write its seed tasks as a list, or one a line. {SHAPE}"
    return ""


_WRONG_TYPES = {
    "too_short": "a seed task needs at least one instance",
    "string_type": "it must be a text, in quotes",
    "list_type": 'it must be a list, such as [{"input": "", "output": "TEXT"}]',
}
"""What a value must be, by the type of pydantic's error. All other errors are ours."""


_FIELDS = SeedRecord.model_fields.keys() | InstanceRecord.model_fields.keys()


_SYNONYMS = {"output": ("answer", "response", "completion", "target")}
"""Keys of other tools that mean the same as one of ours."""


def _misspelt(name: str, row: Any) -> str:
    """The key that was meant to be `name`, or an empty string."""
    keys = [key for key in row if key not in _FIELDS] if isinstance(row, dict) else []
    close = difflib.get_close_matches(name, [key.lower() for key in keys], 1, 0.8)
    close += [key for key in _SYNONYMS.get(name, ()) if key in row]
    return next((key for key in keys if key.lower() in close), "")


def _refuse_misspelt(name: str, row: Any) -> Any:
    """The row, unless it has no `name`, which is optional, but a key that is much like it; then `ValueError`."""
    if isinstance(row, dict) and name not in row and (misspelt := _misspelt(name, row)):
        raise ValueError(f"{misspelt}: no key of a seed task has this name; did you mean {name!r}?")
    return row


def _fault(error: ValidationError) -> str:
    """The first problem that pydantic found, such as `instances[0].output: it is missing`."""
    fault = error.errors(include_url=False)[0]
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    if fault["type"] == "missing":
        misspelt = _misspelt(str(fault["loc"][-1]), fault["input"])
        return f"{path}: it is missing{f'; rename {misspelt!r}' if misspelt else ''}"
    if fault["type"] == "model_type":
        return f"{path or 'this line'} is not a JSON object"
    words = _WRONG_TYPES.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error" and (not fault["loc"] or fault["loc"][-1] not in _FIELDS):
        return f"{path}.{words}".removeprefix(".")  # the words begin with the key
    return f"{path}: {words}"
