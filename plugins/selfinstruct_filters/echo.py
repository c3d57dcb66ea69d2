"""The rule against drafts and examples that repeat the words of the prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pydantic import Field

from selfinstruct.api import Draft, Example, Filter, Options, Verdict, drop, keep
from selfinstruct.api.similarity import unicode_tokens
from selfinstruct_filters.helpers.texts import texts
from selfinstruct_filters.helpers.wording import words_of

RUN = 4
"""Words in a row that make a text a copy of the prompt in that place."""


class EchoOptions(Options):
    """Options of the filter `echo`."""

    share: float = Field(
        0.6,
        gt=0,
        le=1,
        description="Drop a text if this share of its words is in the prompt, four or more in a row.",
    )
    phrases: tuple[str, ...] = Field((), description="Sentences of prompts that no text may repeat.")


class EchoFilter(Filter[Draft | Example]):
    """Drop text copied from the prompt, such as a rule as a task, or the description of a field as its value.

    A draft is compared with its own prompt, examples aside, and with `phrases`; an example only with `phrases`. Numbers
    do not matter.
    """

    def __init__(self, options: EchoOptions) -> None:
        self._share = options.share
        self._known = {_plain(unicode_tokens(phrase)) for phrase in options.phrases}
        self._phrases = frozenset(run for phrase in self._known for run in _runs(phrase))

    def evaluate(self, item: Draft | Example) -> Verdict:
        """Count the words of each text that stand in runs of the prompt."""
        own = _prompt_runs(item.messages, item.examples) if isinstance(item, Draft) else frozenset()
        for name, text in texts(item):
            if name == "instruction":
                continue
            words = _plain(words_of(text))
            if words in self._known:
                return drop("repeats-the-prompt", text=text[:200], share=1.0)
            if own.isdisjoint(_runs(words)) and (not self._phrases or self._phrases.isdisjoint(_runs(words))):
                continue
            if (share := _covered(words, own, self._phrases)) >= self._share:
                return drop("repeats-the-prompt", text=text[:200], share=round(share, 3))
        return keep()


def _covered(words: Sequence[str], *known: frozenset[tuple[str, ...]]) -> float:
    """The share of the words that stand in a known run."""
    covered: set[int] = set()
    for at, run in enumerate(_runs(words)):
        if any(run in some for some in known):
            covered.update(range(at, at + RUN))
    return len(covered) / len(words) if words else 0.0


@lru_cache(maxsize=32)
def _prompt_runs(messages: Sequence[str], examples: Sequence[str]) -> frozenset[tuple[str, ...]]:
    """The runs of a prompt without the lines that show its examples."""
    shown = [" ".join(example.split()) for example in examples]
    lines = (line for message in messages for line in message.splitlines())
    kept = [line for line in lines if not any(example and line.endswith(example) for example in shown)]
    return frozenset(run for line in kept for run in _line_runs(line))


@lru_cache(maxsize=32)
def _line_runs(line: str) -> frozenset[tuple[str, ...]]:
    return frozenset(_runs(_plain(unicode_tokens(line))))


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(RUN)), strict=False)


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    if any(map(str.isdecimal, words)):
        return tuple("0" if word.isdecimal() else word for word in words)
    return tuple(words)


_MESSAGES = ("Write 10 new tasks, numbered 1 to 10.",)
KEPT = Draft("Write ten interview questions for a beekeeper, numbered 1 to 10.", messages=_MESSAGES)
DROPPED = Draft("Write 8 new tasks, numbered 1 to 8.", messages=_MESSAGES)
