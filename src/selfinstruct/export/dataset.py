"""Exports a run's training examples as a dataset folder: data, card, and files for trainers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from selfinstruct.api import TrainingEncoder
from selfinstruct.errors import RunError, UsageError
from selfinstruct.export.best_examples import Selection, choose
from selfinstruct.export.card import Contents, write_card
from selfinstruct.export.facts import dataset_facts
from selfinstruct.export.folder import (
    CARD,
    CONFIG,
    INFO,
    MLX_VALIDATION,
    RECIPE,
    TRAIN,
    UNFINISHED,
    VALIDATION,
    data_file,
    read_config,
    refuse_foreign_files,
    remove_old_files,
    replaced_dataset,
    signed,
)
from selfinstruct.export.parquet import write_parquet
from selfinstruct.export.split import held_out
from selfinstruct.export.trainers import dataset_info, shape_of
from selfinstruct.export.training_rows import TrainingRow, encoded
from selfinstruct.files.atomic import write_jsonl, write_text
from selfinstruct.files.toml import to_toml
from selfinstruct.store import RunStore
from selfinstruct.store.curated import CuratedRun, KeptExample
from selfinstruct.types import TASK_FACTS, Example, Json

FileFormat = Literal["jsonl", "parquet"]
COLUMNS = ("id", "is_classification", *TASK_FACTS)
"""The columns that a row may have, on request, besides those of its format."""

_WRITERS = {"jsonl": write_jsonl, "parquet": write_parquet}


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export.

    counts  the number of rows by part of a dataset ("train", "validation"), or by file of the run
    paths   every file that was written
    note    remarks, one on a line
    url     the address of the dataset at the Hub, if it was pushed there
    """

    folder: Path
    counts: Mapping[str, int]
    paths: tuple[Path, ...]
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The result of the first pass: the number of examples, and the instructions that are held out.

    `chosen` holds the examples if not all are exported, `available` is the number of those in the run, and `of_seeds`
    the number of exported ones that are instances of seed tasks.
    """

    total: int
    held: frozenset[str]
    row: TrainingRow
    chosen: list[KeptExample] | None
    available: int
    of_seeds: int


def export_dataset(
    store: RunStore,
    encoder: TrainingEncoder,
    folder: Path,
    *,
    chosen: Mapping[str, Json],
    file_format: FileFormat = "jsonl",
    split: float = 0.95,
    license: str = "",  # noqa: A002 - what it is called everywhere
    choice: Selection | None = None,
    mlx: bool = False,
    languages: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Exported:
    """Write a run's training examples into a folder, replacing an older export.

    chosen   the encoder as in a config: `use`, and its options
    split    the share of train, above 0 and at most 1
    license  of the data, an id of the Hub such as `llama3.1`; the card asks for it if it is empty
    choice   how to choose some of the examples; without it, all are written, in the order of the run
    mlx      whether the file of the part `validation` gets the name that MLX reads
    languages  of the data, for its card, as codes such as `en`
    columns    names of `COLUMNS` to add to each row; a fact that the run does not know is `unknown`

    Raises `RunError` if the run has no examples, or the folder holds something else or cannot be written;
    `PluginError` if the encoder fails; `UsageError` if PyArrow is needed but not installed.
    """
    refuse_foreign_files(folder)
    before = read_config(folder)
    run = CuratedRun(store)
    plan = _plan(run, encoder, split, choice=choice)
    if taken := [name for name in columns if name in plan.row]:
        raise UsageError(f"the rows of this format have a column '{taken[0]}' already", "Choose another --format.")
    write_text(folder / CARD, signed(UNFINISHED))
    names = {TRAIN: TRAIN, VALIDATION: MLX_VALIDATION if mlx else VALIDATION}
    files = {part: data_file(names[part], file_format) for part in ((TRAIN, VALIDATION) if plan.held else (TRAIN,))}
    counts = {
        part: _WRITERS[file_format](folder / file, _part(run, encoder, plan, part=part, columns=columns))
        for part, file in files.items()
    }
    if sum(counts.values()) != plan.total:
        raise RunError(f"{store.folder} changed while it was exported", "Run the command again.")
    facts, shape = dataset_facts(run, chosen), shape_of(plan.row)
    asked: dict[str, Json] = {"rows": counts, "split": split}
    if choice is not None:
        asked |= {"best": choice.most, "distance": choice.distance, "chosen_from": plan.available}
        if choice.balance:
            asked["balance"] = choice.balance
    name = folder.resolve().name
    contents = Contents(
        name,
        files,
        counts,
        list(plan.row),
        shape,
        split,
        license,
        choice,
        plan.available,
        languages,
        columns,
        plan.of_seeds,
    )
    config = facts.as_config()
    if choice is not None:
        config["export"]["distance"] = dict(choice.distance)
    texts = {
        RECIPE: f"# The config of the run that made this data, for --recipe.\n\n{to_toml(config)}",
        CONFIG: json.dumps(facts.as_json() | asked, indent=2, ensure_ascii=False) + "\n",
        **({INFO: dataset_info(shape, files)} if shape and shape.llama_factory else {}),
        CARD: signed(write_card(facts, contents)),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    written = (*files.values(), *texts)
    remove_old_files(folder, written)
    note = _notes(plan, split, choice, is_rated=bool(facts.ratings.rated))
    if replaced := replaced_dataset(before, read_config(folder)):
        note = "\n".join(filter(None, (replaced, note)))
    return Exported(folder, counts, tuple(folder / name for name in written), note)


def _plan(run: CuratedRun, encoder: TrainingEncoder, split: float, *, choice: Selection | None) -> _Plan:
    """Encode every example once before writing, so that a failing encoder does not change the folder."""
    chosen = choose(run, choice) if choice is not None else None
    first: TrainingRow | None = None
    total = of_seeds = 0
    was: dict[str, str] = {}
    for example, row in encoded(_noted(run.examples() if chosen is None else chosen, was), encoder):
        first = first or row
        total += 1
        of_seeds += bool(example.notes.get("seed"))
    store = run.store
    if first is None:
        hint = f"Make them first: selfinstruct run --out {shlex.quote(str(store.folder))}, or run() in Python."
        if run.review_counts:
            hint = "Its reviewers left none; see: selfinstruct status --out " + shlex.quote(str(store.folder))
        raise RunError(f"{store.folder} has no training examples yet, so nothing was written", hint)
    seed = store.facts.seed
    held = held_out(was, split, seed)
    if (
        chosen is not None or run.review_counts
    ):  # the sides that they have among all of the run, unless one would be empty
        all_sides = held_out((one.instruction for _, one in store.examples()), split, seed)
        sides = frozenset(now for now, before in was.items() if before in all_sides)
        held = sides if 0 < len(sides) < len(was) else held
    available = total if chosen is None else sum(1 for _ in run.examples())
    return _Plan(total, held, first, chosen, available, of_seeds)


def _noted(kept: Iterable[KeptExample], was: dict[str, str]) -> Iterator[tuple[str, Example]]:
    """Yield the examples, and note the original text of each instruction in `was`."""
    for one in kept:
        was.setdefault(one.example.instruction, one.original.instruction)
        yield one.id, one.example


def _part(
    run: CuratedRun, encoder: TrainingEncoder, plan: _Plan, *, part: str, columns: Sequence[str]
) -> Iterator[TrainingRow]:
    """The rows of one part. Examples added after planning are left out, since the run may still grow."""
    examples = islice(run.examples(), plan.total) if plan.chosen is None else plan.chosen
    for one in examples:
        if (one.example.instruction in plan.held) == (part == VALIDATION):
            known = {"id": one.id, "is_classification": one.example.is_classification, **one.example.facts}
            for _, row in encoded([(one.id, one.example)], encoder):
                yield row | {name: known.get(name, "unknown") for name in columns}


def _notes(plan: _Plan, split: float, choice: Selection | None, *, is_rated: bool) -> str:
    """Remarks about the parts and the selection."""
    notes = []
    if split < 1 and not plan.held:
        notes.append("all examples have the same instruction, so there is no validation part")
    if split < 0.5 and plan.held:
        notes.append(f"split is the share of the train part: {1 - split:g} would train on most examples")
    if choice is not None and choice.most > plan.total:
        notes.append(f"the run has {plan.total} examples, fewer than {choice.most}, so all of them were written")
    if choice is not None and not is_rated:
        notes.append("no example is rated, so distance alone decides: to rate them, run selfinstruct judge")
    return "\n".join(notes)
