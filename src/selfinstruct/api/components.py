"""Component descriptors, and the base classes of what they build."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import pluggy
from pydantic import BaseModel, ConfigDict, Field

from selfinstruct.api import chat
from selfinstruct.types import (
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
    Verdict,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, BaseLLM
    from langchain_core.messages import BaseMessage

API_VERSION = 1
"""A plugin may set `SELFINSTRUCT_API = 1` in its module; one made for another version is refused with a sentence."""

hookimpl = pluggy.HookimplMarker("selfinstruct")
"""Marks a function of a plugin as the implementation of the hook of the same name."""

T = TypeVar("T")
Item = TypeVar("Item")


class Options(BaseModel):
    """Base of every component's options: frozen, no unknown names, a description on every field."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    unfrozen: ClassVar[frozenset[str]] = frozenset()
    """Options that cannot change a result, such as addresses and timeouts: a run may go on with other values."""


class NoOptions(Options):
    """For a component that has nothing to set."""


class BackendOptions(Options):
    """What every backend that calls a server can be told."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"timeout", "base_url", "api_key"})

    timeout: float = Field(120.0, gt=0, description="Seconds one call may take in all, answer included.")


@dataclass(frozen=True, slots=True)
class Component(Generic[T]):
    """A descriptor of something a plugin offers. Registering is cheap; `build` may import what is heavy.

    name      how a config names it (`use = "name"`); lower-case words joined by hyphens, unique within its kind
    summary   one line for `selfinstruct plugins list`
    options   its options class: every field needs a description
    build     called once for each place in the config that uses it
    stages    the stages it can serve; empty means every one
    extra     the extra of this distribution that brings what `build` imports, such as "groq"
    """

    name: str
    summary: str
    options: type[Options]
    build: Callable[[Any], T]
    stages: tuple[str, ...] = ()
    extra: str = ""


class Backend(ABC):
    """A language model behind any LangChain chat model.

    Only `chat_model` must be written. Retry, waiting, rate limits and the journal belong to the core, so the client's
    own retries must be off. All methods are called in the thread of the run's event loop, except `chat_model`,
    `accepts_schema` and `check`, which may block and are called in a thread beside it.
    """

    timeout: float = 120.0
    """Seconds one call may take in all."""

    local: bool = False
    """Whether prompts stay on this machine; the core then switches LangSmith's tracing off unless asked for."""

    @abstractmethod
    def chat_model(self, sampling: Sampling) -> BaseChatModel | BaseLLM:
        """Give a chat model that draws as `sampling` says; called once for each stage of a command.

        A completion model (`BaseLLM`) is sent prompts of one user message as texts to continue; others it refuses.

        Raises `ModelError` with a hint when no model can be had (no key, no server, unknown name).
        """

    def accepts_schema(self) -> bool:
        """Say whether the chosen model keeps its reply to a JSON schema; may block, and comes before `chat_model`.

        Called once when a stage starts whose prompt has such a form. Raises `ModelError` as `chat_model` does.
        """
        return False

    def schema_arguments(self, schema: Mapping[str, Json]) -> Mapping[str, Any]:
        """Give the arguments of a call to the model that pass a schema; the default is the form of OpenAI's API."""
        return chat.response_format(schema)

    def read_reply(self, message: BaseMessage) -> Completion:
        """Read text, finish reason and usage out of the client's message; raise if the message is not whole."""
        return chat.read_message(message)

    def read_error(self, error: Exception) -> Fault:
        """Say what an exception of the client means. The default knows HTTP status codes and common timeouts."""
        return chat.read_exception(error)

    def limits(self) -> Limits:
        """Say what the provider allows, as far as it is known now; asked again after every reply."""
        return Limits()

    def prices(self) -> Prices | None:
        """Say what tokens cost, asked for after `chat_model`; `None` where that is not known, never 0 in its place."""
        return None

    def describe(self) -> Mapping[str, Json]:
        """Facts to record with the run, asked for after `chat_model`: `model`, and what else decides the replies.

        A `note`, if there is one, is a sentence that the user is told. Never a secret.
        """
        return {}

    def secrets(self) -> Sequence[str]:
        """Strings that must never be written anywhere; the core masks them in every message it records."""
        return ()

    def check(self) -> Diagnosis:
        """Look at key, server and model, for `selfinstruct doctor`."""
        return Diagnosis()

    async def close(self) -> None:  # noqa: B027 - closing nothing is a fine default
        """Give back sockets; called once when the stage ends."""


class Sampler(ABC):
    """Chooses the examples that a prompt shows."""

    @abstractmethod
    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """Choose examples, in the order in which the prompt shows them. Pure: the same view, the same sample."""

    def check(self, seeds: Sequence[SeedTask]) -> None:  # noqa: B027 - optional
        """Told a run's seed tasks before anything is paid; raises `DataError` if they do not suffice."""


class PromptEncoder(ABC):
    """Writes the messages of a request."""

    @abstractmethod
    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:
        """Write the messages. Pure. `subjects` are what is asked about; empty in the stage `generate`.

        In the stage `judge` each subject has the `example` to rate.
        """

    sampling: Sampling = Sampling()
    """How the model is to draw for this prompt; the config's own sampling goes first."""

    prefers_schema: bool = True
    """Whether `run.structured = "auto"` uses `with_schema` where the model takes a schema."""

    def with_schema(self) -> PromptEncoder | None:
        """Give the encoder that asks for the same as JSON, whose `schema` says in which form; `None` if there is none.

        Called once when a stage starts. The post-processor must read both forms. Small models write much white space
        into JSON, so allow for it in the `max_tokens` of its `sampling`.
        """
        return None

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Mapping[str, Json] | None:  # noqa: ARG002
        """Give the JSON schema that the reply to `encode(examples, subjects)` must have; `None` for free text.

        Providers take few keywords: `type`, `properties`, `enum` and `anyOf`, every property in `required`, and
        `additionalProperties` false. Use numbered keys in place of lists.
        """
        return None


class TrainingEncoder(ABC):
    """Turns a training example into one row of a training file."""

    @abstractmethod
    def encode(self, example: Example) -> Mapping[str, Json]:
        """Write one row. Pure; the keys are the same for every row."""


class PostProcessor(ABC):
    """Reads a reply into items. Pure and total: any text in, items out; it never judges quality and never raises."""

    @abstractmethod
    def process(self, request: Request, reply: Reply) -> Sequence[Any]:
        """Read the items out of the reply, in the order in which they stand there.

        Stage `generate`: `Draft`s. `classify`: a `Label` for each of `request.subjects` that the reply speaks of.
        `instances`: a `RawInstances` for each subject. `prepare`: `Example`s, from `request.subjects[0]` and the raw
        instances in `reply.text`. `judge`: a `Rating` for each of `request.subjects` that the reply speaks of.
        """


class Filter(ABC, Generic[Item]):
    """Keeps or drops items, one at a time, in a fixed order, never from two threads at once."""

    @abstractmethod
    def evaluate(self, item: Item) -> Verdict:
        """Keep or drop the item, and say why. Never edits, and never remembers: that is what `observe` is for."""

    def prefetch(self, items: Sequence[Item]) -> None:
        """Told all items of a reply before the first is judged, for filters that work in batches."""

    def observe(self, item: Item) -> None:
        """Told every seed and every accepted item once, in order, also when a run is resumed: its only memory."""

    def observe_all(self, items: Iterable[Item]) -> None:
        """Told many at once when a run is resumed; the default calls `observe` for each."""
        for item in items:
            self.observe(item)


def keep(similarity: Similarity | Deferred | None = None) -> Verdict:
    """Let an item pass."""
    return Verdict(keep=True, similarity=similarity)


def drop(reason: str, similarity: Similarity | None = None, **evidence: Json) -> Verdict:
    """Drop an item for a reason: a short fixed phrase in kebab case, with what was seen as evidence."""
    return Verdict(keep=False, reason=reason, evidence=evidence, similarity=similarity)
