"""The simulated people, frozen: whoever tunes an agent on sessions must not be able to tune the people as well."""

from __future__ import annotations

import hashlib
from pathlib import Path

FROZEN = "c6a045ff419659f0"
"""The hash of the people that all published figures were measured with. It changes only where figures are measured anew."""


def people_hash() -> str:
    """Returns a hash of the simulators: their code, their words, and what passes between them and who serves."""
    digest = hashlib.sha256()
    for path in files_of_people():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def files_of_people() -> list[Path]:
    """Returns the files that the hash is of, in order."""
    kinds = ((".py", ".yaml"), ("agenda", "browser", "people"))
    return sorted(p for p in Path(__file__).parent.iterdir() if p.suffix in kinds[0] and p.stem.startswith(kinds[1]))
