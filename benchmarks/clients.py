"""The clients that the throughput benchmark compares, each in a process of its own; prints what it cost as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROMPT = "Come up with a new task. " * 40


async def with_aiohttp(url: str, count: int, most: int) -> None:
    import aiohttp

    body = {"model": "llama-3.1-8b-instant", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 256}
    left = iter(range(count))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for _ in left:
                async with session.post(f"{url}/openai/v1/chat/completions", json=body) as answer:
                    (await answer.json())["choices"][0]["message"]["content"]

        await asyncio.gather(*(work() for _ in range(most)))


async def with_abatch(url: str, count: int, most: int) -> int:
    from langchain_groq import ChatGroq

    model = ChatGroq(
        model="llama-3.1-8b-instant", api_key="gsk_x", base_url=url, max_retries=0, max_tokens=256, timeout=120
    )
    said = await model.abatch([PROMPT] * count, config={"max_concurrency": most}, return_exceptions=True)
    return sum(isinstance(one, Exception) for one in said)


async def with_model(url: str, count: int, most: int, backend: str) -> None:
    """The engine's own client, and nothing else of the engine."""
    from selfinstruct.api import Backend, Sampling
    from selfinstruct.plugins.registry import Registry

    registry = Registry.load([])
    options = {"base_url": url, **({"api_key": "gsk_x"} if backend == "groq" else {})}
    component = registry.find("backend", backend)
    built: Backend = registry.build("backend", backend, component.options(**options))
    model = built.chat_model(Sampling(max_tokens=256))
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            built.read_reply(await model.ainvoke([("human", PROMPT)]))

    await asyncio.gather(*(work() for _ in range(most)))
    await built.close()


class Meter:
    """Takes the time and the CPU from a stage's start to its last reply."""

    def __init__(self) -> None:
        self.cpu = self.began = self.ended = 0.0

    def selfinstruct_stage_started(self, _: object) -> None:
        self.began = time.process_time()

    def selfinstruct_settled(self, _: object) -> None:
        self.ended = time.process_time()


def with_engine(url: str, count: int, most: int, settings: dict[str, Any], observer: Meter) -> None:
    """The recipe `chat`, or with `lean` its filter `exact` alone; `accepted`: instructions that a request brings."""
    from selfinstruct import SelfInstruct

    backend = settings.pop("backend")
    options = {"base_url": url, **({"api_key": "gsk_x"} if backend == "groq" else {"concurrency": most})}
    filters = {"filters": [{"use": "exact"}]} if settings.pop("lean", False) else {}
    target = count * settings.pop("accepted", 1)
    run_settings = {
        "backend": options,
        "run": {"lookahead": settings.pop("lookahead", most), "concurrency": most},
        "generate": {"sampling": {"max_tokens": 1024}, **filters},
        **settings,
    }
    with tempfile.TemporaryDirectory() as folder:
        run = SelfInstruct(backend=backend, out=Path(folder) / "run", settings=run_settings)
        asyncio.run(run.agenerate(target, observers=[observer]))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("client", choices=("aiohttp", "abatch", "model", "engine"))
    arguments.add_argument("url")
    arguments.add_argument("count", type=int)
    arguments.add_argument("most", type=int)
    arguments.add_argument("--settings", type=json.loads, default={})
    arguments.add_argument("--seconds", type=float, default=60.0, help="length of a minute")
    arguments.add_argument("--profile", action="store_true")
    given = arguments.parse_args()
    if given.seconds != 60.0:
        shorten_minutes(given.seconds)
    observer, lost = Meter(), 0
    began = time.process_time()
    if given.client == "engine":
        if given.profile:
            import cProfile
            import pstats

            profile = cProfile.Profile()
            profile.runcall(with_engine, given.url, given.count, given.most, given.settings, observer)
            pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(60)
        else:
            with_engine(given.url, given.count, given.most, given.settings, observer)
        cpu = observer.ended - observer.began
    elif given.client == "model":
        asyncio.run(with_model(given.url, given.count, given.most, given.settings["backend"]))
        cpu = time.process_time() - began
    elif given.client == "abatch":
        import langchain_groq  # noqa: F401 - what an import costs is not the question

        began = time.process_time()
        lost = asyncio.run(with_abatch(given.url, given.count, given.most))
        cpu = time.process_time() - began
    else:
        asyncio.run(with_aiohttp(given.url, given.count, given.most))
        cpu = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": cpu, "memory": memory, "lost": lost}))


def shorten_minutes(seconds: float) -> None:
    """Let a minute last only so long, for Groq's headers and words and for our own limits."""
    import selfinstruct_groq.limits as groq
    from selfinstruct.engine import gate as limits

    limits.MINUTE = seconds
    groq.HEADERS = tuple((what, seconds if period == 60 else period) for what, period in groq.HEADERS)
    groq.PERIODS["minute"] = seconds


if __name__ == "__main__":
    main()
