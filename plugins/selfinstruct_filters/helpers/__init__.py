"""What several filters share: readers of numbers and wording, check digits, and a cache of embeddings."""
