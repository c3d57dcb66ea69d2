"""The rule against code that does not parse: Python by `ast`, and JSON."""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from collections.abc import Iterator

from selfinstruct.api import Example, Filter, Verdict, drop, keep

LONGEST = 50_000
"""Characters of a piece of code that is parsed."""

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#-]*)[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_WANTS_PYTHON = re.compile(r"\bpython\b", re.IGNORECASE)
_WANTS_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_OTHER_FORM = re.compile(
    r"\b(?:python 2|errors?|invalid|broken|malformed|incorrect|buggy|pseudo-?code|session|console|repl|notebook"
    r"|incomplete"
    r"|skeleton|json5|jsonc|json lines|jsonl|ndjson|mistakes?|wrong)\b",
    re.IGNORECASE,
)
"""Tasks whose code may be wrong on purpose, or is of another kind than a program or a JSON text."""

_LITERAL = re.compile(
    r"\b(?:python|dict\w*|javascript|typescript|js|yaml|toml|graphql|ruby|schema with comments)\b", re.IGNORECASE
)
_STATEMENT = re.compile(
    r"(?:def|class|import|from|for|while|if|with|try|print|return|async|@|#|[a-z_][\w.\[\]]*\s*[-+*/]?=[^=])"
)
_PROSE = re.compile(r"^[A-Z][a-z']+(?: [\w',`()-]+){2,}[.:!]?\s*$", re.MULTILINE)
_NO_PROGRAM = re.compile(r"^[ \t]*(?:>>>|\.\.\.[ \t]|[!%$]|In \[)", re.MULTILINE)


class ParsesFilter(Filter[Example]):
    """Drop an example whose output claims to be Python or JSON, by the task or by its fence, and does not parse.

    Tasks about wrong code are left alone, and so are sessions of an interpreter and prose with code in it.
    """

    def evaluate(self, item: Example) -> Verdict:
        """Parse every piece of code whose language is known."""
        output = item.output
        if not (_WANTS_PYTHON.search(item.instruction) or _WANTS_JSON.search(item.instruction) or "```" in output):
            return keep()
        if _OTHER_FORM.search(item.instruction):
            return keep()
        for language, code in _pieces(item):
            if len(code) <= LONGEST and (fault := _fault(language, code)):
                return drop("does-not-parse", language=language, fault=fault)
        return keep()


def _pieces(item: Example) -> Iterator[tuple[str, str]]:
    """The pieces of code with their languages."""
    fences = _FENCE.findall(item.output + "\n")
    for name, code in fences:
        language = {"py": "python", "python": "python", "python3": "python", "json": "json"}.get(name.lower())
        if language == "json" or (language == "python" and not _NO_PROGRAM.search(code)):
            yield language, code
    if fences or "```" in item.output:
        return
    code = item.output.strip()
    if _WANTS_JSON.search(item.instruction) and code[:1] in "{[" and not _LITERAL.search(item.instruction):
        yield "json", code
    elif _WANTS_PYTHON.search(item.instruction) and _is_program(code):
        yield "python", item.output


def _is_program(text: str) -> bool:
    """Whether a text without fences is code from its first line to its last."""
    return _STATEMENT.match(text) is not None and not _PROSE.search(text) and not _NO_PROGRAM.search(text)


def _fault(language: str, code: str) -> str:
    """The syntax error of the code; empty if there is none, or if the code cannot be checked."""
    try:
        if language == "json":
            json.loads(code)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(textwrap.dedent(code))
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except json.JSONDecodeError as error:
        return "" if _is_json_lines(code) else f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return ""
    return ""


def _is_json_lines(code: str) -> bool:
    try:
        return len([json.loads(line) for line in code.splitlines() if line.strip()]) > 1
    except (ValueError, RecursionError):
        return False


KEPT = Example("Write a Python function that adds.", "", "def add(a, b):\n    return a + b", False, "g0.0")
DROPPED = Example("Write a Python function that adds.", "", "def add(a, b)\n    return a + b", False, "g0.0")
