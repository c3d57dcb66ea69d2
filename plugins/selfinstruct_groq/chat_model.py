"""ChatGroq, which gives a reply that was cut inside its JSON as a cut reply, where Groq answers with HTTP 400."""

from __future__ import annotations

from typing import Any

from groq import APIStatusError
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_groq import ChatGroq

from selfinstruct.api import chat

SCHEMA_MISSED = "json_validate_failed"
CUT = "max completion tokens reached"
"""What Groq says of a reply that met `max_tokens` before its JSON was whole. It withholds the text."""

CUT_JSON = "cut_json"


class CutJsonChatGroq(ChatGroq):
    """Gives a reply without text that ended by its length, where another client would raise."""

    def _generate(self, *values: Any, **more: Any) -> ChatResult:
        try:
            return super()._generate(*values, **more)
        except APIStatusError as error:
            return self._cut_reply(error)

    async def _agenerate(self, *values: Any, **more: Any) -> ChatResult:
        try:
            return await super()._agenerate(*values, **more)
        except APIStatusError as error:
            return self._cut_reply(error)

    def _cut_reply(self, error: APIStatusError) -> ChatResult:
        if chat.code_of(error) != SCHEMA_MISSED or CUT not in error.response.text:
            raise error
        facts = {"finish_reason": "length", "model_name": self.model_name, CUT_JSON: True}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", response_metadata=facts))])
