"""The contracts catch what they are for: each broken component fails the test that is made for its fault."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from selfinstruct.api import (
    Backend,
    Busy,
    Component,
    DataError,
    Draft,
    Filter,
    Instruction,
    Json,
    Message,
    NoOptions,
    Options,
    PluginError,
    PoolView,
    PostProcessor,
    PromptEncoder,
    Sampler,
    TrainingEncoder,
    chat,
    drop,
    hookimpl,
    keep,
)
from selfinstruct.testing import (
    BackendContract,
    ComponentContract,
    FilterContract,
    PostProcessorContract,
    PromptEncoderContract,
    SamplerContract,
    Script,
    TrainingEncoderContract,
    make_draft,
)


def failing(contract: type[ComponentContract], component: Component[Any], test: str, **attributes: Any) -> None:
    """The contract's test must fail for this component."""
    case = contracted(contract, component, **attributes)
    with pytest.raises((AssertionError, PluginError, TypeError, ValueError, LookupError)):
        getattr(case, test)()


def contracted(contract: type[ComponentContract], component: Component[Any], **attributes: Any) -> Any:
    """The contract with the component in it."""
    hook = hookimpl(lambda: [component])
    plugin = SimpleNamespace(**{contract.hook: hook})
    return type("TestIt", (contract,), {"plugin": plugin, "name": component.name, **attributes})()


def all_tests(case: ComponentContract) -> Iterator[Callable[[], None]]:
    for name in dir(case):
        if name.startswith("test_") and name != "test_it_reads_every_error":
            yield getattr(case, name)


def of(build: Callable[[], Any], stages: tuple[str, ...] = ("generate",)) -> Component[Any]:
    return Component("mine", "Mine", NoOptions, lambda _: build(), stages)


# --- sound components pass


class Keeps(Filter[Any]):
    """Keeps everything."""

    def evaluate(self, item: Any) -> Any:
        return keep()


def build_keeps(_options: Any) -> Keeps:
    return Keeps()


def test_a_sound_filter_passes() -> None:
    for test in all_tests(contracted(FilterContract, of(Keeps), keeps=[make_draft()], seeds_pass=True)):
        test()


def test_a_contract_that_names_no_plugin_says_what_to_set() -> None:
    case = type("TestIt", (FilterContract,), {"name": "mine"})()
    with pytest.raises(pytest.fail.Exception, match="set `plugin`"):
        case.test_it_evaluates()


def test_a_contract_for_a_component_that_is_not_offered_names_those_that_are() -> None:
    with pytest.raises(AssertionError, match=r"offers \['mine'\], and not 'other'"):
        contracted(FilterContract, of(Keeps), name="other").test_it_evaluates()


# --- descriptors


class Loose(BaseModel):
    """Options that forget to be frozen."""

    width: int = Field(3, description="Width.")


class Undescribed(Options):
    """An option without a description."""

    width: int = 3


class Unwritable(Options):
    """An option that no file can hold."""

    width: float = Field(float("inf"), description="Width.")


ONCE = Keeps()
DESCRIPTORS: dict[str, tuple[Component[Any], str]] = {
    "name": (Component("My Filter", "Mine", NoOptions, build_keeps), "test_its_descriptor_is_sound"),
    "description": (Component("mine", "Mine", Undescribed, build_keeps), "test_its_descriptor_is_sound"),
    "summary": (Component("mine", "Two\nlines", NoOptions, build_keeps), "test_its_summary_is_one_line"),
    "no summary": (Component("mine", " ", NoOptions, build_keeps), "test_its_summary_is_one_line"),
    "unknown names": (Component("mine", "Mine", Loose, build_keeps), "test_its_options_refuse_unknown_names"),  # type: ignore[arg-type]
    "not frozen": (Component("mine", "Mine", Loose, build_keeps), "test_its_options_are_frozen"),  # type: ignore[arg-type]
    "no JSON": (Component("mine", "Mine", Unwritable, build_keeps), "test_its_options_can_be_recorded"),
    "other kind": (of(dict), "test_it_is_built_as_what_its_kind_must_be"),
    "built once": (of(lambda: ONCE), "test_each_build_makes_a_new_one"),
}


@pytest.mark.parametrize("fault", DESCRIPTORS)
def test_an_unsound_descriptor_fails(fault: str) -> None:
    component, test = DESCRIPTORS[fault]
    if test in ("test_its_options_refuse_unknown_names", "test_its_options_are_frozen"):
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            getattr(contracted(FilterContract, component), test)()
    else:
        failing(FilterContract, component, test)


def test_a_heavy_import_fails(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    source = (
        "import numpy\nfrom selfinstruct.api import hookimpl\n\n@hookimpl\ndef selfinstruct_filters():\n    return []\n"
    )
    (tmp_path / "heavy_plugin_module.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugin = importlib.import_module("heavy_plugin_module")
    case = type("TestIt", (FilterContract,), {"plugin": plugin, "name": "mine"})()
    with pytest.raises(AssertionError, match="importing heavy_plugin_module imports numpy"):
        case.test_registering_it_is_cheap()


# --- filters

SHARED: list[str] = []


class Judges(Filter[Any]):
    """Does what it is made of."""

    def __init__(self, **does: Any) -> None:
        self.memory: list[str] = []
        self.does = does

    def evaluate(self, item: Any) -> Any:
        return self.does.get("evaluate", lambda *_: keep())(self, item)

    def observe(self, item: Any) -> None:
        self.does.get("observe", lambda me, item: me.memory.append(item.text))(self, item)

    def observe_all(self, items: Any) -> None:
        default = lambda me, items: [me.observe(item) for item in items]  # noqa: E731
        self.does.get("observe_all", default)(self, items)

    def prefetch(self, items: Any) -> None:
        self.does.get("prefetch", lambda *_: None)(self, items)


def seen(me: Judges, item: Any) -> Any:
    return drop("seen") if item.text in me.memory else keep()


def remembers(me: Judges, item: Any) -> Any:
    verdict = seen(me, item)
    me.memory.append(item.text)
    return verdict


def edits(me: Judges, item: Any) -> Any:
    item.notes["seen"] = True
    return keep()


def shares(me: Judges, item: Any) -> None:
    SHARED.append(item.text)


FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "judging remembers": ({"evaluate": remembers}, "test_evaluating_is_not_remembering"),
    "draws": (
        {"evaluate": lambda *_: keep() if random.random() < 0.5 else drop("x")},
        "test_evaluating_is_not_remembering",
    ),
    "edits": ({"evaluate": edits}, "test_it_evaluates"),
    "reason with blanks": ({"evaluate": lambda *_: drop("Too bad")}, "test_it_evaluates"),
    "no reason": ({"evaluate": lambda *_: drop("")}, "test_it_evaluates"),
    "truth value": ({"evaluate": lambda *_: True}, "test_it_evaluates"),
    "evidence": ({"evaluate": lambda *_: drop("x", what={1})}, "test_it_evaluates"),  # type: ignore[arg-type]
    "not a number": ({"evaluate": lambda *_: drop("x", what=float("nan"))}, "test_it_evaluates"),
    "raises on the empty text": (
        {"evaluate": lambda _, item: drop("sign") if item.text[0] in "#*" else keep()},
        "test_it_takes_any_text",
    ),
    "prefetch": (
        {"evaluate": seen, "prefetch": lambda me, items: me.memory.extend(item.text for item in items)},
        "test_prefetching_is_a_hint",
    ),
    "observe_all forgets": (
        {"evaluate": seen, "observe_all": lambda *_: None},
        "test_observing_one_by_one_and_all_at_once_is_the_same",
    ),
    "observe_all starts again": (
        {"evaluate": seen, "observe_all": lambda me, items: setattr(me, "memory", [item.text for item in items])},
        "test_observing_one_by_one_and_all_at_once_is_the_same",
    ),
    "observe_all wants a list": (
        {"evaluate": seen, "observe_all": lambda me, items: me.memory.extend(items[i].text for i in range(len(items)))},
        "test_observing_one_by_one_and_all_at_once_is_the_same",
    ),
    "one memory for all": (
        {"evaluate": lambda _, item: drop("seen") if item.text in SHARED else keep(), "observe": shares},
        "test_two_of_it_have_two_memories",
    ),
    "observing raises": ({"observe": lambda _, item: item.text[0]}, "test_it_can_observe_anything_that_was_accepted"),
}


@pytest.mark.parametrize("fault", FILTERS)
def test_a_filter_that_breaks_its_promise_fails(fault: str) -> None:
    does, test = FILTERS[fault]
    SHARED.clear()
    failing(FilterContract, of(lambda: Judges(**does)), test)


def test_a_filter_that_does_not_do_what_its_author_says_fails() -> None:
    failing(FilterContract, of(Keeps), "test_it_drops_what_it_should", drops=[(make_draft(), "haiku")])
    strict = of(lambda: Judges(evaluate=lambda *_: drop("no")))
    failing(FilterContract, strict, "test_it_keeps_what_it_should", keeps=[make_draft()])
    failing(FilterContract, strict, "test_seeds_pass_if_they_are_to", seeds_pass=True)


# --- samplers and encoders


class Samples(Sampler):
    """Samples as a function does."""

    def __init__(self, sample: Callable[[PoolView], Any]) -> None:
        self._sample = sample
        self.last: list[Instruction] = []

    def sample(self, view: PoolView) -> Any:
        return self._sample(view)


class Cautious(Samples):
    """Wants ten seeds, and takes twenty."""

    def check(self, seeds: Any) -> None:
        if len(seeds) < 10:
            raise DataError("too few seeds")


class Rotates(Sampler):
    """Goes on where it stopped."""

    at = 0

    def sample(self, view: PoolView) -> Any:
        self.at += 1
        return [view.seeds[self.at % len(view.seeds)]]


SAMPLERS: dict[str, tuple[Callable[[], Sampler], str]] = {
    "shared randomness": (
        lambda: Samples(lambda view: [random.choice(list(view.seeds))]),
        "test_the_same_view_gives_the_same_sample",
    ),
    "memory": (Rotates, "test_it_remembers_nothing"),
    "twice": (
        lambda: Samples(lambda view: [view.seeds[0], view.seeds[0]]),
        "test_a_sample_is_of_the_view_and_has_nobody_twice",
    ),
    "strangers": (
        lambda: Samples(lambda _: [Instruction("x", "Mine")]),
        "test_a_sample_is_of_the_view_and_has_nobody_twice",
    ),
    "texts": (
        lambda: Samples(lambda view: [view.seeds[0].text]),
        "test_a_sample_is_of_the_view_and_has_nobody_twice",
    ),
    "too few": (
        lambda: Cautious(lambda view: view.rng.sample(view.seeds, 20)),
        "test_seeds_that_do_not_suffice_are_refused_before_anything_is_paid",
    ),
    "sums of lists": (
        lambda: Samples(lambda view: view.rng.sample(view.seeds + view.machine, 1)),  # type: ignore[operator]
        "test_any_view_that_it_accepts_can_be_sampled",
    ),
}


@pytest.mark.parametrize("fault", SAMPLERS)
def test_a_sampler_that_breaks_its_promise_fails(fault: str) -> None:
    build, test = SAMPLERS[fault]
    failing(SamplerContract, of(build), test)


class Prompts(PromptEncoder):
    """Encodes as a function does."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        self._encode = encode

    def encode(self, examples: Any, subjects: Any) -> Any:
        return self._encode(examples)


PROMPTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda _: [], "test_it_writes_messages"),
    "blank": (lambda _: [Message("user", " ")], "test_it_writes_messages"),
    "role": (lambda _: [Message("robot", "Write.")], "test_it_writes_messages"),  # type: ignore[arg-type]
    "text": (lambda _: ["Write."], "test_it_writes_messages"),
    "draws": (lambda _: [Message("user", str(random.random()))], "test_it_is_pure"),
    "template": (
        lambda shown: [Message("user", "".join(one.text for one in shown).format())],
        "test_it_takes_any_text",
    ),
}


@pytest.mark.parametrize("fault", PROMPTS)
def test_a_prompt_encoder_that_breaks_its_promise_fails(fault: str) -> None:
    encode, test = PROMPTS[fault]
    failing(PromptEncoderContract, of(lambda: Prompts(encode)), test)


class Rows(TrainingEncoder):
    """Encodes as a function does."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        self._encode = encode

    def encode(self, example: Any) -> Any:
        return self._encode(example)


ROWS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "keys": (lambda it: {"input": 1} if it.input else {"output": 2}, "test_its_rows_have_the_same_keys"),
    "values": (lambda it: {"text": {it.output}}, "test_its_rows_are_json"),
    "nothing": (lambda _: {}, "test_its_rows_are_json"),
    "draws": (lambda _: {"text": random.random()}, "test_it_is_pure"),
    "raises": (lambda it: {"text": it.output.encode("latin-1").decode()}, "test_it_takes_any_text"),
}


@pytest.mark.parametrize("fault", ROWS)
def test_a_training_encoder_that_breaks_its_promise_fails(fault: str) -> None:
    encode, test = ROWS[fault]
    failing(TrainingEncoderContract, of(lambda: Rows(encode), ("export",)), test)


# --- post-processors


class Reads(PostProcessor):
    """Reads as a function does."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def process(self, request: Any, reply: Any) -> Any:
        return self._read(reply.text)


def lines(text: str) -> list[Draft]:
    return [Draft(line) for line in text.splitlines() if line.strip()]


READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "no items": (lambda text: text.splitlines(), "test_it_takes_nasty_texts"),
    "nothing": (lambda _: None, "test_it_takes_nasty_texts"),
    "notes": (lambda text: [Draft(text, (), {"what": {1}})], "test_it_takes_nasty_texts"),  # type: ignore[dict-item]
    "raises on the empty text": (lambda text: [Draft(text.splitlines()[0])], "test_it_takes_any_text"),
    "raises on huge numbers": (
        lambda text: [
            Draft(line)
            for line in text.splitlines()
            if line.partition(".")[0].isdigit() and int(line.partition(".")[0])
        ],
        "test_it_takes_nasty_texts",
    ),
    "draws": (lambda text: [Draft(text)] * random.randint(0, 9), "test_it_is_pure"),
    "backwards": (lambda text: lines(text)[::-1], "test_items_stand_in_the_order_of_the_reply"),
    "invents": (lambda _: [Draft("Write a poem.")], "test_it_never_takes_more_than_the_reply_holds"),
}


@pytest.mark.parametrize("fault", READERS)
def test_a_post_processor_that_breaks_its_promise_fails(fault: str) -> None:
    read, test = READERS[fault]
    failing(PostProcessorContract, of(lambda: Reads(read)), test)


def test_a_post_processor_that_speaks_of_what_nobody_asked_about_fails() -> None:
    from selfinstruct.api import Label

    failing(
        PostProcessorContract,
        of(lambda: Reads(lambda _: [Label("yes", "g99.0")]), ("classify",)),
        "test_it_takes_nasty_texts",
    )


# --- backends


class KeyOptions(Options):
    """A backend's options."""

    api_key: SecretStr | None = Field(None, description="The key.")


class Answers(Backend):
    """A backend that is well."""

    def __init__(self, options: KeyOptions) -> None:
        self._key = options.api_key

    def chat_model(self, sampling: Any) -> Any:
        return Script(lambda _: "1. Name a river.").chat_model()

    def secrets(self) -> Any:
        return [self._key.get_secret_value()] if self._key else []


class Retries(Answers):
    """Hands out a client that retries."""

    def chat_model(self, sampling: Any) -> Any:
        return SimpleNamespace(max_retries=2)


class Silent(Answers):
    """Does not name its key."""

    def secrets(self) -> Any:
        return []


class Talks(Answers):
    """Tells its key."""

    def describe(self) -> dict[str, Json]:
        return {"model": f"mine, with {self.secrets()[0]}"}


class Raises(Answers):
    """Raises where it should speak, and reads only what it knows."""

    def check(self) -> Any:
        raise ConnectionError("nobody there")

    def read_error(self, error: Exception) -> Any:
        return Busy(error.response.text) if hasattr(error, "response") else chat.read_exception(error)

    def limits(self) -> Any:
        return None

    def prices(self) -> Any:
        return 0

    closed = False

    async def close(self) -> None:
        assert not self.closed
        self.closed = True


BACKENDS: dict[str, tuple[type[Backend], str]] = {
    "retries": (Retries, "test_its_client_does_not_retry"),
    "no model": (Retries, "test_it_gives_a_chat_model_or_says_why_not"),
    "secret not named": (Silent, "test_it_tells_no_secret"),
    "secret shown": (Talks, "test_it_tells_no_secret"),
    "limits": (Raises, "test_it_tells_limits_and_prices"),
    "closed twice": (Raises, "test_it_can_be_closed_at_any_time"),
}


def backend(kind: type[Backend]) -> Component[Any]:
    return Component("mine", "Mine", KeyOptions, kind)


def test_a_sound_backend_passes() -> None:
    case = contracted(BackendContract, backend(Answers), answers=True)
    for test in all_tests(case):
        test()
    case.test_it_reads_every_error("wrong key")


@pytest.mark.parametrize("fault", BACKENDS)
def test_a_backend_that_breaks_its_promise_fails(fault: str) -> None:
    kind, test = BACKENDS[fault]
    failing(BackendContract, backend(kind), test)


def test_a_backend_that_raises_where_it_should_speak_fails() -> None:
    case = contracted(BackendContract, backend(Raises))
    with pytest.raises(ConnectionError):
        case.test_it_checks_itself_where_there_is_no_server()
    with pytest.raises(AttributeError):
        case.test_it_reads_every_error("response that is none")
