"""The similarity measures that plugins may use; apart from `selfinstruct.api`, which stays quick to import."""

from selfinstruct.similarity import TOKENISERS, Pool, classical_tokens, lcs_length, unicode_tokens

__all__ = ["TOKENISERS", "Pool", "classical_tokens", "lcs_length", "unicode_tokens"]
