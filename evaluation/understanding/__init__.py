"""How well messages are understood, measured on well-known layouts and on one's own labelled turns."""
