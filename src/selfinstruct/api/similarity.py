"""The similarity measures that plugins may use. A module of its own, so that `selfinstruct.api` imports quickly."""

from selfinstruct.similarity import (
    TOKENISERS,
    ContainmentIndex,
    Match,
    Pool,
    Snapshot,
    classical_tokens,
    count_words,
    kernel,
    lcs_length,
    sign_tokens,
    unicode_tokens,
)

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
