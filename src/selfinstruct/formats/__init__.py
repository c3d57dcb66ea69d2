"""Writes rows to files, whole or not at all."""

from selfinstruct.formats.files import write_jsonl

__all__ = ["write_jsonl"]
