"""Hints in the prompt for new tasks: a topic or a person for each request, from a list or a file."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from selfinstruct.api import Instruction
from selfinstruct.api.text import read_input_text

LONGEST = 200
"""Characters of a hint; what is longer is more likely a file of another kind."""


def read_hints(given: Any) -> Any:
    """The hints of an option: a list as it is, and for the name of a file its lines.

    Blank lines and those that begin with `#` are left out. Raises `ValueError`, which the config reports with the
    option's path, for a file that cannot be read or a list that holds nothing of use.
    """
    if given is None:
        return None
    hints = _read_lines(Path(given)) if isinstance(given, str) else given
    if not isinstance(hints, list | tuple) or not all(isinstance(hint, str) for hint in hints):
        raise ValueError('must be a list of texts, such as ["bees", "tax law"], or a file with one per line')
    folded = [" ".join(hint.split()) for hint in hints]
    kept = tuple(dict.fromkeys(hint for hint in folded if hint))
    if not kept:
        raise ValueError("names nothing" + (f": {given} has no line with words" if isinstance(given, str) else ""))
    for hint in kept:
        if len(hint) > LONGEST or not hint.isprintable():
            raise ValueError(f"'{ascii(hint[:40])[1:-1]}...' is no hint: at most {LONGEST} printable characters")
    return kept


def _read_lines(path: Path) -> list[str]:
    try:
        lines = read_input_text(path).splitlines()
    except OSError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # no UTF-8, or a name that no file can have
        why = f"byte {error.start} is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise ValueError(f"the file {ascii(str(path))[1:-1]} cannot be read: {why}") from None
    return [line for line in lines if not line.lstrip().startswith("#")]


def choose(hints: Sequence[str], what: str, examples: Sequence[Instruction]) -> str:
    """One of the hints, by a hash of the examples that the prompt shows, which differ from request to request.

    Nothing else that an encoder receives differs between requests. So the same examples always get the same hint, and
    a prompt without examples always gets the same one. `what` keeps topics and personas independent of each other.
    """
    shown = "\0".join([what, *(part for example in examples for part in (example.id, example.text))])
    digest = blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return hints[int.from_bytes(digest, "big") % len(hints)]
