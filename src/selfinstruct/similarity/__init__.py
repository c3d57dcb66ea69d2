"""Exact ROUGE-L over a growing pool: tokenise, index, compare. Plugins reach it as `selfinstruct.api.similarity`."""

from selfinstruct.similarity.pool import Pool, lcs_length
from selfinstruct.similarity.tokens import TOKENISERS, classical_tokens, unicode_tokens

__all__ = ["TOKENISERS", "Pool", "classical_tokens", "lcs_length", "unicode_tokens"]
