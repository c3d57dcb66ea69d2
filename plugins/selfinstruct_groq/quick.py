"""A shorter way through Groq's SDK: one call costs half the processor time, and errors are still the SDK's own."""

from __future__ import annotations

import json
from typing import Any

import httpx

PATH = "/openai/v1/chat/completions"
OWN_WAY = ("stream", "extra_headers", "extra_query", "extra_body", "timeout")
"""Arguments that are not fields of the request body."""


class QuickCompletions:
    """Stands in for the SDK's `chat.completions`, which checks every message against types that LangChain made anyway.

    `create` sends by the SDK's `post`, which keeps its address, key, headers, timeouts and errors, and gives the body
    as it came. Whatever is not a plain body goes the SDK's own way, as does every other attribute.
    """

    def __init__(self, completions: Any) -> None:
        self._completions = completions

    async def create(self, **body: Any) -> Any:
        """The response body as a dictionary; raises what the SDK raises, or `JSONDecodeError`."""
        if any(body.get(name) is not None and body[name] is not False for name in OWN_WAY):
            return await self._completions.create(**body)
        body.pop("stream", None)
        response = await self._completions._client.post(PATH, body=body, cast_to=httpx.Response)
        return json.loads(response.content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._completions, name)
