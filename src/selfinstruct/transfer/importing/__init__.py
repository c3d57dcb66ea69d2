"""Imports files of the original Self-Instruct scripts and their descendants, so that an old run can continue here."""

from selfinstruct.transfer.importing.import_run import ImportResult, import_files
from selfinstruct.transfer.importing.report import FileReport

__all__ = ["FileReport", "ImportResult", "import_files"]
