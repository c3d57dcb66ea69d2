"""A stage answered by batches: the lines of its requests, their files or folder, and the rounds that wait for them."""
