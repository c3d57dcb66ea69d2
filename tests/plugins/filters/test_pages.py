"""The page about the filters: every example on it is true, and it is the one that the filters give now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from scripts import filter_pages
from scripts.filter_pages import PAGE, ROOT, FilterPage, shown

ALL = shown()
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_filter_of_the_recipes_is_on_it() -> None:
    assert len(ALL) > 20
    assert len({one.component.name for one in ALL}) == len(ALL)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.component.name)
def test_the_kept_example_is_kept(one: FilterPage) -> None:
    verdict = one.verdict(one.constant("KEPT"))
    assert verdict.keep, verdict


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.component.name)
def test_the_dropped_example_is_dropped_for_a_reason_that_the_page_names(one: FilterPage) -> None:
    verdict = one.verdict(one.constant("DROPPED"))
    assert not verdict.keep
    assert verdict.reason in one.reasons()
    assert all(KEBAB.fullmatch(reason) for reason in one.reasons())
    json.dumps(dict(verdict.evidence))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == filter_pages.page(), "run: make docs-filters"


def test_a_filter_without_examples_is_named(tmp_path: Path) -> None:
    import selfinstruct_filters

    with pytest.raises(LookupError, match="filter 'no-such' has no examples"):
        filter_pages.module_of(selfinstruct_filters, "no-such")
