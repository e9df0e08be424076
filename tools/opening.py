"""From a published version's folders to tools in memory."""

from collections.abc import Mapping
from pathlib import Path

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import rows_changed
from convrec.catalogue.version import FittedTool, Version
from convrec.core.errors import InputError
from convrec.tools.contract import Tool
from convrec.tools.heldout import DIALOGUE, HISTORY
from convrec.tools.ranker import Ranker
from convrec.tools.registry import tool_class
from convrec.tools.signals import Weights
from convrec.tools.storage import read_json

FUSION = "fusion"
"""The name under which a version keeps what signals weigh together."""

DONE = "fitted.json"
"""The file whose presence says that a tool's folder is complete."""


_OTHER = "another version of convrec fitted it; run `convrec fit`"


def opened_tools(root: Path, version: Version, catalogue: Catalogue) -> tuple[dict[str, Tool], dict[str, str]]:
    """Returns the version's tools by name, new items taken in, and why each of the others is left out."""
    tools: dict[str, Tool] = {}
    left_out: dict[str, str] = {}
    for name, fitted in version.tools.items():
        if name == FUSION:
            continue
        reason = fitted.left_out or _unusable(root, name, fitted)
        if reason:
            left_out[name] = reason
            continue
        tool = tool_class(name).load(root / fitted.folder, catalogue)
        known = tuple(read_json(root / fitted.folder / DONE)["items"])
        if tool.capabilities.incremental and known != version.items:
            tool.update(catalogue, rows_changed(catalogue, root / "segments", known))
        tools[name] = tool
    return tools, left_out


def opened_weights(root: Path, version: Version) -> Weights:
    """Returns what was learned about the weights of signals."""
    fitted = version.tools.get(FUSION)
    if fitted is None or not (root / fitted.folder / "weights.json").exists():
        return Weights()
    return Weights.model_validate_json((root / fitted.folder / "weights.json").read_bytes())


def opened_rankers(root: Path, version: Version, tools: Mapping[str, Tool]) -> dict[str, Ranker]:
    """Returns the rankers that were taught, by task; none where a tool that they read is not there."""
    fitted = version.tools.get(FUSION)
    if fitted is None:
        return {}
    found = {task: Ranker.load(root / fitted.folder, task) for task in (HISTORY, DIALOGUE)}
    return {task: ranker for task, ranker in found.items() if ranker is not None and ranker.reads <= tools.keys()}


def outdated(root: Path, version: Version) -> list[str]:
    """Returns the tools of the version that another convrec fitted, whose files this one does not read."""
    names = (name for name, fitted in version.tools.items() if name != FUSION and not fitted.left_out)
    return [name for name in names if _unusable(root, name, version.tools[name]) == _OTHER]


def _unusable(root: Path, name: str, fitted: FittedTool) -> str:
    if not (root / fitted.folder / DONE).exists():
        return f"its folder {fitted.folder} is gone; run `convrec fit`"
    try:
        kind = tool_class(name)
    except InputError:
        return "no installed package provides it"
    return "" if read_json(root / fitted.folder / DONE).get("revision") == kind.revision else _OTHER
