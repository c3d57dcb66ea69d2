"""Text helpers for plugins: the readers of replies and of files, evaluation sets as n-grams, verbs with objects.

They stand apart from `selfinstruct.api`, which stays quick to import.
"""

from selfinstruct.files.inputs import read_input, read_input_text
from selfinstruct.text.final_answer import final_text
from selfinstruct.text.fingerprints import Fingerprints, N, evaluation_set, ngram_hashes, text_hash
from selfinstruct.text.json_reader import CutText, JsonReading, read_json
from selfinstruct.text.phrases import Phrase, verb_and_object

__all__ = [
    "CutText",
    "Fingerprints",
    "JsonReading",
    "N",
    "Phrase",
    "evaluation_set",
    "final_text",
    "ngram_hashes",
    "read_input",
    "read_input_text",
    "read_json",
    "text_hash",
    "verb_and_object",
]
