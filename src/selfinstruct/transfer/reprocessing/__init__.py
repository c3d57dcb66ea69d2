"""Reprocesses a run: its replies are read again, by other filters and parsers, into a run of its own."""

from selfinstruct.transfer.reprocessing.diff import Change, Diff, Reuse
from selfinstruct.transfer.reprocessing.reprocessing import Reprocessing

__all__ = ["Change", "Diff", "Reprocessing", "Reuse"]
