"""The readers of chat replies: tasks, labels, examples and ratings, from whatever form a model gives them."""
