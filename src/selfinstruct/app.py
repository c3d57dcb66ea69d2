"""The composition root: a config and a run folder become a running stage."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfinstruct import __version__
from selfinstruct.api import Backend
from selfinstruct.config import (
    FILE,
    Chosen,
    RunConfig,
    Tree,
    assign,
    differences,
    merge,
    read_file,
    read_recipe,
    resolve,
    without_secrets,
)
from selfinstruct.engine.answer import Live, RetryPolicy
from selfinstruct.engine.events import Events, Observer
from selfinstruct.engine.judge import Judge, Rule
from selfinstruct.engine.limits import Gate
from selfinstruct.engine.runner import Bounds, Runner
from selfinstruct.errors import ConfigError, RunError, SelfInstructError, Stopped, UsageError
from selfinstruct.formats.contracts import write_contracts
from selfinstruct.records import read_seeds
from selfinstruct.registry import OBSERVERS, Registry
from selfinstruct.stages.generate import Generate
from selfinstruct.store import RUN_FILE, RunStore
from selfinstruct.store.run import dumps, now
from selfinstruct.types import GENERATE, Retry, SeedTask, StageStart, StageSummary, Window

TRACING = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING")
"""Environment variables that make LangChain send prompts to LangSmith."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for, before anything is read: the command line's or the caller's wishes.

    overrides  a tree laid over recipe and file, as from `--backend` and `--target`
    assigned   `path=value` texts, applied last
    """

    folder: Path
    recipe: str | None = None
    file: Path | None = None
    overrides: Tree = field(default_factory=dict)
    assigned: Sequence[str] = ()
    plugins: Sequence[str] = ()


def read_tree(settings: Settings, frozen: Tree | None = None) -> Tree:
    """The config tree: that of the run if there is one, else recipe and file; then overrides and assignments."""
    file = settings.file or (Path(FILE) if frozen is None and Path(FILE).is_file() else None)
    given = read_file(file) if file else {}
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


def load(settings: Settings, registry: Registry | None = None) -> tuple[Registry, RunConfig]:
    """Read and check the config without touching the run folder, but for the config that an older run recorded."""
    frozen = None
    if (settings.folder / RUN_FILE).is_file():
        store = RunStore.look(settings.folder)
        frozen = store.fact("tree")
        store.close()
    tree = read_tree(settings, frozen)
    named = tree["plugins"] if isinstance(tree["plugins"], list) else []
    if registry is None:
        registry = Registry.load([str(name) for name in named])
    return registry, resolve(tree, registry)


class Run:
    """A run folder, opened for writing with its config."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry | None = None,
        backend: Backend | None = None,
        say: Say = lambda line: print(line, file=sys.stderr),
    ) -> None:
        from dotenv import load_dotenv

        load_dotenv(Path(".env"))
        self.folder = settings.folder
        self.say = say
        self.registry, self.config = load(settings, registry)
        self._given = backend
        if backend is None and self.config.backend is None:
            known = ", ".join(offer.component.name for offer in self.registry.offers("backend"))
            raise UsageError("no backend is chosen", f"Name one: --backend NAME. Known: {known}.")
        for plugin in self.registry.broken:
            say(f"plugin '{plugin.name}' is broken and left out: {plugin.broken}")
        self._runner: Runner | None = None
        self._interrupted = ""
        self.backend = backend or self._build(self.config.backend)
        sampler = self._build(self.config.generate.sampler)
        seeds = None
        if not (self.folder / RUN_FILE).is_file():
            seeds = self._read_seeds()
            sampler.check(seeds)
        self.store = RunStore.open(self.folder)
        try:
            self.seeds = self._begin(seeds)
        except BaseException:
            self.store.close()
            raise

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        self.store.close()

    def _build(self, chosen: Chosen | None) -> Any:
        assert chosen is not None
        return chosen.build(self.registry)

    def _begin(self, seeds: list[SeedTask] | None) -> list[SeedTask]:
        """Start a new run, or make sure that this one is the same."""
        frozen = self._frozen()
        recorded = self.store.fact("config")
        if recorded is None:
            seeds = seeds if seeds is not None else self._read_seeds()
            versions = {plugin.name: plugin.version for plugin in self.registry.plugins if not plugin.broken}
            self.store.begin(
                seeds,
                config=frozen,
                tree=without_secrets(self.config.tree),
                seeds_digest=_digest(seeds),
                created_at=now(),
                version=__version__,
                python=sys.version.split()[0],
                plugins=versions,
            )
            return seeds
        if found := differences(recorded, frozen):
            raise ConfigError(
                [f"{self.folder} was begun with another configuration:", *found[:8]],
                "Use another --out for another configuration, or leave these settings as they were.",
            )
        kept = self.store.seeds()
        named = self.config.run.seeds
        same_name = named == self.store.fact("tree").get("run", {}).get("seeds", "builtin")
        if not same_name and _digest(self._read_seeds()) != _digest(kept):
            raise ConfigError(f"{self.folder} was begun with other seeds", "Use another --out for other seeds.")
        return kept

    def _read_seeds(self) -> list[SeedTask]:
        only = self.config.run.seed_tasks == "classification"
        return [seed for seed in read_seeds(self.config.run.seeds) if seed.is_classification or not only]

    def _frozen(self) -> Tree:
        frozen = self.config.frozen()
        if self._given is not None:
            frozen["backend"] = {"use": "given"}
        return frozen

    # --- the stage generate -------------------------------------------------------------------------------------------

    async def generate(self, target: int | None = None, observers: Sequence[object] = ()) -> StageSummary:
        """Run the stage until its target; the contract files stand in the folder however it ends.

        Raises what ended it early: `Stopped`, `ModelError`, `PluginError`, `RunError`.
        """
        config = self.config.generate
        goal = target or config.target
        encoder = self._build(config.encoder)
        sampling = config.sampling.over(encoder.sampling)
        accepted = list(self.store.instructions())
        stage = Generate(
            self.seeds,
            self._build(config.sampler),
            encoder,
            self._build(config.post_processor),
            sampling,
            self.config.run.seed,
            goal,
            accepted,
        )
        rules = [Rule(chosen.name, self._build(chosen)) for chosen in config.filters]
        judge = Judge(rules, self.config.run.on_plugin_error == "quarantine")
        events = self._events(observers)
        answerer = Live(self.backend, self._gate(), self._on_retry(events), RetryPolicy())
        bounds = Bounds(self.config.run.lookahead, config.max_candidates, config.patience)
        totals = self.store.totals(GENERATE)
        events.started(StageStart(GENERATE, goal, totals.accepted, totals.requests))
        reason, code = "", 1
        try:
            if goal is None or totals.accepted < goal:
                await answerer.open(sampling)
                self._tell_model()
            self._runner = Runner(stage, judge, answerer, self.store, events, bounds, stage.known)
            if self._interrupted:
                raise Stopped(self._interrupted, "Run the same command again to go on.")
            reason, code = await self._runner.run(), 0
        except SelfInstructError as error:
            reason, code = error.message, error.exit_code
            raise
        finally:
            await answerer.close()
            summary = self._wrap_up(reason, code)
            events.finished(summary)
        return summary

    def _tell_model(self) -> None:
        facts = dict(self.backend.describe())
        self.store.record(backend=facts)
        if facts.get("model"):
            self.say(f"model: {facts['model']}" + (f" ({facts['note']})" if facts.get("note") else ""))
        if any(os.environ.get(name, "").lower() in ("1", "true") for name in TRACING):
            if self.backend.local and not self.config.run.trace:
                os.environ.update(dict.fromkeys(TRACING, "false"))
            else:
                self.say("LangSmith tracing is switched on in the environment: prompts and replies are sent there")

    def _wrap_up(self, reason: str, code: int) -> StageSummary:
        """Write the contract files; if that fails after another fault, the first fault is the one to tell."""
        try:
            write_contracts(self.store, self.folder)
        except RunError as error:
            if not code:
                raise
            self.say(error.message)
        return self.store.summary(GENERATE, reason, code)

    def interrupt(self, why: str = "interrupted") -> None:
        """Stop in good order: nothing more is asked, and replies under way are kept."""
        self._interrupted = why
        if self._runner is not None:
            self._runner.interrupt(why)

    def _gate(self) -> Gate:
        run, limits = self.config.run, self.backend.limits()
        gate = Gate(min(run.concurrency or limits.concurrency or run.lookahead, run.lookahead))
        told = self.config.limits
        windows = [
            Window("requests", 60, told.requests_per_minute or 0),
            Window("tokens", 60, told.tokens_per_minute or 0),
            Window("requests", 86400, told.requests_per_day or 0),
            Window("tokens", 86400, told.tokens_per_day or 0),
        ]
        gate.learn(window for window in windows if window.limit)
        return gate

    def _on_retry(self, events: Events) -> Callable[[Retry], None]:
        def tell(retry: Retry) -> None:
            self.store.retried(retry)
            events.retried(retry)

        return tell

    def _events(self, objects: Sequence[object]) -> Events:
        observers: Mapping[str, list[Observer]] = {hook: self.registry.observers(hook) for hook in OBSERVERS}
        for one in objects:
            for hook in OBSERVERS:
                if callable(method := getattr(one, hook, None)):
                    observers[hook].append((type(one).__name__, method))
        return Events(observers, self.say)


def run_with_signals(run: Run, work: Callable[[], Any]) -> Any:
    """Run a coroutine function to its end; the first Ctrl-C (or SIGTERM) stops in good order, a second at once."""
    import signal

    async def main() -> Any:
        loop = asyncio.get_running_loop()
        hits = 0

        def on_signal() -> None:
            nonlocal hits
            hits += 1
            if hits > 1:
                sys.stderr.write("\x1b[?25h" if sys.stderr.isatty() else "")
                os._exit(Stopped.exit_code)
            run.say("stopping: waiting for the replies that are under way (press Ctrl-C again to leave at once)")
            run.interrupt()

        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, on_signal)
        return await work()

    return asyncio.run(main())


def _digest(seeds: Sequence[SeedTask]) -> str:
    from dataclasses import asdict

    return hashlib.sha256(dumps([asdict(seed) for seed in seeds]).encode()).hexdigest()
