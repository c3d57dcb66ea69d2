"""One SQLite file per run: requests, replies, decisions and the frozen config; all SQL of the package is in here."""

from selfinstruct.store.calls import Calls, SpentTotals
from selfinstruct.store.growth import Growth, Stretch
from selfinstruct.store.journal import Exchange
from selfinstruct.store.ledger import Entry, Ledger, ShownInstruction
from selfinstruct.store.rows import DecisionRow, JournalEntry, Totals
from selfinstruct.store.run import RUN_FILE, RunStore
from selfinstruct.store.writer import CommitFuture

__all__ = [
    "RUN_FILE",
    "Calls",
    "CommitFuture",
    "DecisionRow",
    "Entry",
    "Exchange",
    "Growth",
    "JournalEntry",
    "Ledger",
    "RunStore",
    "ShownInstruction",
    "SpentTotals",
    "Stretch",
    "Totals",
]
