"""A chat template's tokens in a reply: a server that should have kept them sent them."""

from __future__ import annotations

import re

_ROLE = r"(?:assistant|model|user|human|system|developer|tool|ipython)"
_TOKENS = (
    r"<[|｜][A-Za-z][\w▁ ]{1,30}[|｜]>",
    r"<(?:[a-z]{2,8}:)?(?:start_of_turn|end_of_turn|end_of_utterance|bos|eos|pad|s|sep)>|</s>|<\|turn>|<turn\|>|\[\|endofturn\|\]",
    r"\[/?INST\]|<</?SYS>>",
)
"""A chat template's tokens: a server that should have kept them sent them."""

TOKEN = re.compile(rf"(?:{'|'.join(_TOKENS)})(?:(?P<role>{_ROLE})\b(?=\s|<|\Z)[ \t]*)?")
_GLUED_LAST = re.compile(rf"(?:(?<!\s)|(?<=[.!?。！？…]\s))(?:(?:{'|'.join(_TOKENS)})\s*)++\Z")
_SPEAKS = r"(?:<\|im_start\|>|<start_of_turn>|<\|turn>|<\|start_header_id\|>|<\|start\|>)\s*"
_TURN = re.compile(
    rf"{_SPEAKS}(?:user|human)\b|\[INST\]"
    r"|<[|｜](?:User|user|human)[|｜]>"
    r"|(?:<[|｜][A-Za-z][\w▁ ]{1,30}[|｜]>|</s>|<eos>)\s*(?:Human|User|### (?:Human|User|Instruction)):"
)
"""Where a model that did not stop plays the user's next turn."""

_PROMPT = re.compile(rf"\s*(?:(?:<s>|<bos>|<[|｜]begin[\w▁]*[|｜]>)\s*)?(?:{_SPEAKS}(?:system|user|human)\b|\[INST\])")
_ANSWERER = re.compile(rf"{_SPEAKS}(?:assistant|model)\b|\[/INST\]")
"""How a prompt begins that the server sends back, and where the answer to it begins."""

_ALSO_HTML = ("<s>", "</s>")
NEAR = 200
"""Characters around a sign that are looked at."""

QUOTES = tuple("`\"'“”‘’«»(")
SENTENCE_ENDS = ".!?。！？…)]}\"”'»*`>"


def without_echo(text: str) -> str:
    """A reply without the prompt at its beginning, which some servers send back before the answer."""
    asked = _PROMPT.match(text)
    answer = _ANSWERER.search(text, asked.end()) if asked else None
    return text[answer.end() :] if answer else text


def without_tokens(text: str) -> str:
    """The text without a chat template's tokens, and without a turn of the user that follows it.

    A token is one where it begins or ends a line or is glued to a word; in a sentence, or quoted, it is what the
    sentence is about.
    """
    if "<" not in text and "[" not in text:
        return text
    first = len(text) - len(text.lstrip())
    turns = (turn.start() for turn in _TURN.finditer(text) if turn.start() > first and _is_token(text, turn))
    text = text[: next(turns, len(text))]
    text = without_tokens_last(text)
    last = len(text.rstrip())
    return TOKEN.sub(lambda found: _instead(text, found, found.start() > first and found.end() < last), text)


def without_tokens_last(text: str) -> str:
    """A text without a template's tokens at its end; one of HTML that is struck out keeps its `</s>`."""
    found = _GLUED_LAST.search(text[-NEAR:]) if text.rstrip().endswith((">", "]")) else None
    is_html = found is not None and found[0].strip() == "</s>" and "<s>" in text
    return text if found is None or is_html else text[: len(text) - len(found[0])]


def _instead(text: str, token: re.Match[str], is_inside: bool) -> str:
    """Nothing in place of a token; or the token itself, where the text speaks of it."""
    if (is_inside and token[0] in _ALSO_HTML) or not _is_token(text, token):
        return token[0]
    return "\n" if token["role"] and is_inside else ""


def _is_token(text: str, token: re.Match[str]) -> bool:
    start, end = token.span()
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:] in QUOTES or after[:1] in QUOTES:
        return not before and not after
    if before[-1:] in (" ", "\t") and before[0] not in SENTENCE_ENDS:
        return not text[end : end + NEAR].strip() and end + NEAR >= len(text)
    if before[-1:] == "\n":
        return not (after[:1] == " " and after[1:].islower())
    return after[:1] not in tuple(",.;:?")
