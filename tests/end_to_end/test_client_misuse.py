"""`SelfInstruct` used wrongly, or in unusual surroundings: it says what is wrong, and does not hang."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from selfinstruct import PluginError, RunError, SelfInstruct, Stopped, UsageError
from selfinstruct.api import Component, Filter, NoOptions, drop, hookimpl, keep
from selfinstruct.client.arguments import _KINDS
from selfinstruct.client.event_loop import start
from selfinstruct.store import RunStore
from tests.end_to_end.test_client import Fluent


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


# --- arguments

CONSTRUCTOR = [
    ({"out": 3}, "takes a path, not int"),
    ({"out": ""}, "takes a path, not ''"),
    ({"out": b"run"}, "takes a path, not bytes"),
    ({"config": {"run": {"seed": 3}}}, "takes a path, not dict"),
    ({"batch_folder": 3}, "takes a path, not int"),
    ({"seeds": [{"instruction": "Sing.", "output": "La"}]}, "takes a path, not list\nWrite the seed tasks into a file"),
    ({"plugins": None}, "takes a list, not None"),
    ({"plugins": "mine.py"}, "takes a list, not str"),
    ({"settings": "run.seed=7"}, "takes a dictionary whose names are texts, not str"),
    ({"settings": {3: 4}}, "takes a dictionary whose names are texts, not dict"),
    ({"wait": "no"}, "takes True or False, not str"),
]

CALLS = [
    ("generate", {"target": "5"}, "takes a whole number, not str"),
    ("generate", {"target": True}, "takes a whole number, not bool"),
    ("run", {"target": 5.0}, "takes a whole number, not float"),
    ("run", {"judge": "yes"}, "takes True or False, not str"),
    ("run", {"observers": object()}, "takes a list, not object"),
    ("prepare", {"include_seeds": "no"}, "takes True or False, not str"),
    ("prepare", {"min_score": 1.5}, "takes a whole number, not float"),
    ("status", {"more": "x"}, "takes a whole number, not str"),
    ("export", {"to": 3}, "takes a path, not int"),
    ("export", {"to": "set", "columns": "id"}, "takes a list, not str"),
    ("export", {"to": "set", "columns": None}, "takes a list, not None"),
    ("export", {"to": "set", "split": "0.9"}, "takes a number, not str"),
    ("export", {"to": "set", "best": 1.5}, "takes a whole number, not float"),
    ("export", {"to": "set", "mlx": "no"}, "takes True or False, not str"),
    ("to_pandas", {"format": 3}, "takes a text, not int"),
]


@pytest.mark.parametrize(("given", "words"), CONSTRUCTOR)
def test_an_argument_of_another_type_is_refused_by_name(out: Path, given: dict[str, Any], words: str) -> None:
    (name,) = given
    with pytest.raises(UsageError, match=rf"^SelfInstruct\({name}=\.\.\.\) {words}"):
        SelfInstruct(**{"backend": "demo", "out": out, **given})


@pytest.mark.parametrize(("call", "given", "words"), CALLS)
def test_plain_and_async_calls_refuse_an_argument_of_another_type(
    out: Path, call: str, given: dict[str, Any], words: str
) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    said = rf"^{call}\({list(given)[-1]}=\.\.\.\) {words}"
    with pytest.raises(UsageError, match=said):
        getattr(grow, call)(**given)
    if twin := getattr(grow, f"a{call}", None):
        with pytest.raises(UsageError, match=said):
            asyncio.run(twin(**given))
    assert not out.exists()


def test_every_kind_of_argument_is_checked() -> None:
    calls = [call for name, call in vars(SelfInstruct).items() if not name.startswith("_") or name == "__init__"]
    annotations = {
        str(one.annotation).removesuffix(" | None").partition("[")[0]
        for call in [*calls, SelfInstruct.export, SelfInstruct.status]
        for name, one in inspect.signature(call).parameters.items()
        if name not in ("self", "model")
    }
    assert annotations - {"FileFormat", "Balance", "Literal"} <= set(_KINDS), "the three have checks of their own"


def test_whole_numbers_of_any_type_and_generators_are_taken(out: Path) -> None:
    class Seven:
        def __index__(self) -> int:
            return 7

    heard: list[str] = []

    class Listener:
        def selfinstruct_stage_finished(self, summary: Any) -> None:
            heard.append(summary.stage)

    grow = SelfInstruct(backend="demo", out=out, plugins=iter([]))  # type: ignore[arg-type]
    result = grow.run(Seven(), observers=(one for one in [Listener()]))  # type: ignore[arg-type]
    assert len(result.instructions) == 7
    assert heard == [summary.stage for summary in result.summaries], "every stage has the observers"


def test_a_model_and_a_setting_of_a_backend_are_not_both_taken(out: Path) -> None:
    for settings in ({"backend.use": "demo"}, {"backend": {"model": "x"}}):
        with pytest.raises(UsageError, match="both a model and the setting backend"):
            SelfInstruct(model=Fluent(), out=out, settings=settings)


# --- observers and plugins


class Misspelt:
    def selfinstruct_setled(self, settlement: Any) -> None: ...


class Waiting:
    async def selfinstruct_settled(self, settlement: Any) -> None: ...


@pytest.mark.parametrize(
    ("observer", "words"),
    [
        (Misspelt(), "observer Misspelt has no method named like a hook: 'selfinstruct_setled' is not a hook; did you"),
        (print, "observer builtin_function_or_method has no method named like a hook\nObserving hooks: selfinstruct_"),
        (Waiting(), "selfinstruct_settled of the observer Waiting is async"),
    ],
)
def test_an_observer_that_would_hear_nothing_is_refused(out: Path, observer: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SelfInstruct(backend="demo", out=out).generate(2, observers=[observer])
    assert not out.exists()


class Word(Filter[Any]):
    def __init__(self, word: str) -> None:
        self.word = word

    def evaluate(self, item: Any) -> Any:
        return drop("word", word=self.word) if self.word in item.text else keep()


class WordPlugin:
    def __init__(self, word: str) -> None:
        self.word = word

    @hookimpl
    def selfinstruct_filters(self) -> list[Any]:
        return [Component(f"no-{self.word}", "Drop a word", NoOptions, lambda _: Word(self.word), ("generate",))]


def test_two_objects_of_one_class_are_two_plugins(out: Path) -> None:
    filters = {"generate.add_filters": [{"use": "no-average"}, {"use": "no-list"}]}
    plugins = [WordPlugin("average"), WordPlugin("list")]
    grow = SelfInstruct(backend="demo", out=out, plugins=plugins, settings=filters)
    texts = grow.generate(30).instructions
    assert not [text for text in texts if "average" in text or "list" in text]
    assert {"no-average", "no-list"} <= grow.status().stages["generate"].drops.keys()
    with pytest.raises(PluginError, match="it is registered already, as 'WordPlugin'"):
        SelfInstruct(backend="demo", out=out, plugins=[plugins[0], plugins[0]], settings={"run.seed": 1})


def test_a_class_in_place_of_an_object_is_named(out: Path) -> None:
    with pytest.raises(PluginError, match="no argument 'self', none; it is a method, so give an object of the class"):
        SelfInstruct(backend="demo", out=out, plugins=[WordPlugin])


def test_a_plugin_may_be_a_path(out: Path) -> None:
    Path("mine.py").write_text(
        "from selfinstruct.api import hookimpl\n\n\n@hookimpl\ndef selfinstruct_settled(settlement):\n    pass\n"
    )
    assert SelfInstruct(backend="demo", out=out, plugins=[Path("mine.py")]).generate(2).summary.exit_code == 0


# --- surroundings


def test_a_change_of_the_working_folder_starts_no_second_run(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow = SelfInstruct(backend="demo", out="run")
    grow.generate(2)
    (out.parent / "elsewhere").mkdir()
    monkeypatch.chdir(out.parent / "elsewhere")
    assert len(grow.generate(4).instructions) == 4 == len(list(grow))
    assert not Path("run").exists()


def test_a_folder_in_use_by_this_process_is_not_said_to_be_anothers(out: Path) -> None:
    SelfInstruct(backend="demo", out=out).generate(1)
    holder = RunStore.open(out)
    with pytest.raises(RunError, match="in use by another call of this process"):
        SelfInstruct(backend="demo", out=out).generate(2)
    holder.close()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_model_that_exits_leaves_the_plain_calls_working(kind: type[BaseException]) -> None:
    async def fail() -> None:
        raise kind

    async def succeed() -> str:
        return "done"

    with pytest.raises(kind):
        start(fail()).result(30)
    assert start(succeed()).result(30) == "done"


def test_a_plain_call_of_an_observer_does_not_hang(out: Path) -> None:
    class Caller:
        def selfinstruct_settled(self, settlement: Any) -> None:
            SelfInstruct(backend="demo", out="other").generate(2)

    grow = SelfInstruct(backend="demo", out=out)
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(grow.generate(3, observers=[Caller()])), daemon=True)
    with pytest.warns(UserWarning, match="an observer or a model of a plain call made another"):  # noqa: PT031
        thread.start()
        thread.join(60)
    assert [len(result.instructions) for result in results] == [3]


def test_ctrl_c_in_a_stream_stops_it_as_it_stops_a_call(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        """The queue of the stream, whose reader presses Ctrl-C once after the third instruction."""

        def __init__(self) -> None:
            self.queue: SimpleQueue[Any] = SimpleQueue()
            self.put, self.taken = self.queue.put, 0

        def get(self) -> Any:
            self.taken += 1
            if self.taken == 4:
                raise KeyboardInterrupt
            return self.queue.get()

    monkeypatch.setattr("selfinstruct.client.self_instruct.queue", SimpleNamespace(SimpleQueue=Interrupted))
    grow = SelfInstruct(backend="demo", out=out, settings={"backend": {"latency": 0.01}})
    with pytest.raises(Stopped, match="interrupted"):
        list(grow.stream(10_000))
    assert 3 <= len(list(grow)) < 10_000


def test_calls_can_be_sent_to_other_processes(out: Path) -> None:
    grow = SelfInstruct(backend="demo", out=out)
    for name in ("generate", "agenerate", "export", "aexport"):
        assert pickle.loads(pickle.dumps(getattr(grow, name))).__name__ == name
