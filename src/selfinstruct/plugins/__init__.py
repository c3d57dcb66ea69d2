"""Plugins are found, checked and kept apart here."""
