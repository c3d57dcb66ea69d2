"""Text in any language: tokens, the words of languages, JSON in replies, and n-gram fingerprints."""
