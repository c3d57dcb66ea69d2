"""A local page on which people go through a run's instructions and examples by hand."""

from selfinstruct.review.server import ReviewServer

__all__ = ["ReviewServer"]
