"""`SelfInstruct`: the whole program from Python, in scripts and notebooks."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from selfinstruct.api import Backend, Instruction, Sampling, Settlement, StageSummary
from selfinstruct.plugins.registry import Registry
from selfinstruct.run.run import Run
from selfinstruct.run.settings import Settings
from selfinstruct.store import RunStore
from selfinstruct.types import GENERATE, JUDGE

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What a call did: how it ended, and where the files are."""

    summary: StageSummary
    folder: Path
    instructions: tuple[str, ...]


class UserModel(Backend):
    """A chat model that the caller built. Its own settings stand; sampling fills in what the caller left unset."""

    NAMES = {
        "temperature": ("temperature",),
        "top_p": ("top_p",),
        "max_tokens": ("max_tokens", "max_output_tokens", "num_predict"),
        "stop": ("stop", "stop_sequences"),
        "frequency_penalty": ("frequency_penalty",),
        "presence_penalty": ("presence_penalty",),
    }

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model

    def chat_model(self, sampling: Sampling) -> BaseChatModel:
        """The model itself, or a copy of it that draws as asked where the caller did not say."""
        fields, told = type(self._model).model_fields, self._model.model_fields_set
        updates = {}
        for option, names in self.NAMES.items():
            value = getattr(sampling, option)
            name = next((name for name in names if name in fields), None)
            if name and name not in told and value not in (None, ()):
                updates[name] = list(value) if option == "stop" else value
        return self._model.model_copy(update=updates) if updates else self._model

    def secrets(self) -> Sequence[str]:
        """Whatever the model itself keeps as a secret."""
        kept = [getattr(self._model, name, None) for name in type(self._model).model_fields]
        return [secret.get_secret_value() for secret in kept if isinstance(secret, SecretStr)]

    def describe(self) -> Mapping[str, Any]:
        """The model's class and name."""
        name = getattr(self._model, "model_name", None) or getattr(self._model, "model", "")
        return {"provider": type(self._model).__name__, "model": str(name)}


class SelfInstruct:
    """Grows instructions in a run folder, with a backend by name or any LangChain chat model.

        SelfInstruct(model=ChatAnything(...), out="runs/mine").generate(100)
        SelfInstruct(backend="groq", settings={"backend": {"model": "auto"}}).generate(100)

    model     a LangChain chat model; or else
    backend   the name of a backend, such as "demo", "groq", "ollama"
    out       the run folder; one that holds a run is resumed
    recipe    "chat" (the default), "paper", or a TOML file
    seeds     a seed file; the builtin seeds if not given
    config    a `selfinstruct.toml`
    plugins   paths of Python files, module names, or objects whose functions carry `@hookimpl`
    settings  a tree laid over recipe and file, as in the TOML: {"run": {"seed": 7}}
    wait      whether to wait for a quota that is used up, even until tomorrow

    Wrong settings raise `ConfigError`, a folder in use `RunError`, at the first call.
    """

    def __init__(
        self,
        *,
        model: BaseChatModel | None = None,
        backend: str | None = None,
        out: str | Path = "runs/default",
        recipe: str | None = None,
        seeds: str | Path | None = None,
        config: str | Path | None = None,
        plugins: Sequence[str | object] = (),
        settings: Mapping[str, Any] | None = None,
        wait: bool = False,
    ) -> None:
        self.out = Path(out)
        self._model = UserModel(model) if model is not None else None
        overrides: dict[str, Any] = dict(settings or {})
        if backend is not None:
            overrides["backend"] = {"use": backend, **overrides.get("backend", {})}
        if seeds is not None:
            overrides["run"] = {**overrides.get("run", {}), "seeds": str(seeds)}
        named = tuple(plugin for plugin in plugins if isinstance(plugin, str))
        self._objects = [plugin for plugin in plugins if not isinstance(plugin, str)]
        self._settings = Settings(
            self.out, recipe, Path(config) if config else None, overrides, plugins=named, wait=wait
        )
        self._run: Run | None = None

    def generate(self, target: int | None = None) -> Result:
        """Generate until `target` instructions are accepted in all (the recipe's target if not given).

        Works in notebooks. Raises `Stopped`, `ModelError`, `PluginError` or `RunError`; what was got until then is
        kept, and calling again goes on from there.
        """
        return _wait(self.agenerate(target), self._interrupt)

    async def agenerate(self, target: int | None = None, observers: Sequence[object] = ()) -> Result:
        """The async twin of `generate`. A model object belongs to one event loop: do not mix it with `generate`."""
        return await self._stage(GENERATE, target, observers)

    def judge(self) -> Result:
        """Have the training examples of the run folder rated, which `prepare` must have made.

        The model rates, or the one that `settings={"judge": {"backend": {"use": ...}}}` names. Raises as `generate`
        does, and `RunError` where there is no run; ratings that were paid for are kept.
        """
        return _wait(self.ajudge(), self._interrupt)

    async def ajudge(self, observers: Sequence[object] = ()) -> Result:
        """The async twin of `judge`."""
        RunStore.open_readonly(self.out).close()
        return await self._stage(JUDGE, None, observers)

    async def _stage(self, name: str, target: int | None, observers: Sequence[object]) -> Result:
        with self._open() as run:
            self._run = run
            try:
                summary = await run.stage(name, target, observers)
                instructions = tuple(instruction.text for instruction in run.store.instructions())
            finally:
                self._run = None
        return Result(summary, self.out, instructions)

    def stream(self, target: int | None = None) -> Iterator[str]:
        """Generate, and yield each instruction as soon as it is accepted. Closing the iterator stops the run."""
        accepted: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

        class Listener:
            def selfinstruct_settled(self, settlement: Settlement) -> None:
                for decision in settlement.decisions:
                    if decision.fate == "accepted":
                        accepted.put(decision.text)

        async def work() -> None:
            try:
                await self.agenerate(target, [Listener()])
                accepted.put(None)
            except BaseException as error:
                accepted.put(error)

        future = asyncio.run_coroutine_threadsafe(work(), _loop())
        try:
            while (got := accepted.get()) is not None:
                if isinstance(got, BaseException):
                    raise got
                yield got
        finally:
            self._interrupt()
            future.result()

    def __iter__(self) -> Iterator[Instruction]:
        """The instructions that the run folder holds by now, oldest first."""
        if not RunStore.exists(self.out):
            return
        store = RunStore.open_readonly(self.out)
        try:
            yield from store.instructions()
        finally:
            store.close()

    def _open(self) -> Run:
        registry = None
        if self._objects:
            registry = Registry.load(self._settings.plugins)
            for plugin in self._objects:
                registry.register(plugin, getattr(plugin, "__name__", type(plugin).__name__))
        return Run(self._settings, registry, self._model)

    def _interrupt(self) -> None:
        if (run := self._run) is not None:
            _loop().call_soon_threadsafe(run.interrupt)


_the_loop: asyncio.AbstractEventLoop | None = None
_making = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """One event loop for all synchronous calls of the process, in a thread: a chat model belongs to one loop."""
    global _the_loop
    with _making:
        if _the_loop is None:
            _the_loop = asyncio.new_event_loop()
            threading.Thread(target=_the_loop.run_forever, name="selfinstruct-loop", daemon=True).start()
    return _the_loop


def _wait(work: Coroutine[Any, Any, T], interrupt: Any) -> T:
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    while True:
        try:
            return future.result()
        except KeyboardInterrupt:
            print("stopping: waiting for the replies that are under way", file=sys.stderr)
            interrupt()
