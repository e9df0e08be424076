"""Training of the learned reader of messages: MiniLM with a LoRA adapter and small heads, from public dialogues and a grammar."""
