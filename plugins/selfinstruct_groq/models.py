"""The models of Groq that this backend chooses from, and those that take a JSON schema."""

LLAMA_3 = ("llama-3.3-70b-versatile", "llama-3.1-8b-instant", "llama3-70b-8192", "llama3-8b-8192")
SUCCESSORS = ("openai/gpt-oss-20b", "openai/gpt-oss-120b")
"""What Groq names in place of Llama 3; the smaller one first, for thrift."""

MODEL_GONE = ("model_not_found", "model_decommissioned")
"""Groq's codes for a model that it does not offer (any more)."""

STRICT_SCHEMA = (*SUCCESSORS, "openai/gpt-oss-safeguard-20b")
"""Models that keep to a JSON schema token by token (https://console.groq.com/docs/structured-outputs)."""

TRIES_SCHEMA = (
    "meta-llama/llama-4-maverick-17b-128e-instruct",
    "meta-llama/llama-4-scout-17b-16e-instruct",
    "moonshotai/kimi-k2-instruct",
    "moonshotai/kimi-k2-instruct-0905",
)
"""Models that try to, and fail now and then."""
