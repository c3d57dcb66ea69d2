"""Keeps the HTTP clients of providers' classes to the address that they were given.

A client that follows a redirect sends the prompt again, and headers of the user's own that may hold a key. On the way
to another host, httpx leaves out `Authorization` and nothing else, and so do httpx2, by which the clients of OpenAI and
Anthropic send, and aiohttp, by which NVIDIA's does.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from selfinstruct.api import ModelError

HOLDERS = (
    *("root_client", "root_async_client", "_client", "_async_client", "client", "async_client"),
    "sdk_configuration",  # of OpenRouter's client
)
"""Where LangChain's classes, and the providers' clients within them, keep what they send by."""

DEPTH = 3
"""How many of these lie within each other at most."""


def refuse_other_hosts(model: object) -> None:
    """From now on, a redirect to another host ends the call with a `ModelError` that names it."""
    for client in _http_clients(model, DEPTH):
        hook, hooks = _refuse_async if hasattr(client, "aclose") else _refuse, client.event_hooks["response"]
        if hook not in hooks:  # LangChain shares clients between models
            hooks.append(hook)
    inner: Any = getattr(model, "_async_client", None)
    if callable(start := getattr(inner, "get_async_session_fn", None)):  # of NVIDIA's client, which sends by aiohttp
        inner.get_async_session_fn = lambda: _with_trace(start())


def _with_trace(session: Any) -> Any:
    trace = import_module("aiohttp").TraceConfig()  # which is there if that client is
    trace.on_request_redirect.append(_refuse_traced)
    trace.freeze()
    session.trace_configs.append(trace)
    return session


async def _refuse_traced(_session: Any, _context: Any, redirect: Any) -> None:
    response = redirect.response
    if there := response.headers.get("location", ""):
        _compare(response.url, response.url.join(type(response.url)(there)))


def _http_clients(holder: object, depth: int) -> Iterator[Any]:
    """The clients of httpx or httpx2 in a model, each of which may be found more than once."""
    for name in HOLDERS if depth else ():
        inner = getattr(holder, name, None)
        if isinstance(getattr(inner, "event_hooks", None), dict):
            yield inner
        elif inner is not None:
            yield from _http_clients(inner, depth - 1)


def _refuse(response: Any) -> None:
    if response.has_redirect_location:
        _compare(response.url, response.url.join(response.headers["location"]))


def _compare(here: Any, there: Any) -> None:
    """Raise `ModelError` if an address, which is of httpx or of yarl, is on another host than the one before."""
    is_same = (here.scheme, here.port) == (there.scheme, there.port) or (here.scheme, there.scheme) == ("http", "https")
    if here.host != there.host or not is_same:
        port = f":{here.port}" if here.port else ""
        words = f"the server at {here.scheme}://{here.host}{port} sends requests on to another one, {there.host}"
        raise ModelError(words, "Set base_url to the right address, if you trust that server with key and prompts.")


async def _refuse_async(response: Any) -> None:
    _refuse(response)
