"""Starts a run from the rows of old files, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from selfinstruct.config import RunConfig, differences
from selfinstruct.errors import ConfigError, DataError, RunError, UsageError
from selfinstruct.export.contracts import write_contracts
from selfinstruct.files.outputs import refuse_old_files
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.seeds import initial_seeds
from selfinstruct.run.settings import ConfigSources, Settings, initial_facts, load
from selfinstruct.store import ImportFacts, InitialFacts, RunStore
from selfinstruct.transfer.importing.files import ImportFile, import_sources
from selfinstruct.transfer.importing.importer import Importer
from selfinstruct.transfer.importing.report import FileReport
from selfinstruct.types import CLASSIFY, INSTANCES, SeedTask

ELSEWHERE = "Choose another --out."
NAME_SEEDS = "Name their file with --seeds, or use --seeds builtin if the run had those of this package."


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import.

    files      a report on each file
    labels     instructions with a label, and `instances` those with raw instances
    backend    the backend that the config names; empty if it names none
    is_new     false if the same files were imported before, so that nothing changed
    """

    folder: Path
    files: Sequence[FileReport]
    instructions: int
    labels: int
    instances: int
    backend: str
    is_new: bool


def import_files(
    settings: Settings,
    paths: Sequence[Path],
    *,
    registry: Registry | None = None,
    sources: ConfigSources | None = None,
) -> ImportResult:
    """Start a run in the settings' folder from the rows of the files. Importing the same files again changes nothing.

    `registry` and `sources` were read by the caller. Raises `DataError` if a file is of no known kind, or no row can
    be imported; `RunError` if the folder holds another run, or files that the run would overwrite; `ConfigError` for a
    wrong config or other seeds; `UsageError` if no seeds are named, since those of this package are not the original's.
    """
    folder, sources = settings.folder, sources or ConfigSources(settings)
    registry, config = load(settings, registry, sources)
    found = import_sources(paths)
    if "seeds" not in config.tree.get("run", {}):
        raise UsageError("an import needs the seed tasks of the old run", NAME_SEEDS)
    seeds = initial_seeds(registry, config, sources)
    facts = initial_facts(registry, config, seeds, frozen=config.frozen(), file=sources.recordable_file)
    if not sources.recorded.exists:
        refuse_old_files(folder, ELSEWHERE)
    with ExitStack() as stack:
        store = RunStore.open(folder)
        stack.callback(store.close, discard=True)  # only a run that nothing was imported into
        is_new = not store.facts.are_recorded
        if is_new:
            _fill(store, found, seeds, facts=facts)
        else:
            _refuse_another(store, found, facts)
        write_contracts(store, folder)
        return _result(store, config, is_new)


def _fill(store: RunStore, found: Sequence[ImportFile], seeds: Sequence[SeedTask], *, facts: InitialFacts) -> None:
    importer = Importer(seeds)
    accepted: dict[str, int] = {}
    with store.transaction():
        for request, reply, decisions in importer.import_sources(found):
            stage = request.stage
            accepted[stage] = accepted.get(stage, 0) + sum(decision.fate == "accepted" for decision in decisions)
            store.record_request(request)
            store.record_answer(request, reply)
            store.settle(request, decisions, evaluated=len(decisions), complete=True, accepted=accepted[stage])
        if not any(accepted.values()):
            raise DataError(
                "\n".join(["no row could be imported", *_report_lines(importer.reports)]), "No run was started."
            )
        imported = ImportFacts(_digests(found), [asdict(report) for report in importer.reports])
        store.create(seeds, replace(facts, imported=imported))


def _refuse_another(store: RunStore, found: Sequence[ImportFile], facts: InitialFacts) -> None:
    """Raise an error unless this import started the run."""
    recorded = store.facts.imported
    if recorded is None:
        raise RunError(f"{store.folder} holds a run that was not started by an import", ELSEWHERE)
    if list(recorded.digests) != _digests(found):
        raise RunError(
            f"{store.folder} began as an import of other files",
            "Name all files of the old run in one command, with another --out.",
        )
    wanted = {key: value for key, value in facts.config.items() if key != "backend"}
    kept = {key: value for key, value in store.facts.config.items() if key != "backend"}
    changed = differences(kept, wanted)
    if facts.seeds_digest != store.facts.seeds_digest:
        changed.append("run.seeds: other seeds in the run")
    if changed:
        raise ConfigError([f"{store.folder} started with other settings:", *changed], ELSEWHERE)


def _digests(found: Sequence[ImportFile]) -> list[str]:
    return sorted(source.digest for source in found)


def _result(store: RunStore, config: RunConfig, is_new: bool) -> ImportResult:
    imported = store.facts.imported
    assert imported is not None
    reports = [FileReport(**report) for report in imported.files]
    labels, instances = (
        sum(bool(text) for _, text in store.asked_about(stage).values()) for stage in (CLASSIFY, INSTANCES)
    )
    instructions = sum(1 for _ in store.instructions())
    backend = config.backend.name if config.backend else ""
    return ImportResult(store.folder, reports, instructions, labels, instances, backend, is_new)


def _report_lines(reports: Sequence[FileReport]) -> list[str]:
    return [line for report in reports for line in report.words()]
