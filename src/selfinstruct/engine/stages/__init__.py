"""The stages: what each asks next, and how it reads the reply."""
