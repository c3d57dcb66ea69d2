"""The engine: one loop that sends requests, records replies, evaluates them and settles them. It knows no config."""
