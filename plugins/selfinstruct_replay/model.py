"""A LangChain chat model that answers from a recording."""

# ruff: noqa: ARG002 - the signatures are LangChain's

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from selfinstruct_replay.recording import RecordedReply

REQUEST = "selfinstruct_request"
"""Where the engine puts a request's index in the metadata of each call."""


class RecordingEnded(Exception):
    """A request came after the last recorded reply."""


class RecordedFailure(Exception):
    """The recording holds a failed request at this place."""


class ReplayModel(BaseChatModel):
    """Answers request k with row k, whatever the prompt. The index comes with each call's metadata."""

    rows: list[RecordedReply]

    @property
    def _llm_type(self) -> str:
        return "replay"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._answer(run_manager)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._answer(run_manager)

    def _answer(self, run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None) -> ChatResult:
        index = (run_manager.metadata if run_manager else {}).get(REQUEST)
        if not isinstance(index, int):
            raise LookupError(f"the call's metadata does not hold '{REQUEST}', the index of the request")
        if index >= len(self.rows):
            raise RecordingEnded(f"the recorded replies have ended after {len(self.rows)} rows")
        row = self.rows[index]
        if row.text is None:
            raise RecordedFailure(f"row {index} of the recorded replies is a failed request")
        facts = {"finish_reason": row.finish_reason, "model_name": "replay"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(row.text, response_metadata=facts))])
