"""Reads the JSON in a reply: whole, cut at the end, or sloppy, in fences or between sentences.

Whole JSON is read by the standard library. JSON inside which the reply ended is closed here, which is a matter of
counting brackets, so that a string that was cut is known. Only what is still no JSON goes to json-repair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from selfinstruct.text.template_tokens import without_tokens_last

DEEPEST = 40
"""Levels of nesting that are read: no answer to a question of ours is deeper."""

LONGEST_REPAIRED = 20_000
"""Characters of sloppy JSON that are repaired. json-repair needs a time that grows with the square of some texts."""

MOST_LOOKS = 2_000_000
"""Characters that json-repair may look at for one reply, counted every time."""

_CUT = "\ue0c7"
"""Stands for the place where a string was cut; a sign of Unicode's private area, which no text needs."""

_COMMENT = r"\s*(?:(?://|#)[^\n]{0,200}\n\s*)?"
_START = re.compile(
    r"(?:^|[:：=])[ \t]*(?:```\w*[ \t]*)?"
    rf"""(?P<open>\[{_COMMENT}(?=["“'{{\[])|\{{{_COMMENT}(?=["“'}}]|[A-Za-z_]\w{{0,40}}\s*:))""",
    re.MULTILINE,
)
_BETWEEN = re.compile(
    r"(?:[\s,;\])}]|```\w*|(?<=\n)[#* ]{0,8}(?:[^\W\d_]{2,12} )?#?\d{1,3}[.:)]?[* ]{0,4}(?=[\n{\[]))*+"
)
_HEADLESS = re.compile(r'\s*"[^"\n]{1,40}"\s*:\s*["\[{]')
"""An object whose first bracket stood in the prompt."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
_HALF_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)\Z")
_HALF_WORD = re.compile(r"[\w.+-]{1,40}\Z")
_PROSE = re.compile(r"[\s,`]*\n\s*[^\W\d_]+ +[^\W\d_]")
_CLOSER = {"[": "]", "{": "}"}


class CutText(str):
    """A string inside which the reply ended."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class JsonReading:
    """The values that stand one after the other in a text, where the first begins, and where the last ends.

    is_cut  the text ends inside the last value; a string that it ends in is a `CutText`
    """

    values: tuple[object, ...]
    start: int
    end: int
    is_cut: bool = False


def read_json(text: str) -> JsonReading | None:
    """Read the first JSON in a text, and what follows it with nothing but commas, brackets and fences in between.

    JSON begins at the start of a line, or behind a colon. An object that has a key twice is read as a list of objects,
    each with the key once, so that nothing is lost. Values nested deeper than `DEEPEST` are none. `None` where there
    is no JSON. Takes a time that grows with the length of the text, and raises nothing.
    """
    found = _START.search(text) if "[" in text or "{" in text else None
    if _HEADLESS.match(text) and (found is None or text[: found.start()].strip()):
        whole = read_json("{" + text)
        return whole and replace(whole, start=0, end=whole.end - 1)
    if found is None:
        return None
    start = at = found.start("open")
    values: list[object] = []
    budget = _Budget()
    while True:
        read = _value(text, at, budget)
        if read is None:
            break
        value, end, is_cut = read
        values.append(value)
        between = _BETWEEN.match(text, end)
        at = between.end() if between else end
        if is_cut or text[at : at + 1] not in ("[", "{"):
            return JsonReading(tuple(values), start, end, is_cut)
    return JsonReading(tuple(values), start, end) if values else None


def _value(text: str, at: int, budget: _Budget) -> tuple[object, int, bool] | None:
    """The value at a place, its end, and whether the text ended inside it."""
    try:
        value, end = _DECODER.raw_decode(text, at)
        return _marked(value, is_cut=False), end, False
    except (ValueError, RecursionError):
        pass
    extent = _extent(text, at)
    try:
        value = _marked(_closed(extent, budget), is_cut=extent.is_cut)
    except (ValueError, RecursionError):
        return None
    return (value, extent.end, extent.is_cut) if isinstance(value, dict | list) and value else None


def _closed(extent: _Extent, budget: _Budget) -> object:
    """The value of a text that was closed here if it was cut; raises `ValueError` where it is no JSON."""
    if extent.is_cut:
        try:
            return _DECODER.decode(extent.closed)
        except ValueError:
            pass
    return _repaired(extent.closed, budget)


# --- where a value ends -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Extent:
    """A value's text, closed if the reply ended inside it, and where it ends."""

    closed: str
    end: int
    is_cut: bool


def _extent(text: str, at: int) -> _Extent:
    """Count brackets outside strings until all are closed, or the text ends."""
    closers: list[str] = []
    last = (at, at)  # the last string
    for token in _TOKEN.finditer(text, at):
        sign = token[0]
        if sign in _CLOSER:
            closers.append(_CLOSER[sign])
        elif sign == '"':
            return _unclosed(text, at, token.start(), closers=closers)
        elif sign[0] == '"':
            last = token.span()
        else:
            closers.pop()
            if not closers:
                return _Extent(text[at : token.end()], token.end(), is_cut=False)
    if last[1] > at and _PROSE.match(text, last[1]):  # the closing bracket was forgotten
        return _Extent(text[at : last[1]] + "".join(reversed(closers)), last[1], is_cut=False)
    body = text[at:].rstrip().rstrip("`").rstrip()
    word = _HALF_WORD.search(body, max(last[1] - at, len(body) - 40))
    if word and word[0] not in ("true", "false", "null"):
        body = body[: word.start()].rstrip()
    before = body[: last[0] - at].rstrip()
    is_key = closers[-1] == "}" and body[len(before) :].strip() == text[slice(*last)] and before.endswith(("{", ","))
    if body.endswith(":") or is_key:  # a key without its value
        body = before
    return _Extent(body.removesuffix(",") + "".join(reversed(closers)), len(text), is_cut=True)


def _unclosed(text: str, at: int, quote: int, *, closers: list[str]) -> _Extent:
    """The text ends in a string, or one quotation mark is too many and the last bracket closes the value."""
    before = text[at:quote].rstrip()
    end = text.rfind(closers[0], quote)
    opens = before.endswith(("[", "{", ",", ":"))
    if end > 0 and not opens and not re.search(r"[^\W\d_]", text[quote + 1 : end]):
        return _Extent(text[at : end + 1], end + 1, is_cut=False)
    ends = "".join(reversed(closers))
    if closers[-1] == "}" and before.endswith(("{", ",")):
        return _Extent(before.removesuffix(",") + ends, len(text), is_cut=True)  # a key without its value
    body = text[at:]
    half = _HALF_ESCAPE.search(body, max(0, len(body) - 40))
    body = body[: half.start(1)] if half else body
    return _Extent(f'{body}{_CUT}"{ends}', len(text), is_cut=True)


# --- values -----------------------------------------------------------------------------------------------------------


def _object(pairs: Iterable[tuple[str, object]]) -> object:
    """An object; where a key comes again, a list of objects."""
    objects: list[dict[str, object]] = [{}]
    for key, value in pairs:
        if key in objects[-1]:
            objects.append({})
        objects[-1][key] = value
    return objects[0] if len(objects) == 1 else objects


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)


def _marked(value: object, depth: int = 0, *, is_cut: bool) -> object:
    """The value with its cut string marked, and without a key that was cut; raises `ValueError` if it is too deep."""
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {
            key: _marked(inner, depth + 1, is_cut=is_cut)
            for key, inner in value.items()
            if not is_cut or _CUT not in key
        }
    if isinstance(value, list):
        return [_marked(inner, depth + 1, is_cut=is_cut) for inner in value]
    if is_cut and isinstance(value, str) and _CUT in value:
        return CutText(value.replace(_CUT, ""))
    return without_tokens_last(value) if isinstance(value, str) else value


class _Budget:
    """How many characters json-repair may still look at."""

    def __init__(self) -> None:
        self.left = MOST_LOOKS


class _Counted(str):
    """A text that counts how often it is looked at, and raises `ValueError` when it was looked at too often."""

    __slots__ = ("budget",)
    budget: _Budget

    def __getitem__(self, place: object) -> str:
        self.budget.left -= len(range(*place.indices(len(self)))) if isinstance(place, slice) else 1
        if self.budget.left < 0:
            raise ValueError("too many looks at this text")
        return str.__getitem__(self, place)  # type: ignore[index]


def _repaired(text: str, budget: _Budget) -> object:
    """What json-repair makes of it; raises `ValueError` where that would be too much work."""
    if len(text) > LONGEST_REPAIRED:
        raise ValueError("too long to be repaired")
    from json_repair import repair_json

    counted = _Counted(text)
    counted.budget = budget
    try:
        return repair_json(counted, return_objects=True, skip_json_loads=True)
    except Exception as error:  # whatever a repair of broken text may raise: the text is no JSON then
        raise ValueError("cannot be repaired") from error
