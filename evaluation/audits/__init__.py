"""Audits: how the product behaves where somebody or something is against it, and how fast."""
