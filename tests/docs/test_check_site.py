"""The check of the built documentation finds what a strict build lets through."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.check_site import faults

WELL = '<h1 id="top">Title</h1><div class="highlight"><div><pre><code>`` ` ``` ](x) **a</code></pre></div></div>'


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>```python run\nprint()</p>", "Markdown that is shown as text: '```python run"),
        ("<p>see [the page](page.md)</p>", "Markdown that is shown as text"),
        ("<p>a <em>b</em> **bold**</p>", "Markdown that is shown as text"),
        ("<h2>Settings { #settings }</h2>", "Markdown that is shown as text"),
        ("<p>| a | b |</p>", "Markdown that is shown as text"),
        ("<p>Traps:\n- One.\n- Two.</p>", "Markdown that is shown as text: 'Traps:\\n- One."),
        ("<p>Steps:\n1. One.</p>", "Markdown that is shown as text"),
        ("<pre><code>x = 1</code></pre>", "1 blocks of code without a language"),
        ('<a href="other.html">x</a>', "other.html: there is no such file"),
        ('<img src="logo.svg">', "logo.svg: there is no such file"),
        ('<a href="#bottom">x</a>', "#bottom: the page has no such heading"),
        ('<a href="sub/b.html#no">x</a>', "sub/b.html#no: the page has no such heading"),
    ],
)
def test_a_fault_is_named_with_its_page(body: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text('<h1 id="yes">B</h1><a href="../a.html#top">a</a>')
    (tmp_path / "a.html").write_text(WELL + body)
    found = list(faults(tmp_path))
    assert len(found) == 1
    assert found[0].startswith("a.html: ")
    assert fault in found[0]


def test_pages_without_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        WELL + '<a href="#top">t</a><a href="https://example.org/#x">e</a><p>a | b, 2 ** 3</p>'
    )
    assert list(faults(tmp_path)) == []
