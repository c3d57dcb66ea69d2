"""The offline model as a LangChain chat model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import Turn
from selfinstruct_demo.reply import DemoReply, reply_to, rng_of, tokens_in

CHUNK = 24
"""Characters in one chunk of a stream."""


class DemoChatModel(BaseChatModel):
    """A fixed grammar behind LangChain's chat interface. It is not a language model."""

    options: DemoOptions = Field(default_factory=DemoOptions)
    max_tokens: int | None = None
    stop: list[str] | None = None

    @property
    def _llm_type(self) -> str:
        return "selfinstruct-demo"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,
    ) -> ChatResult:
        turns = read_turns(messages)
        if pause := self._pause(turns):
            time.sleep(pause)
        return self._result(turns, stop, kwargs.get("max_tokens"))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,
    ) -> ChatResult:
        turns = read_turns(messages)
        if pause := self._pause(turns):
            await asyncio.sleep(pause)
        return self._result(turns, stop, kwargs.get("max_tokens"))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        turns = read_turns(messages)
        if pause := self._pause(turns):
            time.sleep(pause)
        said = self._reply(turns, stop, kwargs.get("max_tokens"))
        pieces = [said.text[at : at + CHUNK] for at in range(0, len(said.text), CHUNK)]
        for piece in pieces:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        facts, usage = _facts(said), _usage(turns, said)
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", response_metadata=facts, usage_metadata=usage, chunk_position="last")
        )

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """The name of the model for LangChain's tracers."""
        params = super()._get_ls_params(stop=stop, **kwargs)
        return {"ls_model_name": "demo", **params, "ls_provider": "demo"}

    def _reply(self, turns: list[Turn], stop: list[str] | None, max_tokens: int | None) -> DemoReply:
        limit = self.max_tokens if max_tokens is None else max_tokens
        return reply_to(turns, self.options, self.stop if stop is None else stop, max_tokens=limit)

    def _result(self, turns: list[Turn], stop: list[str] | None, max_tokens: int | None) -> ChatResult:
        said = self._reply(turns, stop, max_tokens)
        message = AIMessage(said.text, response_metadata=_facts(said), usage_metadata=_usage(turns, said))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _pause(self, turns: list[Turn]) -> float:
        """Seconds that this reply takes. They depend on the prompt alone, so that runs can be compared."""
        if not self.options.latency:
            return 0.0
        return self.options.latency * rng_of([("latency", ""), *turns], self.options.seed).uniform(0.5, 1.5)


def read_turns(messages: list[BaseMessage]) -> list[Turn]:
    """The role and the text of each message."""
    return [(message.type, str(message.text)) for message in messages]


def _facts(said: DemoReply) -> dict[str, Any]:
    return {"finish_reason": "length" if said.cut else "stop", "model_name": "demo"}


def _usage(turns: list[Turn], said: DemoReply) -> UsageMetadata:
    """The estimated tokens: a quarter of the characters, and at least one for prompt and reply each."""
    read = max(1, sum(tokens_in(text) for _, text in turns))
    written = max(1, tokens_in(said.text))
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
