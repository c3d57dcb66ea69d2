"""Rows of a seed file in any form that leaves no doubt: JSON Lines, JSON over many lines, a JSON array, or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from selfinstruct.errors import DataError, shorten

CSV_COLUMNS = ("instruction", "input", "output", "is_classification", "id", "name")
SHAPE = 'Each seed task is one object, such as {"instruction": "...", "input": "...", "output": "..."}.'
_EXPORT = "Export the table as CSV (UTF-8) with the columns instruction, input and output."
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
"""The constants of Python, and how JSON writes them."""

_BETWEEN = " \t\r\n"
_COMMENTS = re.compile(r"^\s*(#|//).*", re.MULTILINE)


def seed_rows(text: str, path: Path) -> Iterator[tuple[int, object]]:
    """The line on which each row starts, and the row. Raises `DataError` with the line of the first mistake."""
    start = text.lstrip(_BETWEEN)[:1]
    if path.suffix.lower() in (".yaml", ".yml") and start not in ("{", "["):
        convert = rewrite(path, "chr(10).join(map(json.dumps, __import__('yaml').safe_load(b)))")
        raise DataError(f"{path} is YAML, and seed tasks are JSON or CSV", f"With PyYAML, convert it: {convert}")
    if path.suffix.lower() in (".csv", ".tsv") or (start and start not in '{["#/' and "," in text.split("\n", 1)[0]):
        return _csv_rows(text, path)
    return _json_rows(text, path)


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, object]]:
    """Rows of a table whose first line names the columns."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [(name or "").strip().lower() for name in table.fieldnames or ()]
        if not {"instruction", "output"} <= set(columns):
            raise DataError(
                f"{path}, line 1: the file is not JSON, and as CSV it has no columns instruction and output: "
                f"{shorten(first.strip())}",
                f"Name the columns in the first line: {','.join(CSV_COLUMNS[:3])}",
            )
        line = table.line_num + 1
        for row in table:
            if None in row or None in row.values():
                raise DataError(
                    f"{path}, line {line}: it has not as many columns as line 1",
                    f"Put double quotes around each text that holds {_DELIMITERS[delimiter]} or line breaks.",
                )
            named = {column: row[name] for column, name in zip(columns, table.fieldnames or (), strict=True)}
            yield line, {key: value for key, value in named.items() if value or key in CSV_COLUMNS[:3]}
            line = table.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {table.line_num}: not CSV: {error}", _EXPORT) from None


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, object]]:
    """The objects of a file, one behind the other, with or without commas, or the entries of its one array."""
    decoder = json.JSONDecoder()
    at, line, counted = 0, 1, 0
    is_array = False
    while (at := _skip(text, at)) < len(text):
        line, counted = line + text.count("\n", counted, at), at
        if text[at] == "[" and counted == _skip(text, 0):
            is_array, at = True, at + 1
            continue
        if text[at] == "," or (is_array and text[at] == "]"):
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            place = "at" if error.lineno == line else f"on line {error.lineno},"
            raise DataError(
                f"{path}, line {line}: not JSON: {error.msg} {place} column {error.colno}", _hint(text, error)
            ) from None
        except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
            raise DataError(f"{path}, line {line}: not JSON that can be read: {error}", SHAPE) from None
        yield line, value


def _skip(text: str, at: int) -> int:
    """The next place that is not white space."""
    while at < len(text) and text[at] in _BETWEEN:
        at += 1
    return at


def _hint(text: str, error: json.JSONDecodeError) -> str:
    if text[error.pos : error.pos + 1] in ("'", "“", "”"):
        return 'Put names and texts between straight double quotes: "instruction".'
    if text.startswith(("#", "//"), error.pos) and _COMMENTS.sub("", text).lstrip().startswith(("{", "[")):
        return "Remove the comment: JSON has none."
    if word := next((word for word in _CONSTANTS if text.startswith(word, error.pos)), ""):
        return f"Write {_CONSTANTS[word]} in place of {word}: JSON has true, false and null."
    if error.msg.startswith("Expecting ',' delimiter") and text[error.pos : error.pos + 1] in ("{", ""):
        return "Write the closing bracket, } or ], that this row lacks."
    if error.msg.startswith("Invalid control character"):
        return "Write a line break inside a text as \\n."
    if text[error.pos : error.pos + 1] in ("]", "}") or error.msg.startswith("Illegal trailing comma"):
        return "Remove the comma before the closing bracket."
    words = text[error.pos :].partition("\n")[0].strip()
    if error.msg == "Expecting value" and words[:1].isalpha() and error.colno == 1:
        row = json.dumps({"instruction": shorten(words), "output": "..."}, ensure_ascii=False)
        return f"Each seed task is one object, with an output that you write, so this line becomes: {row}"
    return SHAPE


def rewrite(path: Path, text: str) -> str:
    """The command that writes the expression `text` of the file's bytes `b` in place of them, and keeps a copy."""
    copy = f"{path}.bak"
    old, new = (f"'{repr(chr(34) + name)[2:]}" for name in (str(path), copy))  # in single quotes, whatever is in it
    script = f"from pathlib import Path as P; p = P({old}); b = p.read_bytes(); open({new}, 'xb').write(b)"
    return f'python -c "import json; {script}; p.write_bytes(({text}).encode())" (its old text stays in {copy})'
