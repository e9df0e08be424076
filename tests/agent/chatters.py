"""A program that opens a shop once and forks a child for each order it reads, so that a chatting process starts in milliseconds.

`python -m tests.agent.chatters WORKSPACE` prints `ready`, then reads orders, a JSON object a line: `{"state", "to", "texts", "user_id",
"thread_id", "request_id"?, "gate"?, "nobody"?, "die_at"?, "forget"?, "delete"?}`, where `state` is a file or an address. It answers each with the child's process id. The child opens the state database and
writes into the pipe `to`, a JSON object a line: `{"open": true}`, then each text with its reply the moment that is acknowledged, or
`{"error", "sentence"}`; at last, where the order says so, `{"forgot"}` with the receipt, `{"deleted"}`. With a `gate` it begins when nobody
locks that file any more; as `nobody` it gives up the rights of root; with `die_at` it kills itself as its connections to the database
get the statement of that number, counted from 1.
"""

import fcntl
import itertools
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

from convrec.agent import Agent
from convrec.agent.stores.sqlite import SqliteDatabase
from convrec.core.errors import ConvrecError
from tests.agent.shop import over

_NOBODY = 65534


def chat(shop, order):
    """Says the order's texts, one after the other, and tells of each reply."""
    pipe = os.open(order["to"], os.O_WRONLY)

    def tell(**document):
        os.write(pipe, json.dumps(document).encode() + b"\n")

    if order.get("nobody"):
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    place = {"user_id": order["user_id"], "thread_id": order["thread_id"], "request_id": order.get("request_id")}
    try:
        agent = over(shop, order["state"])
        tell(open=True)
        if "die_at" in order:
            die(agent, order["die_at"])
        if "gate" in order:
            with open(order["gate"]) as gate:
                fcntl.flock(gate, fcntl.LOCK_SH)
        for text in order["texts"]:
            tell(text=text, reply=agent.chat(text, **place).model_dump(mode="json"))
        if order.get("forget"):
            tell(forgot=agent.forget(order["user_id"]).verified)
        if order.get("delete"):
            tell(deleted=agent.delete_thread(order["user_id"], order["thread_id"]))
    except ConvrecError as error:
        tell(error=type(error).__name__, sentence=str(error))


def die(agent, at):
    """Lets this process kill itself just before the database runs its statement of number `at` from now on."""
    number = itertools.count(1)

    def count(_statement):
        if next(number) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = agent._house.ledger.database
    if isinstance(database, SqliteDatabase):
        for connection in (database.connection, agent._saver.conn):
            connection.set_trace_callback(count)
        return
    from psycopg import Connection, Cursor

    for kind, name in ((Cursor, "execute"), (Cursor, "executemany"), (Connection, "_exec_command")):
        setattr(kind, name, _counted(getattr(kind, name), count))


def _counted(run, count):
    def counted(self, statement, *rest, **options):
        count(statement)
        return run(self, statement, *rest, **options)

    return counted


def main(workspace):
    """Takes orders until its input ends."""
    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that end are nobody's concern
    shop = Agent.open(workspace)
    with tempfile.TemporaryDirectory() as warm, over(shop, Path(warm) / "state.sqlite") as agent:
        agent.chat("a western", user_id="warm")  # what the first turn loads, every child then has
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            chat(shop, json.loads(line))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
