"""Pydantic models of the seed file and of each JSONL contract, and the reading of seed files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from selfinstruct.errors import DataError
from selfinstruct.types import Instance, SeedTask

BUILTIN = "builtin"


class InstanceRecord(BaseModel):
    """One worked case of a seed task."""

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


class Choice(BaseModel):
    """One answer of a model, in the shape the original scripts recorded."""

    text: str
    finish_reason: str | None = None


class Response(BaseModel):
    """What a model sent back."""

    choices: list[Choice]


class Metadata(BaseModel):
    """Where a generated text came from."""

    prompt: str
    response: Response
    created_at: str


class InstructionRecord(BaseModel):
    """One line of `machine_generated_instructions.jsonl`."""

    instruction: str
    most_similar: dict[str, float]
    avg_similarity_score: float
    metadata: Metadata
    request_idx: int
    id: str


class RejectedRecord(BaseModel):
    """One line of `rejected.jsonl`."""

    text: str
    filter: str
    reason: str
    evidence: dict[str, Any]
    request_idx: int
    position: int


def builtin_seeds() -> Path:
    """The seed file that comes with the package: inside the wheel, or beside the sources of a checkout."""
    here = Path(__file__).resolve().parent
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
                raise DataError(f"{path}, line {number}: the {what} stands on line {first} already: {key[:80]}")
        seeds.append(seed)
    if not seeds:
        raise DataError(f"{path} holds no seed task", "Each line is an object with an instruction and instances.")
    return seeds


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except FileNotFoundError:
        raise DataError(f"there is no seed file {path}", "Name one with --seeds, or use --seeds builtin.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}", "Save it as UTF-8."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _seed(text: str, where: str, position: int) -> SeedTask:
    try:
        record = SeedRecord.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON: {error.msg} at column {error.colno}", "Each line is one object.") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"]) or "the line"
        raise DataError(f"{where}: {key}: {fault['msg'].removeprefix('Value error, ')}") from None
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text + record.instruction):
        raise DataError(f"{where}: it holds half a surrogate pair, which no file can store", "Remove it.")
    instances = tuple(Instance(instance.input, instance.output) for instance in record.instances)
    identity = record.id or f"seed_task_{position}"
    return SeedTask(identity, record.instruction, instances, record.is_classification, record.name)
