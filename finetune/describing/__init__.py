"""Weighs what tells the agent which item "the one with the piano" is: the weights that `agent/describing` ships."""
