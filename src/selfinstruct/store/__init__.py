"""One SQLite file per run: requests, replies, decisions and the frozen config; all SQL of the package is in here."""

from selfinstruct.files.names import RUN_FILE
from selfinstruct.store.calls import Calls
from selfinstruct.store.decisions import DecisionRow
from selfinstruct.store.fact_values import BackendFacts, ConfigFile, ImportFacts, InitialFacts, ReprocessingFacts
from selfinstruct.store.growth import Stretch
from selfinstruct.store.journal import Exchange
from selfinstruct.store.ledger import Entry, ShownInstruction
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
    "ImportFacts",
    "InitialFacts",
    "ReprocessingFacts",
    "RunStore",
    "ShownInstruction",
    "Stretch",
    "Totals",
]
