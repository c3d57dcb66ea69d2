"""Component descriptors, and the base classes of components."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pluggy

from selfinstruct.api import chat
from selfinstruct.api.batches import Batches, Exchange
from selfinstruct.api.options import Options
from selfinstruct.types import (
    BilledModel,
    Completion,
    Deferred,
    Diagnosis,
    Example,
    Fault,
    Instruction,
    Json,
    Limits,
    Message,
    PoolView,
    Prices,
    Reply,
    Request,
    Sampling,
    SeedTask,
    Similarity,
    TaskFact,
    Verdict,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.messages import BaseMessage

API_VERSION = 1
"""A plugin may set `SELFINSTRUCT_API = 1` in its module. A plugin for another version is refused with an error."""

hookimpl = pluggy.HookimplMarker("selfinstruct")
"""Marks a function of a plugin as the implementation of the hook of the same name."""

T = TypeVar("T")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Component(Generic[T]):
    """A descriptor of a component that a plugin offers. Registering must be cheap; `build` may import large packages.

    name      how a config names it: lower-case words joined by hyphens, unique within its kind
    summary   one line for `selfinstruct plugins list`
    options   the options class; every field needs a description
    build     called once for each place in the config that uses it
    stages    the stages it can serve; empty means every one
    extra     the extra of this distribution that installs what `build` imports
    """

    name: str
    summary: str
    options: type[Options]
    build: Callable[[Any], T]
    stages: tuple[str, ...] = ()
    extra: str = ""


class Backend(ABC):
    """A language model behind any LangChain chat model.

    Only `chat_model` is required. The client's own retries must be off. All methods are called in the thread of the
    run's event loop, except `chat_model`, `accepts_schema` and `check`, which may block.
    """

    timeout: float = 120.0
    """Longest time of one call, in seconds."""

    local: bool = False
    """Whether prompts stay on this machine. The core then switches LangSmith tracing off by default."""

    repeatable: bool = False
    """Whether asking again costs nothing and gives the same reply, as from a file. Then nothing waits for the disk:
    requests and replies are still recorded in their order, but after a kill the latest may be asked for again."""

    continues_text: bool = False
    """Whether the model is a completion model. Then a recipe of conversations is refused before the first request."""

    @abstractmethod
    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """Return a chat model with these sampling parameters. Called once for each stage of a command.

        A completion model (`BaseLLM`) only accepts prompts of one user message, as a text to continue.

        Raises `ModelError` with a hint if there is no usable model.
        """

    def accepts_schema(self) -> bool:
        """Say whether the chosen model keeps its reply to a JSON schema. Called before `chat_model`."""
        return False

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """Give the arguments of a call that pass a schema; the default is the form of OpenAI's API."""
        return chat.response_format(schema)

    def read_reply(self, message: BaseMessage) -> Completion:
        """Read text, finish reason and usage from the client's message. Raise if the message is incomplete."""
        return chat.read_message(message)

    def read_error(self, error: Exception) -> Fault:
        """Turn an exception of the client into a fault. The default knows HTTP status codes and common timeouts."""
        return chat.read_exception(error)

    def limits(self) -> Limits:
        """Return the provider's limits, as far as they are known. Called again after every reply."""
        return Limits()

    def prices(self) -> Prices | None:
        """Return the prices of tokens, or `None` if they are unknown, never 0 instead. Called after `chat_model`."""
        return None

    def billed_model(self) -> BilledModel | None:
        """Return the model to look up in a price table; `None` while none is chosen. It must not ask a server."""
        return None

    def describe(self) -> Mapping[str, Json]:
        """Return facts to record with the run, never a secret: `model`, and other settings that affect replies.

        Called after `chat_model`. A `note` is a sentence that is shown to the user.
        """
        return {}

    def secrets(self) -> Sequence[str]:
        """Return strings that must never be written anywhere. The core masks them in every message."""
        return ()

    def make_room(self, tokens: int) -> None:  # noqa: B027 - optional
        """Choose a context that holds the longest request with its reply, of so many tokens. Called before `check`."""

    def check(self) -> Diagnosis:
        """Check key, server and model, for `selfinstruct doctor`."""
        return Diagnosis()

    @property
    def takes_batches(self) -> bool:
        """Whether `batches` gives any; known without a key or a server."""
        return False

    def batches(self) -> Batches | None:
        """Where the provider takes batches of requests; `None` if it takes none."""
        return None

    def offline_model(self, sampling: Sampling, exchange: Exchange) -> BaseChatModel | None:
        """A model whose client calls `exchange` with the body of a request instead of a server, for batches.

        `None` where requests and replies are not those of OpenAI's chat completions.
        """
        del sampling, exchange
        return None

    async def close(self) -> None:  # noqa: B027 - closing nothing is a fine default
        """Close connections. Called once when the stage ends."""


class Sampler(ABC):
    """Chooses the examples that a prompt shows."""

    @abstractmethod
    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Choose examples, in the order in which the prompt shows them. It must be pure: one view, one sample."""

    def check(self, seeds: Sequence[SeedTask]) -> None:  # noqa: B027 - optional
        """Check a run's seed tasks before its first request. Raises `DataError` if they are not enough."""


class PromptEncoder(ABC):
    """Writes the messages of a request."""

    @abstractmethod
    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:
        """Write the messages. Must be pure. `subjects` are the instructions in question; empty in the stage `generate`.

        In the stage `judge` each subject has the `example` to rate.
        """

    sampling: Sampling = Sampling()
    """Sampling parameters for this prompt. Those of the config override them."""

    prefers_schema: bool = True
    """Whether `run.structured = "auto"` uses `with_schema` where the model takes a schema."""

    def with_schema(self) -> PromptEncoder | None:
        """Give the encoder that asks for the same as JSON, whose `schema` says in which form; `None` if there is none.

        Called once when a stage starts. The post-processor must read both forms.
        """
        return None

    def with_facts(self, facts: Sequence[TaskFact]) -> PromptEncoder | None:  # noqa: ARG002
        """Give the encoder that also asks for facts, which the post-processor puts into `Label.notes["facts"]`."""
        return None

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Mapping[str, Json] | None:  # noqa: ARG002
        """Give the JSON schema that the reply to `encode(examples, subjects)` must have; `None` for free text.

        Use few keywords: `type`, `properties`, `enum` and `anyOf`, every property in `required`, and
        `additionalProperties` false; numbered keys in place of lists.
        """
        return None


class TrainingEncoder(ABC):
    """Turns a training example into one row of a training file."""

    @abstractmethod
    def encode(self, example: Example) -> Mapping[str, Json]:
        """Write one row. Must be pure, with the same keys in every row."""


class PostProcessor(ABC):
    """Reads a reply into items. It must be pure, accept any text, never judge quality and never raise."""

    @abstractmethod
    def process(self, request: Request, reply: Reply) -> Sequence[Any]:
        """Read the items from the reply, in order.

        Stage `generate`: `Draft`s. `classify`: a `Label` for each of `request.subjects` with an answer in the reply.
        `instances`: a `RawInstances` for each subject. `prepare`: `Example`s, from `request.subjects[0]` and the raw
        instances in `reply.text`. `judge`: a `Rating` for each of `request.subjects` with an answer in the reply.
        """


class Filter(ABC, Generic[Item]):
    """Keeps or drops items, one at a time, in a fixed order, never from two threads at once."""

    @abstractmethod
    def evaluate(self, item: Item) -> Verdict:
        """Keep or drop the item, and say why. Must not edit the item or remember it; use `observe` for memory."""

    def prefetch(self, items: Sequence[Item]) -> None:
        """Receive all items of a reply before the first is evaluated, for filters that work in batches."""

    def observe(self, item: Item) -> None:
        """Remember each seed of `generate` and each accepted item, once and in order, also when a run is resumed."""

    def nearness(self, item: Item) -> float | None:  # noqa: ARG002
        """Say how near the item is to the nearest observed one, from 0 to 1, for `export --best`; `None` if it cannot.

        Observing more must never lower it.
        """
        return None

    def observe_all(self, items: Iterable[Item]) -> None:
        """Remember many items when a run is resumed. The default calls `observe` for each."""
        for item in items:
            self.observe(item)


_KEPT = Verdict(keep=True, evidence=MappingProxyType({}))
"""Nearly all verdicts, so one is made for all."""


def keep(similarity: Similarity | Deferred | None = None) -> Verdict:
    """Let an item pass."""
    return _KEPT if similarity is None else Verdict(keep=True, similarity=similarity)


def drop(reason: str, similarity: Similarity | None = None, **evidence: Json) -> Verdict:
    """Drop an item. The reason is a short fixed phrase in kebab case; keyword arguments are its evidence."""
    return Verdict(keep=False, reason=reason, evidence=evidence, similarity=similarity)
