"""Encodes the demo catalogue's films and writes their vectors to `catalogue/demo/`, so that the first chat need not wait for it.

Run by a developer after the films or the encoder changed, never by a user:

    python scripts/demo_vectors.py

The vectors are those that `convrec fit` makes and keeps by the digest of each text; texts that are missing are encoded then.
"""

import tempfile
from pathlib import Path

import numpy as np

from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Lines
from convrec.tools.embeddings import VectorCache, digest
from convrec.tools.encoder import TextEncoder

DEMO = Path(__file__).resolve().parent.parent / "catalogue" / "demo"


def main() -> None:
    """Writes the file, in place of any former one."""
    for former in DEMO.glob("*.vectors.npz"):
        former.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        ingest_shipped(Path(scratch) / "films")
        workspace = Workspace.open(Path(scratch) / "films")
        catalogue, settings = workspace.catalogue(workspace.current().number), workspace.settings
        encoder, cards = TextEncoder.open(settings.models.encoder), sorted(set(catalogue.cards()))
        vectors = VectorCache(None, encoder, settings.fit.max_tokens).halves(cards, Lines(print))
    path = DEMO / f"{encoder.revision}-{settings.fit.max_tokens}.vectors.npz"
    digests = np.frombuffer(b"".join(map(digest, cards)), np.uint8).reshape(-1, 16)
    np.savez(path, digests=digests, vectors=vectors)


if __name__ == "__main__":
    main()
