"""Runs made from earlier replies: imports of other tools' files, and reprocessing of a run."""
