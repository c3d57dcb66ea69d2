"""The engine: one loop that asks, journals, judges and settles. It is handed built objects and knows no config."""
