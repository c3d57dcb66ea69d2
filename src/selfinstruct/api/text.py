"""Text helpers for plugins: evaluation sets as hashed n-grams, and the verb of an instruction with its object.

They stand apart from `selfinstruct.api`, which stays quick to import.
"""

from selfinstruct.text.fingerprints import Fingerprints, N, evaluation_set, ngram_hashes, whole_hash
from selfinstruct.text.phrases import Phrase, verb_and_object

__all__ = ["Fingerprints", "N", "Phrase", "evaluation_set", "ngram_hashes", "verb_and_object", "whole_hash"]
