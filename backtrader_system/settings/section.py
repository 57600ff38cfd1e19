"""The base of every settings section: frozen, typed, closed to unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveFraction = Annotated[float, Field(gt=0, le=1)]
Bps = Annotated[float, Field(ge=0, le=10_000)]
Sessions = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen section; an unknown key is an error, so a misspelt setting never passes in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def conflict(message: str, other: str = "") -> PydanticCustomError:
    """Return the error of a value that clashes with another key, `other`, of the same section."""
    return PydanticCustomError("conflict", "{message}", {"message": message, "other": other})
