"""File names in a dataset folder, and checks that protect the user's own files there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from selfinstruct.errors import RunError

TRAIN, VALIDATION = "train", "validation"
MLX_VALIDATION = "valid"
"""How MLX calls the file of the part `validation`."""
CARD, CONFIG, RECIPE, INFO = "README.md", "config.json", "recipe.toml", "dataset_info.json"

_SIGNATURE = re.compile(r"<!-- written by selfinstruct; of the text above: ([0-9a-f]{64}) -->\n")


def data_file(part: str, suffix: str) -> str:
    """The name of the data file of a part."""
    return f"data/{part}.{suffix}"


UNFINISHED = "This export was not finished. Run the command again."
"""The card of a folder before its files are written, by which a killed export is known from a folder of the user's."""

DATA = tuple(data_file(part, suffix) for part in (TRAIN, VALIDATION, MLX_VALIDATION) for suffix in ("jsonl", "parquet"))
"""Every name that a data file can have."""


def signed(card: str) -> str:
    """The card with a last line that identifies it, and shows later whether it was changed."""
    return f"{card}\n<!-- written by selfinstruct; of the text above: {_digest(card)} -->\n"


def refuse_foreign_files(folder: Path) -> None:
    """Raise `RunError` if the folder holds anything other than an export, or its card was edited."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file", "Choose another --to.")
    card = folder / CARD
    if card.exists():
        try:
            text = card.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            text = ""
        found = _SIGNATURE.search(text)
        if found is None:
            raise RunError(f"{folder} has a {CARD} that was not written by an export", "Choose another --to.")
        if _digest(text[: found.start() - 1]) != found[1] or text[found.end() :]:
            hint = "Move it away, or choose another --to. A licence can be given with --license."
            raise RunError(f"{card} was edited since it was written, and would be overwritten", hint)
    elif _names(folder) and not read_config(folder):
        raise RunError(f"{folder} holds other files", "Choose another --to.")


def remove_old_files(folder: Path, kept: Iterable[str]) -> None:
    """Remove the files of an older export that this export does not replace."""
    for name in {*DATA, INFO} - set(kept):
        with suppress(FileNotFoundError):
            (folder / name).unlink()


def read_config(folder: Path) -> dict[str, Any]:
    """The config.json of an export; empty if there is none. Its folder may have lost its card."""
    try:
        found = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and "selfinstruct" in found else {}


def replaced_dataset(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A remark on the dataset that an export has replaced, if it was of another run or format; empty if not."""
    run, old_run = (one.get("created_at") for one in (now, before))
    name, old_name = (_format(one) for one in (now, before))
    other = [f"of the run that started {old_run}"] if old_run != run else []
    other += [f"in the format {old_name}"] if old_name != name else []
    return f"this replaced the dataset in the folder, which was {' and '.join(other)}" if before and other else ""


def _format(config: Any) -> str:
    """The training format that a config.json names."""
    for key in ("config", "export", "encoder", "use"):
        config = config.get(key) if isinstance(config, dict) else None
    return str(config)


def _names(folder: Path) -> set[str]:
    """The names of the visible entries of a folder, or none if it does not exist."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {name for name in names if not name.startswith(".")}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
