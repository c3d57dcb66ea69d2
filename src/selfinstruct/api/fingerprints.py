"""Evaluation sets as hashed n-grams, for plugins; apart from `selfinstruct.api`, which stays quick to import."""

from selfinstruct.fingerprints import Fingerprints, N, evaluation_set, ngram_hashes, whole_hash

__all__ = ["Fingerprints", "N", "evaluation_set", "ngram_hashes", "whole_hash"]
