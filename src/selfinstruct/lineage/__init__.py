"""Where a run's texts came from and what became of them: `why` and `trace`."""

from selfinstruct.lineage.fates import Fate, History
from selfinstruct.lineage.trace import trace
from selfinstruct.lineage.why import Why, why

__all__ = ["Fate", "History", "Why", "trace", "why"]
