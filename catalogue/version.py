"""What one published state of a workspace consists of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from convrec.catalogue.schema import Schema

What = Literal["create", "ingest", "delete", "fit", "live"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FittedTool(_Shape):
    """One tool as it was fitted: `folder` inside the workspace, `seconds` it took, held-out `quality` by metric.

    `left_out` says why the tool takes no part, where it does not.
    """

    folder: str
    fingerprint: str
    seconds: float = 0.0
    quality: dict[str, float] = Field(default_factory=dict)
    n_items: int = 0
    left_out: str | None = None


class Version(_Shape):
    """One published state. Segments are files' names in `segments/`, oldest first; later rows win by id.

    A `live` version holds changes made while the catalogue is served; `base` is the version of another kind that it goes back to.
    Among `items`, segments named `deleted-…` hold ids that are taken away at that point. `inferred` is the schema as it
    stood when the version was published; what `schema.yaml` says goes before it.
    """

    number: int
    created: str  # ISO 8601, UTC
    what: What
    note: str = ""
    base: int | None = None
    items: tuple[str, ...] = ()
    interactions: tuple[str, ...] = ()
    dialogues: tuple[str, ...] = ()
    tools: dict[str, FittedTool] = Field(default_factory=dict)
    inferred: Schema = Schema()

    @property
    def segments(self) -> frozenset[str]:
        """Returns the names of all segments that the version is made of."""
        return frozenset(self.items + self.interactions + self.dialogues)

    @property
    def tool_folders(self) -> frozenset[str]:
        """Returns the folders of all its fitted tools."""
        return frozenset(tool.folder for tool in self.tools.values() if tool.folder)
