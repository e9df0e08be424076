"""A learned reader of messages: MiniLM with a LoRA adapter and small heads, over any catalogue's schema."""
