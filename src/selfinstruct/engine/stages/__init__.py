"""The stages. Each plans its requests and reads the replies."""
