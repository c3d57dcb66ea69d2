"""The audit of dependencies: a known hole fails the check, advisories out of reach do not."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

verdict = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "audit.py"))["verdict"]


def dependency(name: str, *holes: str) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": [{"id": hole, "fix_versions": ["1.1"]} for hole in holes]}


def test_a_known_hole_fails_and_is_named() -> None:
    code, lines = verdict(json.dumps({"dependencies": [dependency("good"), dependency("bad", "CVE-1")]}))
    assert code == 1
    assert lines == ["audit: bad 1.0 has CVE-1, fixed in 1.1"]


def test_nothing_is_said_of_what_is_well() -> None:
    assert verdict(json.dumps({"dependencies": [dependency("good")]})) == (0, [])


def test_what_the_advisories_do_not_know_is_counted() -> None:
    code, lines = verdict(
        json.dumps({"dependencies": [dependency("good"), {"name": "new", "skip_reason": "not found"}]})
    )
    assert code == 0
    assert lines == ["audit: 1 of 2 dependencies are unknown to the advisories that were asked"]


@pytest.mark.parametrize("report", ["", "Traceback", "{}"])
def test_advisories_out_of_reach_are_no_failure(report: str) -> None:
    code, lines = verdict(report)
    assert code == 0
    assert "could not be reached" in lines[0]
