"""Finds the labels of a text: the starts of lines that name a part of a record, and the lines that part records."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from selfinstruct_chat.readers.fields import part_of_field
from selfinstruct_chat.readers.part_words import ANSWERS, EXAMPLES, EXPLANATIONS, INPUTS, LEAD_IN, OUTPUTS, SYMBOL

FENCE = re.compile(r"[ \t]*(?:```|~~~)")
HEAD = 120
"""Characters at a line's start in which a label must stand."""

_STARS = r"[*_]{0,3}"
_LEAD = (
    r"[ \t]*+(?:>[ \t]*+)?(?:<details>[ \t]*<summary>)?(?:[-*•+][ \t]+)?"
    r"(?P<first>#?\d{1,3}[.):][ \t]+)?(?:[-*•+][ \t]+)?(?P<heading>\#{1,6}[ \t]*)?"
    rf"(?:{SYMBOL}[ \t]*)?[\[【(]?(?P<stars>{_STARS})[ \t]*(?P<second>#?\d{{1,3}}[.):][ \t]+)?"
)
LABEL = re.compile(
    rf"{_LEAD}(?P<name>[^\W\d_][^\n:：*\]】]{{0,30}}?)(?P<number>(?:[ \t]*[#(]?\d{{1,3}}\)?)?)[ \t]*[\]】)]?{_STARS}"
    rf"(?:[ \t]*(?P<colon>[:：]|</summary>){_STARS}[ \t]*|[ \t]*(?P<dash>[–—-])(?=[ ])|(?P<bare>[ \t#]*)(?=\r?\Z))"
)
"""The start of a line that names a field: `**Text:** `; or a heading that does: `## Input`."""

_LABEL_SIGNS = (":", "：", "</summary>", "- ", "– ", "— ", "*", "_", "#")
"""A line that `LABEL` makes a label of holds one of these, and they are found sooner."""

_SIGN = r"[^\w\n]{0,8}"
_WHICH = r"(?:\d{1,2}|[一二三四五六七八九十]|(?-i:[A-H]|I{1,3}|IV|V)|one|two|three|four|five|six|seven|eight|nine|ten)"
_PLACE = r"(?:first|second|third|fourth|fifth|sixth|next|last|another|\d{1,2}(?:st|nd|rd|th|\.|[ .]?º)?)"
_SEPARATOR = re.compile(
    rf"(?P<before>{_SIGN})(?:\d{{1,2}}[.)][ \t]+{_SIGN})?"
    rf"(?:第?(?:{EXAMPLES}|instance|(?:test )?case|sample|record|pair)"
    rf"(?![^\W\d_一二三四五六七八九十])[ \t]{{0,3}}[#(（№]?[ \t]?(?P<which>{_WHICH})?"
    rf"|(?:the )?(?P<place>{_PLACE}|第[一二三四五六七八九十\d][个個]?)[ \t]?(?:{EXAMPLES}|instance|case|sample))"
    r"(?![^\W_])[)）]?(?:[ \t]?(?:of|/)[ \t]?\d{1,2})?(?:[ \t]*[(（][^()（）\n]{1,40}[)）])?"
    rf"(?P<behind>{_SIGN})(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_DECOR = r"[ \t>*_#`\"-]*(?:\d{1,3}[.)][ \t]+)?[*_`]*"
_DELIMITER = re.compile(
    rf"{_DECOR}<<+[ \t]*(?P<close>/|END[ _])?[ \t]*"
    rf"(?P<name>NO[ _-]?INPUT|CLASS[ _]?LABEL|LABEL|ANSWER|EXAMPLE|END|{INPUTS}|{OUTPUTS})"
    r"[ \t]*[#:]?[ \t]*\d*[ \t]*>+[*_`\"]*[ \t]*(?::[*_]*)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_INSIDE = re.compile(
    rf"(?<=\S)(?:(?P<sign>[ \t]*[|;,→–—/-][>\s]*|(?<=[.!?\"”'’)。])[ \t]*|[ \t]+(?=\*\*))|[ \t]+)"
    rf"(?={_STARS}(?P<name>{INPUTS}|{OUTPUTS}|{ANSWERS}|{EXPLANATIONS}|(?:class )?label){_STARS}[ \t]?[:：])",
    re.IGNORECASE,
)
"""Where a label begins in the middle of a line."""

_COLUMN = re.compile(rf"(?<=\S)[ \t]+[|–—][ \t]+(?={_STARS}(?P<name>[^\W\d_]{{2,20}}){_STARS}[:：])")

_BLOCK_SCALAR = re.compile(r"[|>][+-]?[ \t]*")
"""Stands in YAML above an indented text."""

LONGEST_LINE = 2_000
"""Characters of a line in which labels are looked for."""

_BETWEEN = re.compile(
    rf"[ \t]*+(?:{LEAD_IN}|(?:[-*_=][ \t]*){{3,}}|\(?\d{{1,3}}[.)]|\#{{1,6}}(?:[ \t]*\d{{1,3}}[.:]?)?)[ \t]*\r?",
    re.IGNORECASE,
)
"""Rules, bare numbers, empty headings and words to the user that part examples."""


@dataclass(frozen=True, slots=True)
class Label:
    """What the start of a line names: its name as written, what that means, and the rest of the line.

    `part` is the group of words that the name belongs to, `example` for a line that parts records, empty if unknown.
    """

    written: str
    part: str
    rest: str
    is_heading: bool = False
    is_numbered: bool = False

    @property
    def name(self) -> str:
        """The name in small letters, without a number."""
        return self.written.rstrip("0123456789#() \t").casefold()


def label_at(line: str) -> Label | None:
    """The label that a line starts with; without a colon, only a known name in bold or as a heading is one."""
    head = line[:HEAD]
    if found := _SEPARATOR.fullmatch(head):
        is_alone = not found["rest"].strip() and len(line) <= HEAD
        is_marked = found["which"] or found["place"] or re.search("[:：*#]", found["before"] + found["behind"])
        if is_marked and (is_alone or (found["which"] and re.search(r"[:：.)–—-]", found["behind"]))):
            return Label("example", "example", found["rest"] + line[HEAD:])
    found = LABEL.match(head) if any(map(head.__contains__, _LABEL_SIGNS)) else None
    if found is None:
        return None
    name = head[found.start("name") : found.end("number")].strip()
    part = part_of_field(found["name"].strip())
    is_named = bool(found["heading"] or found["stars"]) if found["bare"] is not None else found["colon"] is not None
    if not (is_named if found["colon"] else part and (found["dash"] or (is_named and len(line) <= HEAD))):
        return None
    is_numbered = bool(found["first"] or found["second"] or found["number"])
    return Label(name, part, line[found.end() :], bool(found["heading"]), is_numbered)


def part_at(line: str) -> str:
    """The group of words that a line's label belongs to; empty without a label, or of an unknown one."""
    label = label_at(line)
    return label.part if label else ""


def delimiter_at(line: str) -> Label | None:
    """The delimiter that a line starts with: `<<INPUT>>`, and what models write like it; `end` closes a part."""
    found = _DELIMITER.fullmatch(line[:HEAD])
    if found is None:
        return None
    name = "end" if found["close"] else re.sub(r"[ _-]", "", found["name"].lower())
    part = {"classlabel": "label", "label": "label", "end": "end", "example": "example"}.get(name) or part_of_field(
        name
    )
    return Label(found["name"], part or "input", found["rest"] + line[HEAD:])


@dataclass(frozen=True, slots=True)
class LabelledText:
    """The lines of a text, and the label that each of them starts with. Readers share it, so a label is found once."""

    lines: Sequence[str]
    labels: Sequence[Label | None]

    @classmethod
    def from_text(cls, text: str) -> LabelledText:
        """The text, with the labels of its lines."""
        lines = text.split("\n")
        return cls(lines, [label_at(line) for line in lines])

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    def changed_to(self, text: str) -> LabelledText:
        """A later form of the text; labels are only looked for if it differs."""
        return self if text == self.text else self.from_text(text)

    def marks(self, keeps_remarks: bool = False) -> list[tuple[int, Label]]:
        """The labels outside code, each with its line; `keeps_remarks` leaves out those above a remark."""
        code = fenced_lines(self.lines)
        found = [(at, label) for at, label in enumerate(self.labels) if label and at not in code]
        return [one for one in found if not (keeps_remarks and one[1].part == "remark")]


def one_label_a_line(whole: LabelledText) -> LabelledText:
    """The text with a line for each label of a line: `Input: 4 Output: IV`.

    Behind a closed sentence or a sign a label is cut off always, else only where no line begins with one of its kind;
    a label of any name is, where every line has it behind a bar or a dash.
    """
    columns = [_COLUMN.search(line, 0, LONGEST_LINE) for line in whole.lines if line.strip()]
    if len(columns) > 1 and all(columns) and len({found["name"] for found in columns if found}) == 1:
        whole = whole.changed_to(_COLUMN.sub("\n", whole.text))
    first = Counter(label.part for label in whole.labels if label)
    pieces = [piece for line in zip(whole.lines, whole.labels, strict=True) for piece in _pieces(*line, first)]
    return LabelledText([piece for piece, _ in pieces], [label for _, label in pieces])


def _pieces(line: str, label: Label | None, first: Counter[str]) -> list[tuple[str, Label | None]]:
    """The parts of a line that begin with a label each, with these labels."""
    if label is None or not label.part or len(line) > LONGEST_LINE:
        return [(line, label)]
    if label.part == "example":
        above, below = line[: len(line) - len(label.rest)], label_at(label.rest)
        return [(above, label_at(above)), *_pieces(label.rest, below, first)] if below else [(line, label)]
    if ":" not in label.rest and "：" not in label.rest:
        return [(line, label)]
    if first["output"] > 1 and label.part == "output" and (own := label_at(label.rest)) and own.part == "input":
        return _pieces(label.rest, own, first)  # `Output: Input: 4`
    pieces, start, part = [], 0, label.part
    for found in _INSIDE.finditer(line, len(line) - len(label.rest)):
        inner = part_of_field(found["name"])
        is_dressed_alike = found["name"][0].isupper() == label.written[0].isupper()
        if inner != part and (found["sign"] or (is_dressed_alike and inner not in first)):
            pieces.append(line[start : found.start()])
            start, part = found.end(), inner
    return [(piece, label_at(piece)) for piece in (*pieces, line[start:])] if pieces else [(line, label)]


def fenced_lines(lines: Sequence[str]) -> set[int]:
    """Numbers of the lines inside code; a fence that is never closed, or one around the whole text, opens nothing."""
    fences = [at for at, line in enumerate(lines) if ("```" in line or "~~~" in line) and _is_fence(line)]
    if not fences:
        return set()
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(fences) == 2 and fences == [filled[0], filled[-1]] and FENCE.match(lines[fences[0]]):
        return set()
    return {at for start, end in zip(fences[::2], fences[1::2], strict=False) for at in range(start + 1, end + 1)}


def _is_fence(line: str) -> bool:
    """Whether code begins or ends in a line, also right behind a label."""
    label = label_at(line) if "```" in line else None
    return FENCE.match(line if label is None else label.rest) is not None


def tidy(lines: Sequence[str]) -> str:
    """Lines as text, without blank lines around it, and without fences at its end whose partner stands elsewhere."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    fences = [at for at in filled if FENCE.match(lines[at])]
    first = filled[0] if filled else 0
    while filled and fences and filled[-1] == fences[-1] and (len(fences) % 2 or fences[-2:] == filled[-2:]):
        filled.pop()
        fences.pop()
    return "\n".join(lines[first : filled[-1] + 1] if filled else ()).rstrip()


def cut_at(lines: Sequence[str], marks: Sequence[tuple[int, str]]) -> list[str]:
    """The text from each mark to the next, less what parts examples; a mark is a line and what stands on it."""
    ends = [*(at for at, _ in marks), len(lines)][1:]
    texts = []
    for (at, rest), end in zip(marks, ends, strict=True):
        own = [rest.lstrip(" \t"), *lines[at + 1 : end]]
        while len(own) > 1 and (not own[-1].strip() or (end < len(lines) and parts_examples(own[-1]))):
            own.pop()
        if end == len(lines) and len(own) > 1 and len(marks) > 2 and _BETWEEN.fullmatch(own[-1][:HEAD]):
            own.pop()
        if _BLOCK_SCALAR.fullmatch(own[0]):
            own = textwrap.dedent("\n".join(own[1:])).split("\n")
        texts.append(tidy(own))
    return texts


def parts_examples(line: str) -> bool:
    """Whether a line stands between examples and belongs to none: a rule, a bare number, `Example 2`."""
    if _BETWEEN.fullmatch(line[:HEAD]):
        return True
    label = label_at(line)
    return label is not None and label.part == "example" and not label.rest.strip()
