"""Short ways to say what a message should be understood as."""

from datetime import UTC, datetime

from convrec.agent.compact.understander import Understander
from convrec.agent.state import Constraint, DialogueState, HeldWish
from convrec.core.clock import FixedClock
from convrec.core.predicate import Comparison
from convrec.core.understanding import Preference

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Listener:
    """An understander of one catalogue that takes titles for ids."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.understander = Understander(catalogue, FixedClock(NOON))

    def id(self, title):
        """The id of a title, `Heat (1995)` or `Heat`."""
        for row, name in enumerate(self.catalogue.titles):
            facts = self.catalogue.item(row).facts
            if title in (name, f"{name} ({facts.get('year')})"):
                return self.catalogue.ids[row]
        raise KeyError(title)

    def title(self, item_id):
        item = self.catalogue.item(item_id)
        return f"{item.title} ({item.facts['year']})" if "year" in item.facts else item.title

    def state(self, shown=(), focus=(), demands=(), wishes=(), question=None):
        """A thread that has shown those titles, last talked about those, and holds those demands `(field, value)`."""
        return DialogueState(
            turn=3,
            slates=(tuple(self.id(title) for title in shown),) if shown else (),
            focus=tuple(self.id(title) for title in focus),
            constraints=tuple(self._constraint(field, value) for field, value in demands),
            held=tuple(HeldWish(preference=Preference(facet=field, value=value), turn=2) for field, value in wishes),
            question=question,
        )

    def _constraint(self, field, value):
        op = "between" if isinstance(value, list) else "contains"
        return Constraint(predicate=Comparison(field=field, op=op, value=value), label=str(value), turn=2)

    def hear(self, text, state=None):
        return self.understander.understand(text, state or DialogueState())

    def wishes(self, text, state=None):
        """`{"+genres": {"Western"}, "-cast": {…}}` of the linked wishes, items by their titles."""
        found = {}
        for p in self.hear(text, state).preferences:
            value = self.title(p.item_id) if p.item_id else p.value
            found.setdefault(f"{'+' if p.polarity > 0 else '-'}{p.facet}", set()).add(value)
        return found

    def named(self, text, state=None):
        """The titles mentioned, the best bearer of each."""
        return [self.title(r.item_ids[0]) for r in self.hear(text, state).references if r.kind == "title"]

    def pointed(self, text, state):
        """The titles of all items pointed at without their names."""
        return [self.title(i) for r in self.hear(text, state).references if r.kind != "title" for i in r.item_ids]

    def kept(self, text, state=None):
        """The rows that the message's filter leaves."""
        return set(self.catalogue.mask(self.hear(text, state).filter).nonzero()[0].tolist())
