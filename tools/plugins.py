"""How a distribution brings tools of its own to every convrec that it is installed beside: the one hook there is.

It announces each in its `pyproject.toml` under the group `convrec.tools`, with any name on the left:

    [project.entry-points."convrec.tools"]
    my_tool = "my_package.my_module:MyTool"

What the entry names is a class that derives from `convrec.tools.contract.Tool` and passes `convrec.tools.conformance.ToolConformance`. It
is then fitted, measured and fused like convrec's own; under the name of one of those it takes its place.
"""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from convrec.core.errors import ConvrecError
from convrec.tools.contract import Tool

GROUP = "convrec.tools"


def announced(points: Iterable[EntryPoint] | None = None) -> dict[str, type[Tool]]:
    """Returns by name the tools that installed distributions announce, or those that some entry points name.

    Raises:
        ConvrecError: one can't be loaded, is no tool, or has another's name; the sentence says whose it is.
    """
    tools: dict[str, type[Tool]] = {}
    for point in sorted(entry_points(group=GROUP) if points is None else points):
        tool = _loaded(point)
        if tools.setdefault(tool.name, tool) is not tool:
            raise ConvrecError(
                f"Two distributions bring a tool {tool.name!r}.", f"Uninstall one; {_whose(point)} is the second."
            )
    return tools


def _loaded(point: EntryPoint) -> type[Tool]:
    try:
        tool = point.load()
    except Exception as error:  # a stranger's module may fail in any way
        raise ConvrecError(
            f"The tool {point.value!r} of {_whose(point)} can't be loaded: {error}.",
            "Mend or uninstall that distribution.",
        ) from error
    if not (isinstance(tool, type) and issubclass(tool, Tool)):
        raise ConvrecError(
            f"{point.value!r} of {_whose(point)} is no tool.",
            "Name a class that derives from convrec.tools.contract.Tool.",
        )
    return tool


def _whose(point: EntryPoint) -> str:
    return f"the distribution {point.dist.name!r}" if point.dist is not None else f"the entry point {point.name!r}"
