"""Writes files that users see: each appears complete or not at all."""
