"""The prices of models by a public table, the package genai-prices, with which nothing is asked over the network."""

from __future__ import annotations

from importlib.util import find_spec

from selfinstruct.types import BilledModel, Prices

TOKENS = 1000
"""Tokens of the call that the table prices: as many as our prompts have, where it has steps."""


def price_hint(settings: str, billed: BilledModel | None) -> str:
    """How to make prices known that are not: by the settings, or by the table, if it is that which is missing."""
    if find_spec("genai_prices") is None:
        return f"Set {settings}, or install a table of the large providers' prices: pip install 'selfinstruct[prices]'"
    if billed is None:
        return f"Set {settings}"
    where = f"at {billed.address}" if billed.address else f"of {billed.provider}"
    return f"Set {settings}: the table of prices does not know {billed.model} {where}"


def table_prices(billed: BilledModel) -> Prices | None:
    """The prices of a model; `None` if the table does not know it or its address, or is not installed."""
    try:
        from genai_prices import Usage, __version__, calc_price
    except ImportError:
        return None

    def price(**tokens: int) -> float:
        used = Usage(**tokens)
        if billed.address:
            found = calc_price(used, billed.model, provider_api_url=billed.address)
        else:
            found = calc_price(used, billed.model, provider_id=billed.provider)
        return float(found.total_price * 1_000_000 / TOKENS)

    try:
        prompt, completion = price(input_tokens=TOKENS), price(output_tokens=TOKENS)
        cached = price(input_tokens=TOKENS, cache_read_tokens=TOKENS)
    except (LookupError, ValueError):
        return None
    if not prompt and not completion and not billed.model.endswith(":free"):
        return None  # the model is billed in another unit, such as characters
    return Prices(prompt, completion, cached if cached < prompt else None, f"genai-prices {__version__}")
