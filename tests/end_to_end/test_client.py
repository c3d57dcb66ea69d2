"""`SelfInstruct` from Python: the stage `generate` in scripts and notebooks, with any chat model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from random import Random
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import SecretStr

from selfinstruct import ConfigError, ModelError, PluginError, RunError, SelfInstruct, Stopped, UsageError
from selfinstruct.api import GENERATE, Component, Filter, NoOptions, drop, hookimpl, keep
from selfinstruct.store import RunStore

KEY = "sk-of-a-model-that-the-caller-built"
SYLLABLES = ("ba", "ke", "li", "mo", "nu", "ra", "si", "to", "va", "ze")


class Fluent(BaseChatModel):
    """Writes eight tasks that nobody has written before, whatever is asked; the n-th call always gives the same."""

    temperature: float | None = None
    max_tokens: int | None = None
    api_key: SecretStr = SecretStr(KEY)
    calls: list[Sequence[BaseMessage]] = []
    fails_after: int | None = None

    @property
    def _llm_type(self) -> str:
        return "fluent"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.calls.append(messages)
        if self.fails_after is not None and len(self.calls) > self.fails_after:
            raise PermissionRefused(f"Invalid key {self.api_key.get_secret_value()}")
        rng = Random(str(messages[-1].content))
        tasks = [f"{n}. Explain how {phrase(rng)} differs from {phrase(rng)}." for n in range(1, 9)]
        return ChatResult(generations=[ChatGeneration(message=AIMessage("\n".join(tasks)))])


class PermissionRefused(Exception):
    status_code = 401


def phrase(rng: Random) -> str:
    return " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(4))


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def test_generate_with_a_backend_by_name(out: Path) -> None:
    result = SelfInstruct(backend="demo", out=out).generate(12)
    assert len(result.instructions) == 12
    assert (result.folder, result.summary.accepted, result.summary.exit_code) == (out, 12, 0)
    assert (out / "machine_generated_instructions.jsonl").is_file()


def test_generate_with_any_chat_model(out: Path) -> None:
    model = Fluent()
    result = SelfInstruct(model=model, out=out).generate(12)
    assert len(result.instructions) == 12
    assert all(text.startswith("Explain how") for text in result.instructions)
    assert model.calls


def test_a_model_object_serves_more_than_one_call(out: Path) -> None:
    ours = SelfInstruct(model=Fluent(), out=out)
    assert len(ours.generate(5).instructions) == 5
    assert len(ours.generate(20).instructions) == 20


def test_a_second_call_continues_the_first(out: Path) -> None:
    first = SelfInstruct(backend="demo", out=out).generate(10).instructions
    second = SelfInstruct(backend="demo", out=out).generate(20).instructions
    assert second[:10] == first


def test_the_settings_of_a_model_object_stand_where_the_caller_sets_none_for_the_stage(out: Path) -> None:
    seen: list[Any] = []

    class Watched(Fluent):
        def _generate(self, messages: list[BaseMessage], *rest: Any, **more: Any) -> ChatResult:
            seen.append((self.temperature, self.max_tokens))
            return super()._generate(messages, *rest, **more)

    settings = {"generate": {"sampling": {"max_tokens": 77}}}
    SelfInstruct(model=Watched(temperature=1.5), out=out, settings=settings).generate(3)
    assert set(seen) == {(1.5, 77)}


async def test_agenerate(out: Path) -> None:
    assert len((await SelfInstruct(model=Fluent(), out=out).agenerate(9)).instructions) == 9


async def test_generate_works_inside_a_running_event_loop(out: Path) -> None:
    """As in a notebook, where a loop runs already."""
    assert len(SelfInstruct(backend="demo", out=out).generate(9).instructions) == 9
    await asyncio.sleep(0)


def test_stream_yields_every_instruction_in_order(out: Path) -> None:
    ours = SelfInstruct(backend="demo", out=out)
    streamed = list(ours.stream(15))
    assert len(streamed) == 15
    assert streamed == [instruction.text for instruction in ours]


def test_closing_a_stream_stops_the_run_and_leaves_it_resumable(out: Path) -> None:
    ours = SelfInstruct(backend="demo", out=out)
    stream = ours.stream(10_000)
    first = [next(stream) for _ in range(3)]
    stream.close()
    kept = [instruction.text for instruction in ours]
    assert kept[:3] == first
    assert len(kept) < 10_000
    assert len(ours.generate(len(kept) + 5).instructions) == len(kept) + 5, "the folder was released"


def test_an_error_comes_out_of_a_stream(out: Path) -> None:
    model = Fluent(fails_after=0)
    with pytest.raises(ModelError):
        list(SelfInstruct(model=model, out=out).stream(5))


def test_iterating_gives_the_instructions_of_the_folder(out: Path) -> None:
    ours = SelfInstruct(backend="demo", out=out)
    assert list(ours) == []
    assert not out.exists(), "reading creates nothing"
    grown = ours.generate(6).instructions
    assert tuple(instruction.text for instruction in ours) == grown


def test_iterating_is_possible_while_another_writes(out: Path) -> None:
    ours = SelfInstruct(backend="demo", out=out)
    stream = ours.stream(40)
    first = next(stream)
    assert next(iter(ours)).text == first
    stream.close()


def test_plugins_may_be_objects(out: Path) -> None:
    class NoVowels(Filter[Any]):
        def evaluate(self, item: Any) -> Any:
            return drop("starts-with-a-vowel") if item.text[:1] in "AEIOU" else keep()

    class Plugin:
        @hookimpl
        def selfinstruct_filters(self) -> list[Component[Filter[Any]]]:
            return [Component("no-vowels", "Drop vowels", NoOptions, lambda _: NoVowels(), stages=(GENERATE,))]

    settings = {"generate": {"filters": [{"use": "no-vowels"}]}}
    result = SelfInstruct(backend="demo", out=out, plugins=[Plugin()], settings=settings).generate(20)
    assert not [text for text in result.instructions if text[0] in "AEIOU"]


def test_observers_see_every_reply(out: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.heard: list[int] = []

        def selfinstruct_settled(self, settlement: Any) -> None:
            self.heard.append(settlement.request.index)

    listener = Listener()
    asyncio.run(SelfInstruct(backend="demo", out=out).agenerate(20, observers=[listener]))
    assert listener.heard == list(range(len(listener.heard))) != []


def test_wrong_settings_are_reported_before_a_folder_is_made(out: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'demo'"):
        SelfInstruct(backend="dmo", out=out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"settings": {"run.sed": 7}}, "run.sed: unknown option; did you mean 'seed'"),
        ({"settings": {"genrate": {"target": 7}}}, "genrate: unknown option; did you mean 'generate'"),
        ({"settings": {"generate.filters.lenght.min_words": 4}}, "no entry 'lenght'; did you mean 'length'"),
        ({"settings": {"generate": {"filters": {"length": {"min_word": 4}}}}}, "filters.length.min_word: unknown"),
        ({"recipe": "chatt"}, "no recipe is called 'chatt'; did you mean 'chat'"),
        ({"config": "none.toml"}, "there is no config file none.toml"),
        ({"plugins": ["./none.py"]}, "there is no file ./none.py"),
        ({"plugins": "./none.py"}, r"plugins=\.\.\.\) takes a list, not str"),
        ({"settings": {"targt": 7}}, "targt: unknown option; did you mean generate.target"),
    ],
)
def test_the_constructor_says_what_is_wrong_with_its_arguments(given: dict[str, Any], words: str, out: Path) -> None:
    with pytest.raises((UsageError, PluginError), match=words):
        SelfInstruct(out=out, **given)


def test_a_run_whose_plugin_is_gone_can_be_read_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("quiet.py").write_text(
        "from selfinstruct.api import hookimpl\n\n\n@hookimpl\ndef selfinstruct_settled(settlement):\n    pass\n"
    )
    SelfInstruct(backend="demo", out=out, plugins=["./quiet.py"]).run(3)
    Path("quiet.py").unlink()
    again = SelfInstruct(out=out, settings={"export.encoder.system": "Be brief."})
    assert len(list(again)) == 3
    again.export(tmp_path / "set")


def test_a_folder_in_use_is_refused(out: Path) -> None:
    SelfInstruct(backend="demo", out=out).generate(1)
    holder = RunStore.open(out)
    with pytest.raises(RunError, match="in use"):
        SelfInstruct(backend="demo", out=out).generate(2)
    holder.close()


def test_a_cancelled_call_releases_the_folder_and_loses_nothing(out: Path) -> None:
    class Slow(Fluent):
        async def _agenerate(self, messages: list[BaseMessage], *rest: Any, **more: Any) -> ChatResult:
            if len(self.calls) >= 4:
                asked.set()
                await released.wait()
            return self._generate(messages)

    async def run() -> None:
        call = asyncio.create_task(SelfInstruct(model=Slow(), out=out).agenerate(500))
        await asyncio.wait_for(asked.wait(), 30)
        call.cancel()
        await asyncio.sleep(0)
        released.set()
        with pytest.raises(asyncio.CancelledError):
            await call

    asked, released = asyncio.Event(), asyncio.Event()
    asyncio.run(run())
    store = RunStore.open_readonly(out)
    totals = store.totals(GENERATE)
    store.close()
    assert totals.replies > 4, "replies that were under way are in the journal"
    assert len(SelfInstruct(model=Fluent(), out=out).generate(60).instructions) == 60


def test_a_key_inside_a_model_object_is_in_no_error_and_in_no_file(out: Path) -> None:
    with pytest.raises(ModelError) as caught:
        SelfInstruct(model=Fluent(fails_after=1), out=out).generate(50)
    assert "***" in str(caught.value)
    assert KEY not in str(caught.value)
    assert not [path for path in out.iterdir() if KEY.encode() in path.read_bytes()]


def test_a_refused_key_loses_no_earlier_reply(out: Path) -> None:
    settings = {"run": {"concurrency": 1}}
    with pytest.raises(ModelError):
        SelfInstruct(model=Fluent(fails_after=2), out=out, settings=settings).generate(50)
    assert len(SelfInstruct(model=Fluent(), out=out, settings=settings).generate(50).instructions) == 50


def test_ctrl_c_during_a_call_stops_it_and_keeps_its_replies(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = SelfInstruct(backend="demo", out=out, settings={"backend": {"latency": 0.01}})
    settled = threading.Event()

    class Listener:
        def selfinstruct_settled(self, _: Any) -> None:
            settled.set()

    waits: list[Any] = []
    real = Future.result

    def result(future: Any, timeout: Any = None) -> Any:
        if threading.current_thread() is threading.main_thread() and not waits:
            waits.append(1)
            assert settled.wait(30)
            raise KeyboardInterrupt
        return real(future, timeout)

    monkeypatch.setattr(Future, "result", result)
    with pytest.raises(Stopped, match="interrupted"):
        ours.generate(10_000, observers=[Listener()])
    monkeypatch.undo()
    assert 0 < len(list(ours)) < 10_000
