"""Which of the items on the table a description means: "the one with the piano", "not the older one"."""
