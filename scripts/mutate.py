"""Puts small faults into one file at a time, runs the tests that belong to it, and prints the share of faults found.

A fault swaps a comparison, moves a number by one, swaps `and` and `or`, leaves out a `not`, swaps plus and minus, or
returns nothing. The file is changed in a copy of the project, so an interrupted run leaves no fault behind.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = "src/selfinstruct"
COPIED = ("src", "plugins", "tests", "data", "pyproject.toml")
ENGINE, STORE = "tests/engine", "tests/store"
ROOMS = {
    "gate": (
        f"{CORE}/engine/gate.py",
        [f"{ENGINE}/test_limits.py", f"{ENGINE}/test_gate.py", f"{ENGINE}/test_gate_waits.py"],
    ),
    "limits": (f"{CORE}/engine/rate_limit.py", [f"{ENGINE}/test_rate_limit.py", f"{ENGINE}/test_gate.py"]),
    "budget": (f"{CORE}/engine/budget.py", [f"{ENGINE}/test_budget.py"]),
    "retries": (f"{CORE}/engine/retry_policy.py", [f"{ENGINE}/test_retry_policy.py", f"{ENGINE}/test_health.py"]),
    "answerer": (
        f"{CORE}/engine/live_answerer.py",
        [f"{ENGINE}/test_live.py", f"{ENGINE}/test_live_calls.py", f"{ENGINE}/test_live_endings.py"],
    ),
    "runner": (
        f"{CORE}/engine/runner.py",
        [
            f"{ENGINE}/test_order.py",
            f"{ENGINE}/test_stopping.py",
            f"{ENGINE}/test_ending.py",
            f"{ENGINE}/test_planning.py",
            f"{ENGINE}/test_settling.py",
        ],
    ),
    "chain": (f"{CORE}/engine/filter_chain.py", [f"{ENGINE}/test_plugin_faults.py", f"{ENGINE}/test_balance.py"]),
    "journal": (f"{CORE}/store/journal.py", [f"{STORE}/test_journal.py"]),
    "calls": (f"{CORE}/store/calls.py", [f"{STORE}/test_calls.py"]),
    "decisions": (f"{CORE}/store/decisions.py", [f"{STORE}/test_decisions.py"]),
    "writer": (f"{CORE}/store/writer.py", [f"{STORE}/test_writer.py", f"{STORE}/test_journal.py"]),
    "store": (
        f"{CORE}/store/run_store.py",
        [f"{STORE}/test_run_store.py", f"{STORE}/test_journal.py", f"{STORE}/test_folder.py"],
    ),
}
"""The files that faults are put into, and their tests."""

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}

LONGEST_SECONDS = 300
"""Seconds after which tests without a fault count as failed."""

PATIENCE = 5
"""How many times longer tests may take with a fault, before they count as failed: it may make them wait for ever."""


def places(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The number and a description of every fault that can be put into a module."""
    for number, (node, field) in enumerate(_targets(tree)):
        yield number, f"line {getattr(node, 'lineno', 0)}: {type(node).__name__}, {field}"


def mutant(source: str, number: int) -> str:
    """The source with the fault of this number."""
    tree = ast.parse(source)
    node, field = list(_targets(tree))[number]
    match node:
        case ast.Compare():
            node.ops[int(field)] = SWAPPED[type(node.ops[int(field)])]()  # type: ignore[call-overload]
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            node.op = SWAPPED[type(node.op)]()  # type: ignore[assignment]
        case ast.Constant():
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1  # type: ignore[operator]
        case ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.Return():
            node.value = None
    return ast.unparse(ast.fix_missing_locations(tree))


def _targets(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every place of a fault, in a fixed order. Annotations and the values of constants at the top stay as they are."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
        for node in (part for statement in function.body for part in ast.walk(statement)):
            match node:
                case ast.Compare():
                    yield from ((node, str(place)) for place in range(len(node.ops)))
                case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(node.op) in SWAPPED:
                    yield node, type(node.op).__name__
                case ast.Constant() if isinstance(node.value, int | float):
                    yield node, repr(node.value)
                case ast.UnaryOp() if isinstance(node.op, ast.Not):
                    yield node, "Not"
                case ast.Return() if node.value is not None and not _is_nothing(node.value):
                    yield node, "value"


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def try_room(name: str, most: int, seed: int, copy: Path) -> tuple[int, int]:
    """Put up to `most` faults into a room's file in a copy of the project; returns how many were found, and tried."""
    file, tests = ROOMS[name]
    source = (ROOT / file).read_text("utf-8")
    every = list(places(ast.parse(source)))
    chosen = sorted(random.Random(seed).sample(every, min(most, len(every))))
    began = time.monotonic()
    if not _tests_pass(copy, tests, LONGEST_SECONDS):
        sys.exit(f"the tests of {name} fail without a fault")
    longest = PATIENCE * (time.monotonic() - began)
    found = 0
    for number, words in chosen:
        (copy / file).write_text(mutant(source, number), "utf-8")
        is_found = not _tests_pass(copy, tests, longest)
        found += is_found
        print(f"{'found   ' if is_found else 'SURVIVED'}  {file}, {words}", flush=True)
    (copy / file).write_text(source, "utf-8")
    return found, len(chosen)


def _tests_pass(copy: Path, tests: list[str], longest: float) -> bool:
    paths = os.pathsep.join(str(copy / part) for part in ("src", "plugins", ""))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return not subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=longest, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Try the rooms that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"{', '.join(ROOMS)}. Default: all.")
    parser.add_argument("--most", type=int, default=15, help="Faults in each room.")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # tests read the copy as a user without rights, too
        for part in COPIED:
            kind = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            kind(ROOT / part, Path(folder) / part)
        for name in given.rooms or ROOMS:
            found, tried = try_room(name, given.most, given.seed, Path(folder))
            print(f"{name}: {found} of {tried} faults found ({found / tried:.0%})", flush=True)


if __name__ == "__main__":
    main()
