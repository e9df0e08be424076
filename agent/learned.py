"""What was learned about asking from simulated people: how likely each kind of question is answered, and when one pays."""

import json
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from convrec.agent.wording import is_kind, is_person, is_year
from convrec.catalogue.schema import Field

FacetKind = Literal["kind", "time", "person", "other"]


class Learned(BaseModel):
    """Parameters of asking, as `make policy` learns and writes them to `agent/policy.json`.

    `answered` is how likely a question about that kind of facet is answered; `sharpness` the power to which confidences are raised to be a belief;
    `price` the least rise of the next slate's chance for which a question is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    answered: dict[FacetKind, float]
    sharpness: float
    price: float


def facet_kind(field: Field) -> FacetKind:
    """Returns what sort of question one about the field is."""
    if is_kind(field):
        return "kind"
    if is_year(field):
        return "time"
    return "person" if is_person(field) else "other"


LEARNED = Learned(answered={"kind": 0.7, "time": 0.7, "person": 0.5, "other": 0.5}, sharpness=1.0, price=0.02)
