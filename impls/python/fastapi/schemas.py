"""Bodies and answers as pydantic models: strict, so that nothing is taken for what it is not."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Weather = Annotated[float, Field(ge=-1000, le=1000)] | None


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Flight(Body):
    """Of /predict."""

    month: Annotated[int, Field(ge=1, le=12)]
    weekday: Annotated[int, Field(ge=1, le=7)]
    minute_of_day: Annotated[int, Field(ge=0, le=1439)]
    distance: Annotated[float, Field(gt=0, le=10_000)]
    carrier: str
    origin: str
    dest: str
    temp: Weather = None
    wind_speed: Weather = None
    visib: Weather = None
    entity: str | None = None


class Batch(Body):
    """Of /predict/batch."""

    rows: Annotated[list[Flight], Field(min_length=1, max_length=1024)]


class Prediction(BaseModel):
    """Of one flight."""

    probability: float
    model: str


class Predictions(BaseModel):
    """In the order of the rows."""

    probabilities: list[float]
    model: str


class Entity(BaseModel):
    """What the store has of one."""

    id: str
    seen: int
    last: float | None
    recent: list[float]


class Health(BaseModel):
    """Whether it takes requests."""

    status: str
