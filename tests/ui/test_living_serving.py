"""A shop changes all day while four workers serve it over HTTP: no errors, no turn of mixed versions, the new price in the next slate."""

import json
import os
import re
import statistics
import subprocess
import threading
import time

import httpx
import pytest

from convrec.catalogue.workspace import Workspace
from convrec.core.reply import Reply
from tests.agent.living_shop import Keeper, open_shop, prices
from tests.ui.api.events import read
from tests.ui.served import ADMIN, serving

pytestmark = pytest.mark.ci

PEOPLE = 6
SECONDS = float(os.environ.get("CONVREC_LIVING_SECONDS", "15"))
LAMPS = "show me lamps under 1000000 dollars"
CHAIRS = {"filter": {"field": "kind", "op": "eq", "value": "Chair"}, "k": 5}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return open_shop(tmp_path)


class Customer(threading.Thread):
    """Somebody who asks for lamps all day, every time over a connection of its own, whichever worker takes it; every second answer is streamed."""

    def __init__(self, address, name, stop):
        super().__init__()
        self.address, self.person, self.stop, self.turns = address, name, stop, []

    def run(self):
        while not self.stop.is_set():
            turn = {"began": time.time(), "error": ""}
            try:
                turn |= self._asked(len(self.turns))
            except Exception as error:  # noqa: BLE001  (whatever it is, the test shows it)
                turn["error"] = repr(error)
            self.turns.append(turn | {"ended": time.time()})

    def _asked(self, n):
        with httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {ADMIN}"}, timeout=60) as client:
            body = {"text": LAMPS, "user_id": self.person, "thread_id": f"t{n}", "stream": n % 2 == 1}
            asked = time.perf_counter()
            with client.stream("POST", "/v1/chat", json=body) as answer:
                answer.raise_for_status()
                lines = "".join(answer.iter_text())
            ms = (time.perf_counter() - asked) * 1000
            document = read(lines.splitlines())[-1][1]["reply"] if body["stream"] else json.loads(lines)
            reply = Reply.model_validate(document)
            found = client.post("/v1/recommendations", json=CHAIRS).raise_for_status().json()
        return {
            "version": int(reply.versions["catalogue"]), "bm25": reply.versions["bm25"], "prices": prices(reply), "items": [i.id for i in reply.items],
            "found": [item["id"] for item in found["items"]], "trace": [step.error for step in reply.trace if step.error], "ms": ms,
        }  # fmt: skip


class Counter:
    """The shop's own program, which changes items over HTTP; it notes how long each write took, and how long until the API told the new price."""

    def __init__(self, client):
        self.client, self.ms, self.stale = client, [], 0

    def write(self, method):
        def written(rows):
            asked = time.perf_counter()
            answer = self.client.request(method, "/v1/items", json=rows).raise_for_status().json()
            self.ms.append((time.perf_counter() - asked) * 1000)
            assert (answer["written"], answer["errors"]) == (len(rows), [])
            if method == "PATCH":
                self.stale += self.client.get("/v1/items/g0").raise_for_status().json()["price"] != rows[0]["price"]
            return answer["version"]

        return written


def test_four_workers_serve_whole_turns_while_everything_changes(workspace, tmp_path):
    """Short by default; CONVREC_LIVING_SECONDS makes it longer, and `-s` shows the figures."""
    headers = {"Authorization": f"Bearer {ADMIN}", "Connection": "close"}
    with (
        serving(workspace.root, tmp_path / "log", "--workers", "4", CONVREC_SERVER_REQUESTS_PER_MINUTE="0") as served,
        httpx.Client(base_url=served.address, headers=headers, timeout=60) as client,
    ):
        workers = _children(served.process.pid)
        stop = threading.Event()
        customers = [Customer(served.address, f"u{n}", stop) for n in range(PEOPLE)]
        for customer in customers:
            customer.start()
        counter = Counter(client)
        keeper = Keeper(workspace, tmp_path, *(counter.write(method) for method in ("PUT", "PATCH", "DELETE")))
        try:
            keeper.work(SECONDS)
            time.sleep(1)
        finally:
            stop.set()
            for customer in customers:
                customer.join(60)
        assert _children(served.process.pid) == workers  # none had to be replaced
    turns = [turn for customer in customers for turn in customer.turns]
    for turn in turns:
        keeper.check(turn)
    _tell(turns, keeper, counter)
    assert counter.stale == 0
    assert len({turn["version"] for turn in turns}) > 5
    assert len({turn["bm25"] for turn in turns}) > 1
    told = [line for line in served.log.read_text().splitlines() if not re.search(r" INFO | status=", line)]
    assert told == []


def _children(pid):
    """The workers and the page's process."""
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "spawn_main"], capture_output=True, text=True, check=True)
    return sorted(found.stdout.split())


def _tell(turns, keeper, counter):
    cuts = statistics.quantiles((turn["ms"] for turn in turns), n=20)
    print(
        f"\n{len(turns):,} turns without an error over {len({turn['version'] for turn in turns})} of {len(keeper.price_of)} versions and "
        f"{len({turn['bm25'] for turn in turns})} fits; a turn {cuts[9]:.0f} ms, at the 95th percentile {cuts[18]:.0f}; "
        f"{len(counter.ms)} writes over HTTP, {statistics.median(counter.ms):.0f} ms"
    )
