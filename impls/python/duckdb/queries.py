"""The SQL of csv-etl: from the streams of plain lines to each step's rows, in one query that streams.

`sound` asks of each text that the engine's value of it, written back, is the same text: that is stricter than its casts, which take
` 5`, `1.5`, `1e3` and `0x1f` for INTEGER. What it does not vouch for goes to `look`; CASE calls that for no other row.
"""

from collections.abc import Mapping

from flight_rules import COLUMNS, LIMIT, MAYBE_MISSING, TEXTS

NUMBERS = tuple(name for name in COLUMNS[:-1] if name not in TEXTS)
BUFFER = 1 << 22
"""Bytes; the default of 32 MiB holds more and is no faster."""

WEATHER = {
    "origin": "VARCHAR",
    **dict.fromkeys(("year", "month", "day", "hour"), "INTEGER"),
    **dict.fromkeys(("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"), "DOUBLE"),
    "time_hour": "TIMESTAMP",
}
AIRLINES = {"carrier": "VARCHAR", "name": "VARCHAR"}

# One airline a carrier: its name joins the groups, not their rows.
AGG = """
SELECT carrier, name, origin, month, flights, late, weekend, early, made_up, speed, temp
FROM (
    SELECT carrier, origin, month, count(*) AS flights, sum(late) AS late, count_if(weekday > 5) AS weekend,
        count_if(hour < 12) AS early, avg(made_up) AS made_up, avg(speed) AS speed, avg(temp) AS temp
    FROM kept LEFT JOIN weather USING (origin, slot)
    GROUP BY ALL)
LEFT JOIN airlines USING (carrier)"""
ROWS = """
SELECT carrier, name, flight, tailnum, origin, dest, year, month, day, {time_hour} AS time_hour, dep_delay, arr_delay, air_time,
    distance, weekday, hour, speed, made_up::DOUBLE AS made_up, late, temp, wind_speed, visib
FROM kept LEFT JOIN airlines USING (carrier) LEFT JOIN weather USING (origin, slot)"""
RESULTS = {"agg": AGG, "csv": ROWS.format(time_hour="time_hour"), "parquet": ROWS.format(time_hour="instant::TIMESTAMPTZ")}


def query(step: str, streams: int, inputs: Mapping[str, str]) -> str:
    """The rows of the step's main output, from the streams `plain://0`, `plain://1` ..."""
    values = ", ".join(f"try_cast({name} AS INTEGER) AS {name}_value" for name in NUMBERS)
    texts = " UNION ALL ".join(_texts(number) for number in range(streams))
    return f"""
WITH
airlines AS (FROM {_small(inputs["airlines"], AIRLINES)}),
weather AS (
    SELECT origin, {_slot("time_hour")} AS slot, temp, wind_speed, visib
    FROM {_small(inputs["weather"], WEATHER)}),
texts AS ({texts}),
valued AS (
    SELECT *, try_strptime(time_hour, '%Y-%m-%dT%H:%M:%SZ') AS instant, {values}
    FROM texts),
kept AS (
    SELECT carrier, nullif(tailnum, 'NA') AS tailnum, origin, dest, time_hour, instant,
        {", ".join(f"{name}_value AS {name}" for name in NUMBERS if name != "hour")},
        isodow(instant) AS weekday, hour(instant) AS hour, {_slot("instant")} AS slot,
        distance_value::DOUBLE * 60 / air_time_value AS speed, dep_delay_value - arr_delay_value AS made_up,
        (arr_delay_value > 15)::INTEGER AS late
    FROM valued
    WHERE {_wanted()})
{RESULTS[step]}"""  # noqa: S608 - names of this file, and quoted paths


def quoted(text: object) -> str:
    """As a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _texts(stream: int) -> str:
    """FORCE_NOT_NULL, as an empty text would be NULL otherwise; nothing is sniffed, for quoted line breaks would mislead it."""
    options = f"""columns = {dict.fromkeys(COLUMNS, "VARCHAR")}, force_not_null = {list(COLUMNS)}, store_rejects = true, rejects_limit = 0,
        auto_detect = false, header = false, new_line = '\\n', delim = ',', quote = '"', escape = '"',
        max_line_size = {LIMIT + 1}, buffer_size = {BUFFER}"""
    return f"SELECT *, {stream} AS stream, row_number() OVER () AS row FROM read_csv('plain://{stream}', {options})"  # noqa: S608


def _small(path: str, columns: Mapping[str, str]) -> str:
    return f"read_csv({quoted(path)}, columns = {columns}, auto_detect = false, header = true, delim = ',', quote = '', nullstr = 'NA')"


def _slot(instant: str) -> str:
    """Month, day and hour in one number."""
    return f"((month({instant}) * 32 + day({instant})) * 24 + hour({instant}))"


def _wanted() -> str:
    """One expression: of two conditions the optimizer might take the cheap one first, and no row that it drops would be looked at."""
    missing = " OR ".join(f"{name} = 'NA'" for name in ("dep_time", "arr_time", "dep_delay", "arr_delay", "air_time"))
    return f"""CASE WHEN CASE WHEN {_sound()} THEN true ELSE look(stream, row, [{", ".join(COLUMNS)}]) END
        THEN CASE WHEN {missing} THEN nextval('dropped') IS NULL ELSE air_time_value > 0 AND distance_value >= 500 END
        ELSE false END"""


def _sound() -> str:
    # strptime takes a digit for two, LIKE has no such gap.
    instant = "instant IS NOT NULL AND time_hour LIKE '____-__-__T__:__:__Z' AND time_hour >= '1970' AND time_hour < '2262'"
    texts = [f"{name} <> ''" if name in MAYBE_MISSING else f"{name} NOT IN ('', 'NA')" for name in TEXTS]
    return " AND ".join([*(_whole(name) for name in NUMBERS), *texts, instant])


def _whole(name: str) -> str:
    value = f"{name}_value"
    whole = f"({value}::VARCHAR = {name} AND {value} BETWEEN -999999999 AND 999999999)"
    return f"({name} = 'NA' OR {whole})" if name in MAYBE_MISSING else whole
