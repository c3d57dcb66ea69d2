"""Takes over what the original Self-Instruct scripts, or their descendants, wrote, so that an old run goes on here."""

from selfinstruct.transfer.importing.begin import Import, import_files
from selfinstruct.transfer.importing.report import FileReport

__all__ = ["FileReport", "Import", "import_files"]
