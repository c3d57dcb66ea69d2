"""Text in any language: tokens, English verbs and nouns, and n-gram fingerprints."""
