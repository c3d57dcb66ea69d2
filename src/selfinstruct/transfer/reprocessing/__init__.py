"""Replays a run: its journal, judged anew by other filters and parsers into a run of its own; no model is asked."""

from selfinstruct.transfer.reprocessing.diff import Change, Diff, Reuse
from selfinstruct.transfer.reprocessing.replay import Replay, begin_replay

__all__ = ["Change", "Diff", "Replay", "Reuse", "begin_replay"]
