"""Reads a report as a browser does, and makes runs whose texts would be markup."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from selfinstruct.store import BackendFacts, InitialFacts, RunStore
from selfinstruct.types import (
    CLASSIFY,
    GENERATE,
    INSTANCES,
    PREPARE,
    Decision,
    Example,
    Instance,
    Instruction,
    Message,
    Reply,
    Request,
    SeedTask,
    Similarity,
)

EVIL = (
    '<script>document.title="owned"</script>',
    '<img src=x onerror="document.title=1">',
    '</script><script>document.title="owned"</script>',
    "<!-- <script> -->",
    "</style></title></noscript></pre>",
    "\"' onmouseover=alert(1) x='",
    "\u2028 and \u2029, \x00 and \x1b[31m, \u202eright to left",
    "$title ${main} $$ {0} %s",
    '<svg onload="document.title=2"><a href="javascript:alert(1)" xlink:href="http://example.org/x">',
    "&lt;b&gt; &amp; &#60;",
)
"""Texts that break pages that are put together without care."""


@dataclass
class ParsedPage(HTMLParser):
    """What a browser would find in a page."""

    path: Path
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    scripts: list[tuple[dict[str, str | None], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._within: list[str] = []
        self.html = self.path.read_text("utf-8")
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            while self._within.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._within[-1:] == ["script"]:
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        elif self._within[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def plots(self) -> set[str]:
        """The names of the plots."""
        return {str(attrs["id"]) for _, attrs in self.elements if attrs.get("class") == "plot"}

    def bars(self, caption: str) -> list[tuple[str, int, float]]:
        """The rows of a table that has bars: name, count, and length of the bar in percent."""
        table = self.html[self.html.index(f"<caption>{caption}<") :].partition("</table>")[0]
        row = r'<th scope="row">([^<]+)</th><td>([0-9,]+)</td><td>\s*<span[^>]*><span style="width:([0-9.]+)%">'
        return [(name, int(count.replace(",", "")), float(width)) for name, count, width in re.findall(row, table)]

    @property
    def headline(self) -> dict[str, str]:
        """The figures in large, by what they are called."""
        start = next(at for at, (tag, attrs) in enumerate(self.elements) if attrs.get("class") == "heads")
        assert self.elements[start][0] == "dl"
        shown = [text for text in self.texts if text.strip()]
        first = shown.index("seed tasks")
        return dict(zip(shown[first : first + 16 : 2], shown[first + 1 : first + 16 : 2], strict=True))


def evil_run(folder: Path, texts: tuple[str, ...] = EVIL) -> Path:
    """A run in which every text that a model, a seed file or a plugin can write is one of these."""
    store = RunStore.open(folder)
    seeds = [SeedTask(f"s{at}<b>", text, (Instance(text, text),), False, text) for at, text in enumerate(texts)]
    config = {"run": {"x": texts[0]}, "backend": {"use": texts[1 % len(texts)]}}
    store.create(
        seeds,
        InitialFacts(
            config=config,
            tree={"recipe": texts[0]},
            backends={"": BackendFacts({"model": texts[0]})},
            plugins={texts[0]: texts[0]},
            seeds_digest=texts[0],
            version=texts[0],
        ),
    )
    shown = tuple(Instruction(seed.id, seed.instruction) for seed in seeds)
    for at, text in enumerate(texts):
        said = f"Write a poem. {text}"
        near = Similarity(0.5, ((texts[at - 1], 0.5),), 0.1)
        kept = Decision(0, said, "accepted", similarity=near)
        dropped = Decision(1, text, "rejected", f"f{text}"[:100], f"because {text}")
        _settle(store, Request(GENERATE, at, (Message("user", text),), examples=shown), text, [kept, dropped])
        subject = f"g{at}.0"
        label = Decision(0, "yes", "accepted", subject=subject)
        _settle(store, Request(CLASSIFY, at, (Message("user", text),)), text, [label])
        raw = Decision(0, text, "accepted", subject=subject)
        _settle(store, Request(INSTANCES, at, (Message("user", text),)), text, [raw])
        made = Example(said, text, text, True, subject)
        example = Decision(0, made.output, "accepted", subject=subject, payload=made.payload)
        store.settle(Request(PREPARE, at, ()), [example], evaluated=1, complete=True, accepted=at + 1).result()
    store.close()
    return folder


def _settle(store: RunStore, request: Request, text: str, decisions: list[Decision]) -> None:
    store.record_request(request).result()
    store.record_answer(request, Reply(text, "stop", model=text)).result()
    store.settle(request, decisions, evaluated=len(decisions), complete=True, accepted=request.index + 1).result()
