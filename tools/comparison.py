"""Items side by side."""

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import fold
from convrec.tools.contract import Vectors
from convrec.tools.request import Comparison


def compared(catalogue: Catalogue, rows: list[int], vectors: Vectors | None) -> Comparison:
    """Returns the comparison of the items in these rows; `vectors` are their cards' `(n, width)`."""
    items = [catalogue.item(row) for row in rows]
    fields = [field.name for field in catalogue.schema.fields if field.name != "title"]
    values = {name: tuple(item.facts.get(name) for item in items) for name in fields}
    similarity = (
        ()
        if vectors is None
        else tuple(tuple(round(float(cosine), 6) for cosine in line) for line in vectors @ vectors.T)
    )
    return Comparison(
        ids=tuple(item.id for item in items),
        titles=tuple(item.title for item in items),
        values={name: said for name, said in values.items() if any(value is not None for value in said)},
        shared={name: both for name, said in values.items() if (both := _shared(said))},
        similarity=similarity,
    )


def _shared(said: tuple[object, ...]) -> tuple[str, ...]:
    """Returns the values that every item has, in the first one's spelling; texts are shared only whole."""
    if not said or any(value is None for value in said):
        return ()
    lists = [[str(part) for part in value] if isinstance(value, list) else [str(value)] for value in said]
    common = set.intersection(*({fold(value) for value in values} for values in lists))
    return tuple(value for value in lists[0] if fold(value) in common)
