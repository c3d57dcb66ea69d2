"""The tour and the guide for contributors agree with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_layers import BELOW

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text("utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_the_tour_lists_every_layer_with_its_imports() -> None:
    listed = {
        name.removeprefix("selfinstruct"): set(re.findall(r"`([\w.]+)`", cell)) for name, cell in ROW.findall(TOUR)
    }
    assert listed == BELOW


def test_the_files_that_the_tour_names_exist() -> None:
    for path in re.findall(r"`((?:src|plugins|tests)/[\w/.]+)`", TOUR):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md"])
def test_every_make_target_in_a_page_exists(page: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([\w-]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE))
    assert named, f"{page} names no target"
    assert named <= targets
