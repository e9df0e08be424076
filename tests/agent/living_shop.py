"""A small shop whose prices change all day, and a process that serves turns over it and tells what it saw."""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
from convrec.catalogue.live import delete_items, patch_items, put_items
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit

TOOLS = ("popularity", "bm25", "dense", "item_knn")
KINDS = ("Lamp", "Chair", "Table", "Shelf")
STUFFS = ("oak", "steel", "glass", "rattan", "walnut")
N = 40


def goods(price=10):
    """The shop's rows; every item costs the same, so that a mixed turn would show."""
    return [
        {
            "id": f"g{n}", "title": f"{STUFFS[n % 5].capitalize()} {KINDS[n % 4]} {n}", "kind": KINDS[n % 4], "price": price, "in_stock": True,
            "description": f"A {KINDS[n % 4].lower()} of {STUFFS[n % 5]} for a calm room, made by hand in our own workshop, number {n} of its line.",
        }
        for n in range(N)
    ]  # fmt: skip


def open_shop(root: Path) -> Workspace:
    """A fitted workspace of the shop."""
    workspace = Workspace.create(root / "shop")
    (root / "goods.jsonl").write_text("".join(json.dumps(row) + "\n" for row in goods()))
    bought = [
        f"u{user},g{item},purchase,{1000 + user}\n"
        for user in range(30)
        for item in ((user * 3 + k * 4) % N for k in range(5))
    ]
    (root / "bought.csv").write_text("user_id,item_id,event,timestamp\n" + "".join(bought))
    ingest(workspace, items=[root / "goods.jsonl"], interactions=[root / "bought.csv"])
    fit(workspace, only=TOOLS)
    return workspace


def prices(reply):
    """The price of every item of a slate, as the reply's evidence has it."""
    return {
        item.id: float(evidence.value)
        for item in reply.items
        for reason in item.reasons
        for evidence in reason.evidence
        if evidence.source == f"item:{item.id}.price"
    }


@dataclass
class Keeper:
    """Changes the shop all day, and knows what every turn has to show: in every version all items have one price, which is another in each.

    `put`, `patch` and `delete` write rows, each as one new version, whose number they return; the rest is done on the workspace.
    """

    workspace: Workspace
    folder: Path
    put: Callable[[list], int]
    patch: Callable[[list], int]
    delete: Callable[[list], int]
    price_of: dict = field(default_factory=dict)  # by version
    answered: list = field(default_factory=list)  # when each version was in force, and its number, in order
    deleted: dict = field(default_factory=dict)  # when each item was gone

    def work(self, seconds):
        """Changes prices, ingests, fits, rolls back, adds and deletes until the time is over."""
        for version in self.workspace.versions():
            self._note(version.number, 10)
        chance, price, end, round_ = random.Random(1), 10, time.time() + seconds, 0
        while time.time() < end or round_ < 12:
            round_ += 1
            price += 1
            self._reprice(price, by_file=round_ % 6 == 3)
            if round_ % 6 == 5:
                self._note(fit(self.workspace, only=("popularity", "bm25")).version, price)
            if round_ % 24 == 8:
                back = self.workspace.rollback().number
                self._note(back, self.price_of[back])
            if round_ % 6 == 1:
                self._come_and_go(f"x{round_}", price)
            time.sleep(chance.uniform(0.2, 0.6))

    def _note(self, number, price):
        self.price_of[number] = float(price)
        self.answered.append((time.time(), number))

    def _reprice(self, price, by_file):
        if by_file:
            path = self.folder / "ingest.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in goods(price)))
            number = ingest(self.workspace, items=[path]).version
        else:
            number = self.patch([{"id": f"g{n}", "price": price} for n in range(N)])
        self._note(number, price)

    def _come_and_go(self, item, price):
        self._note(self.put([{"id": item, "title": f"Zany {item}", "kind": "Chair", "price": price}]), price)
        self._note(self.delete([item]), price)
        self.deleted[item] = time.time()

    def check(self, turn):
        """Fails where a turn went wrong, mixed versions, showed what was gone, or ran on an older version than was in force before it began."""
        began = turn["began"]
        assert turn["error"] == ""
        assert turn["trace"] == []
        assert len(turn["prices"]) == len(turn["items"]) > 0
        assert set(turn["prices"].values()) == {self.price_of[turn["version"]]}, turn
        assert not {item for item in turn["found"] if self.deleted.get(item, began + 1) < began}
        before = max(1, sum(at < began for at, _ in self.answered))
        assert turn["version"] in [number for _, number in self.answered[before - 1 :]], turn


def here(workspace, folder):
    """A keeper who writes in this process."""
    writes = (
        (lambda rows, write=write: write(workspace, rows).version) for write in (put_items, patch_items, delete_items)
    )
    return Keeper(workspace, folder, *writes)


def serve(root, name, out, stop):
    """Serves turns until told to stop, each written down: when it began and ended, the version, the tools, every price in the slate."""
    with Path(out).open("w") as lines, Agent.open(root) as agent:
        turn = 0
        while not stop.is_set():
            turn += 1
            began = time.time()
            said = {"began": began, "error": ""}
            try:
                reply = agent.chat("show me lamps under 1000000 dollars", user_id=name, thread_id=f"t{turn}")
                found = agent.recommend(filter={"field": "kind", "op": "eq", "value": "Chair"}, k=5)
                said |= {
                    "version": int(reply.versions["catalogue"]), "bm25": reply.versions["bm25"], "prices": prices(reply), "items": [i.id for i in reply.items],
                    "found": [item.id for item in found], "trace": [step.error for step in reply.trace if step.error],
                }  # fmt: skip
            except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
                said["error"] = repr(error)
            lines.write(json.dumps(said | {"ended": time.time()}) + "\n")
            lines.flush()
        following = agent.following
        lines.write(json.dumps({"following": following.failures, "why": following.last_failure}) + "\n")
