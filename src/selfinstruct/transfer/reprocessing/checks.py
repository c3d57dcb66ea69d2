"""Begins to reprocess a run: checks what may change, and takes the journal of another run over in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from selfinstruct.config import RunConfig, Tree, differences, without_secrets
from selfinstruct.errors import ConfigError, RunError
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.settings import REPROCESSING, Settings, initial_facts, load, read_config_file
from selfinstruct.store import RUN_FILE, Exchange, RunStore
from selfinstruct.store.lock import LOCK_FILE
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE

ASKING = (GENERATE, CLASSIFY, INSTANCES, JUDGE)
READING = ("post_processor", "filters")
"""What of an asking stage decides how replies are read, and not what was asked."""

OURS = {RUN_FILE, LOCK_FILE, *(f"{RUN_FILE}-{beside}" for beside in ("wal", "shm", "journal"))}
"""What a kill can leave in a folder before a run was begun there."""

ELSEWHERE = "Choose another --out."


def begin_reprocessing(source: RunStore, out: Path, settings: Settings, target: int | None = None) -> Registry:
    """Begin a run in `out` with all that was asked and answered for `generate`; the same call again changes nothing.

    settings  those of the source's folder, with what is to be different
    target    how many instructions to accept, `None`: as many as the replies hold

    Raises `ConfigError` where what was asked would have to be different, `RunError` where `out` holds something else
    or the source holds nothing that can be reprocessed.
    """
    _check_folder(source, out)
    registry, config = load(settings)
    _check_source(source)
    _check_changes(source, config)
    facts = _facts(source, registry, config, settings, target)
    with closing(RunStore.open(out)) as store:
        if store.fact("config") is not None:
            _refuse_another(store, facts[REPROCESSING])
            return registry
        texts = {instruction.id: instruction.text for instruction in source.instructions()}
        with store.transaction():
            for exchange in renumbered(source.answered_requests(GENERATE)):
                store.import_exchange(_with_texts(exchange, texts))
            store.create(source.seeds(), **facts)
    return registry


def renumbered(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """The exchanges without gaps: a request without an answer is asked anew by whoever goes on with the run."""
    for index, exchange in enumerate(exchanges):
        yield replace(exchange, index=index)


def _check_folder(source: RunStore, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is no folder", ELSEWHERE)
    if out.resolve() == source.folder.resolve():
        raise RunError(f"{out} is the run that is to be reprocessed, and that is never changed", ELSEWHERE)
    if out.is_dir() and not RunStore.exists(out) and {entry.name for entry in out.iterdir()} - OURS:
        raise RunError(f"{out} is not empty", ELSEWHERE)


def _check_source(source: RunStore) -> None:
    if source.fact("imported") is not None:
        raise RunError(
            f"{source.folder} was begun by an import, and rows of files are no replies that can be read again",
            "To look for near-duplicates in such files, use: selfinstruct dedup FILE",
        )
    if (reprocessing := source.fact(REPROCESSING)) is not None and not reprocessing["done"]:
        raise RunError(f"{source.folder} holds a reprocessed run that was not finished", "Finish it first.")
    if next(source.answered_requests(GENERATE), None) is None:
        raise RunError(f"{source.folder} holds no reply yet, so there is nothing to reprocess")


def _check_changes(source: RunStore, config: RunConfig) -> None:
    """What was asked is a fact: reprocessing may change how replies are read and judged, and nothing before that."""
    recorded, now = dict(source.fact("config") or {}), config.frozen()
    if (recorded.get("backend") or {}).get("use") == "given":  # by a script, as an object that no config names
        recorded["backend"] = now["backend"]
    found = differences(recorded, now)
    for stage in ASKING:
        frozen, table = source.fact(f"config.{stage}"), config.stages.get(stage)
        if frozen is not None and table is not None:
            found += differences(_asking(frozen), _asking(table.frozen()), stage)
    if found:
        raise ConfigError(
            ["reprocessing cannot change what was asked:", *found[:8]],
            "It can change post_processor and filters of a stage, all of prepare and export. For the rest, begin anew.",
        )


def _asking(frozen: Tree) -> Tree:
    return {key: value for key, value in frozen.items() if key not in READING}


def _facts(
    source: RunStore, registry: Registry, config: RunConfig, settings: Settings, target: int | None
) -> dict[str, Any]:
    frozen = {**config.frozen(), "backend": (source.fact("config") or {}).get("backend")}
    name, given = read_config_file(settings)
    facts = initial_facts(registry, config, frozen, source.seeds())
    facts["file"] = {"name": name, "tree": without_secrets(given)}
    for known in ("backend", "prices", f"backend.{JUDGE}", f"prices.{JUDGE}"):
        if (told := source.fact(known)) is not None:
            facts[known] = told
    began = source.fact("created_at")
    facts[REPROCESSING] = {
        "of": str(source.folder),
        "began": began,
        "tree": facts["tree"],
        "target": target,
        "requests": sum(1 for _ in source.answered_requests(GENERATE)),
        "taken": [],
        "done": False,
    }
    return facts


def _refuse_another(store: RunStore, reprocessing: Mapping[str, Any]) -> None:
    """Make sure that the run was begun by this replay."""
    recorded = store.fact(REPROCESSING)
    if recorded is None:
        raise RunError(f"{store.folder} holds a run already", ELSEWHERE)
    if recorded["began"] != reprocessing["began"]:
        raise RunError(f"{store.folder} holds a reprocessed run of another run, {recorded['of']}", ELSEWHERE)
    found = differences(recorded["tree"], reprocessing["tree"])
    if recorded["target"] != reprocessing["target"]:
        found.append(f"--target: {recorded['target']} in the run, now {reprocessing['target']}")
    if found:
        raise ConfigError([f"{store.folder} holds a reprocessed run with other settings:", *found[:8]], ELSEWHERE)


def _with_texts(exchange: Exchange, texts: Mapping[str, str]) -> Exchange:
    """The exchange with the texts of the machine instructions that its prompt showed: they may not be accepted now."""
    shown = [
        {"id": one, "text": texts[one]} if isinstance(one, str) and one in texts else one
        for one in exchange.body["examples"]
    ]
    return replace(exchange, body={**exchange.body, "examples": shown})
