"""Reads what the user asked for: recipe, config file and wishes, over what a begun run has recorded."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.config import (
    FILE,
    RunConfig,
    Tree,
    assign,
    changed,
    merge,
    read_file,
    read_recipe,
    resolve,
    without_secrets,
)
from selfinstruct.config.seeds import read_seeds
from selfinstruct.errors import ConfigError, RunError
from selfinstruct.plugins.registry import Registry
from selfinstruct.store import RunStore
from selfinstruct.store.rows import now
from selfinstruct.text.encoding import dumps
from selfinstruct.types import GENERATE, SeedTask

REPROCESSING = "replay"
"""The fact that tells a run that was begun by a replay from others: of which run, how, and how far it got."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for, before anything is read: the command line's or the caller's wishes.

    overrides  a tree laid over recipe and file, as from `--backend` and `--target`
    assigned   `path=value` texts, applied last
    wait       whether to wait for a quota that is used up, however long that takes
    """

    folder: Path
    recipe: str | None = None
    file: Path | None = None
    overrides: Tree = field(default_factory=dict)
    assigned: Sequence[str] = ()
    plugins: Sequence[str] = ()
    wait: bool = False


def read_env(path: Path) -> None:
    """Take over what a `.env` file holds and the environment does not."""
    from dotenv import load_dotenv

    try:
        load_dotenv(path)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is not UTF-8 text, from byte {error.start} on"
        raise ConfigError(f"{path} cannot be read: {why}", "Save it as UTF-8, one NAME=VALUE a line.") from None


def read_tree(settings: Settings) -> Tree:
    """The config tree: recipe and file, or a begun run's own and what changed in the file; then the user's wishes."""
    frozen, begun_with = _recorded(settings.folder)
    name, given = read_config_file(settings)
    if frozen is not None and settings.file is None:
        given = changed(begun_with["tree"], given) if begun_with["name"] in ("", name) else {}
    recipe = settings.recipe or given.get("recipe")
    tree = merge({}, frozen) if frozen is not None else {}
    if recipe or frozen is None:
        tree = merge(tree, read_recipe(str(recipe or "chat")) | {"recipe": str(recipe or "chat")})
    tree = merge(merge(tree, given), settings.overrides)
    if recipe:
        tree["recipe"] = str(recipe)
    tree["plugins"] = list(dict.fromkeys([*tree.get("plugins", []), *settings.plugins]))
    for setting in settings.assigned:
        assign(tree, setting)
    return tree


def read_config_file(settings: Settings) -> tuple[str, Tree]:
    """The config file's name and what stands in it; both empty if there is none."""
    file = settings.file or (Path(FILE) if Path(FILE).is_file() else None)
    return (str(file), read_file(file)) if file else ("", {})


def _recorded(folder: Path) -> tuple[Tree | None, Tree]:
    """The tree of a run that has asked something, and the config file that it was begun with."""
    tree, file = None, None
    if RunStore.exists(folder):
        store = RunStore.open_readonly(folder)
        if not store.is_unused():
            tree, file = store.fact("tree"), store.fact("file")
        store.close()
    return tree, file or {"name": "", "tree": {}}


def load(settings: Settings, registry: Registry | None = None) -> tuple[Registry, RunConfig]:
    """Read and check the config without touching the run folder, but for the config that an older run recorded."""
    tree = read_tree(settings)
    named = tree["plugins"] if isinstance(tree["plugins"], list) else []
    if registry is None:
        registry = Registry.load()
    for name in named:
        registry.add(str(name))
    return registry, resolve(tree, registry)


def initial_seeds(registry: Registry, config: RunConfig) -> list[SeedTask]:
    """The seeds that a new run begins with; raises `DataError` if there are too few of them for its sampler."""
    only = config.run.seed_tasks == "classification"
    seeds = [seed for seed in read_seeds(config.run.seeds) if seed.is_classification or not only]
    sampler = config.stages[GENERATE].sampler
    assert sampler is not None
    sampler.build(registry).check(seeds)
    return seeds


def initial_facts(registry: Registry, config: RunConfig, frozen: Tree, seeds: Sequence[SeedTask]) -> dict[str, Any]:
    """The facts that a new run begins with; `frozen` is of its config what no later command may change."""
    return {
        "config": frozen,
        "tree": without_secrets(config.tree),
        "seeds_digest": seeds_digest(seeds),
        "created_at": now(),
        "version": __version__,
        "python": sys.version.split()[0],
        "plugins": {plugin.name: plugin.version for plugin in registry.plugins if not plugin.broken},
    }


def refuse_unfinished_reprocessing(store: RunStore) -> None:
    """Raise `RunError` for a run that a replay began and did not finish, or what it reuses would be paid for."""
    if (reprocessing := store.fact(REPROCESSING)) is not None and not reprocessing["done"]:
        command = f"selfinstruct reprocess {reprocessing['of']} --out {store.folder} ..."
        again = f"Finish it first, with the same command: {command}"
        raise RunError(f"{store.folder} holds a reprocessed run that was not finished", again)


def seeds_digest(seeds: Sequence[SeedTask]) -> str:
    """The SHA-256 of seed tasks, by which a run knows its own."""
    return hashlib.sha256(dumps([asdict(seed) for seed in seeds]).encode()).hexdigest()
