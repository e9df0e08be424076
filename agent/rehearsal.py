"""What a server says to itself before anybody comes, so that what a process makes once (weights, indexes, vectors) is made by then."""

from collections.abc import Iterator

from convrec.catalogue.catalogue import Catalogue


def lines(catalogue: Catalogue) -> Iterator[str]:
    """Yields messages about a catalogue that between them touch all that understanding, retrieval and wording make once."""
    yield "hello"
    for field in catalogue.schema.valued:
        index = catalogue.values(field.name)
        if index.values:
            value = max(zip(index.counts, index.values, strict=True))[1]
            yield f"something with {value}"
            yield f"any {value.split()[-1]} ones?"
    yield f"something dark and moody, like {catalogue.titles[0]}"
    yield "I live by the sea and have a cat"
    yield "why the first one?"
    yield "what do you know about me?"
