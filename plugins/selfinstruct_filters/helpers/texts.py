"""Which texts of an item the rules about content look at."""

from __future__ import annotations

from collections.abc import Iterator

from selfinstruct.api import Draft, Example


def texts(item: Draft | Example) -> Iterator[tuple[str, str]]:
    """The item's texts with what each is called; an example has up to three."""
    if isinstance(item, Example):
        named = {"instruction": item.instruction, "input": item.input, "output": item.output}
        yield from ((name, text) for name, text in named.items() if text)
    else:
        yield "text", item.text
