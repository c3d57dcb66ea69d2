"""One SQLite file per run: requests, replies, decisions and the frozen config; all SQL of the package is in here."""

from selfinstruct.store.calls import Calls, Spent
from selfinstruct.store.growth import Growth, Stretch
from selfinstruct.store.journal import Exchange
from selfinstruct.store.ledger import Entry, Ledger, Shown
from selfinstruct.store.rows import Journalled, Row, Totals
from selfinstruct.store.run import RUN_FILE, RunStore
from selfinstruct.store.writer import Written

__all__ = [
    "RUN_FILE",
    "Calls",
    "Entry",
    "Exchange",
    "Growth",
    "Journalled",
    "Ledger",
    "Row",
    "RunStore",
    "Shown",
    "Spent",
    "Stretch",
    "Totals",
    "Written",
]
