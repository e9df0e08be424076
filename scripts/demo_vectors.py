"""Encodes the demo catalogue's films and writes their vectors to `catalogue/demo/tools/encoded/`, so that the first chat need not wait for it.

Run by a developer after the films or the encoder changed, never by a user:

    python scripts/demo_vectors.py

The vectors are those that `convrec fit` makes and keeps by the digest of each text; texts that are missing are encoded then.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Lines
from convrec.tools.embeddings import VectorCache, digest
from convrec.tools.encoder import TextEncoder

ENCODED = (
    Path(__file__).resolve().parent.parent / "catalogue" / "demo" / "tools" / "encoded"
)  # laid out as a workspace's


def main() -> None:
    """Writes the file, in place of any former one."""
    shutil.rmtree(ENCODED, ignore_errors=True)
    ENCODED.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        ingest_shipped(Path(scratch) / "films")
        workspace = Workspace.open(Path(scratch) / "films")
        catalogue, settings = workspace.catalogue(workspace.current().number), workspace.settings
        encoder, cards = TextEncoder.open(settings.models.encoder), sorted(set(catalogue.cards()))
        vectors = VectorCache(None, encoder, settings.fit.max_tokens).halves(cards, Lines(print))
    folder = ENCODED / f"{encoder.revision}-{settings.fit.max_tokens}"
    folder.mkdir()
    digests = np.frombuffer(b"".join(map(digest, cards)), np.uint8).reshape(-1, 16)
    np.savez(folder / "shipped.vectors.npz", digests=digests, vectors=vectors)


if __name__ == "__main__":
    main()
