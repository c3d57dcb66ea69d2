"""Reads the config of a command from a run's record, the recipe, the config file and the user's settings."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from selfinstruct.config.places import homes_of, locate_problems, name_origins, with_stage
from selfinstruct.errors import WARNING, ConfigError, RunError
from selfinstruct.files.inputs import read_input_text
from selfinstruct.plugins.checks import SECRET_NAME
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import ConfigFile, InitialFacts, RunStore, damage
from selfinstruct.store.database import NoRunError
from selfinstruct.store.rows import now
from selfinstruct.text.encoding import dumps
from selfinstruct.types import SeedTask


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings from the command line or Python, before any file is read.

    folder     the run folder
    recipe     the name of a recipe, or the path of its TOML file
    file       the config file; `None`: `selfinstruct.toml` in the working directory, if there is one
    overrides  a tree that overrides recipe and file, as from `--backend` and `--target`
    assigned   paths and values from `--set`, applied last
    plugins    paths of Python files, or names of modules
    flags      how the values of `overrides` were given, such as `--filter rouge`, by the paths of the settings
    origin     how those of `assigned` were given; it stands before their path in an error
    wait       whether to wait for a quota that is used up, or for batches, however long that takes
    batch_folder  where the requests of batches go as files, in place of the provider
    """

    folder: Path
    recipe: str | None = None
    file: Path | None = None
    overrides: Tree = field(default_factory=dict)
    assigned: Sequence[tuple[str, Any]] = ()
    plugins: Sequence[str] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    origin: str = "--set "
    wait: bool = False
    batch_folder: Path | None = None

    def named(self, error: ConfigError) -> ConfigError:
        """The error with the way in which a value was given, if it is one of these settings."""
        return name_origins(error, {**self.flags, **{path: self.origin for path, _ in self.assigned}})


def read_env(path: Path) -> list[int]:
    """Read a `.env` file into the environment, without overriding variables; returns the lines that set nothing."""
    from dotenv import load_dotenv
    from dotenv.parser import parse_stream

    logging.getLogger("dotenv.main").disabled = True  # its warnings do not name the file
    try:
        load_dotenv(path)
        lines = list(parse_stream(io.StringIO(path.read_text("utf-8")))) if path.is_file() else []
        return [one.original.line for one in lines if one.error or (one.key and one.value is None)]
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
        self.settings = settings
        self._recipes: dict[str, Tree] = {}
        if recorded is not None:
            self.recorded = recorded

    @cached_property
    def recorded(self) -> RecordedConfig:
        """The record of the run folder. Raises `RunError` if its database is not that of a run."""
        try:
            with closing(RunStore.open_readonly(self.settings.folder)) as store:
                return RecordedConfig.from_store(store)
        except NoRunError:
            return RecordedConfig()

    @cached_property
    def file(self) -> ConfigFile:
        """The config file, including secrets. Raises `ConfigError` if it cannot be read."""
        path = self.settings.file or (Path(FILE) if Path(FILE).is_file() else None)
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
    chosen = {**settings.overrides, **dict(settings.assigned)}.get("recipe")
    recipe = settings.recipe or chosen or given.get("recipe")
    tree = merge({}, recorded.tree) if recorded.tree is not None else {}
    tree.get("run", {}).pop("resend_lost", None)  # leave to pay twice is given for one command
    if recipe or recorded.tree is None:
        try:
            tree = merge(tree, sources.recipe(str(recipe or "chat")) | {"recipe": str(recipe or "chat")})
        except ConfigError as error:
            raise error if settings.recipe else locate(error, sources) from None
    try:
        tree = merge(tree, given, gone=sources.recipe_components)
    except ConfigError as error:
        raise locate(with_stage(error, tree), sources) from None
    tree = merge(tree, settings.overrides)
    if recipe:
        tree["recipe"] = str(recipe)
    tree["plugins"] = list(dict.fromkeys([*tree.get("plugins", []), *settings.plugins]))
    for path, value in settings.assigned:
        try:
            assign(tree, path, value, gone=sources.recipe_components)
        except ConfigError as error:
            raise settings.named(with_stage(error, tree)) from None
    return tree


def load(
    settings: Settings, registry: Registry | None = None, sources: ConfigSources | None = None
) -> tuple[Registry, RunConfig]:
    """Read and check the config without writing anything; raises `ConfigError`, `PluginError` or `RunError`."""
    sources = sources or ConfigSources(settings)
    sources.settings = settings  # the sources may have been read before all of the command line was
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


def setting_path(name: str) -> str:
    """The path of the setting with this name, such as `run.seed`; empty if there is none."""
    return next(iter(homes_of(name)), "")


def locate(error: ConfigError, sources: ConfigSources) -> ConfigError:
    """The error with the flag that gave its setting, or with the line of the config file where that stands."""
    error, name = sources.settings.named(error), sources.file.name
    return locate_problems(error, name, read_input_text(Path(name))) if name else error


def warn_of_keys(sources: ConfigSources, say: Callable[[str], None]) -> None:
    """Say which keys stand in the config file, from which they spread with every copy."""
    for path in _secret_paths(sources.file.tree):
        problem = ConfigError(f"{path}: a key belongs in the environment or in .env, not in this file")
        say(f"{WARNING}{locate(problem, sources).message}")


def _secret_paths(tree: Mapping[str, Any], start: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _secret_paths(value, f"{start}{key}.")
        elif value and isinstance(value, str) and SECRET_NAME.search(key):
            yield f"{start}{key}"


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
