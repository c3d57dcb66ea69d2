"""Replays a run: its journal, judged anew by other filters and parsers into a run of its own; no model is asked."""

from selfinstruct.replaying.diff import Change, Diff, Reuse
from selfinstruct.replaying.replay import Replay, begin_replay

__all__ = ["Change", "Diff", "Replay", "Reuse", "begin_replay"]
