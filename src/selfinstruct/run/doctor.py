"""Checks everything that a run needs, from the plugins to the server, and says how to fix problems."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.api import Backend, mask_secrets
from selfinstruct.api.environment import environment_problem
from selfinstruct.config import ChosenComponent, RunConfig
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, call_plugin
from selfinstruct.errors import (
    ModelError,
    PluginError,
    RunError,
    SelfInstructError,
    UsageError,
    plugin_cause,
    pluralize,
)
from selfinstruct.files.names import RUN_FILE
from selfinstruct.plugins.registry import Registry, no_backend
from selfinstruct.run.accounts import counts_dollars, has_own, limits_for, shared_by
from selfinstruct.run.backends import is_traced, prices_for, unknown_prices
from selfinstruct.run.context import check_context, longest_requests, make_room, refuse_completion_model
from selfinstruct.run.seeds import initial_seeds
from selfinstruct.run.settings import ConfigSources, Settings, load
from selfinstruct.run.structured import NO_SCHEMA, wants_schema
from selfinstruct.similarity.kernel import kernel
from selfinstruct.store import RunStore
from selfinstruct.store.damage import damaged
from selfinstruct.store.database import NoRunError, find_damage
from selfinstruct.store.write_ahead import LOST_LOG, has_lost_log
from selfinstruct.types import GENERATE, STAGES, Check, Diagnosis, SeedTask

MOST_DAMAGES = 20
"""Damages of a run's database that are shown."""

MIN_FREE_BYTES = 200_000_000
"""Free space below which to warn, in bytes. A run of 100,000 requests takes about twice as much."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check, its area, and its exit code if it failed."""

    area: str
    check: Check
    exit_code: int = 0


def examine(
    settings: Settings, registry: Registry | None = None, sources: ConfigSources | None = None
) -> Iterator[Finding]:
    """Run all checks in order. Checks that depend on a failed one are left out. No model is asked.

    `registry` holds the plugins that the settings name, and `sources` is what the config is read from, if they were
    loaded before.
    """
    yield from _installation()
    sources = sources or ConfigSources(settings)
    try:
        registry, config = load(settings, registry, sources)
    except SelfInstructError as error:
        yield _failed("config", "settings", error)
        yield from _folder(settings.folder)
        yield from _database(settings.folder)
        return
    yield Finding("config", Check("settings", True, f"recipe {config.tree.get('recipe', 'chat')}"))
    seeds: list[SeedTask] = []
    try:
        seeds = initial_seeds(registry, config, sources)
        yield Finding("config", Check("seeds", True, f"{pluralize(len(seeds), 'seed task')} from {config.run.seeds}"))
    except SelfInstructError as error:
        yield _failed("config", "seeds", error)
    yield from _plugins(registry)
    yield from _folder(settings.folder)
    yield from _database(settings.folder)
    yield from _backends(registry, config, seeds)


def _database(folder: Path) -> Iterator[Finding]:
    """Whether the database of a run that is there is whole, row by row."""
    lost_log = has_lost_log(folder / RUN_FILE)
    try:
        if found := list(islice(find_damage(folder), MOST_DAMAGES)):
            raise damaged(folder / RUN_FILE, "; ".join(found))
        words = "every page and row of the run is whole"
        if lost_log:
            words += f", but {LOST_LOG.format(folder / RUN_FILE)}"
        yield Finding("folder", Check("database", True, words))
    except NoRunError:
        return
    except RunError as error:
        yield _failed("folder", "database", error)


def _failed(area: str, name: str, error: SelfInstructError) -> Finding:
    return Finding(area, Check(name, False, error.message, error.hint), error.exit_code)


def _installation() -> Iterator[Finding]:
    words = f"selfinstruct {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Finding("installation", Check("version", True, words))
    try:
        yield Finding("installation", Check("similarity", True, _kernel()))
    except UsageError as error:
        yield _failed("installation", "similarity", error)


def _kernel() -> str:
    name = kernel()
    if name == "native":
        from selfinstruct.similarity.native import LEVELS, use_instructions

        return f"the compiled kernel ({use_instructions(len(LEVELS) - 1)})"
    return f"the kernel {name}: the same results as the compiled kernel, which an installation with a C compiler has"


def _plugins(registry: Registry) -> Iterator[Finding]:
    well = [plugin.name for plugin in registry.plugins if not plugin.broken]
    yield Finding("plugins", Check("plugins", True, f"{len(well)} are OK: {', '.join(sorted(well))}"))
    for plugin in registry.broken:
        fix = f"Fix or uninstall {plugin.source}. It is left out, and only a config that names it is refused."
        yield Finding("plugins", Check(plugin.name, False, plugin.broken, fix), PluginError.exit_code)


def _folder(folder: Path) -> Iterator[Finding]:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        words = f"{there} is a file, so it cannot be a run folder"
        yield Finding("folder", Check("writable", False, words, "Choose another --out."), UsageError.exit_code)
        return
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        words = f"{there} cannot be written: {error.strerror}"
        yield Finding("folder", Check("writable", False, words, "Choose another --out."), UsageError.exit_code)
        return
    yield Finding("folder", Check("writable", True, f"{there} can be written"))
    free = shutil.disk_usage(there).free
    words = f"{free / 1e9:,.1f} GB are free"
    advice = "" if free > MIN_FREE_BYTES else "Free some space. Replies are stored in full."
    yield Finding("folder", Check("disk", True, words, advice))  # a full disk stops a run, which can be resumed
    if folder.is_dir():
        yield _run(folder)


def _run(folder: Path) -> Finding:
    try:
        with closing(RunStore.open_readonly(folder)) as store:
            totals = store.totals(GENERATE)
    except NoRunError:
        return Finding("folder", Check("run", True, f"{folder} holds no run yet"))
    except SelfInstructError as error:
        return _failed("folder", "database", error)
    return Finding("folder", Check("run", True, f"{folder} holds a run with {totals.accepted:,} accepted instructions"))


def _backends(registry: Registry, config: RunConfig, seeds: list[SeedTask]) -> Iterator[Finding]:
    """The run's backend, and those of stages that have their own; stages that share one are looked at together."""
    if config.backend is not None:
        run_stage = next(name for name in STAGES if not has_own(config, name))
        yield from _backend("backend", registry, config, chosen=config.backend, stage=run_stage, seeds=seeds)
    elif any(stage.encoder and not stage.backend for stage in config.stages.values()):
        yield _failed("backend", "chosen", no_backend(registry))
    for name, stage in config.stages.items():
        if stage.backend is not None and name == shared_by(config, name)[0]:
            yield from _backend(name, registry, config, chosen=stage.backend, stage=name, seeds=seeds)


def _backend(
    area: str, registry: Registry, config: RunConfig, *, chosen: ChosenComponent, stage: str, seeds: list[SeedTask]
) -> Iterator[Finding]:
    """Check one backend, and whether it suits its stages, of which `stage` is one."""
    try:
        backend: Backend = chosen.build(registry)
        needs = longest_requests(registry, config, stage, seeds=seeds)
        make_room(backend, needs)
        diagnosis = _asked(chosen.name, backend.check)
    except SelfInstructError as error:
        yield _failed(area, chosen.name, error)
        return
    secrets = backend.secrets()
    for check in diagnosis.checks:
        check = replace(check, detail=mask_secrets(check.detail, secrets), fix=mask_secrets(check.fix, secrets))
        yield Finding(area, check, 0 if check.ok else ModelError.exit_code)
    if not diagnosis.checks:
        yield Finding(area, Check(chosen.name, True, "it has no checks"))
    if diagnosis.ok:
        shared = shared_by(config, stage)
        stages = [name for name in config.stages if name in shared]
        yield from _prompts(area, registry, config, backend=backend, stages=stages, seeds=seeds)
        check = check_context(backend, needs)
        yield Finding(area, check, 0 if check.ok else ModelError.exit_code)
        yield Finding(area, _limits(config, backend, stage))
        yield _prices(area, config, backend, stage=stage)
        yield _schema(area, registry, config, backend=backend, stages=stages)
    yield from _tracing(area, config, backend)


def _prompts(
    area: str, registry: Registry, config: RunConfig, *, backend: Backend, stages: list[str], seeds: list[SeedTask]
) -> Iterator[Finding]:
    """The first stage that would ask a completion model with a conversation."""
    try:
        for stage in stages:
            refuse_completion_model(backend, registry, config, stage=stage, seeds=seeds)
    except SelfInstructError as error:
        yield _failed(area, "prompts", error)


def _asked(name: str, check: Callable[[], Diagnosis]) -> Diagnosis:
    try:
        said: object = check()
    except SelfInstructError:
        raise
    except BaseException as error:
        if problem := environment_problem(error):
            raise problem from None
        raise PluginError(f"the backend '{name}' failed in its own check: {plugin_cause(error)}") from None
    if not isinstance(said, Diagnosis):
        raise PluginError(f"the backend '{name}' returned {type(said).__name__} instead of a Diagnosis")
    return said


def _limits(config: RunConfig, backend: Backend, stage: str) -> Check:
    limits = backend.limits()
    maxima = {name.replace("_", " "): value for name, value in limits_for(config, stage).model_dump().items() if value}
    for window in limits.windows:
        maxima.setdefault(f"{window.what} in {window.seconds:,} s", window.limit)
    words = ", ".join(f"{value:,} {name}" for name, value in maxima.items())
    if not words:
        words = "none" if backend.local else "none configured; limits reported by the provider are used"
    count = limits.simultaneous_requests(config.run.concurrency, config.run.lookahead)
    return Check("limits", True, f"{words}; {pluralize(count, 'simultaneous request')}")


def _prices(area: str, config: RunConfig, backend: Backend, *, stage: str) -> Finding:
    try:
        prices = prices_for(config, backend, stage)
    except SelfInstructError as error:
        return _failed(area, "prices", error)
    if prices is None and counts_dollars(config, stage):
        return _failed(area, "prices", unknown_prices(config, stage, backend))
    return Finding(area, Check("prices", True, str(prices or "not known, so --max-usd cannot be used")))


def _schema(area: str, registry: Registry, config: RunConfig, *, backend: Backend, stages: list[str]) -> Finding:
    """Which stages will ask with a JSON schema."""
    name = f"the backend {type(backend).__name__}"
    try:
        wanted = [stage for stage in stages if wants_schema(registry, config, stage)]
        takes = bool(wanted) and call_plugin(name, "schemas", backend.accepts_schema, hint=FIX_AND_RERUN)
    except SelfInstructError as error:
        return _failed(area, "schema", error)
    if wanted and not takes:
        insists = config.run.structured is True
        check = Check(
            "schema", not insists, "the model takes none: replies are free text", NO_SCHEMA if insists else ""
        )
        return Finding(area, check, ModelError.exit_code if insists else 0)
    words = f"JSON that keeps to a schema in {', '.join(wanted)}" if wanted else "free text"
    return Finding(area, Check("schema", True, f"replies are {words}"))


def _tracing(area: str, config: RunConfig, backend: Backend) -> Iterator[Finding]:
    if is_traced():
        off = backend.local and not config.run.trace
        words = "is switched off for this backend" if off else "sends prompts and replies to LangSmith"
        yield Finding(area, Check("tracing", True, f"LangSmith tracing is set in the environment and {words}"))


def as_json(findings: list[Finding]) -> Mapping[str, Any]:
    """The findings as JSON objects."""
    rows = [{"area": one.area, **asdict(one.check)} for one in findings]
    return {"ok": all(one.check.ok for one in findings), "checks": rows}
