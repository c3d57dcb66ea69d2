"""Puts a run together from config, plugins and store: settings, backends and stages, and the Python client."""
