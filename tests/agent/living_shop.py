"""A small shop whose prices change all day, and a process that serves turns over it and tells what it saw."""

import json
import os
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
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
