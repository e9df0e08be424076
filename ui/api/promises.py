"""What every reply promises, looked at in every turn that a server answers: a breach is counted, for it is a fault of ours."""

from collections.abc import Iterator

from convrec.core.reply import Reply

_CLOSE = 1e-6


def broken(reply: Reply) -> Iterator[str]:
    """Yields the names of the promises that a reply breaks; none for a sound one.

    `empty`: it says nothing. `unnamed`: an item is not named by its exact title. `twice`: an item is shown twice. `ranks`: they do not
    count from 1. `sums`: contributions, or reasons, do not add up to the score. `confidence`: it is no probability, or falls where scores rise.
    """
    items = reply.items
    if not reply.text.strip():
        yield "empty"
    if any(item.title not in reply.text for item in items):
        yield "unnamed"
    if len({item.id for item in items}) < len(items):
        yield "twice"
    if [item.rank for item in items] != list(range(1, len(items) + 1)):
        yield "ranks"
    sums = ((sum(item.contributions.values()), sum(reason.weight for reason in item.reasons), item.score) for item in items)  # fmt: skip
    if any(abs(parts - score) > _CLOSE or abs(worded - score) > _CLOSE for parts, worded, score in sums):
        yield "sums"
    rising = [item.confidence for item in sorted(items, key=lambda item: (item.score, item.confidence))]
    if rising != sorted(rising) or any(not 0 <= confidence <= 1 for confidence in rising):
        yield "confidence"
