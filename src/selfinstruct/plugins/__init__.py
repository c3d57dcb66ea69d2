"""Finds and checks plugins, and isolates broken ones."""
