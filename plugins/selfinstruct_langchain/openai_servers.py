"""What servers that speak OpenAI's protocol need: a look at their models before anything is paid, and missing usage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import httpx

from selfinstruct.api import Check, Fault, Unusable, chat

ASK_SECONDS = 10.0
MOST_NAMES = 8
ANY_NAME = "A server with one model may take any name."


class UsageFreeCompletions:
    """The completions of OpenAI's SDK as LangChain calls them, which fails on a reply that holds no `usage`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def create(self, **given: Any) -> Any:
        """Ask the server, and give the reply as a dictionary that has its usage, or an empty one."""
        reply = await self._inner.create(**given)
        if not hasattr(reply, "model_dump"):
            return reply
        read: dict[str, Any] = reply.model_dump()
        return {**read, "usage": read.get("usage") or {}}


def check_model_list(client: Any, name: str, read_error: Callable[[Exception], Fault]) -> Check | None:
    """What the list of a server's models, which is free, says about address, key and model.

    `client` is that of OpenAI's SDK. `None` where the server has no such list, or does not show it.
    """
    base = str(client.base_url).rstrip("/")
    try:
        rows = _list_models(client, "/models")
        if rows is None and (base.endswith("/completions") or _list_models(client, "/v1/models")):
            words = "base_url does not end in the /v1 below which the server lists its models"
            return Check("server", False, words, "Let base_url end in /v1.")
    except (AttributeError, KeyError, TypeError, ValueError):
        words = "what answers at base_url is no API like OpenAI's: its /models is not a list of models"
        return Check("server", False, words, "Check base_url, which ends in /v1 for most servers.")
    except Exception as error:
        fault, status = read_error(error), chat.status_of(error)
        if status == 403 or "scope" in fault.message or (status and not isinstance(fault, Unusable)):
            return None  # a key may have no right to see the list, and the server may be busy
        hint = fault.hint if isinstance(fault, Unusable) else "Start the server, or check base_url."
        return Check("server", False, fault.message, hint)
    if not rows:
        return None
    if not {name, f"{name}:latest", name.partition(":")[0]}.isdisjoint(rows):  # tags of Ollama, variants of OpenRouter
        return Check("model", True, f"the server lists {name}")
    words = f"the server does not list the model '{name}'"
    hint = f"Set model to openai: and one of {', '.join(get_close_matches(name, rows, MOST_NAMES, cutoff=0.0))}"
    is_sure = len(rows) > 1 or "vllm" in rows.values()
    return Check("model", not is_sure, words, hint if is_sure else f"{ANY_NAME} {hint}")


def _list_models(client: Any, path: str) -> Mapping[str, object] | None:
    """The names of a server's models with their owners; `None` where it has no such page."""
    asking = client.with_options(timeout=ASK_SECONDS, max_retries=0)
    try:
        answer = asking.get(path, cast_to=httpx.Response, options={"headers": {"Connection": "close"}})
    except Exception as error:
        if chat.status_of(error) in (404, 405, 501):
            return None
        raise
    return {str(row["id"]): row.get("owned_by") for row in answer.json()["data"]}
