"""The similarity measures that plugins may use; apart from `selfinstruct.api`, which stays quick to import."""

from selfinstruct.similarity import (
    TOKENISERS,
    Match,
    Pool,
    Snapshot,
    classical_tokens,
    kernel,
    lcs_length,
    unicode_tokens,
)

__all__ = [
    "TOKENISERS",
    "Match",
    "Pool",
    "Snapshot",
    "classical_tokens",
    "kernel",
    "lcs_length",
    "unicode_tokens",
]
