"""Answers as a model gives them that is kept to a JSON schema: in form always, in content made up from the prompt."""

from __future__ import annotations

import hashlib
import json
from random import Random
from typing import Any

from tests.servers.provider import VERBS

SYLLABLES = ("ba", "de", "fi", "go", "lu", "mi", "no", "pe", "ra", "su", "ti", "ve")


def schema_of(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The schema in the body of a request, as Ollama or as OpenAI's API has it; `None` if there is none."""
    form = asked.get("format") or (asked.get("response_format") or {}).get("json_schema", {}).get("schema")
    return form if isinstance(form, dict) else None


def answer(asked: dict[str, Any]) -> str:
    """JSON of the schema in the body of a request; the same request gets the same answer."""
    schema = schema_of(asked)
    assert schema is not None, "the request has no schema"
    prompt = json.dumps(asked["messages"])
    return json.dumps(_value(schema, Random(hashlib.sha256(prompt.encode()).hexdigest())), indent=1)


def _value(schema: dict[str, Any], rng: Random) -> Any:
    if "anyOf" in schema:
        return _value(rng.choice(schema["anyOf"]), rng)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema["type"]:
        case "object":
            assert schema["required"] == [*schema["properties"]]
            assert schema["additionalProperties"] is False
            return {key: _value(inner, rng) for key, inner in schema["properties"].items()}
        case "null":
            return None
        case "string":
            return _sentence(rng)
        case kind:
            raise AssertionError(f"no such type: {kind}")


def _sentence(rng: Random) -> str:
    words = " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(8))
    return f"{rng.choice(VERBS)} the {words} in one paragraph."
