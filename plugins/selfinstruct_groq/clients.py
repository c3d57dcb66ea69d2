"""The HTTP clients of a Groq backend: opened with the same timeouts and proxies, and closed together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from groq import AsyncGroq, Groq

from selfinstruct_groq import settings
from selfinstruct_groq.fast_path import FastCompletions

CONNECT_SECONDS = 10.0
CONNECTIONS = httpx.Limits(max_connections=1000, max_keepalive_connections=200)


class GroqClients:
    """Opens clients of one address and key, and remembers them until `close`."""

    def __init__(self, address: str, key: str, timeout: float) -> None:
        self._address = address
        self._key = key
        self._timeout = timeout
        self._sync: list[httpx.Client] = []
        self._async: list[httpx.AsyncClient] = []

    def timeouts(self, seconds: float | None = None) -> httpx.Timeout:
        """The timeouts of one call, which may take so many seconds in all."""
        # No limit on waiting for a free connection: how many requests are in flight is the core's business.
        most = seconds or self._timeout
        return httpx.Timeout(most, connect=min(CONNECT_SECONDS, most), pool=None)

    def new(self, kind: Any, **more: Any) -> Any:
        """A client that the caller closes."""
        trust_env = not settings.is_local(self._address)
        return kind(timeout=self.timeouts(), follow_redirects=True, trust_env=trust_env, **more)

    def keep(self, client: httpx.Client) -> httpx.Client:
        """Remember a client, and give it back."""
        self._sync.append(client)
        return client

    def open_sync(self) -> httpx.Client:
        """A client for calls that block."""
        return self.keep(self.new(httpx.Client))

    def open_async(self, learn: Callable[[httpx.Response], Awaitable[None]]) -> FastCompletions:
        """The SDK's chat completions; `learn` is called with every response."""
        http: httpx.AsyncClient = self.new(_async_kind(), limits=CONNECTIONS, event_hooks={"response": [learn]})
        self._async.append(http)
        sdk = AsyncGroq(
            api_key=self._key, base_url=self._address, timeout=self.timeouts(), max_retries=0, http_client=http
        )
        return FastCompletions(sdk, http)

    def open_sdk(self, seconds: float) -> Groq:
        """The whole SDK, for calls that may take so long; without retries, since a batch made twice is billed twice."""
        return Groq(
            api_key=self._key,
            base_url=self._address,
            timeout=self.timeouts(seconds),
            max_retries=0,
            http_client=self.open_sync(),
        )

    async def close(self) -> None:
        """Close every client that was opened so far."""
        sync_clients, self._sync = self._sync, []
        async_clients, self._async = self._async, []
        for client in sync_clients:
            client.close()
        for async_client in async_clients:
            await async_client.aclose()


def _async_kind() -> type[httpx.AsyncClient]:
    """An httpx client over aiohttp if it is installed: the pool of httpx is slow with more than 64 connections."""
    try:
        from httpx_aiohttp import HttpxAiohttpClient
    except ImportError:
        return httpx.AsyncClient
    return HttpxAiohttpClient
