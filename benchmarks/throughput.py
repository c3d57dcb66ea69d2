"""Measures how full the engine keeps the pipe, side by side with bare clients, on one loopback server.

python benchmarks/throughput.py [--quick] [--only speed,lognormal,limits,memory]

Replies are numbered lists of eight to twelve tasks, and `selfinstruct` runs the recipe `chat`, or where it says `lean`
its filter `exact` alone. Shares are of the ideal (concurrency / mean latency), or of what a limit permits. The
processor time of the client process is measured from the first request to the last reply, so it depends little on what
else the machine does; the rates do depend on it, and only ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LATENCY = 0.3


@contextmanager
def serving() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(HERE / "server.py"), "--port", str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}/control").close()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def control(url: str, sent: dict[str, float] | None = None) -> dict[str, Any]:
    data = None if sent is None else json.dumps(sent).encode()
    request = urllib.request.Request(f"{url}/control", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        said: dict[str, Any] = json.load(answer)
        return said


def measure(url: str, server: dict[str, float], client: str, count: int, most: int, **settings: Any) -> dict[str, Any]:
    """Run one client in a process of its own; what it cost, and what the server saw of it."""
    control(url, server)
    command = [sys.executable, str(HERE / "clients.py"), client, url, str(count), str(most)]
    command += ["--settings", json.dumps(settings), "--seconds", str(server.get("seconds", 60.0))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    cost = json.loads(ended.stdout.splitlines()[-1])
    seen = control(url)
    return {**cost, **seen, "seconds": seen["last"] - seen["first"]}


WINDOW = 512
"""The engine's lookahead: wide enough that neither a slow reply nor the journal's syncs leave the pipe empty."""

TASKS, ACCEPTED = 10, 7
"""Tasks of a reply, give or take two, and how many of them the default recipe accepts."""

LEAN = {"lean": True, "accepted": 9}
DEFAULT = {"accepted": ACCEPTED}
CLIENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("bare aiohttp", "aiohttp", {}),
    ("ChatGroq.abatch", "abatch", {}),
    ("selfinstruct, groq", "engine", {"backend": "groq", "lookahead": WINDOW, **DEFAULT}),
    ("selfinstruct, ollama", "engine", {"backend": "ollama", "lookahead": WINDOW, **DEFAULT}),
    ("selfinstruct, groq, lean", "engine", {"backend": "groq", "lookahead": WINDOW, **LEAN}),
    ("selfinstruct, ollama, lean", "engine", {"backend": "ollama", "lookahead": WINDOW, **LEAN}),
    ("groq's client by itself", "model", {"backend": "groq"}),
    ("ollama's client by itself", "model", {"backend": "ollama"}),
    ("selfinstruct, groq, lookahead as concurrency", "engine", {"backend": "groq", **DEFAULT}),
)


def speed(url: str, rounds: int) -> None:
    print(f"\n### Fixed latency of {LATENCY * 1000:.0f} ms\n")
    heading("in flight", "client", "requests/s", "of the ideal", "of bare aiohttp", "CPU ms/request", "peak MB")
    for most in (16, 64, 256):
        best = 0.0
        for name, client, settings in CLIENTS:
            count = most * (rounds if client != "abatch" or most < 256 else max(4, rounds // 4))
            got = measure(url, {"latency": LATENCY, "tasks": TASKS}, client, count, most, **settings)
            rate = got["good"] / got["seconds"]
            best = best or rate
            ideal = rate / (most / LATENCY)
            cpu = f"{got['cpu'] / got['good'] * 1000:.2f}"
            row(most, name, f"{rate:.0f}", f"{ideal:.2f}", f"{rate / best:.2f}", cpu, f"{got['memory']:.0f}")


def lognormal(url: str, rounds: int) -> None:
    print("\n### Log-normal latency, median 300 ms, sigma 0.5, 64 in flight\n")
    heading("client", "requests/s", "of the ideal", "CPU ms/request")
    sent = {"latency": LATENCY, "sigma": 0.5, "tasks": TASKS}
    for name, client, settings in CLIENTS:
        got = measure(url, sent, client, 64 * rounds, 64, **settings)
        rate, ideal = got["good"] / got["seconds"], 64 / (got["busy"] / got["good"])
        cpu = f"{got['cpu'] / got['good'] * 1000:.2f}"
        row(name, f"{rate:.0f}", f"{rate / ideal:.2f}", cpu)


def limits(url: str, minute: float) -> None:
    """Four minutes' worth, 64 in flight: an ideal client needs three minutes and one latency."""
    print(f"\n### Under an enforced limit, 64 in flight; a minute is {minute:g} s here\n")
    heading("limit", "known", "requests", "429s", "of the permitted")
    calls = 300
    tokens = calls * 470
    for what, most, setting in (("requests", calls, "requests_per_minute"), ("tokens", tokens, "tokens_per_minute")):
        for known in ("configured", "learnt"):
            sent = {"limits": {setting: most}} if known == "configured" else {}
            server = {"latency": LATENCY, what: most, "seconds": minute}
            got = measure(url, server, "engine", calls * 4, 64, backend="groq", lean=True, **sent)
            a_minute = most if what == "requests" else int(most / (got["cost"] / got["good"]))
            share = permitted(got["good"], a_minute, minute) / got["seconds"]
            row(f"{most:,} {what}", known, got["good"], got["refused"], f"{share:.2f}")


def permitted(good: int, calls: int, minute: float) -> float:
    """Seconds that the quickest lawful client needs for so many calls."""
    return ((good - 1) // calls) * minute + LATENCY


def memory(url: str, count: int) -> None:
    print("\n### Memory over a long run, 64 in flight, no latency\n")
    heading("requests", "peak MB", "CPU ms/request")
    for requests in (count // 10, count):
        got = measure(url, {"latency": 0.0}, "engine", requests, 64, backend="groq", lean=True)
        row(f"{got['good']:,}", f"{got['memory']:.0f}", f"{got['cpu'] / got['good'] * 1000:.2f}")


def heading(*names: str) -> None:
    row(*names)
    row(*("---" for _ in names))


def row(*values: object) -> None:
    print("|", " | ".join(map(str, values)), "|", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--minute", type=float, default=60.0, help="seconds that a limit's minute takes")
    arguments.add_argument("--only", default="speed,lognormal,limits")
    arguments.add_argument("--requests", type=int, default=100_000, help="for memory, which is not run by default")
    given = arguments.parse_args()
    rounds = 20 if given.quick else 60
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load}")
    with serving() as url:
        for part in given.only.split(","):
            if part == "speed":
                speed(url, rounds)
            elif part == "lognormal":
                lognormal(url, rounds)
            elif part == "limits":
                limits(url, 10.0 if given.quick else given.minute)
            elif part == "memory":
                memory(url, given.requests)


if __name__ == "__main__":
    main()
