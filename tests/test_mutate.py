"""The faults of `make mutants`: each changes the program, and only where it says."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

TOOL = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "mutate.py"))
SOURCE = """
LIMIT = 5
def f(a: int = 1) -> bool:
    a += 2
    if not a < 3 and a - 1 in (a, True):
        return a == 0.5
    return None
"""


def test_each_fault_is_one_change_inside_a_function() -> None:
    faults = [TOOL["mutant"](SOURCE, number) for number, _ in TOOL["places"](ast.parse(SOURCE))]
    plain = ast.unparse(ast.parse(SOURCE))
    changed = {
        (old.strip(), new.strip())
        for fault in faults
        for old, new in zip(plain.splitlines(), fault.splitlines(), strict=True)
        if old != new
    }
    test = "if not a < 3 and a - 1 in (a, True):"
    assert changed == {
        ("a += 2", "a -= 2"),
        ("a += 2", "a += 3"),
        (test, "if +bool(a < 3) and a - 1 in (a, True):"),
        (test, "if not a <= 3 and a - 1 in (a, True):"),
        (test, "if not a < 4 and a - 1 in (a, True):"),
        (test, "if not a < 3 or a - 1 in (a, True):"),
        (test, "if not a < 3 and a + 1 in (a, True):"),
        (test, "if not a < 3 and a - 2 in (a, True):"),
        (test, "if not a < 3 and a - 1 not in (a, True):"),
        (test, "if not a < 3 and a - 1 in (a, False):"),
        ("return a == 0.5", "return a != 0.5"),
        ("return a == 0.5", "return a == 1.5"),
        ("return a == 0.5", "return"),
    }
    assert len(faults) == len(changed)


def test_every_room_has_a_file_and_tests() -> None:
    root = Path(__file__).parents[1]
    for file, tests in TOOL["ROOMS"].values():
        assert all((root / path).is_file() for path in (file, *tests))
