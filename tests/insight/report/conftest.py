"""Runs to report on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import command

PRICES = ("budget.usd_per_million_prompt_tokens=0.5", "budget.usd_per_million_completion_tokens=2")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every stage done, the ratings too, made once; nobody may change it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "empty.toml").write_text("")
    args = ("--backend", "demo", "--target", "60", "--judge", "--quiet", "--config", folder / "empty.toml")
    command("run", *args, *(part for price in PRICES for part in ("--set", price)), "--out", folder / "run").done()
    return folder / "run"
