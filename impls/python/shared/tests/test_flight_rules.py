"""The strict rules: each against a slow reading of the prose, byte by byte, on files made to be nasty."""

import random
from pathlib import Path

import pytest
from bench_protocol.failure import Failure
from flight_rules import COLUMNS, judge, plain, ranges, sift, sift_range, write_rejects

HEADER = ",".join(COLUMNS)
ROW = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
FIELDS = ROW.split(",")


def rows_of(path, block_bytes=1 << 22):
    """Each record of the file in its order: line, fields (None where malformed), reason."""
    found = []
    for block in sift(path, block_bytes):
        lines = block.plain.split(b"\n")[:-1]
        assert len(lines) == block.rows
        assert block.lines.of_many(range(block.rows)) == [block.lines.of(row) for row in range(block.rows)]
        for row, line in enumerate(lines):
            assert line and len(line) <= 4096 and line.isascii() and not set(line) & set(b'"\0\r')
            fields = line.decode().split(",")
            reason = judge(fields)
            found.append((block.lines.of(row), None if reason else fields, reason))
        found += [tuple(odd) for odd in block.odd]
    return sorted(found)


def file_of(tmp_path, body, header=HEADER + "\n"):
    path = tmp_path / "flights.csv"
    path.write_bytes(header.encode() + (body if isinstance(body, bytes) else body.encode()))
    return path


def changed(**fields):
    return ",".join(fields.get(name, old) for name, old in zip(COLUMNS, FIELDS, strict=True))


def slow(body):
    """The prose, read one record after the other by a machine of states; for what `rows_of` gives."""
    found, at, line = [], 0, 2
    while at < len(body):
        first = body.find(b"\n", at) + 1 or len(body)
        quoted = _quoted(body, at) if b'"' in body[at:first] else None
        if quoted:
            end, after, fields = quoted
            content = body[at:end]
        else:
            after, content = first, body[at:first]
            content = content[:-2] if content.endswith(b"\r\n") else content.removesuffix(b"\n")
            fields = None if b'"' in content or b"\r" in content else content.split(b",")
        found.append((line, *_judged(content, fields)))
        line += body.count(b"\n", at, after)
        at = after
    return found


def _judged(content, fields):
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = None
    flags = {"long": len(content) > 4096, "nul": b"\0" in content, "utf8": text is None, "quote": fields is None}
    reason = next((name for name, flag in flags.items() if flag), None)
    fields = None if reason else [field.decode() for field in fields]
    reason = reason or judge(fields)
    return (None if reason else fields), reason


def _quoted(body, start):
    at, fields = start, []
    while True:
        field = b""
        if body[at : at + 1] == b'"':
            at += 1
            while body[at : at + 1] != b'"' or body[at : at + 2] == b'""':
                if at >= len(body):
                    return None
                field += body[at : at + 1]
                at += 2 if body[at : at + 1] == b'"' else 1
            at += 1
        else:
            while at < len(body) and body[at] not in b'",\r\n':
                field += body[at : at + 1]
                at += 1
        fields.append(field)
        ending = next((e for e in (b"\r\n", b"\n") if body.startswith(e, at)), b"" if at == len(body) else None)
        if ending is not None:
            return (at, at + len(ending), fields) if at - start <= 4096 else None
        if body[at : at + 1] != b",":
            return None
        at += 1


LAWFUL = [
    ROW,
    changed(tailnum="NA", dep_time="NA", dep_delay="NA", arr_time="NA", arr_delay="NA", air_time="NA"),
    changed(year="-0", month="007", day="-123456789", time_hour="1972-02-29T23:59:59Z"),
    changed(carrier='"Ü""A, B"', tailnum="ÜN"),
    changed(carrier='"two\nlines"', dest='"three\r\n\nof"'),
    changed(year='"2013"', arr_delay='"NA"'),
]
EMPTY = [("carrier", ""), ("dest", "NA"), ("carrier", '"NA"'), ("year", "NA"), ("dest", '""')]
REASONS = [
    ("few", ROW.removesuffix(",2013-01-01T10:00:00Z")),
    ("few", ""),
    ("few", '""'),
    ("many", ROW + ","),
    ("many", ROW + ',"x"'),
    *[("value", changed(air_time=text)) for text in ("", "+5", "5 ", "1_0", "5.0", "1234567890", "--1", "-", "na", "0x1", "٣")],
    *[("value", changed(**{name: text})) for name, text in EMPTY],
    ("value", changed(year="x", time_hour="x")),
    *[
        ("time", changed(time_hour=text))
        for text in (
            "NA", "2013-02-29T10:00:00Z", "2013-01-01T24:00:00Z", "2013-01-01T10:60:00Z", "2013-01-01T10:00:60Z", "1969-12-31T23:59:59Z",
            "2262-01-01T00:00:00Z", "2013-01-01 10:00:00Z", "2013-01-01T10:00:00z", "2013-01-01T10:00:00", "2013-13-01T10:00:00Z", "",
        )
    ],
    ("quote", changed(carrier='U"A')),
    ("quote", changed(carrier='"UA" ')),
    ("quote", changed(carrier='"UA')),
    ("quote", changed(carrier="U\rA")),
    ("quote", changed(carrier='"A"', dest="I\rH")),
    ("quote", ROW + "\r\r"),
    ("nul", changed(carrier="\0")),
    ("nul", changed(carrier='"\0"')),
    ("nul", changed(carrier='"\0')),
    ("long", changed(carrier="x" * 4096)),
    ("long", changed(carrier='"' + "x" * 4096 + '"')),
    ("long", changed(carrier="\0" + "x" * 20000)),
    ("quote", changed(carrier='"' + "xy\n" * 1400 + '"').split("\n")[0]),
]  # fmt: skip


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("row", LAWFUL)
def test_a_lawful_record_is_none_of_the_rejects(tmp_path, row, ending):
    found = rows_of(file_of(tmp_path, ending.join([ROW, row, ROW, ""])))
    assert [reason for _, _, reason in found] == [None] * 3
    assert found[0][1] == found[2][1] == FIELDS


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(("reason", "row"), REASONS)
def test_a_malformed_record_has_its_line_and_its_reason(tmp_path, reason, row, ending):
    found = rows_of(file_of(tmp_path, ending.join([ROW, row, ROW, ""])))
    assert [(line, reason) for line, _, reason in found] == [(2, None), (3, reason), (4, None)]


@pytest.mark.parametrize("bad", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82", b"\xff"])
def test_bytes_that_are_no_utf8_are_named(tmp_path, bad):
    body = changed(carrier="@").encode().replace(b"@", bad) + b"\n" + changed(carrier='"@"').encode().replace(b"@", bad)
    assert [reason for *_, reason in rows_of(file_of(tmp_path, body))] == ["utf8", "utf8"]


def test_a_record_of_4096_bytes_is_not_long(tmp_path):
    room = 4096 - len(changed(carrier=""))
    for ending in ("\n", "\r\n", ""):
        for text in ("x" * room, '"' + "x" * (room - 2) + '"', '"' + "\n" * (room - 2) + '"'):
            assert rows_of(file_of(tmp_path, changed(carrier=text) + ending))[0][2] is None
            assert rows_of(file_of(tmp_path, changed(carrier=text, year="20130") + ending))[0][2] in ("long", "quote")


@pytest.mark.parametrize("header", [HEADER, HEADER + "\n", HEADER + "\r\n", "\ufeff" + HEADER + "\r\n"])
def test_a_header_alone_is_a_file_without_records(tmp_path, header):
    path = file_of(tmp_path, "", header)
    assert rows_of(path) == []
    assert ranges(path, 100) == []


@pytest.mark.parametrize("header", ["", "\n", HEADER + "\r", HEADER + ",x\n", HEADER.upper() + "\n", " " + HEADER, "\ufeff\ufeff" + HEADER])
def test_another_beginning_refuses_the_file(tmp_path, header):
    with pytest.raises(Failure, match="header") as raised:
        rows_of(file_of(tmp_path, "", header))
    assert raised.value.kind == "input"


def test_a_file_that_vanished_or_changes_is_refused(tmp_path):
    with pytest.raises(Failure, match="No such file"):
        rows_of(tmp_path / "none.csv")
    path = file_of(tmp_path, (ROW + "\n") * 1000)
    for change in (lambda: path.write_bytes(path.read_bytes()[:-50]), lambda: path.write_bytes(path.read_bytes() + b"x")):
        blocks = sift(path, 10_000)
        cut = ranges(path, 10_000)
        next(blocks)
        change()
        with pytest.raises(Failure, match="changed its size"):
            list(blocks)
        with pytest.raises(Failure, match="changed its size"):
            list(sift_range(path, cut[0]))


PIECES = [
    b'"',
    b'""',
    b'","',
    b"\n",
    b"\r\n",
    b"\r",
    b",",
    b"\0",
    b"\xff",
    "Ü".encode(),
    b"x" * 4090,
    b"x" * 12000,
    b"\n\n",
    ROW.encode() + b"\n",
]


@pytest.mark.parametrize("seed", range(60))
def test_nasty_files_are_read_as_the_prose_has_it(tmp_path, seed):
    rng = random.Random(seed)  # noqa: S311
    lines = [row.encode() + rng.choice([b"\n", b"\r\n"]) for row in LAWFUL + [row for _, row in REASONS]]
    body = b"".join(rng.choice(lines) if rng.random() < 0.7 else rng.choice(PIECES) for _ in range(rng.randrange(80)))
    path = file_of(tmp_path, body)
    expected = slow(body)
    for block_bytes in (50, 4096, 5000, 1 << 16, 1 << 22):
        assert rows_of(path, block_bytes) == expected
    for range_bytes in (1, 9000):
        found, line = [], 2
        cut = ranges(path, range_bytes)
        for piece in cut:
            for block in sift_range(path, piece, 6000):
                found += [(line + block.lines.of(row), None) for row in range(block.rows)] + [(line + o.line, o.reason) for o in block.odd]
                end = block.lines.end
            line += end
        odd = {at for at, reason in found if reason}
        assert sorted(at for at, _ in found) == [at for at, *_ in expected]
        assert all(reason for at, _, reason in expected if at in odd)
        assert [piece.end for piece in cut[:-1]] == [piece.start for piece in cut[1:]]


def test_ranges_cut_ordinary_files_evenly(tmp_path):
    path = file_of(tmp_path, (ROW + "\n") * 10_000)
    sizes = [piece.end - piece.start for piece in ranges(path, 100_000)]
    assert all(100_000 <= size < 100_100 for size in sizes[:-1])


def test_a_line_of_any_length_is_not_held(tmp_path, monkeypatch):
    path = file_of(tmp_path, b"x" * 1_000_000 + b"\n" + ROW.encode())
    sizes = []
    part = plain.part
    monkeypatch.setattr("flight_rules.blocks.part", lambda block, line, last: sizes.append(len(block)) or part(block, line, last))
    assert [(line, reason) for line, _, reason in rows_of(path, 10_000)] == [(2, "long"), (3, None)]
    assert max(sizes) < 20_000


def test_rejects_are_a_csv_table(tmp_path):
    path = Path(tmp_path / "agg.rejects.csv")
    write_rejects(path, [(3, "few"), (9, "time")])
    assert path.read_bytes() == b"line,reason\n3,few\n9,time\n"
