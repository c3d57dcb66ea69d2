"""Exports of a run: the contract files, training data for trainers, and the dataset card."""
