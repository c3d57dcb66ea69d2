"""Exports a run: its own files, or its training examples as a dataset, optionally to the Hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from selfinstruct.api import TrainingEncoder
from selfinstruct.config import ChosenComponent, RunConfig, assign, merge, read_recipe, resolve
from selfinstruct.errors import ConfigError, PluginError, UsageError, suggest
from selfinstruct.export.best_examples import BALANCES, Balance, Selection
from selfinstruct.export.contracts import write_contracts
from selfinstruct.export.dataset import COLUMNS, Exported, FileFormat, export_dataset
from selfinstruct.export.hub import push_to_hub, refuse_without_hub
from selfinstruct.export.licences import check_card_options
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.settings import Settings
from selfinstruct.store import RunStore

EXPORT_TABLE = "export."
"""The prefix of the paths of export settings."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export a run; `SelfInstruct.export` explains each option.

    Raises `UsageError` for options that are out of range or contradict each other.
    """

    to: Path | None = None
    format: str | None = None
    file: FileFormat = "jsonl"
    split: float = 0.95
    best: int | None = None
    balance: Balance | None = None
    license: str = ""
    push_to_hub: str | None = None
    public: bool = False
    mlx: bool = False
    languages: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.public and not self.license:
            raise UsageError("a public dataset needs a licence", "Name the licence of the model's text: llama3.1.")
        if self.public and not self.push_to_hub:
            raise UsageError("a dataset can only be public at the Hub", "Name the repository to push it to.")
        if self.to is None and (
            self.format or self.license or self.best or self.push_to_hub or self.mlx or self.columns
        ):
            refuse_without_folder()
        check_card_options(self.license, self.languages)
        if unknown := [name for name in self.columns if name not in COLUMNS]:
            problem = f"there is no column '{unknown[0]}'{suggest(unknown[0], COLUMNS)}"
            raise UsageError(problem, f"Known: {', '.join(COLUMNS)}.")
        if self.file not in get_args(FileFormat):
            raise UsageError(f"there is no file format '{self.file}'", f"Known: {', '.join(get_args(FileFormat))}.")
        if self.mlx and self.file != "jsonl":
            raise UsageError("MLX reads JSONL only", "Leave out --file parquet.")
        if not 0 < self.split <= 1:
            raise UsageError(f"split is {self.split}", "Give a share of the examples, above 0 and at most 1.")
        if self.balance is not None and self.balance not in BALANCES:
            raise UsageError(f"there is no balance by '{self.balance}'", f"Known: {', '.join(BALANCES)}.")
        if self.balance is not None and self.best is None:
            raise UsageError("--balance needs the number of examples to choose", "Give it: --best N, or best=N.")
        if self.best is not None and self.best < 1:
            raise UsageError(f"best is {self.best}", "Give a number of examples, at least 1.")


def refuse_without_folder() -> None:
    """Raise `UsageError`: options for a dataset were given, but no folder to write it to."""
    raise UsageError("no folder is named for the dataset", "Name one: --to FOLDER, or to=FOLDER in Python.")


def export_run(store: RunStore, options: ExportOptions, *, settings: Settings, registry: Registry) -> Exported:
    """Export a run with these options. Of `settings`, only the table `export` is used.

    Raises `RunError` if the run has no examples or the folder cannot be written, `ConfigError` for an unknown format,
    `PluginError` if the format fails, `UsageError` if a package is missing or the Hub refuses.
    """
    if options.to is None:
        counts = write_contracts(store, store.folder)
        return Exported(store.folder, counts, tuple(store.folder / name for name in counts))
    if options.push_to_hub:
        refuse_without_hub()
    chosen, encoder = training_encoder(store, settings, registry, name=options.format)
    choice = None
    if options.best:
        measure = _export_config(store, settings, registry).distance
        choice = Selection(options.best, measure.build(registry), measure.frozen(), options.balance or "")
    exported = export_dataset(
        store,
        encoder,
        options.to,
        chosen=chosen.frozen(),
        file_format=options.file,
        split=options.split,
        license=options.license,
        choice=choice,
        mlx=options.mlx,
        languages=options.languages,
        columns=options.columns,
    )
    if options.push_to_hub:
        url = push_to_hub(options.to, exported.paths, options.push_to_hub, public=options.public)
        exported = replace(exported, url=url)
    return exported


def add_recorded_plugins(registry: Registry, store: RunStore, say: Callable[[str], None]) -> None:
    """Add the plugins that a run names. A missing plugin is only reported, since the format may not need it."""
    for name in store.facts.plugin_paths:
        try:
            registry.add(name)
        except PluginError as error:
            say(f"left out: {error.message}")


def training_encoder(
    store: RunStore, settings: Settings, registry: Registry, *, name: str | None = None
) -> tuple[ChosenComponent, TrainingEncoder]:
    """The training encoder of a run, or the one with the given name. Raises `ConfigError`.

    Only the table `export` of the run's config is read, so no other part can cause an error.
    """
    chosen = _export_config(store, settings, registry, name=name).export
    encoder = chosen.build(registry)
    if not isinstance(encoder, TrainingEncoder):
        raise ConfigError(f"export.encoder.use: encoder '{chosen.name}' writes prompts, not training rows")
    return chosen, encoder


def _export_config(store: RunStore, settings: Settings, registry: Registry, *, name: str | None = None) -> RunConfig:
    recorded = store.facts.tree.get("export", {})
    tree = read_recipe("chat") | {"export": merge(recorded, settings.overrides.get("export", {}))}
    if name:
        tree = merge(tree, {"export": {"encoder": {"use": name}}})
        settings = replace(settings, flags={**settings.flags, "export.encoder.use": f"format {name}"})
    try:
        for path, value in settings.assigned:
            if path.startswith(EXPORT_TABLE):
                assign(tree, path, value)
        return resolve(tree, registry)
    except ConfigError as error:
        raise settings.named(error) from None
