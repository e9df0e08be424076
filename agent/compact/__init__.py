"""The compact engine: understanding and planning without a language model."""
