"""How any LangChain chat model's messages and exceptions are read, where a backend knows no better."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from selfinstruct.types import Busy, Completion, Fault, Finish, Json, Rejected, Unusable, Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filtered",
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
    "prohibited_content": "filtered",
    "recitation": "filtered",
    "refusal": "filtered",
    "safety": "filtered",
}
"""What providers call the end of a reply (as documented by OpenAI, Anthropic, AWS, Google, Groq and Ollama)."""

FINISH_KEYS = ("finish_reason", "done_reason", "stop_reason", "stopReason")
THOUGHTS = ("thinking", "reasoning", "reasoning_content")
"""Types of content blocks that hold what a model thought before it answered."""

NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
"""Codes with which providers say, under a status that elsewhere means "wait", that waiting will not help."""

TRANSIENT = (
    "timeout",
    "connecterror",
    "connectionerror",
    "connectionreset",
    "disconnected",
    "incompleteread",
    "payloaderror",
    "readerror",
    "remoteprotocolerror",
    "writeerror",
)
"""Parts of the class names of exceptions that mean a broken or slow connection, whatever the client."""

TOO_MANY_REQUESTS = (429, 503, 529)
"""Statuses with which a provider says that it has too many requests."""

BROKEN_ANSWER = (json.JSONDecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What clients raise when the server's answer is not the JSON they expect; see `docs/providers.md`."""


# --- messages ---------------------------------------------------------------------------------------------------------


def message_text(content: Any) -> str:
    """The text of a message whose content is a string or a list of blocks; thoughts and pictures are left out.

    Half a surrogate pair, which models write when they are cut inside an emoji and no file can hold, becomes U+FFFD.
    """
    text = content if isinstance(content, str) else "".join(_block_text(block) for block in content or [])
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return block
    if not isinstance(block, Mapping) or block.get("type") in THOUGHTS:
        return ""
    text = block.get("text")
    return text if isinstance(text, str) else ""


def read_message(message: BaseMessage) -> Completion:
    """Read text, finish reason, model and usage from a LangChain message of any provider."""
    facts: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
    used: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
    said = next((facts[key] for key in FINISH_KEYS if facts.get(key)), "")
    return Completion(
        text=message_text(message.content),
        finish=FINISHES.get(str(said).lower(), "unknown"),
        usage=Usage(used.get("input_tokens"), used.get("output_tokens")),
        model=str(facts.get("model_name") or facts.get("model") or ""),
    )


# --- schemas ----------------------------------------------------------------------------------------------------------

SCHEMA_NAME = "reply"
"""OpenAI's API wants a name for every schema."""

OPENAI = "BaseChatOpenAI"
"""The base of LangChain's classes for OpenAI, Azure, xAI, Together, DeepSeek and servers that speak like OpenAI's."""

TAKE_RESPONSE_FORMAT = (OPENAI, "ChatFireworks", "ChatMistralAI", "ChatNVIDIA", "ChatOllama", "ChatOpenRouter")
"""LangChain's classes, and the base of others, that pass on the argument `response_format` of a call."""

SCHEMA_WORDS = ("response_format", "response format", "json_schema", "json schema", "structured output", "grammar")
"""One of these stands in every refusal of a schema that we have seen."""


def response_format(schema: Mapping[str, Json], strict: bool = True) -> dict[str, Any]:
    """The arguments of a call that pass a schema in the form of OpenAI's API."""
    form = {"name": SCHEMA_NAME, "schema": dict(schema), "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def takes_schema(model: object) -> bool:
    """Whether a LangChain model takes a schema: as its profile says, else whether its class sends `response_format`."""
    profile = getattr(model, "profile", None)
    says = profile.get("structured_output") if isinstance(profile, Mapping) else None
    if says is not None:
        return bool(says)
    return any(name in TAKE_RESPONSE_FORMAT for name in _class_names(model))


def schema_arguments(model: object, schema: Mapping[str, Json]) -> dict[str, Any]:
    """The arguments of a call to a LangChain model that pass a schema.

    OpenAI's client raises, and so loses the reply, where one with `response_format` was cut by its length. As a field
    of `extra_body` the schema reaches the server as well, and the cut reply is returned.
    """
    arguments = response_format(schema)
    uses_responses = getattr(model, "_use_responses_api", None)  # another API, whose client does not raise
    if OPENAI not in _class_names(model) or (callable(uses_responses) and uses_responses({})):
        return arguments
    return {"extra_body": {**(getattr(model, "extra_body", None) or {}), **arguments}}


def _class_names(model: object) -> list[str]:
    return [kind.__name__ for kind in type(model).__mro__]


def refuses_schema(words: str) -> bool:
    """Whether the words of a refused request are about its schema."""
    return any(word in words.lower() for word in SCHEMA_WORDS)


# --- exceptions -------------------------------------------------------------------------------------------------------


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an exception carries, wherever its client keeps it."""
    response = getattr(error, "response", None)
    places = [getattr(error, "status_code", None), getattr(response, "status_code", None), getattr(error, "code", None)]
    if isinstance(response, Mapping):  # as AWS's client has it
        places.append((response.get("ResponseMetadata") or {}).get("HTTPStatusCode"))
    return next((int(status) for status in places if isinstance(status, int) and 100 <= status < 600), None)


def code_of(error: BaseException) -> str:
    """The short code in the JSON body that an exception carries, such as `model_not_found`; empty if there is none."""
    code = _body_of(error).get("code")
    return code if isinstance(code, str) else ""


def _body_of(error: BaseException) -> Mapping[str, Any]:
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(inner, Mapping):
        return inner
    return body if isinstance(body, Mapping) else {}


def retry_after(error: BaseException) -> float | None:
    """Seconds from the `Retry-After` header of the response that an exception carries (RFC 9110, 10.2.3)."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    said = next((str(headers[name]) for name in headers if str(name).lower() == "retry-after"), None)
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        return _seconds_until(said)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(http_date: str) -> float | None:
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(http_date) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def read_exception(error: Exception) -> Fault:
    """Sort an exception of any client by its HTTP status, its class name, or its being a broken answer."""
    words, status = error_words(error), status_of(error)
    if status in (401, 403):
        return Unusable(f"the provider refused the key (HTTP {status}): {words}", "Check the key and its rights.")
    if status == 402 or code_of(error) in NO_CREDIT:
        return Unusable(f"the provider wants payment (HTTP {status}): {words}", "Check the account's credit.")
    if status == 404:
        return Unusable(f"the provider does not know this model or address (HTTP 404): {words}", "Check the model.")
    if status in (408, 409, 425, 429) or (status is not None and status >= 500):
        return Busy(f"HTTP {status}: {words}", retry_after(error), too_many_requests=status in TOO_MANY_REQUESTS)
    if status is not None:
        return Rejected(f"HTTP {status}: {words}")
    if _is_transient(error):
        return Busy(error_summary(error))
    if isinstance(error, BROKEN_ANSWER):
        return Busy(f"the server's answer could not be read ({error_summary(error)})")
    return Rejected(error_summary(error))


def _is_transient(error: BaseException) -> bool:
    names = {kind.__name__.lower() for kind in type(error).__mro__}
    if isinstance(error, OSError) or any(mark in name for name in names for mark in TRANSIENT):
        return True
    return error.__cause__ is not None and _is_transient(error.__cause__)


def error_words(error: BaseException, limit: int = 300) -> str:
    """The server's message that an exception carries, or its own words, on one line, cut to `limit` characters.

    The class name where there are no words.
    """
    told = _body_of(error).get("message")
    words = told if isinstance(told, str) and told.strip() else str(error)
    return " ".join(words.split())[:limit] or type(error).__name__


def error_summary(error: BaseException) -> str:
    """An exception's class name and first words; the name alone where there are no words."""
    words, name = error_words(error), type(error).__name__
    return words if words == name else f"{name}: {words}"
