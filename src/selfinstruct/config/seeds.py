"""Reads seed files and defines their format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from selfinstruct.errors import DataError
from selfinstruct.files.inputs import open_input
from selfinstruct.types import Instance, SeedTask

BUILTIN = "builtin"
SHAPE = 'A seed task is {"instruction": "...", "instances": [{"input": "...", "output": "..."}]} on one line.'

_SURROGATE = re.compile("[\ud800-\udfff]")
_MACHINE_ID = re.compile(r"g\d+\.\d+")


class InstanceRecord(BaseModel):
    """One worked example of a seed task."""

    model_config = ConfigDict(strict=True)
    input: str = ""
    output: str


class SeedRecord(BaseModel):
    """One line of a seed file. Other keys are allowed and ignored."""

    model_config = ConfigDict(strict=True)
    id: str = ""
    name: str = ""
    instruction: str
    instances: list[InstanceRecord]
    is_classification: bool = False

    @field_validator("instruction")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("it is blank")
        return text

    @field_validator("instances")
    @classmethod
    def _not_none(cls, instances: list[InstanceRecord]) -> list[InstanceRecord]:
        if not instances:
            raise ValueError("a seed task needs at least one instance")
        return instances


def builtin_seeds() -> Path:
    """The seed file of the package: inside the wheel, or in `data/` of a checkout."""
    here = Path(__file__).resolve().parents[1]
    shipped = here / "data" / "seed_tasks.jsonl"
    return shipped if shipped.is_file() else here.parents[1] / "data" / "seed_tasks.jsonl"


def read_seeds(named: str) -> list[SeedTask]:
    """Read a seed file, or the builtin one; raises `DataError` with the line of the first mistake.

    Blank lines and a byte order mark are fine; duplicates and an empty file are not.
    """
    path = builtin_seeds() if named == BUILTIN else Path(named)
    seeds: list[SeedTask] = []
    lines: dict[str, int] = {}
    for number, text in _lines(path):
        seed = _seed(text, f"{path}, line {number}", len(seeds))
        for what, key in (("id", seed.id), ("instruction", " ".join(seed.instruction.split()))):
            first = lines.setdefault(f"{what}:{key}", number)
            if first != number:
                raise DataError(f"{path}, line {number}: duplicate {what} of line {first}: {key[:80]}")
        seeds.append(seed)
    if not seeds:
        raise DataError(f"{path} holds no seed task", SHAPE)
    return seeds


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with open_input(path) as file:
            for number, line in enumerate(file, start=1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if text.strip():
                    yield number, text
    except FileNotFoundError:
        raise DataError(f"there is no seed file {path}", "Name one with --seeds, or use --seeds builtin.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, line {number}: not UTF-8 text: {error.reason}", "Save the file as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "Name a JSONL file with --seeds.") from None


def _seed(text: str, where: str, position: int) -> SeedTask:
    try:
        record = SeedRecord.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON: {error.msg} at column {error.colno}", "Each line is one object.") from None
    except ValidationError as error:
        raise DataError(f"{where}: {_fault(error)}", SHAPE) from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise DataError(f"{where}: not JSON that can be read: {error}", "Each line is one object.") from None
    if _SURROGATE.search(json.dumps(record.model_dump(), ensure_ascii=False)):
        raise DataError(f"{where}: it contains half a surrogate pair, which cannot be stored", "Remove it.")
    if _MACHINE_ID.fullmatch(record.id):
        raise DataError(f"{where}: id: '{record.id}' looks like the id of a machine-written instruction", "Rename it.")
    instances = tuple(Instance(instance.input, instance.output) for instance in record.instances)
    identity = record.id or f"seed_task_{position}"
    return SeedTask(identity, record.instruction, instances, record.is_classification, record.name)


def _fault(error: ValidationError) -> str:
    """The first problem that pydantic found, such as `instances[0].output: it is missing`."""
    fault = error.errors(include_url=False, include_input=False)[0]
    path = ""
    for part in fault["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    if fault["type"] == "missing":
        return f"{path}: it is missing"
    if fault["type"] == "model_type":
        return f"{path or 'this line'} is not a JSON object"
    words = fault["msg"].removeprefix("Value error, ")
    return f"{path}: {words[:1].lower()}{words[1:]}"
