"""The report: one HTML page about a run, in a single file."""

from selfinstruct.insight.report.page import write_report

__all__ = ["write_report"]
