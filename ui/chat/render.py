"""HTML of the page's parts. Templates escape all they are given, so that titles, texts and messages stay data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from convrec.agent.wording import joined_by
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import FIELD_TYPES
from convrec.core.profile import ProfileEntry
from convrec.ui.chat import trace
from convrec.ui.chat.cards import card
from convrec.ui.chat.comparing import table
from convrec.ui.chat.openers import openers
from convrec.ui.chat.plot import plot
from convrec.ui.chat.prose import blocks

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from convrec.agent.memory.forgetting import Receipt
    from convrec.agent.stores.records import ThreadSummary
    from convrec.ui.chat.session import Exchange, Session
    from convrec.ui.chat.workshop import Workshop

_SHOWN = 4_000  # characters of a message that are shown again


def own(shop: Workshop, name: str, names: Sequence[str], first: str) -> str:
    """Returns the person's own catalogues beside the page's, which is called `first`, `name` being the one talked about, and what is on the workbench."""
    venues = [("", first), *((each, each) for each in names)]
    return _template("own").render(shop=shop, name=name, venues=venues, types=FIELD_TYPES)


class Renderer:
    """Draws conversations over one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self._schema = catalogue, catalogue.schema
        self._openers = openers(catalogue)

    @property
    def called(self) -> str:
        """What the catalogue is called: by its items."""
        return self._schema.nouns.capitalize()

    def conversation(self, session: Session) -> list[str]:
        """Returns one piece of HTML a turn; a welcome when there is none yet."""
        if not session.exchanges:
            return [self.welcome()]
        return [self._drawn(exchange, number, session) for number, exchange in enumerate(list(session.exchanges), 1)]

    def _drawn(self, exchange: Exchange, number: int, session: Session) -> str:
        if exchange.running:
            return self.turn(exchange, number, session)
        if not exchange.drawn:
            exchange.drawn = self.turn(exchange, number, session)
        return exchange.drawn

    def welcome(self) -> str:
        """Returns what a newcomer sees."""
        return _template("welcome").render(schema=self._schema, openers=self._openers)

    def turn(self, exchange: Exchange, number: int, session: Session) -> str:
        """Returns one message and its answer."""
        reply = exchange.reply
        items = reply.items if reply else exchange.items
        laid = blocks(reply.text if reply else exchange.words, items)
        cards = {item.id: card(item, self._schema, session.clicks.get(item.id, ())) for item in items}
        steps = reply.trace if reply else exchange.steps
        return _template("turn").render(
            exchange=exchange, said=_shortened(exchange.text), number=number, reply=reply, blocks=laid, cards=cards, doing=trace.doing(exchange.action, self._schema),
            steps=trace.rows(steps, self._schema), live=trace.live(exchange, self._schema), headline=trace.headline(steps, self._schema), schema=self._schema,
            plot=plot(items) if reply else None, table=table(steps, self.catalogue) if reply else None,
        )  # fmt: skip

    def panel(self, entries: Sequence[ProfileEntry], paused: bool = False, receipt: Receipt | None = None) -> str:
        """Returns what is known about the person; after they were forgotten, what was deleted."""
        known = [(entry, self._taste(entry)) for entry in reversed(entries) if entry.superseded_by is None]
        return _template("panel").render(known=known, paused=paused, receipt=receipt)

    def threads(self, threads: Sequence[ThreadSummary], current: str) -> str:
        """Returns the person's conversations; `current` is the one that is open."""
        return _template("threads").render(threads=threads, current=current)

    def footing(self) -> str:
        """Returns what the catalogue is."""
        return _template("footing").render(schema=self._schema, count=len(self.catalogue))

    def _taste(self, entry: ProfileEntry) -> str:
        if entry.item_id is not None or entry.facet not in self._schema.names:
            return entry.value
        return joined_by(self._schema.field(entry.facet), entry.value)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.jinja")
