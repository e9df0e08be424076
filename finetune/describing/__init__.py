"""Teaches the agent which item "the one with the piano" is: the adapter and the weights that `agent/describing` ships."""
