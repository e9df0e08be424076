"""Tuning of the sentence encoder on who liked what: its vectors shall find items that nobody has chosen yet (Vančura et al. 2024, beeFormer)."""
