"""Exports a run's training examples as a dataset folder: data, card, and what trainers need to read it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from selfinstruct.api import TrainingEncoder
from selfinstruct.errors import RunError
from selfinstruct.formats.card import Contents, write_card
from selfinstruct.formats.facts import run_facts
from selfinstruct.formats.files import write_jsonl, write_text
from selfinstruct.formats.folder import CARD, CONFIG, INFO, RECIPE, TRAIN, VALIDATION, data_file, forget, look, signed
from selfinstruct.formats.parquet import write_parquet
from selfinstruct.formats.rows import Row, encoded
from selfinstruct.formats.split import held_out
from selfinstruct.formats.toml import to_toml
from selfinstruct.formats.trainers import dataset_info, shape_of
from selfinstruct.store import RunStore
from selfinstruct.types import Json

FileFormat = Literal["jsonl", "parquet"]
_WRITERS = {"jsonl": write_jsonl, "parquet": write_parquet}


@dataclass(frozen=True, slots=True)
class Exported:
    """A dataset folder that was written: the rows of each part, and every file. `note` is a remark on the split."""

    folder: Path
    counts: Mapping[str, int]
    paths: tuple[Path, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the first pass found: how many examples there are, and which instructions are held out."""

    total: int
    held: frozenset[str]
    row: Row


def export_dataset(
    store: RunStore,
    encoder: TrainingEncoder,
    folder: Path,
    *,
    chosen: Mapping[str, Json],
    file_format: FileFormat = "jsonl",
    split: float = 0.95,
    license: str = "",  # noqa: A002 - what it is called everywhere
) -> Exported:
    """Write a run's training examples into a folder, over an older export there.

    chosen   the encoder as a config names it: `use`, and its options
    split    the share of train, above 0 and at most 1
    license  of the data, an id of the Hub such as `llama3.1`; the card asks for it if it is empty

    Raises `RunError` if the run has no examples, or the folder holds something else or cannot be written;
    `PluginError` if the encoder fails; `UsageError` if PyArrow is needed and not there.
    """
    look(folder)
    plan = _plan(store, encoder, split)
    files = {part: data_file(part, file_format) for part in ((TRAIN, VALIDATION) if plan.held else (TRAIN,))}
    counts = {
        part: _WRITERS[file_format](folder / file, _part(store, encoder, plan, part)) for part, file in files.items()
    }
    if sum(counts.values()) != plan.total:
        raise RunError(f"{store.folder} changed while it was exported", "Run the command again.")
    facts, shape = run_facts(store, chosen), shape_of(plan.row)
    texts = {
        RECIPE: f"# The config of the run that made this data, for --recipe.\n\n{to_toml(facts.as_config())}",
        CONFIG: json.dumps(facts.as_json() | {"rows": counts, "split": split}, indent=2, ensure_ascii=False) + "\n",
        **({INFO: dataset_info(shape, files)} if shape else {}),
        CARD: signed(
            write_card(facts, Contents(folder.resolve().name, files, counts, list(plan.row), shape, split, license))
        ),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    names = (*files.values(), *texts)
    forget(folder, names)
    alone = split < 1 and not plan.held
    note = "all examples have the same instruction, so there is no validation part" if alone else ""
    return Exported(folder, counts, tuple(folder / name for name in names), note)


def _plan(store: RunStore, encoder: TrainingEncoder, split: float) -> _Plan:
    """Encode every example once before anything is written, so that an encoder's fault leaves the folder alone."""
    first: Row | None = None
    total = 0
    instructions: dict[str, None] = {}
    for example, row in encoded(store.examples(), encoder):
        first = first or row
        total += 1
        instructions[example.instruction] = None
    if first is None:
        hint = f"Make them first: selfinstruct prepare --out {shlex.quote(str(store.folder))}"
        raise RunError(f"{store.folder} has no training examples yet, so nothing was written", hint)
    seed = (store.fact("config") or {}).get("run", {}).get("seed", 0)
    return _Plan(total, held_out(instructions, split, seed), first)


def _part(store: RunStore, encoder: TrainingEncoder, plan: _Plan, part: str) -> Iterator[Row]:
    """The rows of one part, of those examples that were there when it was planned: the run may still grow."""
    examples = islice(store.examples(), plan.total)
    wanted = (found for found in examples if (found[1].instruction in plan.held) == (part == VALIDATION))
    for _, row in encoded(wanted, encoder):
        yield row
