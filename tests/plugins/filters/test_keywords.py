"""Keywords: lists for several languages, and lists of one's own in their place."""

from __future__ import annotations

import pytest

from selfinstruct.api import Draft
from selfinstruct_filters.keywords import KeywordsFilter, KeywordsOptions, read_lists

DROPPED = [
    ("en", "Describe this photo."),
    ("de", "Beschreibe dieses Foto."),
    ("de", "Erstelle ein buntes Bild."),
    ("de", "Zeichne eine Katze."),
    ("fr", "Décris cette image en deux phrases."),
    ("fr", "Clique ici et dis ce que tu vois."),
    ("es", "Describe esta foto."),
    ("es", "Dibuja un gato."),
]
KEPT = [
    ("de", "Schreibe eine Bildunterschrift zu einem Foto von einer Katze."),
    ("de", "Erkläre, wie ein Videospiel entsteht."),
    ("fr", "Écris un poème sur la photographie."),
    ("es", "Escribe un poema sobre la luz."),
]


@pytest.mark.parametrize(("language", "text"), DROPPED)
def test_each_language_has_lists(language: str, text: str) -> None:
    one = KeywordsFilter(KeywordsOptions.model_validate({"languages": (language,)}))
    assert one.evaluate(Draft(text)).reason == "needs-more-than-text"


@pytest.mark.parametrize(("language", "text"), KEPT)
def test_to_write_about_media_is_a_task_in_each_language(language: str, text: str) -> None:
    verdict = KeywordsFilter(KeywordsOptions.model_validate({"languages": (language,)})).evaluate(Draft(text))
    assert verdict.keep, verdict


@pytest.mark.parametrize(("language", "text"), [case for case in DROPPED if case[0] != "en"])
def test_by_default_the_lists_are_english(language: str, text: str) -> None:
    assert KeywordsFilter(KeywordsOptions()).evaluate(Draft(text)).keep


def test_lists_of_one_s_own_stand_in_place_of_a_language_s() -> None:
    one = KeywordsFilter(KeywordsOptions(words=("kumquat",), opening=(), media=("hologram",)))
    reasons = [one.evaluate(Draft(text)).reason for text in ("Peel a Kumquat.", "See this hologram.", "Click on it.")]
    assert reasons == ["needs-more-than-text", "needs-more-than-text", ""]
    assert KeywordsFilter(KeywordsOptions(languages=())).evaluate(Draft("Draw a cat.")).keep
    assert set(read_lists()) == {"en", "de", "fr", "es", "pt", "it", "ru", "zh", "ja", "ko"}
