"""Runs with training examples in them, made without asking any model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selfinstruct.store import RunStore
from selfinstruct.types import PREPARE, Decision, Example, Instance, Message, Reply, Request, SeedTask

STRANGE = (
    "plain",
    "a line\nand another\r\nand a third\n",
    "\u2028 and \u2029, \x0b, \x0c, \x85",
    "👩‍👩‍👧 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "مرحبا بالعالم \u202eright to left\u202c",
    "a zero: [\x00], a bell: [\x07], a delete: [\x7f]",
    "<|endoftext|><|eot_id|><|im_end|></s>",
    "{output} {instruction} {question} {{ messages }} {% raw %}",
    "\"quoted\", 'quoted', \\back\\slashes\\, \\u0041",
    " spaces at both ends \t",
    "\ufeffa mark and a \ufffd",
    "null",
    "1e999",
    "2026-01-01T00:00:00",
)
"""Texts that break careless writers and readers."""


def example(instruction: str, input: str, output: str, subject: str = "g0.0") -> Example:  # noqa: A002
    return Example(instruction, input, output, False, subject)


def strange_examples() -> list[Example]:
    """Every strange text as instruction, as input and as output, two examples to an instruction."""
    texts = [*STRANGE, STRANGE[0]]
    return [
        example(f"{index}: {text}", given, texts[index + 1], f"g{index}.0")
        for index, text in enumerate(STRANGE)
        for given in ("", text)
    ]


def make_examples(count: int) -> list[Example]:
    """So many examples of half as many instructions."""
    return [example(f"Do {index // 2}.", "", f"Done {index}.", f"g{index // 2}.0") for index in range(count)]


def add(store: RunStore, examples: Iterable[Example], start: int = 0) -> None:
    """Accept examples as the stage `prepare` does."""
    for index, made in enumerate(examples, start=start):
        decision = Decision(0, made.output, "accepted", subject=made.subject, payload=made.payload)
        store.settle(Request(PREPARE, index, ()), [decision], 1, True, index + 1).result()


def make_run(folder: Path, examples: Iterable[Example] = (), **facts: Any) -> RunStore:
    """An open run with these examples, and one instruction that a model wrote and one that a filter dropped."""
    store = RunStore.open(folder)
    seed = SeedTask("s0", "Name a river.", (Instance("", "Rhine"),), False)
    config = {"run": {"seed": 42, "lookahead": 8, "seed_tasks": "all"}, "backend": {"use": "demo"}}
    tree = {"recipe": "chat", "plugins": [], "export": {"encoder": {"use": "messages"}}}
    known = {"config": config, "tree": tree, "seeds_digest": "5eed", "created_at": "2026-01-02T03:04:05+00:00"}
    versions = {"version": "0.1.0", "python": "3.11", "plugins": {"demo": "0.1.0"}}
    store.create([seed], **{**known, **versions, **facts})
    request = Request("generate", 0, (Message("user", "more"),))
    store.record_request(request).result()
    store.record_answer(request, Reply("1. Do 0.\n2. Do", "stop", model="tiny:1b|x")).result()
    kept, dropped = Decision(0, "Do 0.", "accepted"), Decision(1, "Do", "rejected", "length", "too-short")
    store.settle(request, [kept, dropped], 2, True, 1).result()
    add(store, examples)
    return store
