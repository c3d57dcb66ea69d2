"""One SQLite file per run: requests, replies, decisions and the frozen config; all SQL of the package is in here."""

from selfinstruct.files.names import RUN_FILE
from selfinstruct.store.calls import Calls, SpentTotals
from selfinstruct.store.decisions import DecisionRow
from selfinstruct.store.fact_values import BackendFacts, ConfigFile, ImportFacts, InitialFacts, ReprocessingFacts
from selfinstruct.store.facts import RunFacts
from selfinstruct.store.growth import Growth, Stretch
from selfinstruct.store.journal import Exchange, JournalEntry
from selfinstruct.store.ledger import Entry, Ledger, ShownInstruction
from selfinstruct.store.run_store import RunStore
from selfinstruct.store.totals import Totals
from selfinstruct.store.writer import CommitFuture

__all__ = [
    "RUN_FILE",
    "BackendFacts",
    "Calls",
    "CommitFuture",
    "ConfigFile",
    "DecisionRow",
    "Entry",
    "Exchange",
    "Growth",
    "ImportFacts",
    "InitialFacts",
    "JournalEntry",
    "Ledger",
    "ReprocessingFacts",
    "RunFacts",
    "RunStore",
    "ShownInstruction",
    "SpentTotals",
    "Stretch",
    "Totals",
]
