"""Strategies for small catalogues of varied schemas, and for what a visitor may say about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

Document = Mapping[str, Any]
Kind = Literal["wish", "reject first", "seen first", "hate", "seen", "other"]

_KINDS = (
    "Comedy",
    "Science Fiction",
    "Noir",
    "Drama",
    "Café Music",
    "Sci-Fi",
    "Western",
    "Self-Help",
    "Post-Punk",
    "Crime",
)
_MAKERS = ("Lumen & Sons", "Orbit Press", "Zoë Adler", "O'Hara Works", "Nordwind", "Blue Kettle", "K. T. Osei")
_FIRST = ("Silver", "Broken", "Distant", "Hollow", "Crimson", "Quiet", "Seventh", "Iron")
_SECOND = ("River", "Lantern", "Harbour", "Meadow", "Signal", "Orchard", "Compass", "Winter")
_ABOUT = (
    "two sisters keep a lighthouse",
    "a thief learns to dance",
    "made of oak and brass",
    "songs for a long night",
    "a dog finds home",
)
_NUMBERS = ("price", "pages", "weight")


@dataclass(frozen=True)
class Message:
    """What is said, and what that does to items: `about` is the id that a `hate` or `seen` is about."""

    text: str
    kind: Kind = "other"
    about: str | None = None


@st.composite
def catalogues(draw: st.DrawFn) -> list[Document]:
    """Draws 6 to 24 items with unique titles; which fields there are varies, and any value but the title may be missing."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        draw(st.sampled_from(("genres", "tags", "styles"))): st.lists(
            st.sampled_from(_KINDS), min_size=1, max_size=3, unique=True
        )
    }
    if draw(st.booleans()):
        fields[draw(st.sampled_from(("maker", "author", "brand")))] = st.sampled_from(_MAKERS)
    if draw(st.booleans()):
        fields["year"] = st.integers(1950, 2024)
    if draw(st.booleans()):
        fields[draw(st.sampled_from(_NUMBERS))] = st.integers(1, 900)
    if draw(st.booleans()):
        fields["description"] = st.sampled_from(_ABOUT)
    titles = draw(
        st.lists(st.tuples(st.sampled_from(_FIRST), st.sampled_from(_SECOND)), min_size=6, max_size=24, unique=True)
    )
    return [{"id": f"i{n}", "title": f"{a} {b}", **draw(_facts(fields))} for n, (a, b) in enumerate(titles)]


def _facts(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    present = st.integers(0, 9).map(bool)  # one value in ten is missing
    drawn = {name: st.tuples(present, values) for name, values in fields.items()}
    return st.fixed_dictionaries(drawn).map(
        lambda facts: {name: value if there else None for name, (there, value) in facts.items()}
    )


def messages(items: list[Document]) -> st.SearchStrategy[Message]:
    """Draws a wish, a refusal, a reference, talk or noise, in words of the catalogue's own values."""
    titled = st.sampled_from([(item["id"], item["title"]) for item in items])
    wish = st.one_of(_wishes(items))
    return st.one_of(
        wish.map(lambda text: Message(text, "wish")),
        st.tuples(wish, st.sampled_from((", ", " but ", ". And ")), wish).map(lambda parts: Message("".join(parts), "wish")),
        st.sampled_from(("not the first one", "the first one, no. what else?")).map(lambda text: Message(text, "reject first")),
        st.just(Message("seen the first one", "seen first")),
        titled.map(lambda item: Message(f"I hated {item[1]}", "hate", item[0])),
        titled.map(lambda item: Message(f"I've already seen {item[1]}", "seen", item[0])),
        st.tuples(st.sampled_from(("I loved {}", "like {}", "do you have {}?", "what is {} about?")), titled).map(
            lambda pair: Message(pair[0].format(pair[1][1]))
        ),
        st.sampled_from(("more", "others?", "hi", "thanks", "why the first one?", "compare the first two", "what do you know about me?", "yes")).map(Message),
        st.text(max_size=40).map(Message),
    )  # fmt: skip


def _wishes(items: list[Document]) -> list[st.SearchStrategy[str]]:
    """Wishes and refusals for each field: of a value, or of a bound where it is a number."""
    found = [st.just("show me something good")]
    for name in {name for item in items for name in item} - {"id", "title", "description"}:
        values = [value for item in items if (value := item.get(name)) is not None]
        if values and isinstance(values[0], int):
            years = ("from {}", "before {}", "after {}", "newer than {}")
            said = years if name == "year" else (f"{name} under {{}}", f"{name} over {{}}", f"{name} at most {{}}")
            found.append(_said(said, values))
        elif values:
            flat = sorted({part for value in values for part in (value if isinstance(value, list) else [value])})
            found += [_said(("something {}", "I want {}", "only {}", "preferably {}", "{} please"), flat), _said(("no {}", "nothing {}", "without {}", "not {}"), flat)]  # fmt: skip
    return found


def _said(patterns: tuple[str, ...], values: list[Any]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(patterns), st.sampled_from(values)).map(lambda pair: pair[0].format(pair[1]))
