"""The compact engine and a chat model side by side, step by step: where the model wins, and what that costs."""
