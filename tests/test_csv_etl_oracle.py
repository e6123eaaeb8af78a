"""The csv-etl oracle: framing and verdicts worked out by hand for every rule of the prose, and properties of any file."""

import csv
import io

import pytest
from flights_files import BODIES, BOM, COLUMNS, HEADER, NASTY, ROW, RULES, Verdict, records, row, sized, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

# --- Framing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", []),
        (ROW, [(2, None)]),
        (ROW + b"\n", [(2, None)]),
        (ROW + b"\r\n" + ROW + b"\n" + ROW, [(2, None), (3, None), (4, None)]),
        # A CR belongs to an ending only before LF.
        (ROW + b"\r", [(2, "quote")]),
        (ROW + b"\r\r\n" + ROW, [(2, "quote"), (3, None)]),
        (row(tailnum=b"N\r1") + b"\n" + ROW, [(2, "quote"), (3, None)]),
        # An empty line is a record; nothing comes after a last LF.
        (b"\n", [(2, "few")]),
        (b"\r\n", [(2, "few")]),
        (b"\r", [(2, "quote")]),
        (ROW + b"\n\n" + ROW + b"\n\n", [(2, None), (3, "few"), (4, None), (5, "few")]),
        # Quoted fields hold commas, CR, LF and doubled quotes.
        (row(tailnum=b'"a,b"') + b"\n" + ROW, [(2, None), (3, None)]),
        (row(tailnum=b'"a\nb"') + b"\n" + ROW, [(2, None), (4, None)]),
        (row(tailnum=b'"\r\n\r\n\r"') + b"\r\n" + ROW, [(2, None), (5, None)]),
        (row(tailnum=b'"a""b"') + b"\n" + ROW, [(2, None), (3, None)]),
        (row(tailnum=b'""""') + b"\n" + ROW, [(2, None), (3, None)]),
        (row(time_hour=b'"2013-01-01T10:00:00Z"'), [(2, None)]),
        (row(year=b'"2013"', time_hour=b'"2013-01-01T10:00:00Z"') + b"\r\n" + ROW, [(2, None), (3, None)]),
        # What must follow a closing quote.
        (row(tailnum=b'"a"b') + b"\n" + ROW, [(2, "quote"), (3, None)]),
        (row(tailnum=b'"a" ') + b"\n" + ROW, [(2, "quote"), (3, None)]),
        (row(time_hour=b'"2013-01-01T10:00:00Z"') + b"\r", [(2, "quote")]),
        (row(time_hour=b'"2013-01-01T10:00:00Z"') + b"\r\r\n" + ROW, [(2, "quote"), (3, None)]),
        # A quote in a field that does not begin with one.
        (row(tailnum=b'a"b') + b"\n" + ROW, [(2, "quote"), (3, None)]),
        (row(tailnum=b' "a"') + b"\n" + ROW, [(2, "quote"), (3, None)]),
        # A CR in an unquoted field beside a quoted one.
        (row(tailnum=b'"a"', origin=b"E\rR") + b"\n" + ROW, [(2, "quote"), (3, None)]),
        # An unterminated quote costs one line, whoever would close it too late or wrongly.
        (row(tailnum=b'"a') + b"\n" + ROW, [(2, "quote"), (3, None)]),
        (row(tailnum=b'"a') + b"\n" + row(tailnum=b'"b') + b"\n" + ROW, [(2, "quote"), (3, "quote"), (4, None)]),
        (b'"\n' * 3 + ROW, [(2, "few"), (4, "quote"), (5, None)]),
        # One that a later line closes does not.
        (row(tailnum=b'"a') + b"\n" + ROW + b'\nb",' + ROW.split(b",", 12)[12] + b"\n" + ROW, [(2, None), (5, None)]),
        (b'"\n"', [(2, "few")]),
        (b'"\n\n', [(2, "quote"), (3, "few")]),
    ],
)  # fmt: skip
def test_framing(body: bytes, wanted: list[Verdict]) -> None:
    assert verdicts(body) == wanted


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("shape", [b"*", b'"*"', b'"*\n"', b'"*\r\n\r\n"', b'"\n*""\n"'])
def test_a_record_has_at_most_4096_bytes_without_its_ending(shape: bytes, ending: bytes) -> None:
    assert verdicts(sized(4096, tailnum=shape) + ending) == [(2, None)]
    beyond = verdicts(sized(4097, tailnum=shape) + ending)
    one_line_too_long = b"\n" not in shape
    assert beyond[0] == (2, "long" if one_line_too_long else "quote")
    assert len(beyond) == 1 + shape.count(b"\n")


def test_of_a_last_line_the_cr_counts() -> None:
    assert verdicts(sized(4095) + b"\r") == [(2, "quote")]
    assert verdicts(sized(4096) + b"\r") == [(2, "long")]


def test_a_line_of_megabytes_is_a_line() -> None:
    body = b'"' + b"x," * 3_000_000
    assert verdicts(body + b"\n" + ROW) == [(2, "long"), (3, None)]
    assert verdicts(row(tailnum=b'"a') + b"\n" + body + b"\n" + ROW) == [(2, "quote"), (3, "long"), (4, None)]
    assert [record.size for record in records(HEADER + b"\n" + body)] == [len(body)]


@pytest.mark.parametrize("begin", [HEADER + b"\n", HEADER + b"\r\n", BOM + HEADER + b"\n", BOM + HEADER + b"\r\n"])
def test_a_lawful_beginning(begin: bytes) -> None:
    assert verdicts(ROW, begin) == [(2, None)]


@pytest.mark.parametrize("whole", [HEADER, BOM + HEADER])
def test_a_header_alone_is_a_file_without_records(whole: bytes) -> None:
    assert records(whole) == []


@pytest.mark.parametrize(
    "begin",
    [
        b"", b"\n", BOM, BOM + BOM + HEADER + b"\n", b"\n" + HEADER + b"\n", b" " + HEADER + b"\n", HEADER + b" \n", HEADER + b"\r",
        HEADER + b"\r\r\n", HEADER + b",\n", HEADER[:-1] + b"\n", HEADER.upper() + b"\n", b'"year"' + HEADER[4:] + b"\n",
        (HEADER + b"\n").decode().encode("utf-16"), b"\x1f\x8b\x08\0" + HEADER + b"\n", HEADER + b"\0\n", b"x" * 10_000,
    ],
)  # fmt: skip
def test_any_other_beginning_refuses_the_file(begin: bytes) -> None:
    with pytest.raises(Exception, match="does not begin with the header"):
        records(begin + (ROW if begin.endswith(b"\n") else b""))


# --- Verdicts --------------------------------------------------------------------------------------------------------


def verdict(**changes: bytes) -> str | None:
    [(_, reason)] = verdicts(row(**changes))
    return reason


FAULTS = {
    "long": {"tailnum": b"N" * 5000},
    "nul": {"carrier": b"U\0"},
    "utf8": {"origin": b"\xff"},
    "quote": {"dest": b'I"H'},
    "few": {"minute": b""},
    "many": {"flight": b"1,2"},
    "value": {"distance": b"far"},
    "time": {"time_hour": b"NA"},
}


@given(st.sets(st.sampled_from(sorted(FAULTS)), min_size=1).filter(lambda faults: not {"few", "many"} <= faults))
def test_the_first_reason_that_applies(faults: set[str]) -> None:
    changes: dict[str, bytes] = {}
    for fault in faults:
        changes |= FAULTS[fault]
    body = row(**changes).replace(b",,", b",") if "few" in faults else row(**changes)
    assert verdicts(body) == [(2, min(faults, key=RULES["REASONS"].index))]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x80", b"\xbf", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x9b", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf",
        b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe", b"\xff",
    ],
)  # fmt: skip
def test_what_is_no_utf8(bad: bytes) -> None:
    for text in (bad, b"N" + bad, bad + b"N", b'"' + bad + b'"'):
        assert verdict(tailnum=text) == "utf8"
    assert verdict(time_hour=b"2013-01-01T10:00:00Z" + bad) == "utf8"


@pytest.mark.parametrize("text", ["\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff", "\ufeff"])
def test_what_is(text: str) -> None:
    assert verdict(tailnum=text.encode()) is None


def test_nineteen_fields() -> None:
    assert verdicts(ROW + b",") == [(2, "many")]
    assert verdicts(ROW.rpartition(b",")[0]) == [(2, "few")]
    assert verdicts(b"," * 18) == [(2, "value")]
    assert verdicts(ROW + b"," + ROW) == [(2, "many")]


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in {*RULES["TEXT"], "time_hour"}])
def test_whole_numbers(column: str) -> None:
    for good in (b"0", b"-0", b"007", b"999999999", b"-999999999", b"000000000", b'"5"', b'"-5"'):
        assert verdict(**{column: good}) is None, good
    for bad in (b"", b"-", b"+5", b" 5", b"5 ", b"--5", b"5-", b"5.0", b"1e3", b"0x1", b"1000000000", b"0000000000", b"-1000000000"):
        assert verdict(**{column: bad}) == "value", bad
    for bad in (b'""', b'"5,0"', b'"5\n"', b'" 5"', b"NULL", b"na", "٥".encode(), "−5".encode(), "²".encode(), BOM + b"5"):
        assert verdict(**{column: bad}) == "value", bad


@pytest.mark.parametrize("column", COLUMNS)
def test_where_missing_is_lawful(column: str) -> None:
    lawful = column in {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum"}
    wanted = None if lawful else "time" if column == "time_hour" else "value"
    assert verdict(**{column: b"NA"}) == verdict(**{column: b'"NA"'}) == wanted


@pytest.mark.parametrize("column", ["carrier", "tailnum", "origin", "dest"])
def test_text_is_anything_but_empty(column: str) -> None:
    assert verdict(**{column: b""}) == verdict(**{column: b'""'}) == "value"
    for good in (b" ", b"NULL", b"na", b"NA ", b"\t", b"'", b"\\", b'"\n"', b'","', b"5", b"\x01", "Zürich".encode()):
        assert verdict(**{column: good}) is None, good


@pytest.mark.parametrize(
    "good",
    [
        b"1970-01-01T00:00:00Z", b"2261-12-31T23:59:59Z", b"2000-02-29T00:00:00Z", b"2016-02-29T23:59:59Z", b"2013-12-31T00:30:15Z",
        b'"2013-01-01T10:00:00Z"',
    ],
)  # fmt: skip
def test_real_instants(good: bytes) -> None:
    assert verdict(time_hour=good) is None


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"NA", b"1969-12-31T23:59:59Z", b"2262-01-01T00:00:00Z", b"0000-01-01T00:00:00Z", b"2013-00-01T10:00:00Z",
        b"2013-13-01T10:00:00Z",
        b"2013-01-00T10:00:00Z", b"2013-01-32T10:00:00Z", b"2013-04-31T10:00:00Z", b"2013-02-29T10:00:00Z", b"2100-02-29T10:00:00Z",
        b"2013-01-01T24:00:00Z", b"2013-01-01T10:60:00Z", b"2013-01-01T10:00:60Z", b"2013-01-01 10:00:00Z", b"2013-01-01T10:00:00",
        b"2013-01-01t10:00:00Z", b"2013-01-01T10:00:00z", b"2013-01-01T10:00:00+00:00", b"2013-01-01T10:00:00.0Z", b"2013-1-01T10:00:00Z",
        b" 2013-01-01T10:00:00Z", b"2013-01-01T10:00:00Z ", b"+013-01-01T10:00:00Z", b"2013-01-01T 1:00:00Z",
        "２013-01-01T10:00:00Z".encode(),
        b'"2013-01-01T10:00:00Z\n"',
    ],
)  # fmt: skip
def test_no_real_instants(bad: bytes) -> None:
    assert verdict(time_hour=bad) == "time"


# --- Any file --------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_no_byte_is_lost_and_lines_are_counted_from_the_header(body: bytes) -> None:
    at = 0
    for record in records(HEADER + b"\n" + body):
        assert record.line == body[:at].count(b"\n") + 2
        raw = body[at : at + record.size]
        assert raw.startswith(record.content) and (raw.endswith(b"\n") or at + record.size == len(body))
        if len(record.content) <= 4096:
            assert raw[len(record.content) :] in {b"", b"\n", b"\r\n"}
        if record.fields is None:
            assert raw.count(b"\n", 0, -1) == 0
        at += record.size
    assert at == len(body)


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_the_fast_lane_says_what_the_slow_one_says_and_python_reads_the_same_fields(body: bytes) -> None:
    for record in records(HEADER + b"\n" + body):
        reason, fields = RULES["judge"](record)
        assert RULES["quick"](record) == (reason, fields)
        if reason is None:
            assert list(csv.reader(io.StringIO(record.content.decode(), newline=""), strict=True)) == [fields]


LAWFUL = st.sampled_from([b"NA", b"0", b"-5", b"N1", b"2013-01-01T10:00:00Z", b" ", b"!", b"~", b"a-b", b"+"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS), LAWFUL | st.binary(max_size=3), max_size=3), st.sampled_from([b"", b"\r", b",", b"Z"]))
def test_the_fast_lane_on_rows_nearly_lawful(changes: dict[str, bytes], more: bytes) -> None:
    for record in records(HEADER + b"\n" + row(**changes) + more):
        assert RULES["quick"](record) == RULES["judge"](record)


def test_nasty_files_are_settled_by_their_seed_and_meet_every_reason() -> None:
    met: set[str | None] = set()
    refused = 0
    for seed in range(300):
        content = NASTY.nasty(seed)
        assert content == NASTY.nasty(seed)
        try:
            met |= {reason for _, reason in ((record.line, RULES["quick"](record)[0]) for record in records(content))}
        except Exception as error:
            assert "does not begin" in str(error)
            refused += 1
    assert met == {None, *RULES["REASONS"]} and 0 < refused < 60
