"""What the commands cost that ask no model: replay, resume, reprocess, import, prepare, export of a large run.

    python benchmarks/offline.py [--instructions 20000]

The recorded replies are numbered lists of ten tasks of the seeded corpus, and the recipe is `chat`. The imported files
have the form of the original scripts, with one example for each instruction. Each command is a process of its own;
its rate is of the processor time of the whole process, start included, and the memory is its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from corpus import Corpus

EACH = 10
"""Tasks of a reply."""

YIELD = 6
"""Tasks of a reply that are accepted at least; with fewer the recording would end too early."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--instructions", type=int, default=20_000)
    count = parser.parse_args().instructions
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {count:,} instructions\n")
    print("| command | what | number | CPU s | wall s | a CPU second | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        replies, texts, raw = folder / "replies.jsonl", folder / "instructions.jsonl", folder / "instances.jsonl"
        write(replies, recorded(count // YIELD))
        write(texts, ({"instruction": text, "request_idx": at} for at, text in enumerate(fresh(count))))
        write(raw, ({"instruction": text, "raw_instances": example(text)} for text in fresh(count)))
        run = str(folder / "run")
        replay = ["generate", "--backend", "replay", "--set", f"backend.path={replies}", "--target", str(count)]
        measure("replay", [*replay, "--out", run], run, "generate")
        measure("resume, finished", [*replay, "--out", run], run, "generate")
        again, imported = str(folder / "again"), str(folder / "imported")
        measure("reprocess", ["reprocess", run, "--out", again], again, "generate")
        measure(
            "import", ["import", str(texts), str(raw), "--seeds", "builtin", "--out", imported], imported, "instances"
        )
        measure("prepare", ["prepare", "--out", imported], imported, "prepare")
        measure("export", ["export", "--out", imported], imported, "prepare")


def recorded(count: int) -> Iterator[dict[str, Any]]:
    corpus = Corpus(7)
    for _ in range(count):
        text = "\n".join(f"{number}. {task}" for number, task in enumerate(corpus.take(EACH), 1))
        yield {"response": {"choices": [{"text": text, "finish_reason": "stop"}]}}


def fresh(count: int) -> list[str]:
    return Corpus(8, duplicates=False).take(count)


def example(text: str) -> str:
    """An input and an output as the original prompts have them."""
    words = Random(text).sample(text.split(), k=min(4, len(text.split())))
    said = " ".join(Random(f"{text}!").choices(text.split(), k=12))
    return f"\nInput: {' '.join(words)}\nOutput: {said} {Random(text).randrange(997)}."


def write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def measure(name: str, command: list[str], run: str, stage: str) -> None:
    """Run a command, and print what it cost for each candidate of the stage."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "selfinstruct", *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall, cpu = time.perf_counter() - started, used.ru_utime + used.ru_stime
    if status:
        raise SystemExit(f"{name} ended with status {os.waitstatus_to_exitcode(status)}")
    number = candidates(run, stage)
    rate, memory = f"{number / cpu:,.0f}", f"{used.ru_maxrss / 1024:.0f}"
    print(f"| {name} | candidates of {stage} | {number:,} | {cpu:.1f} | {wall:.1f} | {rate} | {memory} |", flush=True)


def candidates(run: str, stage: str) -> int:
    from selfinstruct.store import RunStore

    store = RunStore.open_readonly(Path(run))
    try:
        return store.totals(stage).candidates
    finally:
        store.close()


if __name__ == "__main__":
    main()
