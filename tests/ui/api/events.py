"""What a stream of server-sent events holds."""

import json


def read(lines) -> list[tuple[str, dict]]:
    """Returns the events of a stream: their names and their data, in order."""
    found, name = [], ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            found.append((name, json.loads(line.removeprefix("data: "))))
    return found
