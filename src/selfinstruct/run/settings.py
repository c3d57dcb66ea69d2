"""Reads the config of a command from a run's record, the recipe, the config file and the user's settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from selfinstruct.config import (
    FILE,
    RunConfig,
    Tree,
    assign,
    changed,
    component_names,
    merge,
    read_file,
    read_recipe,
    resolve,
    without_secrets,
)
from selfinstruct.config.places import locate_problems
from selfinstruct.config.seeds import read_seeds
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import ConfigError, RunError
from selfinstruct.files.inputs import read_input_text
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import ConfigFile, InitialFacts, RunStore, damage
from selfinstruct.store.database import NoRunError
from selfinstruct.store.rows import now
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, SeedTask


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings from the command line or Python, before any file is read.

    folder     the run folder
    recipe     the name of a recipe, or the path of its TOML file
    file       the config file; `None`: `selfinstruct.toml` in the working directory, if there is one
    overrides  a tree that overrides recipe and file, as from `--backend` and `--target`
    assigned   paths and values from `--set`, applied last
    plugins    paths of Python files, or names of modules
    wait       whether to wait for a quota that is used up, or for batches, however long that takes
    batch_folder  where the requests of batches go as files, in place of the provider
    """

    folder: Path
    recipe: str | None = None
    file: Path | None = None
    overrides: Tree = field(default_factory=dict)
    assigned: Sequence[tuple[str, Any]] = ()
    plugins: Sequence[str] = ()
    wait: bool = False
    batch_folder: Path | None = None


def read_env(path: Path) -> None:
    """Read a `.env` file into the environment, without overriding existing variables."""
    from dotenv import load_dotenv

    try:
        load_dotenv(path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is not UTF-8 text, from byte {error.start} on"
        raise ConfigError(f"{path} cannot be read: {why}", "Save it as UTF-8, one NAME=VALUE per line.") from None


@dataclass(frozen=True, slots=True)
class RecordedConfig:
    """The recorded config of a run folder.

    exists   whether the folder holds a run
    tree     the config of the last command; `None` if there is no run, or it has no requests yet
    file     the config file with which the run started
    """

    exists: bool = False
    tree: Tree | None = None
    file: ConfigFile = field(default_factory=ConfigFile)

    @classmethod
    def from_store(cls, store: RunStore) -> RecordedConfig:
        """Read the record of an open run."""
        return cls(True, store.facts.tree, store.facts.file) if store.has_started() else cls(True)


class ConfigSources:
    """The sources of one command's config. Each is read once, when it is first needed.

    Make a new object for each command, since a command changes the record of its run folder.
    """

    def __init__(self, settings: Settings, recorded: RecordedConfig | None = None) -> None:
        self._settings = settings
        self._recipes: dict[str, Tree] = {}
        if recorded is not None:
            self.recorded = recorded

    @cached_property
    def recorded(self) -> RecordedConfig:
        """The record of the run folder. Raises `RunError` if its database is not that of a run."""
        try:
            with closing(RunStore.open_readonly(self._settings.folder)) as store:
                return RecordedConfig.from_store(store)
        except NoRunError:
            return RecordedConfig()

    @cached_property
    def file(self) -> ConfigFile:
        """The config file, including secrets. Raises `ConfigError` if it cannot be read."""
        path = self._settings.file or (Path(FILE) if Path(FILE).is_file() else None)
        return ConfigFile(str(path), _paths_beside(path, read_file(path))) if path else ConfigFile()

    @property
    def recordable_file(self) -> ConfigFile:
        """The config file without secrets, as a run records it."""
        return ConfigFile(self.file.name, without_secrets(dict(self.file.tree)))

    def recipe(self, name: str) -> Tree:
        """A recipe by its name or file; raises `ConfigError`."""
        if name not in self._recipes:
            self._recipes[name] = read_recipe(name)
        return self._recipes[name]

    def recipe_components(self) -> frozenset[str]:
        """The components in the lists of the recorded recipe, which the run may have left out; none without a run."""
        if self.recorded.tree is None:
            return frozenset()
        try:
            return component_names(self.recipe(str(self.recorded.tree.get("recipe", "chat"))))
        except ConfigError:  # a file that is gone
            return frozenset()


def _paths_beside(file: Path, tree: Tree) -> Tree:
    """The tree of a config file, in which files are named as seen from the working directory.

    A file that is not in the working directory is looked for beside the config.
    """

    def find(named: Any) -> Any:
        is_file = isinstance(named, str) and Path(named).suffix and not Path(named).is_file()
        return str(file.parent / named) if is_file else named

    if file.parent == Path():
        return tree
    found = {**tree, "plugins": [find(name) for name in tree["plugins"]]} if "plugins" in tree else dict(tree)
    if isinstance(run := tree.get("run"), dict) and "seeds" in run:
        found["run"] = {**run, "seeds": find(run["seeds"])}
    return found


def read_tree(settings: Settings, sources: ConfigSources | None = None) -> Tree:
    """The config as a tree: recipe and file, or a run's config with changes of the file; then the user's settings."""
    sources = sources or ConfigSources(settings)
    recorded, file = sources.recorded, sources.file
    given = dict(file.tree)
    if recorded.tree is not None and settings.file is None:
        given = changed(dict(recorded.file.tree), given) if recorded.file.name in ("", file.name) else {}
    recipe = settings.recipe or given.get("recipe")
    tree = merge({}, recorded.tree) if recorded.tree is not None else {}
    if recipe or recorded.tree is None:
        try:
            tree = merge(tree, sources.recipe(str(recipe or "chat")) | {"recipe": str(recipe or "chat")})
        except ConfigError as error:
            raise error if settings.recipe else locate(error, sources) from None
    try:
        tree = merge(tree, given, gone=sources.recipe_components)
    except ConfigError as error:
        raise locate(error, sources) from None
    tree = merge(tree, settings.overrides)
    if recipe:
        tree["recipe"] = str(recipe)
    tree["plugins"] = list(dict.fromkeys([*tree.get("plugins", []), *settings.plugins]))
    for path, value in settings.assigned:
        assign(tree, path, value, gone=sources.recipe_components)
    return tree


def load(
    settings: Settings, registry: Registry | None = None, sources: ConfigSources | None = None
) -> tuple[Registry, RunConfig]:
    """Read and check the config without writing anything; raises `ConfigError`, `PluginError` or `RunError`."""
    sources = sources or ConfigSources(settings)
    tree = read_tree(settings, sources)
    named = tree["plugins"] if isinstance(tree["plugins"], list) else []
    if registry is None:
        registry = Registry.load()
    for name in named:
        registry.add(str(name))
    try:
        return registry, resolve(tree, registry)
    except ConfigError as error:
        raise locate(error, sources) from None


def locate(error: ConfigError, sources: ConfigSources) -> ConfigError:
    """The error with the line of the config file where a setting stands that it is about."""
    name = sources.file.name
    return locate_problems(error, name, read_input_text(Path(name))) if name else error


def initial_seeds(registry: Registry, config: RunConfig) -> list[SeedTask]:
    """The seeds of a new run. Raises `DataError` if there are too few for its sampler."""
    only = config.run.seed_tasks == "classification"
    seeds = [seed for seed in read_seeds(config.run.seeds) if seed.is_classification or not only]
    sampler = config.stages[GENERATE].sampler
    assert sampler is not None
    built = sampler.build(registry)
    call_plugin(f"sampler '{sampler.name}'", "the seed tasks", built.check, seeds, hint=FIX_AND_RERUN)
    return seeds


def initial_facts(
    registry: Registry, config: RunConfig, seeds: Sequence[SeedTask], *, frozen: Tree, file: ConfigFile
) -> InitialFacts:
    """The initial facts of a new run. `frozen` holds the settings that no later command may change."""
    return InitialFacts(
        config=frozen,
        tree=without_secrets(config.tree),
        file=file,
        seeds_digest=seeds_digest(seeds),
        created_at=now(),
        python=sys.version.split()[0],
        plugins=registry.versions,
    )


def refuse_unfinished_reprocessing(store: RunStore) -> None:
    """Raise `RunError` for an unfinished reprocessing, since its replies would be paid for again."""
    reprocessing = store.facts.reprocessing
    if reprocessing is not None and not reprocessing.is_finished:
        command = f"selfinstruct reprocess {reprocessing.source} --out {store.folder} ..."
        again = f"Finish it first, with the same command: {command}"
        raise RunError(f"{store.folder} holds a reprocessed run that was not finished", again)


def seeds_digest(seeds: Sequence[SeedTask]) -> str:
    """The SHA-256 digest of seed tasks, by which a run recognizes its seeds."""
    return damage.seeds_digest(dumps(asdict(seed)) for seed in seeds)
