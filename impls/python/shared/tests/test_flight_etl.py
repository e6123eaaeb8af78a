"""csv-etl of the standard library on small files: ranges, workers and memos may be cut any way, and the outputs stay the same."""

import csv
import io
from pathlib import Path

import pytest
from bench_protocol.failure import Failure
from bench_protocol.wire import Request
from flight_etl import etl, lookups, rows
from flight_etl.etl import Etl
from flight_etl.sharing import processes, threads
from flight_rules import COLUMNS

AIRLINES = 'carrier,name\nUA,United Air Lines Inc.\nB6,JetBlue "Airways"\n'
WEATHER = (
    "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour\n"
    "EWR,2013,1,1,5,40.5,26.06,59.37,270,10.3,NA,0,1012,10,2013-01-01T10:00:00Z\n"
    "JFK,2013,1,1,5,NA,26.06,59.37,270,NA,NA,0,1012,0.5,2013-01-01T10:00:00Z\n"
)


def flight(**fields):
    base = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,210,1400,5,15,2013-01-01T10:00:00Z"
    base = base.split(",")
    return ",".join(fields.get(name, old) for name, old in zip(COLUMNS, base, strict=True))


ROWS = [
    flight(),
    flight(year="2020", carrier="B6", origin="JFK", arr_delay="16", time_hour="2020-01-01T10:00:00Z"),
    flight(month="01", tailnum='"NA"', dep_delay="-3", time_hour="2013-01-05T13:00:00Z"),
    flight(air_time="NA"),
    flight(distance="499"),
    flight(air_time="0"),
    flight(tailnum='"a,""b\n\rc"', carrier="Ü"),
    flight(distance="5.0"),
    flight(distance="NA", time_hour="x"),
    flight(year="NA"),
    flight(dest=""),
    flight(time_hour="2013-02-30T10:00:00Z"),
    "2013,1",
    flight() + ",1",
    flight(carrier="\0"),
    "",
]
REASONS = ["value", "value", "value", "value", "time", "few", "many", "nul", "few"]
TIMES = 40


@pytest.fixture
def inputs(tmp_path):
    body = "\n".join([",".join(COLUMNS), *ROWS * TIMES, ""])
    for name, content in {"flights": body, "airlines": AIRLINES, "weather": WEATHER}.items():
        (tmp_path / f"{name}.csv").write_bytes(content.encode())
    return {name: str(tmp_path / f"{name}.csv") for name in ("flights", "airlines", "weather")}


def run(make, workers, inputs, step, outputs):
    outputs.mkdir()
    request = Request("csv-etl", inputs, {}, [step], 0, 1, workers, 1, 60.0, None, None, outputs)
    workload = Etl(make)
    assert workload.start(workers) == workers
    job = workload.load(request)
    assert workload.units(job) == 0
    done = workload.steps[step](job)
    return workload.check(step, done), workload.units(job)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return sorted(csv.reader(file))


@pytest.mark.parametrize(("make", "workers"), [(threads, 1), (threads, 3), (processes, 2)])
@pytest.mark.parametrize("range_bytes", [1, 3000, 1 << 22])
def test_outputs_are_the_same_however_the_work_is_shared(tmp_path, inputs, monkeypatch, make, workers, range_bytes):
    monkeypatch.setattr(etl, "RANGE", range_bytes)
    monkeypatch.setattr(lookups, "MOST", 1 if workers == 1 else lookups.MOST)
    outputs = tmp_path / "out"
    check, units = run(make, workers, inputs, "agg", outputs)
    one = 17  # lines: one record takes two
    bad_lines = [line + one * times for times in range(TIMES) for line in range(10, 19)]
    counts = {"read": 16 * TIMES, "clean": 6 * TIMES, "dropped": TIMES, "rejected": 9 * TIMES, "kept": 4 * TIMES}
    assert units == len(ROWS) * TIMES
    assert check == {"rows": 3, "sums": {**counts, "reject_lines": sum(bad_lines)}}
    assert table(outputs / "agg.csv") == sorted(
        [
            ["carrier", "name", "origin", "month", "flights", "late", "weekend", "early", "made_up", "speed", "temp"],
            ["UA", "United Air Lines Inc.", "EWR", "1", "80", "0", "40", "40", "-11.5", "400.0", "40.5"],
            ["B6", 'JetBlue "Airways"', "JFK", "1", "40", "40", "0", "40", "-14.0", "400.0", ""],
            ["Ü", "", "EWR", "1", "40", "0", "0", "40", "-9.0", "400.0", "40.5"],
        ]
    )
    rejects = (outputs / "agg.rejects.csv").read_text().splitlines()
    expected = [f"{line},{reason}" for line, reason in zip(bad_lines, REASONS * TIMES, strict=True)]
    assert sorted(rejects) == sorted(["line,reason", *expected])


@pytest.mark.parametrize(("make", "workers"), [(threads, 1), (threads, 3), (processes, 2)])
def test_rows_are_whole_whoever_writes_them(tmp_path, inputs, monkeypatch, make, workers):
    monkeypatch.setattr(etl, "RANGE", 2000)
    check, _ = run(make, workers, inputs, "csv", tmp_path / "out")
    assert check["rows"] == 4 * TIMES
    expected = [
        "UA,United Air Lines Inc.,1545,N14228,EWR,IAH,2013,1,1,2013-01-01T10:00:00Z,2,11,210,1400,2,10,400.0,-9,0,40.5,10.3,10",
        'B6,"JetBlue ""Airways""",1545,N14228,JFK,IAH,2020,1,1,2020-01-01T10:00:00Z,2,16,210,1400,3,10,400.0,-14,1,,,0.5',
        "UA,United Air Lines Inc.,1545,,EWR,IAH,2013,01,1,2013-01-05T13:00:00Z,-3,11,210,1400,6,13,400.0,-14,0,,,",
        'Ü,,1545,"a,""b\n\rc",EWR,IAH,2013,1,1,2013-01-01T10:00:00Z,2,11,210,1400,2,10,400.0,-9,0,40.5,10.3,10',
    ]
    header = rows.HEADER
    assert table(tmp_path / "out" / "csv.csv") == sorted(
        next(csv.reader(io.StringIO(text, newline=""))) for text in [header, *expected * TIMES]
    )


@pytest.mark.parametrize(("make", "workers"), [(threads, 1), (threads, 2), (processes, 2)])
def test_a_failure_keeps_its_kind_whoever_meets_it(tmp_path, inputs, monkeypatch, make, workers):
    found = etl.ranges(inputs["flights"], 1000)
    monkeypatch.setattr(etl, "ranges", lambda *_: [whole._replace(size=1) for whole in found])
    with pytest.raises(Failure, match="changed its size") as raised:
        run(make, workers, inputs, "csv", tmp_path / "out")
    assert raised.value.kind == "input"


@pytest.mark.parametrize("content", ["", "carrier\nUA\n"])
def test_a_small_table_without_its_columns_is_the_inputs_fault(tmp_path, inputs, content):
    Path(inputs["airlines"]).write_text(content)
    with pytest.raises(Failure, match=r"airlines\.csv has not the columns"):
        run(threads, 1, inputs, "agg", tmp_path / "out")


def test_a_disk_that_takes_nothing_is_an_error(tmp_path, inputs):
    outputs = tmp_path / "out"
    outputs.mkdir()
    (outputs / "csv.csv").symlink_to("/dev/full")
    request = Request("csv-etl", inputs, {}, ["csv"], 0, 1, 1, 1, 60.0, None, None, outputs)
    with pytest.raises(OSError, match="No space left"):
        Etl(threads).load(request).run("csv")
