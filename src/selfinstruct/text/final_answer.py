"""The part of a reply that is meant for the reader: without the model's thinking, and without a chat template's tokens.

All wrappers that are known stand in the tables of this module. A text that speaks *about* such signs keeps them: they
count only where a model or its server puts them, which is at the start of a line or glued to the words around them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache

from selfinstruct.text.template_tokens import NEAR, QUOTES, SENTENCE_ENDS, TOKEN, without_echo, without_tokens
from selfinstruct.text.unfinished_thought import is_unfinished_thought

LONGEST_READ = 1_000_000
"""Characters of a reply that are read, some 250,000 tokens: what is longer runs in a circle."""

_THOUGHT = (
    r"(?:[a-z]{2,12}[:_-])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratch_?pad|(?:inner_)?monologue|cot)"
    r"(?:[_-](?:process|content|on|trace|block|start|budget_reflect))?"
)
"""How models name their thinking: `<think>`, `[THINK]`, `<seed:think>`, `<reasoning_content>`."""

_FROM, _TO = r"(?:(?:start|begin)[_▁ ](?:of[_▁ ])?)?", r"(?:/|end[_▁ ](?:of[_▁ ])?)"
_ATTRIBUTES = r"(?:[ \t]+[\w-]+[ \t]*=[^<>\n]{0,200})?"

_WRAPPERS = (
    (rf"<{_THOUGHT}{_ATTRIBUTES}>", rf"</{_THOUGHT}>"),
    (r"<analysis>", r"</analysis>"),
    (rf"<[|｜]{_FROM}{_THOUGHT}[|｜]>", rf"<[|｜]{_TO}{_THOUGHT}[|｜]>"),
    (rf"\[{_THOUGHT}\]", rf"\[/{_THOUGHT}\]"),
    (rf"[◁◀【]{_THOUGHT}[▷▶】]", rf"[◁◀【]/{_THOUGHT}[▷▶】]"),
    (r"<\|channel>(?:thought|analysis)?", r"<channel\|>"),
    (r"<unused94>(?:thought)?", r"<unused95>"),
    (r"<details>\s{0,9}<summary>[^<\n]{0,20}(?:think|thought|reason)[^<\n]{0,30}</summary>", r"</details>"),
    (r'<details type="reasoning"[^<>\n]{0,200}>', r"</details>"),
    (r"^Here(?: is|['’]s) my (?:thought process|thinking|reasoning):?", r"^Here(?: is|['’]s) my (?:response|answer):?"),
    (r"^[ \t]*Thinking\.\.\.[ \t\r]*$", r"^\.\.\.done thinking\.[ \t\r]*$"),
)
"""How thinking is opened and closed. What is not closed runs to the end of the reply."""

_FINAL = (
    rf"</?(?:answer|final|final_answer|response|solution){_ATTRIBUTES}>",
    rf"<[|｜](?:{_FROM}|{_TO})(?:response|solution|answer|final)[|｜]>",
    r"◁/?(?:answer|response)▷",
    r"\[/?(?:ANSWER|RESPONSE)\]",
)
"""What some models put around the part behind their thinking."""

_OPEN = "|".join(opened for opened, _ in _WRAPPERS)
_CLOSE = "|".join(closed for _, closed in _WRAPPERS)
_MARK = re.compile(rf"(?P<close>{_CLOSE})|(?P<open>{_OPEN})", re.IGNORECASE | re.MULTILINE)
_WRAPPED = re.compile(rf"\s*(?:{'|'.join(_FINAL)})[ \t]*", re.IGNORECASE)
_UNWRAPPED = re.compile(rf"(?:{'|'.join(_FINAL)})\s*\Z", re.IGNORECASE)
_ANSWER_BELOW = re.compile(rf"^(?:{'|'.join(_FINAL)})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CHANNEL = re.compile(
    r"<\|channel\|>\s{0,9}(?P<name>analysis|commentary|final)(?:[^\n]{0,80}?<\|message\|>|(?=[A-Z\d\n]|\Z))"
)
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|start|channel|call)\|>")
_BARE_THOUGHT = re.compile(r"\s*(?:assistant)?(?:analysis|commentary)(?=[A-Z\"'(\d]|\s*\n)")
_BARE_FINAL = re.compile(r"assistant[ \t]*final(?=[^\sa-z]|\s*\n|\Z)")
_NEEDS_END = re.compile(r"\[(?!THINK\])|[【TH \t]")
"""Opening signs that count only with a closing one: `[Reasoning]` is also what some call a kind of task."""

_SIGN = re.compile(
    r"[<\[◁◀【]|assistant[ \t]*final|\A\s*(?:assistant)?(?:analysis|commentary)|^[ \t]*Thinking\.\.\."
    r"|^Here(?: is|['’]s) my ",
    re.MULTILINE,
)
"""No wrapper and no token goes without one of these, and most texts have none."""

_SIGNS = (*"<[◁◀【", "assistant", "analysis", "commentary", "Thinking...", " my ")
"""Each match of `_SIGN` holds one of these, and they are found sooner."""

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def final_text(text: str, *, is_cut: bool = False) -> str:
    """The final part of a reply, and nothing else of it changed; empty where the reply is thinking and nothing else.

    Takes off thinking in every known wrapper, also where its opening or its closing sign is missing, what such models
    put around the part behind it, a chat template's tokens, and all that follows where the model plays the user's
    next turn. With `is_cut`, when the model's tokens ended before its reply, an unfinished thought in no known wrapper
    is thinking too. Raises nothing. What stands behind the first `LONGEST_READ` characters is not read, and up to there
    the time that it takes grows with the length of the text. The last text is cached.
    """
    return _final_text(text[:LONGEST_READ], is_cut)


@lru_cache(maxsize=1)
def _final_text(text: str, is_cut: bool) -> str:
    final = _final_part(text)
    return "" if is_cut and is_unfinished_thought(text, final) else final


def _final_part(text: str) -> str:
    if not any(map(text.__contains__, _SIGNS)) or _SIGN.search(text) is None:
        return text
    text = without_echo(text)
    channel = _final_channel(text)
    if channel is not None:
        return without_tokens(channel)
    spans = list(_thoughts(_Text(text)))
    kept = without_tokens(_without(text, spans))
    wrapped, unwrapped = _WRAPPED.match(kept), _UNWRAPPED.search(kept[-80:])
    if wrapped and (spans or unwrapped):
        kept = kept[wrapped.end() : len(kept) - (len(unwrapped[0]) if unwrapped else 0)]
    return kept


# --- harmony ----------------------------------------------------------------------------------------------------------


def _final_channel(text: str) -> str | None:
    """The last final channel of a reply in OpenAI's harmony form, with its signs or without; `None`: another form."""
    channels = [one for one in _CHANNEL.finditer(text) if _stands_alone(text, one.start(), one.end())]
    if channels:
        last = next((one for one in reversed(channels) if one["name"] == "final"), None)
        if last is None:
            return ""
        end = _CHANNEL_ENDS.search(text, last.end())
        return text[last.end() : end.start() if end else len(text)]
    is_thought = _BARE_THOUGHT.match(text) is not None
    finals = [
        found for found in _BARE_FINAL.finditer(text) if is_thought or _is_glued(text, found.start(), found.end())
    ]
    if finals:
        return text[finals[-1].end() :]
    return "" if is_thought and "analysis" in text[:24] and not text.lstrip().startswith("analysis\n") else None


def _is_glued(text: str, start: int, end: int) -> bool:
    """Whether words stand where only a sign that was lost explains them: at a line's start, or behind a sentence."""
    before = text[start - 1 : start]
    return (before in SENTENCE_ENDS + "\n" or start == 0) and not text[end : end + 1].islower()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a sign is not quoted and not a word among words."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return before not in ("`", '"', "'", "“", "(", "‘") and not (before == " " and after == " ")


# --- thinking ---------------------------------------------------------------------------------------------------------


class _Text:
    """A text, and what is asked again and again about places in it, so that each answer takes the same short time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.first = len(text) - len(text.lstrip())
        self.last = len(text.rstrip())
        self._folds = "<details>" in text  # what is folded away is not always thinking
        self._fences = [found.start() for found in _FENCE.finditer(text)]

    def opens(self, mark: re.Match[str], done: int) -> bool:
        """Whether an opening sign begins a line, outside code, and not as data that a line with a colon announces.

        A template's tokens may stand before it, and thinking that ended at `done`.
        """
        start = max(done, mark.start() - NEAR)
        above, newline, beside = self.text[start : mark.start()].rpartition("\n")
        if TOKEN.sub("", beside).strip() or (not newline and start > done):
            return False
        return not above.rstrip().endswith((":", "：", ">>")) and bisect_left(self._fences, mark.start()) % 2 == 0

    def ends_thought(self, mark: re.Match[str]) -> bool:
        """Whether a closing sign is one: it ends or begins its line, or follows a sentence without a space."""
        if mark["close"] is None or (self._folds and mark["close"] == "</details>"):
            return False
        before = self.text[mark.start() - 1 : mark.start()] if mark.start() else "\n"
        after = self.text[mark.end() : mark.end() + NEAR].partition("\n")[0]
        if before in QUOTES or (after and after[0] in QUOTES):
            return False
        return not after.strip() or before in "\n.!?。！？"


def _thoughts(whole: _Text) -> Iterator[tuple[int, int]]:
    """Where thinking stands, in order. A closing sign with nothing open ends thinking that began the reply."""
    opened: re.Match[str] | None = None
    is_thought = False
    inner = ""
    done = 0
    for mark in _MARK.finditer(whole.text):
        if mark["open"]:
            if opened is None or not is_thought:
                opened, is_thought, inner = mark, whole.opens(mark, done), ""
            elif _letters(mark) != _letters(opened):
                inner = _letters(mark)
        elif inner == _letters(mark):
            inner = ""  # the end of a part of the thought
        elif opened is not None:
            if is_thought and (opened.start() <= whole.first or mark.end() < whole.last):
                yield opened.start(), mark.end()
                done = mark.end()
            opened = None
        elif whole.ends_thought(mark):
            yield done, mark.end()
            done = mark.end()
    if opened is not None and is_thought and _NEEDS_END.match(opened[0]) is None:
        answer = _ANSWER_BELOW.search(whole.text, opened.end())
        yield opened.start(), answer.start() if answer else len(whole.text)


def _letters(mark: re.Match[str]) -> str:
    return "".join(filter(str.isalpha, mark[0])).casefold()


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without some parts of it."""
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    return "".join(text[start:end] for start, end in zip([0, *ends], [*starts, len(text)], strict=True))
