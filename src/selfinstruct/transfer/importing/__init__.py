"""Takes over what the original Self-Instruct scripts, or their descendants, wrote, so that an old run goes on here."""

from selfinstruct.transfer.importing.import_run import ImportResult, import_files
from selfinstruct.transfer.importing.report import FileReport

__all__ = ["FileReport", "ImportResult", "import_files"]
