"""The similarity measures that plugins may use. A module of its own, so that `selfinstruct.api` imports quickly."""

from selfinstruct.similarity import *  # noqa: F403 - its `__all__` is what plugins may use
