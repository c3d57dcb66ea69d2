"""Writes files atomically, and configs as TOML."""
