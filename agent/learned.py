"""What was learned about asking from simulated people: how likely each kind of question is answered, and when one pays."""

from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from convrec.agent.wording import is_kind, is_person, is_year
from convrec.catalogue.schema import Field

FacetKind = Literal["kind", "time", "person", "other"]
KINDS: tuple[FacetKind, ...] = ("kind", "time", "person", "other")


class Learned(BaseModel):
    """The parameters of asking, as `make policy` learns them and writes them to `agent/policy.json`.

    `answered` is how likely a question about that kind of facet is answered, `shrugged` the same after a question that was not, whatever it was about;
    `sharpness` the power to which confidences are raised to be a belief; `price` the least rise of the next slate's chance for which a question is asked;
    `learned_from` says in words from what.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    answered: dict[FacetKind, float]
    shrugged: dict[FacetKind, float]
    sharpness: float
    price: float
    learned_from: str = ""


@cache
def learned() -> Learned:
    """Returns the parameters that ship with the package."""
    return Learned.model_validate_json(resources.files("convrec.agent").joinpath("policy.json").read_text("utf-8"))


def facet_kind(field: Field) -> FacetKind:
    """Returns what sort of question one about the field is."""
    if is_kind(field):
        return "kind"
    if is_year(field):
        return "time"
    return "person" if is_person(field) else "other"
