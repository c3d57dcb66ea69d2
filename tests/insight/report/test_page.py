"""Texts of models are shown, not run; the page loads nothing; a browser draws it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import command
from tests.insight.report.pages import EVIL, ParsedPage, evil_run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

NAME = 'a <i>run & "more"'


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = evil_run(tmp_path_factory.mktemp("evil") / NAME)
    path = folder.parent / "page.html"
    command("report", "--out", folder, "-o", path).done()
    return path


def dom(path: Path) -> str:
    """The page as a browser has it once its scripts have run."""
    assert BROWSER is not None
    flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom")
    profile = f"--user-data-dir={path.parent / 'profile'}"
    ended = subprocess.run(
        [BROWSER, *flags, profile, path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return ended.stdout


def test_no_text_of_a_model_becomes_markup(evil: Path) -> None:
    page = ParsedPage(evil)
    assert [attrs for attrs, _ in page.scripts] == [{}], "our script"
    assert not [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)]
    assert {tag for tag, _ in page.elements}.isdisjoint({"img", "iframe", "b<", "i", "object", "form action"})
    drawn = [attrs["class"] for tag, attrs in page.elements if tag == "svg"]
    assert sorted(map(str, drawn)) == ["lines", "lines", "sunburst"], "ours"
    for text in EVIL:
        shown = "".join("\ufffd" if char in "\x00\x1b" else char for char in text)
        assert shown in page.text, text
    assert NAME in page.text
    assert page.elements[-1][0] == "script", "nothing after our script"


def test_it_loads_nothing(evil: Path) -> None:
    page = ParsedPage(evil)
    for tag, attrs in page.elements:
        assert not attrs.keys() & {"src", "srcset", "action", "background", "poster", "data", "xlink:href"}, (
            tag,
            attrs,
        )
        assert (attrs.get("href") or "#").startswith(("#", "data:,")), (tag, attrs)
    assert "@import" not in page.html[: page.html.index("</style>")]
    assert "url(" not in page.html[: page.html.index("</style>")]
    (policy,) = (
        str(attrs["content"]) for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]


def test_headings_tables_and_plots_have_names(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", finished, "-o", tmp_path / "page.html").done()
    page = ParsedPage(tmp_path / "page.html")
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption") > 10
    assert tags.count("h1") == 1
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = [attrs for _, attrs in page.elements if attrs.get("role") == "img"]
    assert {attrs["id"] for attrs in named} == page.plots
    for attrs in named:
        assert {attrs["aria-labelledby"], attrs["aria-describedby"]} <= set(ids)


@needs_browser
def test_a_browser_shows_such_texts_and_runs_none_of_them(evil: Path) -> None:
    found = dom(evil)
    assert '<title>a &lt;i&gt;run &amp; "more" – selfinstruct report</title>' in found
    assert f"1 to {len(EVIL)} of {len(EVIL)}" in found


@needs_browser
def test_a_browser_shows_the_first_page_of_the_sample(finished: Path, tmp_path: Path) -> None:
    command("report", "--out", finished, "-o", tmp_path / "page.html").done()
    found = dom(tmp_path / "page.html")
    assert "1 to 20 of 60" in found
    assert found.count('<article class="item" hidden="">') == 40
