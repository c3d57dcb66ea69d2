"""Looks in the built documentation for what a strict build lets through: Markdown that became text, and dead links.

python scripts/check_site.py site     print one line for each fault; exit code 1 if there is any
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEFT_OVER = re.compile(r"`{3}|~{3}|\]\(|\*\*\w|\{ *[.#:][\w-]+|^\|.*\|$|\n(?:[-*]|1\.) ", re.MULTILINE)
"""Fences, links, bold type, attributes, tables, and lists without a blank line before them, that became text."""

VERBATIM = {"code", "pre", "script", "style", "title"}


class SitePage(HTMLParser):
    """One page: its ids, what it links to, its text outside code, and whether its code is highlighted."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.texts: list[str] = []
        self.plain_blocks = 0
        self._verbatim = 0
        self._highlighted = 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids, targets, and where code begins."""
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        self.targets += [target for name in ("href", "src") if (target := found.get(name))]
        self._verbatim += tag in VERBATIM
        if tag == "div" and (self._highlighted or "highlight" in (found.get("class") or "").split()):
            self._highlighted += 1
        self.plain_blocks += tag == "pre" and not self._highlighted

    def handle_endtag(self, tag: str) -> None:
        """Note where code ends."""
        self._verbatim -= tag in VERBATIM
        self._highlighted -= tag == "div" and self._highlighted > 0

    def handle_data(self, data: str) -> None:
        """Keep text outside code."""
        if not self._verbatim:
            self.texts.append(data.strip())


def faults(site: Path) -> Iterator[str]:
    """What is wrong in the pages of a site, one line for each fault."""
    pages = {path.resolve(): SitePage(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        for text in page.texts:
            if found := LEFT_OVER.search(text):
                yield f"{where}: Markdown that is shown as text: {text[max(0, found.start() - 30) :][:70]!r}"
        if page.plain_blocks:
            yield f"{where}: {page.plain_blocks} blocks of code without a language"
        for target in page.targets:
            if problem := _problem(target, path, pages):
                yield f"{where}: {target}: {problem}"


def _problem(target: str, path: Path, pages: dict[Path, SitePage]) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or target.startswith("/") or path.name == "404.html":
        return ""
    file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    file = file / "index.html" if file.is_dir() else file
    if not file.is_file():
        return "there is no such file"
    if parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].ids:
        return "the page has no such heading"
    return ""


def main() -> None:
    """Check the site that the command line names."""
    found = list(faults(Path(sys.argv[1])))
    print("\n".join(found) or "no faults in the built pages")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
