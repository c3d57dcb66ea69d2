"""The rule against tasks that a model which only reads and writes text cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

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

IN_WORDS = "(?:\\w+ ){,3}in words"
"""`Paint a picture in words`."""

WORDS = (
    "attached file, attached document, click on, click here, this link, link below, browse the web, search the web, "
    "search the internet, look it up online, open the file, take a screenshot, play a song, listen to the, "
    "turn on the lights, turn off the lights, set an alarm, set a reminder, make a phone call, book a table, "
    "book a flight"
)
OPENING = "draw paint sketch sing listen watch click photograph film dance download upload"


@dataclass(frozen=True, slots=True)
class KeywordLists:
    """The words of one language: those that no task may hold or start with, and those for media."""

    words: str
    opening: str
    media: str
    pointing: str
    making: str


LISTS: Mapping[str, KeywordLists] = {
    "en": KeywordLists(WORDS, OPENING, MEDIA, POINTING, MAKING),
    "de": KeywordLists(
        words="angehängte datei, klicke auf, klicke hier, suche im internet, stelle einen wecker",
        opening="zeichne male singe klicke fotografiere filme tanze",
        media="bild bilder foto video aufnahme aufnahmen zeichnung zeichnungen diagramm diagramme",
        pointing="dieses diesem dieser diese angehängte angehängten beigefügte beigefügten hochgeladene hochgeladenen",
        making="zeichne zeichnen male malen erstelle erstellen erzeuge erzeugen",
    ),
    "fr": KeywordLists(
        words="fichier joint, clique sur, clique ici, cherche sur internet, règle une alarme",
        opening="dessine peins chante clique photographie filme danse",
        media="image photo photographie dessin enregistrement",
        pointing="ce cet cette ces",
        making="dessine dessinez peins crée créez génère générez enregistre",
    ),
    "es": KeywordLists(
        words="archivo adjunto, haz clic en, haz clic aquí, busca en internet, pon una alarma",
        opening="dibuja pinta canta escucha fotografía filma baila descarga",
        media="imagen imágenes foto fotografía video vídeo dibujo grabación grabaciones",
        pointing="este esta estos estas",
        making="dibuja dibujar pinta crea crear genera generar graba",
    ),
}
"""The lists of each language. Those for other languages than English are shorter."""

Language = Literal["en", "de", "fr", "es"]


class KeywordsOptions(Options):
    """Options of the filter `keywords`."""

    languages: tuple[Language, ...] = Field(("en",), description="Whose lists are used where no list is given.")
    words: tuple[str, ...] | None = Field(
        None,
        description="Words and phrases that no task may hold, whatever their case, in place of the languages' own.",
    )
    opening: tuple[str, ...] | None = Field(
        None, description="Words that no task may start with, whatever their case, in place of the languages' own."
    )
    media: tuple[str, ...] | None = Field(
        None,
        description="Things that no task may point at ('this photo') or ask to make, in place of the languages' own.",
    )


class KeywordsFilter(Filter[Draft]):
    """Drop tasks about things that are no text: pictures to look at, sounds to make, links to follow."""

    def __init__(self, options: KeywordsOptions) -> None:
        patterns = [pattern for language in options.languages for pattern in _patterns(language, options)]
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def evaluate(self, item: Draft) -> Verdict:
        """Search for whole words; spaces and line ends count alike."""
        text = " ".join(item.text.split())
        for pattern in self._patterns:
            if found := pattern.search(text):
                return drop("needs-more-than-text", words=found[0].lower())
        return keep()


def _patterns(language: Language, options: KeywordsOptions) -> Iterator[str]:
    """What to search for in one language."""
    own = LISTS[language]
    words = own.words.split(", ") if options.words is None else options.words
    opening = own.opening.split() if options.opening is None else options.opening
    media = own.media.split() if options.media is None else options.media
    if words:
        yield rf"\b{_either(words)}\b"
    if opening:
        yield rf"\A\W*{_either(opening)}\b(?! (?:up|(?:\w+ )?{_either(ABSTRACT.split())}|{IN_WORDS})\b)"
    if media:
        things = rf"{_either(media)}s?\b(?! (?:{_either(COMPOUNDS.split())}|in words)\b)"
        yield rf"\b{_either(own.pointing.split())} (?:\w+ )?{things}"
        yield rf"\b{_either(own.making.split())} (?:\w+ ){{,2}}{things}"


def _either(choices: Iterable[str]) -> str:
    """A group that matches any of the choices as written."""
    return f"(?:{'|'.join(re.escape(choice) for choice in choices)})"


KEPT = Draft("Write a caption for a photo of a cat.")
DROPPED = Draft("Describe what you see in this photo.")
