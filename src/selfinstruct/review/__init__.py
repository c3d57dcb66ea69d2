"""A local page for reviewing a run's instructions and examples."""

from selfinstruct.review.server import ReviewServer

__all__ = ["ReviewServer"]
