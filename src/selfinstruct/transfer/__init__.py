"""Runs that begin with replies of another: files of other tools imported, and a journal reprocessed."""
