"""Text helpers for plugins: evaluation sets as hashed n-grams, and the verb of an instruction with its object.

They stand apart from `selfinstruct.api`, which stays quick to import.
"""

from selfinstruct.text.fingerprints import Fingerprints, N, evaluation_set, ngram_hashes, text_hash
from selfinstruct.text.phrases import Phrase, verb_and_object

__all__ = ["Fingerprints", "N", "Phrase", "evaluation_set", "ngram_hashes", "text_hash", "verb_and_object"]
