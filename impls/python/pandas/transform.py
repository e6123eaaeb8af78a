"""The kept rows with their derived columns, names and weather; and the sums of `agg`.

What hangs on a text alone (the parts of an instant, an airline's name) is worked out once for each text of a block.
"""

from collections.abc import Mapping
from time import monotonic_ns
from typing import Any

import pandas as pd
from records import Array, by_row, instants

GROUP = ["carrier", "origin", "month"]
COUNTS = ["flights", "late", "weekend", "early"]
MEANS = ["made_up", "speed", "temp"]
WEATHER = ["temp", "wind_speed", "visib"]
SUMS = {"carrier": "str", "origin": "str", "month": "int64"} | dict.fromkeys((*COUNTS, "temps"), "int64") | dict.fromkeys(MEANS, "float64")
HOURS = 13 * 32 * 24
"""More than any number of `_hour_number`."""


class Transform:
    """The small tables, and the time that was spent on the rows."""

    def __init__(self, inputs: Mapping[str, str]) -> None:
        start = monotonic_ns()
        self._names = read_airlines(inputs["airlines"]).set_index("carrier")["name"]
        weather = read_weather(inputs["weather"])
        self._origins = pd.Index(weather["origin"].unique())
        places = self._origins.get_indexer(weather["origin"])
        # One number for both keys: to look it up in an index takes a fraction of the time of a merge on four columns.
        self._weather = weather[WEATHER].set_axis(places * HOURS + _hour_number(weather["time_hour"].dt), axis=0)
        self.ns = monotonic_ns() - start

    def rows(self, kept: pd.DataFrame) -> pd.DataFrame:
        """With all columns of `csv`; `time` is the instant."""
        start = monotonic_ns()
        table = self._derived(kept)
        table["name"] = by_row(kept["carrier"], self._names.reindex(kept["carrier"].cat.categories))
        table["time"] = instants(kept["time_hour"])[kept["time_hour"].cat.codes.to_numpy()]
        self.ns += monotonic_ns() - start
        return table

    def sums(self, kept: pd.DataFrame) -> pd.DataFrame:
        """Of a block, by group."""
        start = monotonic_ns()
        table = self._derived(kept)
        parts = table[[*GROUP, "late", *MEANS]].assign(
            flights=1, weekend=table["weekday"] >= 6, early=table["hour"] < 12, temps=table["temp"].notna()
        )
        sums = parts.groupby(GROUP, observed=True, sort=False).sum().reset_index()
        self.ns += monotonic_ns() - start
        return sums.astype(SUMS)

    def means(self, sums: list[pd.DataFrame]) -> pd.DataFrame:
        """The answer of `agg` from the sums of all blocks, of which there may be none."""
        start = monotonic_ns()
        total = pd.concat([pd.DataFrame(columns=list(SUMS)).astype(SUMS), *sums]).groupby(GROUP, sort=False).sum().reset_index()
        total["name"] = total["carrier"].map(self._names)
        total[MEANS] = total[MEANS].div(total[["flights", "flights", "temps"]].to_numpy())
        self.ns += monotonic_ns() - start
        return total[["carrier", "name", "origin", "month", *COUNTS, *MEANS]]

    def _derived(self, kept: pd.DataFrame) -> pd.DataFrame:
        times = instants(kept["time_hour"])
        origins = by_row(kept["origin"], self._origins.get_indexer(kept["origin"].cat.categories))
        weather = self._weather.reindex(origins * HOURS + by_row(kept["time_hour"], _hour_number(times)))
        return kept.assign(
            weekday=by_row(kept["time_hour"], times.day_of_week + 1),
            hour=by_row(kept["time_hour"], times.hour),
            speed=kept["distance"] * 60 / kept["air_time"],
            made_up=kept["dep_delay"] - kept["arr_delay"],
            late=(kept["arr_delay"] > 15).astype("int64"),
            **{name: weather[name].to_numpy() for name in WEATHER},
        )


def read_airlines(path: str) -> pd.DataFrame:
    """The names by carrier."""
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def read_weather(path: str) -> pd.DataFrame:
    """The columns that are joined, and what they are joined by."""
    return pd.read_csv(
        path, usecols=["origin", "time_hour", *WEATHER], keep_default_na=False, na_values=["NA"],
        parse_dates=["time_hour"], date_format="ISO8601",
    )  # fmt: skip


def hour_of_any_year(times: Any) -> dict[str, Any]:
    """What the weather is joined by, besides origin; `times` is an index of instants or a column's `dt`."""
    return {"month_of_time": times.month, "day_of_time": times.day, "hour_of_time": times.hour}


def _hour_number(times: Any) -> Array:
    number: Array = ((times.month * 32 + times.day) * 24 + times.hour).to_numpy()
    return number
