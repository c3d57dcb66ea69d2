"""Files that users see: each is written whole or not at all."""
