"""Where the providers' protocols have settings and schemas in a request, and what they call the end of a reply."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, resources
from typing import get_args

Words = Mapping[str, str]


def _nothing() -> set[str]:
    return set()


@dataclass(frozen=True)
class Protocol:
    """One protocol.

    settings  by setting of the sampling, where it stands in the body of a request
    schema    where a schema stands there
    ends      by word for the end of a reply, how it is read
    known     gives the words that the provider's own package lists, which must be among `ends`
    """

    name: str
    settings: Mapping[str, str]
    schema: str
    ends: Words
    known: Callable[[], set[str]] = field(default=_nothing)


def _literal(module: str, name: str) -> Callable[[], set[str]]:
    """The words of a literal type, alone or within a union."""

    def words() -> set[str]:
        found = get_args(getattr(import_module(module), name))
        return {word for one in found for word in ([one] if isinstance(one, str) else get_args(one))}

    return words


def _openai_words() -> set[str]:
    choice = import_module("openai.types.chat.chat_completion").Choice
    return set(get_args(choice.model_fields["finish_reason"].annotation))


def _google_words() -> set[str]:
    return {word.value for word in import_module("google.genai.types").FinishReason}


def _aws_words() -> set[str]:
    folder = resources.files("botocore") / "data" / "bedrock-runtime" / "2023-09-30"
    model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    return set(model["shapes"]["StopReason"]["enum"])


def _responses_words() -> set[str]:
    details = import_module("openai.types.responses.response").IncompleteDetails
    reasons, _ = get_args(details.model_fields["reason"].annotation)
    return _literal("openai.types.responses.response_status", "ResponseStatus")() | set(get_args(reasons))


PLAIN = {name: name for name in ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "stop")}
CAMEL = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens", "stop": "stopSequences"}
CHAT = Protocol(
    "Chat Completions",
    PLAIN,
    "response_format.json_schema.schema",
    {
        "stop": "stop",
        "length": "length",
        "content_filter": "filtered",
        "tool_calls": "unknown",
        "function_call": "unknown",
        "error": "length",
        "any other word": "length",
    },
    _openai_words,
)
RESPONSES = Protocol(
    "Responses",
    {"max_tokens": "max_output_tokens"},
    "text.format.schema",
    {
        "completed": "stop",
        "incomplete": "length",
        "max_output_tokens": "length",
        "max_messages": "length",
        "steered": "length",
        "content_filter": "filtered",
        **dict.fromkeys(("failed", "cancelled", "in_progress", "queued"), "length"),
    },
    _responses_words,
)
ANTHROPIC = Protocol(
    "Messages",
    {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_tokens", "stop": "stop_sequences"},
    "output_config.format.schema",
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "pause_turn": "length",
        "refusal": "filtered",
        "tool_use": "unknown",
    },
    _literal("anthropic.types.stop_reason", "StopReason"),
)
GOOGLE = Protocol(
    "Gemini",
    {name: f"generationConfig.{CAMEL[name]}" for name in ("temperature", "top_p", "stop")}
    | {"max_tokens": "generationConfig.maxOutputTokens"},
    "generationConfig.responseJsonSchema",
    {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        **dict.fromkeys(
            (
                *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
                *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
            ),
            "filtered",
        ),
        **dict.fromkeys(
            (
                *("FINISH_REASON_UNSPECIFIED", "OTHER", "MALFORMED_FUNCTION_CALL", "IMAGE_OTHER", "NO_IMAGE"),
                *("UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
                *("ESCALATION", "PUP_LIMITED_DISABLED", "CONTINUATION"),
            ),
            "length",
        ),
    },
    _google_words,
)
COHERE = Protocol(
    "Cohere v2",
    PLAIN | {"top_p": "p", "stop": "stop_sequences"},
    "",
    {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "MAX_TOKENS": "length",
        "ERROR": "length",
        "TIMEOUT": "length",
        "TOOL_CALL": "unknown",
    },
    _literal("cohere.types.chat_finish_reason", "ChatFinishReason"),
)
BEDROCK = Protocol(
    "Converse",
    {name: f"inferenceConfig.{CAMEL[name]}" for name in ("temperature", "top_p", "max_tokens", "stop")},
    "outputConfig.textFormat.structure.jsonSchema.schema",
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "malformed_model_output": "length",
        "malformed_tool_use": "length",
        "content_filtered": "filtered",
        "guardrail_intervened": "filtered",
        "tool_use": "unknown",
    },
    _aws_words,
)
PROTOCOLS = (CHAT, RESPONSES, ANTHROPIC, GOOGLE, COHERE, BEDROCK)
