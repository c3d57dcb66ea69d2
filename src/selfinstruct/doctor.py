"""Looks at everything that a run needs, from the plugins to the server, and says how to mend what is not well."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.api import Backend
from selfinstruct.backends import TRACING, prices_for
from selfinstruct.config import RunConfig, StageConfig
from selfinstruct.config.tables import AskTable
from selfinstruct.engine.limits import estimated_tokens
from selfinstruct.errors import ModelError, PluginError, SelfInstructError, UsageError
from selfinstruct.registry import Registry
from selfinstruct.settings import Settings, first_seeds, load
from selfinstruct.similarity.kernel import kernel
from selfinstruct.stages.generate import Generate
from selfinstruct.stages.subjects import AskAbout
from selfinstruct.store import RunStore
from selfinstruct.types import GENERATE, Check, Diagnosis, Instruction, Request, SeedTask

LITTLE_DISK = 200_000_000
"""Bytes that should be free: a run of 100,000 requests takes about twice that."""

PROMPTS = 16
"""How many prompts of a stage are written to see how long they are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check, the area that it belongs to, and the exit code that it means if it failed."""

    area: str
    check: Check
    exit_code: int = 0


def examine(settings: Settings, registry: Registry | None = None) -> Iterator[Finding]:
    """Check everything in turn; what needs something that is not well is left out. A model is not asked.

    `registry` is one that holds the plugins which the settings name, if they were loaded before.
    """
    yield from _installation()
    try:
        registry, config = load(settings, registry)
    except SelfInstructError as error:
        yield _failed("config", "settings", error)
        yield from _folder(settings.folder)
        return
    yield Finding("config", Check("settings", True, f"recipe {config.tree.get('recipe', 'chat')}"))
    seeds: list[SeedTask] = []
    try:
        seeds = first_seeds(registry, config)
        yield Finding("config", Check("seeds", True, f"{len(seeds)} seed tasks from {config.run.seeds}"))
    except SelfInstructError as error:
        yield _failed("config", "seeds", error)
    yield from _plugins(registry)
    yield from _folder(settings.folder)
    yield from _backend(registry, config, seeds)


def _failed(area: str, name: str, error: SelfInstructError) -> Finding:
    return Finding(area, Check(name, False, error.message, error.hint), error.exit_code)


def _installation() -> Iterator[Finding]:
    words = f"selfinstruct {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield Finding("installation", Check("version", True, words))
    try:
        yield Finding("installation", Check("similarity", True, _kernel()))
    except (RuntimeError, ValueError) as error:
        mend = "Unset SELFINSTRUCT_KERNEL, or set it to rapidfuzz."
        yield Finding("installation", Check("similarity", False, str(error), mend), UsageError.exit_code)


def _kernel() -> str:
    name = kernel()
    if name == "native":
        from selfinstruct.similarity.native import LEVELS, use_instructions

        return f"the compiled kernel ({use_instructions(len(LEVELS) - 1)})"
    return f"the kernel {name}, with the same results; a C compiler at installation makes it some ten times as fast"


def _plugins(registry: Registry) -> Iterator[Finding]:
    well = [plugin.name for plugin in registry.plugins if not plugin.broken]
    yield Finding("plugins", Check("plugins", True, f"{len(well)} are well: {', '.join(sorted(well))}"))
    for plugin in registry.broken:
        mend = f"Mend or uninstall {plugin.source}; it is left out, and only a config that names it is refused."
        yield Finding("plugins", Check(plugin.name, False, plugin.broken, mend), PluginError.exit_code)


def _folder(folder: Path) -> Iterator[Finding]:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        words = f"{there} is a file, so there can be no run folder"
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
    mend = "" if free > LITTLE_DISK else "Make room: what a model said is kept in full."
    yield Finding("folder", Check("disk", not mend, words, mend), UsageError.exit_code if mend else 0)
    if folder.is_dir():
        yield _run(folder)


def _run(folder: Path) -> Finding:
    try:
        if not RunStore.begun(folder):
            return Finding("folder", Check("run", True, f"{folder} holds no run yet"))
        store = RunStore.look(folder)
        totals = store.totals(GENERATE)
        store.close()
    except SelfInstructError as error:
        return _failed("folder", "run", error)
    return Finding("folder", Check("run", True, f"{folder} holds a run with {totals.accepted:,} accepted instructions"))


def _backend(registry: Registry, config: RunConfig, seeds: list[SeedTask]) -> Iterator[Finding]:
    if config.backend is None:
        known = ", ".join(offer.component.name for offer in registry.offers("backend"))
        yield _failed(
            "backend", "chosen", UsageError("no backend is chosen", f"Name one: --backend NAME. Known: {known}.")
        )
        return
    try:
        backend: Backend = config.backend.build(registry)
        diagnosis = _asked(config.backend.name, backend.check)
    except SelfInstructError as error:
        yield _failed("backend", config.backend.name, error)
        return
    for check in diagnosis.checks:
        yield Finding("backend", check, 0 if check.ok else ModelError.exit_code)
    if not diagnosis.checks:
        yield Finding("backend", Check(config.backend.name, True, "it has no check of its own"))
    if diagnosis.ok:
        yield _context(registry, config, seeds, diagnosis.context)
        yield _limits(config, backend)
        yield _prices(config, backend)
    yield from _tracing(config, backend)


def _asked(name: str, check: Callable[[], Diagnosis]) -> Diagnosis:
    try:
        said: object = check()
    except SelfInstructError:
        raise
    except Exception as error:
        raise PluginError(f"the backend '{name}' failed in its own check: {type(error).__name__}: {error}") from None
    if not isinstance(said, Diagnosis):
        raise PluginError(f"the backend '{name}' gave {type(said).__name__} in place of a Diagnosis")
    return said


def _context(registry: Registry, config: RunConfig, seeds: list[SeedTask], context: int | None) -> Finding:
    """Whether the longest prompts of each stage, and replies to them, fit into what the model takes."""
    needs: dict[str, int] = {}
    for name, stage in config.stages.items():
        if seeds and stage.encoder is not None:
            needs[name] = max(map(estimated_tokens, _prompts(registry, config, name, stage, seeds)))
    told = ", ".join(f"{name} {tokens:,}" for name, tokens in needs.items())
    words = f"tokens that a request may take: {told or 'not known without seeds'}"
    if context is None:
        return Finding("backend", Check("context", True, f"{words}; how many the model takes is not known"))
    small = [name for name, tokens in needs.items() if tokens > context]
    mend = f"Choose a model with a larger context, or lower [{small[0]}.sampling] max_tokens." if small else ""
    check = Check("context", not small, f"{words}; the model takes {context:,}", mend)
    return Finding("backend", check, ModelError.exit_code if small else 0)


def _prompts(
    registry: Registry, config: RunConfig, name: str, stage: StageConfig, seeds: list[SeedTask]
) -> list[Request]:
    assert stage.encoder is not None
    encoder = stage.encoder.build(registry)
    sampling = stage.table.sampling.over(encoder.sampling)
    pool = [Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in seeds]
    sampler, reader = stage.sampler.build(registry) if stage.sampler else None, stage.post_processor.build(registry)
    if isinstance(stage.table, AskTable):
        about = (name, pool, pool, encoder, reader, sampling, config.run.seed, sampler)
        asked = AskAbout(*about, batch=min(stage.table.batch, len(pool)))
        first = asked.plan(0, 0)
        return [first] if first else []
    assert sampler is not None
    planned = Generate(pool, sampler, encoder, reader, sampling, config.run.seed, None)
    return [planned.plan(index, 0) for index in range(PROMPTS)]


def _limits(config: RunConfig, backend: Backend) -> Finding:
    told = {name.replace("_", " "): value for name, value in config.limits.model_dump().items() if value}
    limits = backend.limits()
    for window in limits.windows:
        told.setdefault(f"{window.what} in {window.seconds:,} s", window.limit)
    words = ", ".join(f"{value:,} {name}" for name, value in told.items())
    if not words:
        words = (
            "none; what the provider tells with its replies is obeyed and remembered" if not backend.local else "none"
        )
    at_once = config.run.concurrency or limits.concurrency or config.run.lookahead
    return Finding("backend", Check("limits", True, f"{words}; {min(at_once, config.run.lookahead)} requests at once"))


def _prices(config: RunConfig, backend: Backend) -> Finding:
    try:
        prices = prices_for(config, backend)
    except SelfInstructError as error:
        return _failed("backend", "prices", error)
    words = "not known, so --max-usd cannot be used"
    if prices:
        words = f"{prices.prompt:g} and {prices.completion:g} US dollars for a million prompt and completion tokens"
    return Finding("backend", Check("prices", True, words))


def _tracing(config: RunConfig, backend: Backend) -> Iterator[Finding]:
    if any(os.environ.get(name, "").lower() in ("1", "true") for name in TRACING):
        off = backend.local and not config.run.trace
        words = "is switched off for this backend" if off else "sends prompts and replies to LangSmith"
        yield Finding("backend", Check("tracing", True, f"LangSmith's, set in the environment, {words}"))


def as_json(findings: list[Finding]) -> Mapping[str, Any]:
    """All of it, for programs."""
    rows = [
        {
            "area": one.area,
            "name": one.check.name,
            "ok": one.check.ok,
            "detail": one.check.detail,
            "mend": one.check.mend,
        }
        for one in findings
    ]
    return {"ok": all(one.check.ok for one in findings), "checks": rows}
