"""Starts to reprocess a run: checks the changed settings, and copies the run's journal in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from selfinstruct.config import RunConfig, Tree, differences
from selfinstruct.config.tree import path_keys
from selfinstruct.errors import ConfigError, RunError
from selfinstruct.files.names import LOCK_FILE, PID_FILE, RUN_FILE, with_sidecars
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.settings import ConfigSources, RecordedConfig, Settings, initial_facts, load
from selfinstruct.store import Exchange, InitialFacts, ReprocessingFacts, RunStore
from selfinstruct.types import CLASSIFY, EXPORT, GENERATE, INSTANCES, JUDGE, PREPARE

ASKING = (GENERATE, CLASSIFY, INSTANCES, JUDGE)
READING = ("post_processor", "filters")
"""Settings of an asking stage that affect how replies are read, but not the prompts."""

OURS = {*with_sidecars(RUN_FILE), LOCK_FILE, PID_FILE}
"""The files that a kill can leave in a folder before a run has started there."""

ELSEWHERE = "Choose another --out."


def begin_reprocessing(
    source: RunStore, out: Path, settings: Settings, *, target: int | None = None
) -> tuple[Registry, RunConfig, RunStore]:
    """Start a run in `out` with the requests and replies of `generate`. The same call again continues it.

    settings  the settings of the source's folder, with the changes
    target    number of instructions to accept; `None` means all in the replies

    Returns the plugins, the config and the opened run. Raises `ConfigError` if the settings change the prompts, and
    `RunError` if `out` holds something else or the source holds nothing that can be reprocessed.
    """
    _check_folder(source, out)
    sources = ConfigSources(settings, RecordedConfig.from_store(source))
    registry, config = load(settings, sources=sources)
    _check_source(source)
    _check_changes(source, config)
    _check_effect(settings)
    facts = _initial_facts(source, registry, config, sources=sources, target=target)
    store = RunStore.open(out)
    try:
        if store.facts.are_recorded:
            _refuse_another(store, facts)
        else:
            _check_entries(out)
            _copy_journal(source, store, facts)
    except BaseException:
        store.close()
        raise
    return registry, config, store


def renumbered(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """The exchanges numbered without gaps: a request without an answer is asked again when the run continues."""
    for index, exchange in enumerate(exchanges):
        yield replace(exchange, index=index)


def _copy_journal(source: RunStore, store: RunStore, facts: InitialFacts) -> None:
    texts = {instruction.id: instruction.text for instruction in source.instructions()}
    with store.transaction():
        for exchange in renumbered(source.answered_requests(GENERATE)):
            store.import_exchange(_with_texts(exchange, texts))
        store.create(source.seeds(), facts)


def _check_folder(source: RunStore, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is not a folder", ELSEWHERE)
    if out.resolve() == source.folder.resolve():
        raise RunError(f"{out} is the run to reprocess, which must not be changed", ELSEWHERE)
    if not (out / RUN_FILE).exists():  # before any file is written
        _check_entries(out)


def _check_entries(out: Path) -> None:
    if out.is_dir() and {entry.name for entry in out.iterdir()} - OURS:
        raise RunError(f"{out} is not empty", ELSEWHERE)


def _check_source(source: RunStore) -> None:
    if source.facts.imported is not None:
        raise RunError(
            f"{source.folder} began as an import, and rows of files are not replies that can be read again",
            "To look for near-duplicates in such files, use: selfinstruct dedup FILE",
        )
    reprocessing = source.facts.reprocessing
    if reprocessing is not None and not reprocessing.is_finished:
        raise RunError(f"{source.folder} holds a reprocessed run that was not finished", "Finish it first.")
    if next(source.answered_requests(GENERATE), None) is None:
        raise RunError(f"{source.folder} holds no reply yet, so there is nothing to reprocess")


def _check_changes(source: RunStore, config: RunConfig) -> None:
    """Refuse changes of prompts. Reprocessing may change only how replies are read and filtered."""
    recorded = source.facts.config
    now = config.frozen(recorded)
    if source.facts.backend_name == "given":  # passed as a Python object that no config names
        recorded["backend"] = now["backend"]
    found = differences(recorded, now)
    for stage in ASKING:
        frozen, table = source.facts.stage_config(stage), config.stages.get(stage)
        if frozen is not None and table is not None:
            found += differences(_asking(frozen), _asking(table.frozen(frozen)), stage)
    if found:
        raise ConfigError(
            ["reprocessing cannot change the prompts:", *found[:8]],
            "It can change post_processor and filters of a stage, all of prepare and export."
            " For other changes, start a new run.",
        )


def _check_effect(settings: Settings) -> None:
    """Refuse settings that reading replies again does not use."""
    for path, _ in settings.assigned:
        keys = path_keys(path)
        is_read = keys[0] in (PREPARE, EXPORT, "plugins") or not {*READING, "add_filters"}.isdisjoint(keys[1:2])
        if not is_read and keys != ["run", "on_plugin_error"]:
            raise settings.named(
                ConfigError(
                    f"{path}: reprocessing only reads replies again, so this would change nothing",
                    "Stop at a number of instructions with --target; set others when the new run continues.",
                )
            )


def _asking(frozen: Tree) -> Tree:
    return {key: value for key, value in frozen.items() if key not in READING}


def _initial_facts(
    source: RunStore, registry: Registry, config: RunConfig, *, sources: ConfigSources, target: int | None
) -> InitialFacts:
    frozen = {**config.frozen(), "backend": source.facts.config.get("backend")}
    seeds = source.seeds()
    facts = initial_facts(registry, config, seeds, frozen=frozen, file=sources.recordable_file)
    reprocessing = ReprocessingFacts(
        source=str(source.folder),
        source_created_at=source.facts.created_at,
        tree=facts.tree,
        target=target,
        requests=sum(1 for _ in source.answered_requests(GENERATE)),
    )
    known = source.facts
    return replace(facts, reprocessing=reprocessing, backends=known.known_backends(), structured=known.structured)


def _refuse_another(store: RunStore, facts: InitialFacts) -> None:
    """Raise an error unless this reprocessing started the run."""
    recorded, wanted = store.facts.reprocessing, facts.reprocessing
    assert wanted is not None
    if recorded is None:
        raise RunError(f"{store.folder} already holds a run", ELSEWHERE)
    if recorded.source_created_at != wanted.source_created_at:
        raise RunError(f"{store.folder} holds a reprocessed run of another run, {recorded.source}", ELSEWHERE)
    found = differences(recorded.tree, wanted.tree)
    if recorded.target != wanted.target:
        found.append(f"--target: {recorded.target} in the run, now {wanted.target}")
    if found:
        raise ConfigError([f"{store.folder} holds a reprocessed run with other settings:", *found[:8]], ELSEWHERE)


def _with_texts(exchange: Exchange, texts: Mapping[str, str]) -> Exchange:
    """The exchange with the texts of the machine instructions in its prompt, since the new run may not accept them."""
    shown = [
        {"id": one, "text": texts[one]} if isinstance(one, str) and one in texts else one
        for one in exchange.body["examples"]
    ]
    return replace(exchange, body={**exchange.body, "examples": shown})
