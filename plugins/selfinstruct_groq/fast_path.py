"""Sends chat requests to Groq with less processor time than its SDK: the same client, headers and kinds of errors."""

from __future__ import annotations

import json
from typing import Any

import httpx
from groq import APIConnectionError, APIStatusError, APITimeoutError, AsyncGroq

PATH = "/openai/v1/chat/completions"
SDK_ONLY_ARGUMENTS = ("stream", "extra_headers", "extra_query", "extra_body", "timeout")
"""Arguments that are not fields of the request body."""


class FastCompletions:
    """Takes the place of the SDK's `chat.completions` in `ChatGroq`, which calls `create` and nothing else.

    The SDK checks every message against types that LangChain has built anyway, and turns the reply into objects that
    LangChain turns back. This class writes the body as JSON, sends it with the HTTP client of the SDK, and returns the
    parsed body of the response. A call with `SDK_ONLY_ARGUMENTS` goes through the SDK.
    """

    def __init__(self, sdk: AsyncGroq, http: httpx.AsyncClient) -> None:
        self._sdk = sdk
        self._http = http
        headers = {name: value for name, value in sdk.default_headers.items() if isinstance(value, str)}
        self._template = http.build_request("POST", str(sdk.base_url).rstrip("/") + PATH, headers=headers)
        self._template.headers.pop("Content-Length", None)

    async def create(self, **body: Any) -> Any:
        """The body of the response as a dictionary.

        Raises `APIStatusError` for an HTTP status of 400 or above, `APITimeoutError`, `APIConnectionError`, or
        `JSONDecodeError` if the body is not JSON.
        """
        if any(body.get(name) is not None and body[name] is not False for name in SDK_ONLY_ARGUMENTS):
            return await self._sdk.chat.completions.create(**body)
        body.pop("stream", None)
        request = self._request(body)
        try:
            response = await self._http.send(request)
        except httpx.TimeoutException as error:
            raise APITimeoutError(request=request) from error
        except Exception as error:
            raise APIConnectionError(request=request) from error
        if response.is_error:
            raise _status_error(response)
        return json.loads(response.content)

    def _request(self, body: dict[str, Any]) -> httpx.Request:
        """A copy of the template with this body: to build a request from nothing costs more."""
        template = self._template
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        extensions = dict(template.extensions)
        return httpx.Request("POST", template.url, headers=template.headers, content=content, extensions=extensions)


def _status_error(response: httpx.Response) -> APIStatusError:
    """The error that the SDK raises for this response, except that it has a subclass for some statuses."""
    body: object = response.text.strip()
    try:
        body = response.json()
    except ValueError:
        message = str(body) or f"Error code: {response.status_code}"
    else:
        message = f"Error code: {response.status_code} - {body}"
    return APIStatusError(message, response=response, body=body)
