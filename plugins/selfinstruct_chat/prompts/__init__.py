"""The prompts for chat models: what each stage asks, and in which form the reply is to come."""
