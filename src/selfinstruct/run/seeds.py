"""The seed tasks of a run: read when it begins, and compared with their file when it continues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from selfinstruct.config import FILE, RunConfig
from selfinstruct.config.seeds import BUILTIN, NOT_A_NUMBER, read_seeds
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import WARNING, ConfigError, DataError, pluralize
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.settings import ConfigSources, locate, seeds_digest
from selfinstruct.run.stage_config import refuse_other_settings
from selfinstruct.store import RunStore
from selfinstruct.types import GENERATE, SeedTask


def initial_seeds(registry: Registry, config: RunConfig, sources: ConfigSources) -> list[SeedTask]:
    """The seeds of a new run. Raises `DataError` if there is no file, or there are too few for its sampler."""
    path = config.run.seeds
    if path != BUILTIN and not Path(path).exists():
        problem = locate(ConfigError(f"run.seeds: there is no seed file {path}"), sources).message
        raise DataError(
            problem, "Correct the path, or name a file with --seeds; --seeds builtin takes the package's own."
        )
    seeds = _chosen_seeds(config)
    sampler = config.stages[GENERATE].sampler
    assert sampler is not None
    built = sampler.build(registry)
    call_plugin(f"sampler '{sampler.name}'", "the seed tasks", built.check, seeds, hint=FIX_AND_RERUN)
    return seeds


def _chosen_seeds(config: RunConfig) -> list[SeedTask]:
    only = config.run.seed_tasks == "classification"
    return [seed for seed in read_seeds(config.run.seeds) if seed.is_classification or not only]


def kept_seeds(
    store: RunStore, registry: Registry, config: RunConfig, *, sources: ConfigSources, say: Callable[[str], None]
) -> list[SeedTask]:
    """The seeds that a run began with; it says so if their file was edited since, and need not exist any more.

    Raises `RunError` if another file, with other seeds, is named.
    """
    kept, path = store.seeds(), config.run.seeds
    if path != store.facts.seeds_path:
        if seeds_digest(initial_seeds(registry, config, sources)) != seeds_digest(kept):
            refuse_other_settings(store, [], "seeds")
    elif Path(path).is_file():
        with suppress(DataError):
            if seeds_digest(_chosen_seeds(config)) != seeds_digest(kept):
                say(
                    f"{WARNING}{path} was edited; this run keeps its first seed tasks, another --out takes the new ones"
                )
    return kept


def seeds_notes(seeds: Sequence[SeedTask], config: RunConfig, sources: ConfigSources) -> Iterator[str]:
    """Which seed tasks a new run takes, why if they are the package's own and nobody chose them, and what is odd."""
    path = config.run.seeds
    if path == BUILTIN:
        named = sources.file.name
        why = f"{named} names no seeds" if named else f"there is no {FILE} in this folder"
        is_chosen = "seeds" in config.tree.get("run", {})
        yield f"seeds: the {len(seeds)} built-in ones{'' if is_chosen else f', since {why}'}"
        return
    yield f"seeds: {pluralize(len(seeds), 'task')} from {path}"
    for seed in seeds:
        if found := NOT_A_NUMBER & {text for one in seed.instances for text in (one.input, one.output)}:
            yield f"{WARNING}{path}: {seed.id}: a text is {min(found)}; correct it if it stands for a missing value"
