"""Evaluation sets as hashed n-grams: they show whether a text repeats a part of the set, and do not reveal the set.

A file of fingerprints starts with a line of JSON (format, name, n, tokeniser, numbers of texts and n-grams, a digest),
padded to a multiple of eight bytes. The sorted 64-bit hashes of the n-grams follow, eight bytes each, in little-endian
order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from selfinstruct.errors import DataError
from selfinstruct.files.inputs import open_input
from selfinstruct.text.tokens import unicode_tokens

if TYPE_CHECKING:
    import numpy as np

N = 8
"""Default number of words in an n-gram. GPT-3 was checked with 8 to 13, depending on the length of the short texts of a
set (Brown et al. 2020, appendix C), PaLM with 8 (Chowdhery et al. 2022, section 8), lm-evaluation-harness with 13.
Instructions are short, so this is the lower end."""

SHORTEST = 4
"""A text shorter than an n-gram is hashed as a whole. A text of fewer words than this is too common to be hashed."""

_FORMAT, _VERSION, _TOKENISER = "selfinstruct_fingerprints", 1, "unicode"
_LONGEST_HEADER = 4096
_REMAKE_HINT = "Make it again with: selfinstruct fingerprint FILE -o OUT"
_JSONL_HINT = "JSONL has one object per line. Convert a JSON array with: jq -c '.[]' FILE"


@dataclass(slots=True)
class Fingerprints:
    """The hashed n-grams of one evaluation set.

    name      of the set
    n         words in an n-gram
    texts     number of texts that the fingerprints were made from
    count     number of different n-grams; each takes eight bytes of memory from the first call of `contains` on
    left_out  number of texts that were too short
    """

    name: str
    n: int
    texts: int
    count: int
    left_out: int = 0
    _hashes: np.ndarray[Any, Any] | None = None
    _path: Path | None = field(default=None, repr=False)

    @classmethod
    def from_texts(cls, name: str, texts: Iterable[str], n: int = N) -> Fingerprints:
        """Make fingerprints. This takes about 100 bytes of memory for each different n-gram."""
        import numpy as np

        found: set[int] = set()
        count = left_out = 0
        for text in texts:
            tokens = unicode_tokens(text)
            count += 1
            left_out += len(tokens) < SHORTEST
            if len(tokens) < n:
                found.update(text_hash(tokens))
            found.update(ngram_hashes(tokens, n))
        hashes = np.fromiter(found, dtype="<u8", count=len(found))
        hashes.sort()
        return cls(name, n, count, len(found), left_out, hashes)

    @classmethod
    def from_file(cls, path: Path) -> Fingerprints:
        """Open a file of fingerprints. Reads its first line; raises `DataError` if it is another file or incomplete."""
        header = _header(path)
        name, n, texts, count = (header.get(key) for key in ("name", "n", "texts", "ngrams"))
        if not (isinstance(name, str) and _is_count(n) and _is_count(texts) and _is_count(count)):
            raise DataError(f"{path} is not a file of fingerprints, or its first line is damaged", _REMAKE_HINT)
        if header[_FORMAT] != _VERSION or header.get("tokeniser") != _TOKENISER:
            raise DataError(f"{path} holds fingerprints of another version of this package", _REMAKE_HINT)
        if path.stat().st_size != header["_size"] + 8 * count:
            raise DataError(
                f"{path} is cut off or has extra bytes: its first line says {count:,} n-grams", _REMAKE_HINT
            )
        return cls(name[:100], n, texts, count, _path=path)

    def to_bytes(self) -> bytes:
        """The content of a file of fingerprints."""
        body = self._all().tobytes()
        header = {_FORMAT: _VERSION, "name": self.name, "n": self.n, "tokeniser": _TOKENISER, "texts": self.texts}
        line = json.dumps({**header, "ngrams": self.count, "digest": _digest(body)}).encode()
        return line + b" " * (-(len(line) + 1) % 8) + b"\n" + body

    def contains(self, hashes: Sequence[int]) -> list[bool]:
        """For each hash, whether the set has it. Raises `DataError` if the file turns out to be damaged."""
        import numpy as np

        known, asked = self._all(), np.array(hashes, dtype="<u8")
        places = np.minimum(np.searchsorted(known, asked), self.count - 1)
        found: list[bool] = (known[places] == asked).tolist()
        return found

    def _all(self) -> np.ndarray[Any, Any]:
        if self._hashes is None:
            import numpy as np

            assert self._path is not None
            header = _header(self._path)
            with open_input(self._path) as file:
                file.seek(header.get("_size", 0))
                body = file.read()
            if header.get("digest") != _digest(body):
                raise DataError(f"{self._path} is damaged: its n-grams do not match its digest", _REMAKE_HINT)
            self._hashes = np.frombuffer(body, dtype="<u8")
        return self._hashes


def ngram_hashes(tokens: Sequence[str], n: int) -> dict[int, int]:
    """The hash of every different run of `n` tokens, with the index of its first occurrence."""
    found: dict[int, int] = {}
    for at in range(len(tokens) - n + 1):
        found.setdefault(_hash("\n".join(tokens[at : at + n])), at)
    return found


def text_hash(tokens: Sequence[str]) -> list[int]:
    """The hash of a whole text, which differs from that of every n-gram; an empty list if the text is too short."""
    return [_hash("\n\n".join(("", *tokens)))] if len(tokens) >= SHORTEST else []


def evaluation_set(path: Path, n: int = N) -> Fingerprints:
    """The fingerprints in a file, or those of the texts that `read_texts` reads from it. Raises `DataError`."""
    if _header(path):
        return Fingerprints.from_file(path)
    made = Fingerprints.from_texts(path.stem, read_texts(path), n)
    if not made.count:
        raise DataError(f"{path} holds no text of {SHORTEST} words or more", "Name a file of evaluation texts.")
    return made


def read_texts(path: Path, fields: Sequence[str] = ()) -> Iterator[str]:
    """The texts of a file: one per line, or, in JSONL (.jsonl, .ndjson, .json), the texts under `fields` of each line.

    Without `fields`, every text of a JSONL line is read. Raises `DataError` for a file that cannot be read, and for a
    line of JSONL that is not an object or lacks one of the fields.
    """
    if _header(path):
        raise DataError(f"{path} is already a file of fingerprints", "Name files of texts.")
    is_json = path.suffix.lower() in (".jsonl", ".ndjson", ".json")
    try:
        with TextIOWrapper(open_input(path), "utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from _texts_of(line, f"{path}, line {number}", fields) if is_json else (line,)
    except FileNotFoundError:
        raise DataError(f"there is no file {path}", "Name files of evaluation texts.") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{path} cannot be read: {why}", "Texts are UTF-8, one per line or JSONL.") from None


def _texts_of(line: str, where: str, fields: Sequence[str]) -> Iterator[str]:
    row: Any = None
    with suppress(ValueError, RecursionError):
        row = json.loads(line)
    if not isinstance(row, dict):
        raise DataError(f"{where} is not a JSON object", _JSONL_HINT)
    for name in fields:
        if not isinstance(row.get(name), str):
            known = ", ".join(key[:40] for key in list(row)[:12]) or "none"
            raise DataError(f"{where} has no text under {name!r}", f"Its keys: {known}.")
    yield from (row[name] for name in fields or row if isinstance(row[name], str))


def _header(path: Path) -> dict[str, Any]:
    """The first line of a file of fingerprints, and its length as `_size`; empty for any other file."""
    try:
        with open_input(path) as file:
            line = file.read(_LONGEST_HEADER).partition(b"\n")[0]
    except OSError:
        return {}  # the caller reads the file next, and reports the error
    if not line.startswith(f'{{"{_FORMAT}"'.encode()):
        return {}
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
    return found | {"_size": len(line) + 1} if isinstance(found, dict) else {_FORMAT: 0}


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and value > 0


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=8).hexdigest()


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
