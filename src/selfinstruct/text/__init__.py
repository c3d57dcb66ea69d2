"""Reading what models write: the final part of a reply, and the JSON in it."""

from selfinstruct.text.final import final_text
from selfinstruct.text.json_reader import CutText, JsonReading, read_json

__all__ = ["CutText", "JsonReading", "final_text", "read_json"]
