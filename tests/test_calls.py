"""Functions take at most three positional parameters, so that a call with more of them names each one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
MOST = 3

FOREIGN = {
    "_generate": "LangChain calls it with messages, stop words and a callback manager",
    "_agenerate": "as `_generate`",
    "_stream": "as `_generate`",
    "_astream": "as `_generate`",
    "_holds": "SQLite calls it as a function of SQL",
    "sample_prompt_instructions": "the signature of the original script, as its users know it",
    "encode_instance": "the signature of the original script, as its users know it",
}
"""Methods whose signature a library sets, with the reason."""


def signatures(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    """The name, line and number of positional parameters of every function, without `self` and `cls`."""
    methods = {
        id(function)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for function in node.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(isinstance(name, ast.Name) and name.id == "staticmethod" for name in function.decorator_list)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = len(node.args.posonlyargs) + len(node.args.args) - (id(node) in methods)
            yield node.name, node.lineno, count


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_takes_at_most_three_positional_parameters(path: Path) -> None:
    found = [
        f"line {line}: {name} takes {count}: make the rest keyword-only"
        for name, line, count in signatures(ast.parse(path.read_text("utf-8")))
        if count > MOST and name not in FOREIGN
    ]
    assert not found, "\n".join(found)


def test_the_guard_counts_parameters() -> None:
    source = "class A:\n def f(self, a, b, c, d): ...\n def g(self, a, b, c, *, d): ...\ndef h(a, b, c, d=1): ...\n"
    assert [(name, count) for name, _, count in signatures(ast.parse(source))] == [("h", 4), ("f", 4), ("g", 3)]
