"""Begins a run with what old files hold: all of it in one transaction, and once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from selfinstruct.config import RunConfig, differences, without_secrets
from selfinstruct.errors import ConfigError, DataError, RunError
from selfinstruct.export.contracts import FILES, write_contracts
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.settings import Settings, initial_facts, initial_seeds, load, read_config_file
from selfinstruct.store import RunStore
from selfinstruct.transfer.importing.files import ImportFile, sources
from selfinstruct.transfer.importing.importer import Importer
from selfinstruct.transfer.importing.report import FileReport
from selfinstruct.types import CLASSIFY, INSTANCES, SeedTask

FACT = "imported"
"""The fact that tells a run that was begun by an import from others: its files, and what became of their rows."""

ELSEWHERE = "Choose another --out."


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a run holds after an import. `is_new` is false where it had been imported before and nothing changed."""

    folder: Path
    files: Sequence[FileReport]
    instructions: int
    labels: int
    instances: int
    backend: str
    is_new: bool


def import_files(settings: Settings, paths: Sequence[Path], registry: Registry | None = None) -> ImportResult:
    """Begin a run in the settings' folder with what the files hold; the same files again change nothing.

    Raises `DataError` if a file is of no known kind, or nothing can be taken; `RunError` if the folder holds another
    run, or files that the run would write over; `ConfigError` for a wrong config or other seeds.
    """
    folder = settings.folder
    registry, config = load(settings, registry)
    found = sources(paths)
    seeds = initial_seeds(registry, config)
    name, given = read_config_file(settings)
    facts = initial_facts(registry, config, config.frozen(), seeds)
    facts["file"] = {"name": name, "tree": without_secrets(given)}
    if not RunStore.exists(folder):
        _refuse_to_overwrite(folder)
    with closing(RunStore.open(folder)) as store:
        is_new = store.fact("config") is None
        if is_new:
            _fill(store, found, seeds, facts)
        else:
            _refuse_another(store, found, facts)
        write_contracts(store, folder)
        return _result(store, config, is_new)


def _fill(store: RunStore, found: Sequence[ImportFile], seeds: Sequence[SeedTask], facts: dict[str, Any]) -> None:
    importer = Importer(seeds)
    accepted: dict[str, int] = {}
    with store.transaction():
        for request, reply, decisions in importer.import_sources(found):
            stage = request.stage
            accepted[stage] = accepted.get(stage, 0) + sum(decision.fate == "accepted" for decision in decisions)
            store.record_request(request)
            store.record_answer(request, reply)
            store.settle(request, decisions, len(decisions), True, accepted[stage])
        if not any(accepted.values()):
            raise DataError("\n".join(["nothing could be taken", *_words(importer.reports)]), "No run was begun.")
        files: dict[str, Any] = {"digests": _digests(found), "files": [asdict(report) for report in importer.reports]}
        store.create(seeds, **facts, **{FACT: files})


def _refuse_to_overwrite(folder: Path) -> None:
    """A run writes its files by fixed names, which are those of the old scripts."""
    for name in FILES:
        if (folder / name).exists():
            raise RunError(f"{folder / name} is there already, and the run would write over it", ELSEWHERE)


def _refuse_another(store: RunStore, found: Sequence[ImportFile], facts: dict[str, Any]) -> None:
    """Make sure that the run was begun by this import."""
    recorded = store.fact(FACT)
    if recorded is None:
        raise RunError(f"{store.folder} holds a run that was not begun by an import", ELSEWHERE)
    if recorded["digests"] != _digests(found):
        raise RunError(
            f"{store.folder} was begun by an import of other files",
            "Name all files of the old run in one command, with an --out of its own.",
        )
    told = {key: value for key, value in facts["config"].items() if key != "backend"}
    kept = {key: value for key, value in store.fact("config").items() if key != "backend"}
    changed = differences(kept, told)
    if facts["seeds_digest"] != store.fact("seeds_digest"):
        changed.append("run.seeds: other seeds in the run")
    if changed:
        raise ConfigError([f"{store.folder} was begun with another configuration:", *changed], ELSEWHERE)


def _digests(found: Sequence[ImportFile]) -> list[str]:
    return sorted(source.digest for source in found)


def _result(store: RunStore, config: RunConfig, is_new: bool) -> ImportResult:
    reports = [FileReport.from_fact(report) for report in store.fact(FACT)["files"]]
    labels, instances = (
        sum(bool(text) for _, text in store.asked_about(stage).values()) for stage in (CLASSIFY, INSTANCES)
    )
    instructions = sum(1 for _ in store.instructions())
    backend = config.backend.name if config.backend else ""
    return ImportResult(store.folder, reports, instructions, labels, instances, backend, is_new)


def _words(reports: Sequence[FileReport]) -> list[str]:
    return [line for report in reports for line in report.words()]
