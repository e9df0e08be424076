"""LoRA adapters over causal language models: trained on sets of chats, resumable, with proof beside them."""
