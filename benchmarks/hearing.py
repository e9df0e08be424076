"""What understanding a message costs, linking included, on one core: CPU milliseconds a message, and seconds until the first is understood.

python benchmarks/hearing.py --workspace DIR                   # messages of people in redial/valid, CONVREC_DATA has redial/
python benchmarks/hearing.py --workspace DIR --rules           # without the learned reader
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from convrec.agent.compact.understander import Understander
from convrec.agent.state import REPLY, DialogueState
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import SystemClock
from convrec.finetune.reader.films import dialogues_of, spelled, titles_of
from convrec.tools.encoder import TextEncoder


def main() -> None:
    """Prints how long it takes to begin, then quantiles of CPU milliseconds a message."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=os.environ.get("CONVREC_DATA"), help="the folder of the data sets")
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--rules", action="store_true", help="without the learned reader")
    options = parser.parse_args()
    torch.set_num_threads(1)
    catalogue = Workspace.open(options.workspace).catalogue()
    said = list(messages(options.data / "redial", options.messages))
    began = time.monotonic(), time.process_time()
    understander = Understander(catalogue, SystemClock(), None if options.rules else TextEncoder.open())
    understander.understand(*said[0])
    sys.stdout.write(
        f"{len(catalogue):,} items: first message after {time.monotonic() - began[0]:.2f} s ({time.process_time() - began[1]:.2f} s of CPU)\n"
    )
    spent = []
    for text, state in said[1:]:
        start = time.process_time()
        understander.understand(text, state)
        spent.append((time.process_time() - start) * 1000)
    p50, p95, p99 = np.percentile(spent, (50, 95, 99))
    sys.stdout.write(f"{len(spent)} messages, CPU ms: p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f}\n")


def messages(folder: Path, most: int) -> Iterator[tuple[str, DialogueState]]:
    """Yields messages of those who look for a film, with what was said before them, evenly spread."""
    names = titles_of(folder)
    found = []
    for dialogue in dialogues_of(folder / "valid.jsonl.gz"):
        before = ""
        for message in dialogue["messages"]:
            text = spelled(message["text"], names)
            if message["senderWorkerId"] == dialogue["initiatorWorkerId"]:
                found.append((text, DialogueState(reply=before[-REPLY:])))
            before = text
    yield from found[:: max(1, len(found) // most)][:most]


if __name__ == "__main__":
    main()
