"""Whatever the catalogue and whatever is said, replies keep the demands they understood and bring back nothing put aside."""

import json
import re
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.tools.fitting import fit
from tests.agent.catalogues import catalogues, messages
from tests.agent.facts import Items
from tests.agent.invariants import broken_promises
from tests.agent.logic import conjuncts, holds
from tests.agent.titles import spoken

_EMPHASISED = re.compile(r"\*\*(.+?)\*\*")
THREADS = 4  # a catalogue
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes seconds: to shrink one would take minutes
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def opened(folder, documents):
    """An agent over a fitted workspace of the documents."""
    folder = Path(folder)
    listed = folder / "items.jsonl"
    listed.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    workspace = Workspace.create(folder / "shop")
    ingest(workspace, items=[listed])
    fit(workspace)
    return Agent.open(folder / "shop", clock=FixedClock(NOON, timedelta(seconds=1)), new_id=counted_ids("e"))


@dataclass
class Watch:
    """One thread as an onlooker sees it: what was shown, said, put aside and refused."""

    items: Items
    heard: list = field(default_factory=list)
    slates: list = field(default_factory=list)
    aside: set = field(default_factory=set)
    refused: list = field(default_factory=list)  # conjuncts that say `not`
    asked_to_drop: bool = False

    def before(self, message):
        """Notes what a message puts aside by its plain words."""
        if message.kind in ("reject first", "seen first") and self.slates:
            self.aside.add(self.slates[-1][0])
        if message.about:
            self.aside.add(message.about)

    def wrong(self, message, reply, in_force):
        """Returns what a reply does that it must not; `in_force` is the thread's own filter after the turn."""
        demands = conjuncts(reply["understanding"]["filter"])
        wanted = {fact for demand in demands if demand["op"] != "not" for fact in _facts(demand)}
        kept = [old for old in self.refused if not self.asked_to_drop and not _facts(old) & wanted]
        self.refused = [*kept, *(demand for demand in demands if demand["op"] == "not" and demand not in kept)]
        self.heard.append((message.text, reply["understanding"]))
        for item in reply["items"]:
            if spoken(item["title"], message.text, reply["understanding"], item["id"]):
                continue  # asked for by its name
            facts = self.items.facts[item["id"]]
            for demand in [*demands, *self.refused, *conjuncts(in_force)]:
                if holds(demand, facts) is not True:
                    yield f"{item['title']} {facts} breaks {demand}"
            if item["id"] in self.aside:
                yield f"{item['title']} comes back"
        for marked in _EMPHASISED.findall(reply["text"]):
            if marked not in self.items.years:
                yield f"{marked!r} is no title of the catalogue"
        shown_before = {item for slate in self.slates for item in slate}
        yield from broken_promises(reply, self.items, self.heard, shown_before)

    def after(self, reply):
        """Notes what a reply showed and asked."""
        if reply["items"]:
            self.slates.append([item["id"] for item in reply["items"]])
        self.asked_to_drop = reply["question"] is not None and reply["question"]["facet"] == "constraint"


def _facts(predicate):
    """The (field, value) pairs that a predicate looks at."""
    if "args" in predicate:
        return {fact for arg in predicate["args"] for fact in _facts(arg)}
    return _facts(predicate["arg"]) if "arg" in predicate else {(predicate["field"], json.dumps(predicate["value"]))}


@settings(max_examples=9, deadline=None, suppress_health_check=list(HealthCheck), phases=UNSHRUNK)
@given(data=st.data())
def test_replies_keep_every_demand_and_bring_back_nothing_put_aside(data):
    documents = data.draw(catalogues(), label="catalogue")
    items = Items(documents)
    with tempfile.TemporaryDirectory() as folder, opened(folder, documents) as agent:
        for number in range(THREADS):
            watch, place = Watch(items), {"user_id": f"visitor {number}", "thread_id": f"t{number}"}
            for message in data.draw(st.lists(messages(documents), min_size=2, max_size=7), label=f"thread {number}"):
                watch.before(message)
                reply = agent.chat(message.text, **place).model_dump(mode="json")
                in_force = agent._house.ledger.state(*place.values()).model_dump(mode="json")["constraints"]
                demanded = {"op": "and", "args": [constraint["predicate"] for constraint in in_force]}
                wrong = list(watch.wrong(message, reply, demanded))
                assert not wrong, "\n".join([message.text, *wrong])
                watch.after(reply)
