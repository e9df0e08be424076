"""The labels that the reader of messages gives: kinds of words, acts, attitudes, and what a message talks about."""

OUTSIDE, TITLE, POINTER, MOOD = "outside", "title", "pointer", "mood"
KINDS = (OUTSIDE, TITLE, POINTER, MOOD)
"""What a word can be besides a word for a facet: nothing, an item's title, a pointer at an item ("the second one"), a wish in free words."""

ACTS = (
    "request", "state_preference", "critique", "answer", "ask_item", "ask_why", "compare", "accept", "reject", "already_seen",
    "edit_profile", "forget", "greet", "thank", "bye", "other",
)  # fmt: skip
ATTITUDES = ("liked", "disliked", "seen", "neutral")
TOPICS = ("title", "genre", "person", "other")
POLARITIES = ("wanted", "unwanted", "let_go")
STRENGTHS = ("soft", "hard")
SCOPES = ("session", "lasting")
SPAN_HEADS = {"polarity": POLARITIES, "strength": STRENGTHS, "scope": SCOPES, "attitude": ATTITUDES}
MESSAGE_HEADS = {"acts": ACTS, "topic": TOPICS}
LOOKED_UP = 4
"""What of the catalogue stands at a word: it begins or continues a title, or a value of any facet."""
