"""`SelfInstruct`: the whole method from Python, in scripts and notebooks."""

from __future__ import annotations

import logging
import queue
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from selfinstruct.api import Settlement
from selfinstruct.client.arguments import check_arguments
from selfinstruct.client.event_loop import async_twin, background_loop, keep_waiting, plain, start
from selfinstruct.client.result import Result
from selfinstruct.client.run_folder import RunFolder
from selfinstruct.client.user_model import UserModel
from selfinstruct.errors import WARNING, PluginError, RunError, UsageError
from selfinstruct.plugins.checks import check_observer
from selfinstruct.run.run import Run
from selfinstruct.run.settings import Settings, load
from selfinstruct.run.stage_order import check_backends_ahead, require_input, stages_of_whole_run
from selfinstruct.store.curated import CuratedRun
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.runnables import Runnable


class SelfInstruct(RunFolder):
    """Runs the method in one run folder, with a backend by name or any LangChain chat model.

        grow = SelfInstruct(backend="groq", out="runs/first")
        grow.run(100)
        grow.export("data/first", format="alpaca")

    model         a LangChain chat model; or else
    backend       the name of a backend, such as "groq"
    out           the run folder; if it holds a run, that run is continued
    recipe        "chat" (the default), "paper", or a TOML file
    seeds         a seed file
    config        a `selfinstruct.toml`
    plugins       paths of Python files, module names, or objects whose functions carry `@hookimpl`
    settings      laid over recipe and file: tables, {"run": {"seed": 7}}, or dotted names, {"run.seed": 7}, which win
    wait          whether to wait for a used-up quota, even until tomorrow
    batch_folder  a folder for batches as files, as with `--batch-file`

    The constructor raises `ConfigError` for wrong settings and `PluginError` for a plugin that cannot be loaded.

    Every stage continues where it stopped, and costs nothing if it is complete. Its call raises the same errors, and
    `RunError` for a folder in use, `UsageError` if the stage before it has not run, `ModelError` for a model that
    cannot be used, and `Stopped` if it ended early and can be continued. `observers` are objects with methods named
    like the observing hooks, such as `selfinstruct_settled`. A model object belongs to one event loop: do not use it
    in plain and async calls.
    """

    @check_arguments
    def __init__(
        self,
        *,
        model: BaseChatModel | BaseLLM | Runnable[Any, Any] | None = None,
        backend: str | None = None,
        out: str | Path = "runs/default",
        recipe: str | None = None,
        seeds: str | Path | None = None,
        config: str | Path | None = None,
        plugins: Sequence[str | Path | object] = (),
        settings: Mapping[str, Any] | None = None,
        wait: bool = False,
        batch_folder: str | Path | None = None,
    ) -> None:
        if model is not None and backend is not None:
            raise UsageError("both a model and a backend are given", "Leave one of them out: either answers requests.")
        self._model = UserModel(model) if model is not None else None
        settings = settings or {}
        if model is not None and (of_backend := [name for name in settings if name.partition(".")[0] == "backend"]):
            problem = f"both a model and the setting {of_backend[0]} are given"
            raise UsageError(problem, "Leave the setting out, and give its value to the model object.")
        assigned = {path: value for path, value in settings.items() if "." in path or "[" in path}
        overrides = {name: value for name, value in settings.items() if name not in assigned}
        if backend is not None:
            overrides["backend"] = {"use": backend, **overrides.get("backend", {})}
        tables = {name: table for name, table in overrides.items() if isinstance(table, Mapping)}
        flags = {f"{name}.{option}": "settings: " for name, table in tables.items() for option in table}
        if backend is not None:
            flags["backend.use"] = "SelfInstruct(backend=...)"
        if seeds is not None:
            flags["run.seeds"] = "SelfInstruct(seeds=...)"
            overrides["run"] = {**overrides.get("run", {}), "seeds": str(seeds)}
        chosen = Settings(
            Path(out).absolute(),  # so that a change of the working folder starts no second run
            recipe=recipe,
            file=Path(config) if config else None,
            overrides=overrides,
            assigned=list(assigned.items()),
            plugins=[str(plugin) for plugin in plugins if isinstance(plugin, str | Path)],
            flags=flags,
            origin="settings: ",
            wait=wait,
            batch_folder=Path(batch_folder) if batch_folder else None,
        )
        super().__init__(chosen, [plugin for plugin in plugins if not isinstance(plugin, str | Path)])
        self._run: Run | None = None
        if backend or recipe or config or plugins or settings:
            registry = self._registry()
            with suppress(PluginError, RunError):  # the call that needs the run, or a plugin that it names, says so
                load(chosen, registry)

    # --- stages -------------------------------------------------------------------------------------------------------

    @plain
    async def run(
        self, target: int | None = None, *, judge: bool | None = None, observers: Sequence[object] = ()
    ) -> Result:
        """Run all stages in order, from seed tasks to training examples.

        target  total number of instructions; by default the run's last target, or else the config's
        judge   whether a model rates the examples too; by default as the config says
        """
        return await self._stages(None, {"judge.enabled": judge}, target=target, observers=observers)

    @plain
    async def generate(self, target: int | None = None, *, observers: Sequence[object] = ()) -> Result:
        """Grow new instructions until the run holds `target` of them."""
        return await self._stages(GENERATE, {}, target=target, observers=observers)

    @plain
    async def classify(self, *, observers: Sequence[object] = ()) -> Result:
        """Ask the model which instructions are classification tasks."""
        return await self._stages(CLASSIFY, {}, observers=observers)

    @plain
    async def instances(self, *, observers: Sequence[object] = ()) -> Result:
        """Ask the model for inputs and outputs of every instruction."""
        return await self._stages(INSTANCES, {}, observers=observers)

    @plain
    async def prepare(
        self,
        *,
        min_score: int | None = None,
        unrated: Literal["keep", "drop"] | None = None,
        include_seeds: bool | None = None,
        observers: Sequence[object] = (),
    ) -> Result:
        """Turn raw instances into training examples, without asking a model.

        min_score      drop examples that the judge rated lower, from 0 to 3
        unrated        whether to keep or to drop examples without a rating
        include_seeds  whether the seed tasks' own instances become training examples too
        """
        chosen = {
            "prepare.min_score": min_score,
            "prepare.unrated": unrated,
            "prepare.include_seeds": include_seeds,
        }
        return await self._stages(PREPARE, chosen, observers=observers)

    @plain
    async def judge(self, *, observers: Sequence[object] = ()) -> Result:
        """Have a model rate the training examples.

        The model of the run rates, or the one that `settings={"judge.backend": {"use": ...}}` names.
        """
        return await self._stages(JUDGE, {}, observers=observers)

    arun = async_twin(run)
    agenerate = async_twin(generate)
    aclassify = async_twin(classify)
    ainstances = async_twin(instances)
    aprepare = async_twin(prepare)
    ajudge = async_twin(judge)

    @check_arguments
    def stream(self, target: int | None = None) -> Generator[str, None, None]:
        """Generate, and yield each instruction when it is accepted. Closing the iterator stops."""
        accepted: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

        class Listener:
            def selfinstruct_settled(self, settlement: Settlement) -> None:
                for decision in settlement.decisions:
                    if decision.fate == "accepted":
                        accepted.put(decision.text)

        async def work() -> None:
            try:
                await self.agenerate(target, observers=[Listener()])
                accepted.put(None)
            except BaseException as error:
                accepted.put(error)

        future = start(work())
        try:
            while (got := keep_waiting(accepted.get, self._interrupt)) is not None:
                if isinstance(got, BaseException):
                    raise got
                yield got
        finally:
            self._interrupt()
            keep_waiting(future.result, self._interrupt)

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _stages(
        self,
        stage: str | None,
        chosen: Mapping[str, Any],
        *,
        target: int | None = None,
        observers: Sequence[object],
    ) -> Result:
        """Run one stage, or all stages if `None`. `chosen` are settings of this call, `None` if not given."""
        if target is not None and target < 1:
            raise UsageError(
                f"the target is {target}, and it must be a whole number above 0",
                "Leave it out for the run's last target, or the config's.",
            )
        for observer in observers:
            check_observer(observer)
        given = [(path, value) for path, value in chosen.items() if value is not None]
        settings = replace(self._settings, assigned=[*self._settings.assigned, *given])
        summaries = []
        with Run(
            settings,
            registry=self._registry() if self._objects else None,
            backend=self._model,
            must_exist=stage not in (None, GENERATE),  # only generate makes a run
            say=_report,
        ) as run:
            self._run = run
            try:
                stages = [stage] if stage is not None else stages_of_whole_run(run)
                if stage is None:
                    check_backends_ahead(run, stages, target)
                else:
                    require_input(run, stage, lambda source: f"call {source}()")
                for name in stages:
                    if self._model is not None and name in run.config.stages:
                        chosen_sampling = run.config.stages[name].table.sampling
                        self._model.chosen = frozenset(chosen_sampling.model_dump(exclude_none=True))
                    summary = await run.stage(name, target if name == GENERATE else None, observers)
                    summaries.append(summary)
                texts = tuple(instruction.text for instruction in CuratedRun(run.store).instructions())
            finally:
                self._run = None
        return Result(self.out, texts, tuple(summaries))

    def _interrupt(self) -> None:
        if (run := self._run) is not None:
            background_loop().call_soon_threadsafe(run.interrupt)


def _report(line: str) -> None:
    """Give a warning of a run to the caller's `warnings`, and any other line to the logger."""
    if line.startswith(WARNING):
        warnings.warn(line.removeprefix(WARNING), stacklevel=2)
    else:
        logging.getLogger("selfinstruct").info("%s", line)
