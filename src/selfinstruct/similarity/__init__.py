"""Exact ROUGE-L over a growing pool of texts. Plugins import it as `selfinstruct.api.similarity`."""

from selfinstruct.similarity.containment import ContainmentIndex
from selfinstruct.similarity.kernel import kernel
from selfinstruct.similarity.pool import Match, Pool, Snapshot, lcs_length
from selfinstruct.text.tokens import TOKENISERS, classical_tokens, count_words, sign_tokens, unicode_tokens

__all__ = [
    "TOKENISERS",
    "ContainmentIndex",
    "Match",
    "Pool",
    "Snapshot",
    "classical_tokens",
    "count_words",
    "kernel",
    "lcs_length",
    "sign_tokens",
    "unicode_tokens",
]
