"""Replays a run: its journal, judged anew by other filters and parsers into a run of its own; no model is asked."""

from selfinstruct.transfer.reprocessing.diff import Change, Diff, Reuse
from selfinstruct.transfer.reprocessing.reprocessed_run import ReprocessedRun, begin_reprocessing

__all__ = ["Change", "Diff", "ReprocessedRun", "Reuse", "begin_reprocessing"]
