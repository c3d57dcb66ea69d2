"""The rule against tasks that a model which only reads and writes text cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import Field

from selfinstruct.api import Draft, Filter, Options, Verdict, drop, keep

MEDIA = (
    "image picture photo photograph screenshot video audio recording diagram drawing painting illustration animation"
)
"""Things that are no text. To write about one is a task; to look at one, or to make one, is not."""

POINTING = "this that these attached following given provided above below uploaded linked"
MAKING = "draw paint sketch generate create make produce record take edit crop watch upload"
COMPOUNDS = "game games book books album script title caption description editor call calls essay prompt"
"""`A video game` is no video."""

ABSTRACT = (
    "comparison comparisons conclusion conclusions parallel parallels analogy distinction inference inferences lesson"
)
"""`Draw a comparison` asks for words."""

WORDS = (
    "attached file, attached document, click on, click here, this link, link below, browse the web, search the web, "
    "search the internet, look it up online, open the file, take a screenshot, play a song, listen to the, "
    "turn on the lights, turn off the lights, set an alarm, set a reminder, make a phone call, book a table, "
    "book a flight"
)
OPENING = "draw paint sketch sing listen watch click photograph film dance download upload"


class KeywordsOptions(Options):
    """Options of the filter `keywords`."""

    words: tuple[str, ...] = Field(
        tuple(WORDS.split(", ")), description="Words and phrases that no task may hold, whatever their case."
    )
    opening: tuple[str, ...] = Field(
        tuple(OPENING.split()), description="Words that no task may start with, whatever their case."
    )
    media: tuple[str, ...] = Field(
        tuple(MEDIA.split()), description="Things that no task may point at ('this photo') or ask to make."
    )


class Keywords(Filter[Draft]):
    """Drop tasks about things that are no text: pictures to look at, sounds to make, links to follow."""

    def __init__(self, options: KeywordsOptions) -> None:
        media = rf"{_either(options.media)}s?\b(?! {_either(COMPOUNDS.split())}\b)"
        patterns = (
            rf"\b{_either(options.words)}\b" if options.words else "",
            rf"\A\W*{_either(options.opening)}\b(?! (?:\w+ )?{_either(ABSTRACT.split())}\b)" if options.opening else "",
            rf"\b{_either(POINTING.split())} (?:\w+ )?{media}" if options.media else "",
            rf"\b{_either(MAKING.split())} (?:\w+ ){{,2}}{media}" if options.media else "",
        )
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns if pattern]

    def judge(self, item: Draft) -> Verdict:
        """Search for whole words; spaces and line ends count alike."""
        text = " ".join(item.text.split())
        for pattern in self._patterns:
            if found := pattern.search(text):
                return drop("needs-more-than-text", words=found[0].lower())
        return keep()


def _either(choices: Iterable[str]) -> str:
    """A group that matches any of the choices as written."""
    return f"(?:{'|'.join(re.escape(choice) for choice in choices)})"


KEPT = Draft("Write a caption for a photo of a cat.")
DROPPED = Draft("Describe what you see in this photo.")
