"""Collects examples without raw texts, and writes raw texts in the form that the recipe `chat` asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selfinstruct.transfer.importing.row_values import clean_text

INPUT, OUTPUT = "<<INPUT>>", "<<OUTPUT>>"
_DELIMITER = re.compile(
    r"^[ \t>*_#`\"-]*<<+[ \t]*(?:/|end)?[ \t_]*"
    r"(?:no[ _-]?input|input|output|class[ _]?label|label|answer|example|end)?[ \t]*[#:]?[ \t]*\d*[ \t]*>",
    re.IGNORECASE | re.MULTILINE,
)
"""Matches lines that the parser of the recipe `chat` could read as one of its markers."""


class ExampleCollector:
    """Collects the examples of every instruction, in a few hundred bytes of memory each."""

    def __init__(self) -> None:
        self._by_instruction: dict[str, dict[tuple[str, str], None]] = {}
        self._names: dict[str, str] = {}

    @staticmethod
    def refuse(given: object, output: object) -> str:
        """Why an example cannot be imported; empty if it can."""
        if not isinstance(given, str) or not isinstance(output, str):
            return "input or output is not a text"
        if not output.strip():
            return "the output is empty"
        if _DELIMITER.search(given) or _DELIMITER.search(output):
            return f"a line in it looks like {INPUT} or {OUTPUT}"
        return ""

    def add(self, identity: str, given: object, output: object, *, name: str) -> bool:
        """Add an example of the file `name`; returns false if the instruction has it already."""
        case = (clean_text(given), clean_text(output))
        cases = self._by_instruction.setdefault(identity, {})
        is_new = case not in cases
        cases[case] = None
        self._names.setdefault(identity, name)
        return is_new

    def raw_texts(self) -> Iterator[tuple[str, str, str]]:
        """The id of every instruction, its examples as one raw text, and the file they came from."""
        for identity, cases in self._by_instruction.items():
            with_inputs = any(given for given, _ in cases)
            parts = [_written(given, output, with_inputs) for given, output in cases]
            yield identity, "\n".join(parts), self._names[identity]


def _written(given: str, output: str, with_input: bool) -> str:
    """One example, with an empty input if others have inputs, so that it does not get the input of its neighbour."""
    return f"{INPUT}\n{given}\n{OUTPUT}\n{output}" if with_input else f"{OUTPUT}\n{output}"
