"""One page about a run, to look at before its data are trained on: gathered, drawn, and written as a single file."""

from selfinstruct.insight.report.page import write_report

__all__ = ["write_report"]
