"""Wraps a stage's components with their names, so that an error names the component and its plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from selfinstruct.api import PostProcessor, PromptEncoder, Sampler
from selfinstruct.engine.plugin_calls import FIX_AND_RERUN, HINT, call_plugin
from selfinstruct.errors import PluginError
from selfinstruct.types import Instruction, Json, Message, PoolView, Reply, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NamedSampler(Sampler):
    """A sampler with a name, such as "sampler 'paper' of plugin 'paper'"."""

    name: str
    inner: Sampler

    def sample(self, view: PoolView) -> Sequence[Instruction]:
        """The wrapped sampler's sample. Raises `PluginError` if it fails or returns anything but instructions."""
        about = f"request {view.index} of {view.stage}"
        return _listed(self.name, about, Instruction, work=lambda: self.inner.sample(view))


@dataclass(frozen=True, slots=True)
class NamedEncoder(PromptEncoder):
    """A prompt encoder with a name. Its `sampling` is not used."""

    name: str
    inner: PromptEncoder

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:
        """The wrapped encoder's messages. Raises `PluginError` if it fails or returns anything but messages."""
        shown = subjects or examples
        about = f"a prompt with {shown[0].id}" if shown else "a prompt without examples"
        return _listed(self.name, about, Message, work=lambda: self.inner.encode(examples, subjects))

    def schema(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Mapping[str, Json] | None:
        """The inner one's schema; raises `PluginError` if it fails."""
        return call_plugin(self.name, "a schema", lambda: self.inner.schema(examples, subjects), hint=FIX_AND_RERUN)


@dataclass(frozen=True, slots=True)
class NamedPostProcessor(PostProcessor):
    """A post-processor with a name."""

    name: str
    inner: PostProcessor

    def process(self, request: Request, reply: Reply) -> Sequence[Any]:
        """The wrapped post-processor's items. Raises `PluginError` if it fails."""
        return call_plugin(self.name, reply.text, lambda: list(self.inner.process(request, reply)), hint=HINT)


def _listed(name: str, about: str, kind: type[T], *, work: Callable[[], Sequence[T]]) -> list[T]:
    values = call_plugin(name, about, lambda: list(work()), hint=FIX_AND_RERUN)
    for value in values:
        if not isinstance(value, kind):
            raise PluginError(f"{name} gave {type(value).__name__}, not {kind.__name__}, on: {about}", FIX_AND_RERUN)
    return values
