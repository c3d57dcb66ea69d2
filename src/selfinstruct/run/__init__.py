"""Assembles runs from config, plugins and store: settings, backends and stages."""
