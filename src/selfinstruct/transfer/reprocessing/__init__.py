"""Reprocesses a run: its replies are read again with other filters and parsers, into a new run."""

from selfinstruct.transfer.reprocessing.diff import Change, Diff
from selfinstruct.transfer.reprocessing.reprocessing import Reprocessing

__all__ = ["Change", "Diff", "Reprocessing"]
