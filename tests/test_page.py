"""The report page on made-up sessions: what it says, that it lets nothing in or out, and that no session is too odd for it.

After a wanted change: BENCH_GOLDEN=write python -m pytest tests/test_page.py, then read the difference.
"""

import base64
import hashlib
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import makers  # noqa: F401 - the profile of the property tests
import page_sessions as made_up
import polars as pl
import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st
from page_sessions import HOSTILE, KNOWN, NOTHING, UNDECIDABLE, UNKNOWN, judgement, runs, session
from report_sessions import fail, failed
from test_report import EDGES, FEW, golden

from harness.model import Judgement, Run, Series, Session, Undecidable
from harness.report import page, style
from harness.report.findings import findings
from harness.report.page import tables
from harness.report.page.drawing import Styles, drawing
from harness.report.page.figures import thin
from harness.report.page.text import anchors, clean, marked
from harness.report.plot_sequence import draw as draw_sequence

VOID = {"meta", "link", "br", "rect", "line", "path", "use"}


class Outline(HTMLParser):
    """What a reader's program makes of the page: its tags, ids, links, headings and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags = Counter[str]()
        self.ids, self.links, self.headings = list[str](), list[str](), list[int]()
        self.attributes, self.inline, self.said = Counter[str](), dict[str, str](), list[str]()
        self.data = dict[str, bytes]()
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.open = tag
        held = {key: value or "" for key, value in attrs}
        self.attributes.update(held.keys())
        if "id" in held:
            self.ids.append(held["id"])
        if href := held.get("href"):
            self.links.append(href)
        if name := held.get("download"):
            self.data[name] = base64.b64decode(held["href"].partition("base64,")[2])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data: str) -> None:
        if self.open in {"style", "script"}:
            self.inline[self.open] = self.inline.get(self.open, "") + data
        elif data.strip():
            self.said.append(" ".join(data.split()))

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    @property
    def text(self) -> str:
        return " ".join(self.said)


@cache
def usual() -> str:
    """The page that most of these tests look at."""
    return html(*made())


def made(blocks: int = 3, names: Sequence[str] = FEW, cases: Sequence[str] = ("1e6",)) -> tuple[Session, list[Run], Judgement]:
    session_ = session(blocks, names, cases)
    recorded = runs(session_)
    return session_, recorded, judgement(session_, recorded)


def html(session_: Session, recorded: Sequence[Run], judged: Judgement, **how: Any) -> str:
    return page.html(page.Material(session_, recorded, judged, how.pop("calibration", KNOWN), undecidable=UNDECIDABLE, **how))


def bare(text: str) -> str:
    """The page without what a person doesn't read: style, script, drawings, data."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1/>", text, flags=re.S)
    text = re.sub(r"<svg [^>]*>(<title.*?</title>)?.*?</svg>", r"<svg>\1</svg>", text, flags=re.S)
    text = re.sub(r"base64,[^\"]*", "base64,", re.sub(r"'sha256-[^']*'", "digest", text))
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def test_html() -> None:
    golden("page.html", bare(html(*made(), warnings=["records: the last line is torn and was dropped"])))


def test_markdown() -> None:
    golden("page.md", page.markdown(page.Material(*made(), KNOWN, undecidable=UNDECIDABLE, warnings=["records: the last line is torn"])))


def test_the_same_records_give_the_same_bytes() -> None:
    assert html(*made()) == usual()


def test_a_page_of_a_full_session_stays_small() -> None:
    full = session()
    recorded = runs(full)
    text = html(full, recorded, judgement(full, recorded))
    assert len(text.encode()) < 3_000_000
    assert Outline(text).tags["svg"] >= 12


def test_nothing_is_asked_of_the_network_and_all_links_lead_somewhere() -> None:
    text = usual()
    found = Outline(text)
    assert not re.search(r"""https?://|url\((?!#)|@import|srcset|src=""", text)
    assert all(link.startswith(("#", "data:")) for link in found.links)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert [name for name, count in Counter(found.ids).items() if count > 1] == []


def test_the_policy_names_the_one_script_and_the_one_style() -> None:
    text = usual()
    found = Outline(text)
    assert (found.tags["script"], found.tags["style"], found.attributes["style"]) == (1, 1, 0)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")  # type: ignore[index]
    for tag, held in found.inline.items():
        assert f"{tag}-src 'sha256-{base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy


def test_headings_stand_in_order() -> None:
    levels = Outline(usual()).headings
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_verdict_leads_to_its_cells_and_every_cell_to_its_runs() -> None:
    session_, recorded, judged = made()
    text = html(session_, recorded, judged)
    for verdict in judged.verdicts:
        assert f'id="claim-{verdict.claim.id}"' in text
        for number, cell in enumerate(verdict.cells, 1):
            assert f'href="#claim-{verdict.claim.id}-{number}-r"' in text
            assert all(f'href="#run-{job}"' in text and f'id="run-{job}"' in text for job in cell.jobs)


def test_each_figure_comes_with_its_data() -> None:
    session_, recorded, judged = made()
    found = Outline(html(session_, recorded, judged))
    forest = pl.read_csv(found.data["forest.csv"])
    cell = judged.verdicts[0].cells[0]
    assert cell.comparison is not None
    assert forest.height == sum(c.comparison is not None for v in judged.verdicts for c in v.cells) + 1  # and an A/A row
    assert forest["ratio"][0] == pytest.approx(cell.comparison.ratio)
    sequence = pl.read_csv(found.data["sequence.csv"])
    assert sequence.height == sum(run.kind == "timed" for run in recorded)
    assert set(pl.read_csv(found.data["calibration.csv"])["block"]) == {1, 2, 3}


def test_the_first_screen_says_how_sure() -> None:
    said = Outline(usual()).text
    for part in ("Noise floor 4.1 %", "4.7 % of 64 A/A comparisons (1 % to 13.1 %)", "Left out 0 of 12 timed runs", "Of 6 claims"):
        assert part in said
    assert "unknown no program was compared with itself" in Outline(html(*made(), calibration=UNKNOWN)).text


def hostile(withheld: str | None = None) -> tuple[Session, list[Run], Judgement]:
    """Hostile text wherever a record, an entry or a file name may carry it."""
    session_, recorded, _ = made()
    session_ = replace(
        session_, question=HOSTILE, isolation=HOSTILE, command=HOSTILE, environment={HOSTILE: {HOSTILE: HOSTILE}},
        facts={name: {"summary": HOSTILE, "dependencies": {"inside": HOSTILE, "direct": [HOSTILE]}} for name in FEW},
        builds=tuple(replace(b, outcome="failed", reason=HOSTILE) for b in session_.builds),
        cases=tuple(replace(c, name=HOSTILE, params={HOSTILE: HOSTILE}) for c in session_.cases),
        steps=tuple(replace(s, title=HOSTILE) for s in session_.steps),
    )  # fmt: skip
    recorded = [replace(r, case=HOSTILE, job=f"{r.job}{HOSTILE}") for r in recorded]
    recorded = [
        replace(failed(r, "crash", HOSTILE), stderr=HOSTILE) if r.block == 1 else replace(r, suspect=(HOSTILE,)) if r.block == 2 else r
        for r in recorded
    ]
    judged = judgement(session_, recorded)
    told = {"title": HOSTILE, "hypothesis": HOSTILE, "section": HOSTILE, "notes": (HOSTILE,)}
    verdicts = tuple(replace(v, why=HOSTILE, command=HOSTILE, claim=replace(v.claim, **told)) for v in judged.verdicts)
    return session_, recorded, replace(judged, verdicts=verdicts, withheld=withheld)


@pytest.mark.parametrize("withheld", [None, HOSTILE])
def test_hostile_text_is_shown_and_does_nothing(withheld: str | None) -> None:
    session_, recorded, judged = hostile(withheld)
    text = page.html(page.Material(session_, recorded, judged, UNKNOWN, warnings=[HOSTILE], undecidable=[Undecidable(HOSTILE, HOSTILE)]))
    found = Outline(text)
    assert found.tags["script"] == 1 and found.tags["style"] == 1 and not found.tags["img"]
    assert not {name for name in found.attributes if name.startswith("on")}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert "\\u202egnp.exe" in found.text and "<script>alert(1)</script>" in found.text and "{{ 7*7 }}" in found.text
    assert len(set(found.ids)) == len(found.ids)


@pytest.mark.parametrize("withheld", [None, HOSTILE])
def test_hostile_text_stays_text_in_markdown(withheld: str | None) -> None:
    session_, recorded, judged = hostile(withheld)
    text = page.markdown(page.Material(session_, recorded, judged, UNKNOWN, warnings=[HOSTILE]))
    assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", text)
    assert "\x1b" not in text and "\u202e" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all("|" not in re.sub(r"\\.", "", row[1:-1]).replace(" | ", "") for row in rows)


def test_withheld_verdicts_and_warnings_head_the_page() -> None:
    session_, recorded, _ = made()
    text = Outline(html(session_, recorded, replace(NOTHING, withheld="a line was changed"), warnings=["line 3 bears no seal"])).text
    assert text.index("No verdict is given. a line was changed") < text.index("line 3 bears no seal") < text.index("No answer is given")


def edges() -> dict[str, tuple[Session, Sequence[Run]]]:
    found: dict[str, tuple[Session, Sequence[Run]]] = {name: edge() for name, edge in EDGES.items()}
    one = session(2, FEW)
    found["no_case"] = (replace(one, cases=(), jobs=()), [])
    found["builds_failed"] = (
        replace(one, builds=tuple(replace(b, outcome="failed", reason="no compiler", image_bytes=None) for b in one.builds)),
        [replace(failed(r, "unbuilt", "no compiler"), samples=(), memory=Series(), anon_peak_bytes=None) for r in runs(one)],
    )
    found["no_builds"] = (replace(one, builds=(), datasets=(), facts={}, environment={}), runs(one))
    found["no_again"] = (session(2, FEW, again=False), runs(session(2, FEW, again=False)))
    found["again_failed"] = (one, [failed(r, "oom", "out") if r.arm == "again" else r for r in runs(one)])
    return found


@pytest.mark.parametrize("edge", edges())
@pytest.mark.parametrize("claims", [True, False])
def test_every_edge_gives_a_page(edge: str, claims: bool, tmp_path: Path) -> None:
    session_, recorded = edges()[edge]
    files = dict[str, bytes]()
    page.write(tmp_path, page.Material(session_, recorded, judgement(session_, recorded) if claims else NOTHING, UNKNOWN),
               put=lambda path, data: files.update({path.name: data}))  # fmt: skip
    assert Outline(files["report.html"].decode()).tags["h2"] >= 10
    assert files["report.md"].startswith(b"# ")


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        ("unstarted", "Nothing has run yet"),
        ("builds_failed", "could not be built: no compiler"),
        ("language_failed", "signal 11"),
        ("no_again", "no program was compared with itself"),
        ("no_builds", "The session recorded nothing of its machine"),
    ],
)
def test_an_edge_says_what_it_is(edge: str, said: str) -> None:
    session_, recorded = edges()[edge]
    assert said in Outline(page.html(page.Material(session_, recorded, NOTHING, UNKNOWN))).text


@settings(max_examples=6)
@property_of(st.data())
def test_any_subset_of_runs_gives_a_page(data: st.DataObject) -> None:
    session_, recorded, _ = made(2)
    kept = data.draw(st.lists(st.sampled_from(range(len(recorded))), unique=True))
    ends = st.sampled_from(("ok", "ok", "wrong", "oom", "timeout", "skipped"))
    some = [recorded[i] if (end := data.draw(ends)) == "ok" else failed(recorded[i], end, "why") for i in kept]
    judged = data.draw(st.sampled_from((NOTHING, judgement(session_, some))))
    found = Outline(page.html(page.Material(session_, some, judged, UNKNOWN)))
    assert len(set(found.ids)) == len(found.ids)
    assert sum(name.startswith("run-") for name in found.ids) == len(some)


def test_what_was_excluded_is_counted_and_listed() -> None:
    session_, recorded, _ = made()
    recorded = [replace(r, suspect=("its CPU was throttled for 9 ms",)) if (r.label, r.block) == ("go/std", 2) else r for r in recorded]
    recorded = fail(recorded, ["python/polars"], "oom", "out of memory")
    said = Outline(html(session_, recorded, judgement(session_, recorded))).text
    assert "Left out 4 of 12 timed runs" in said
    assert "left out: its CPU was throttled for 9 ms" in said and "out of memory" in said


def test_written_files_are_all_that_the_markdown_needs(tmp_path: Path) -> None:
    done = list[Path]()

    def put(path: Path, data: bytes) -> None:
        path.write_bytes(data)
        done.append(path)

    files = page.write(tmp_path, page.Material(*made(), KNOWN), put=put)
    assert files == done and {"report.html", "report.md"} <= {f.name for f in files}
    links = re.findall(r"\]\((report/[^)]*)\)", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert links and all((tmp_path / link).stat().st_size for link in links)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page.html(page.Material(*made(), KNOWN))


def test_figures_of_an_earlier_report_go_and_nothing_else_does(tmp_path: Path) -> None:
    stale = [tmp_path / "report" / name for name in ("old.svg", "old.csv")]
    kept = [tmp_path / name for name in ("report/notes.txt", "runs.csv", "a.svg")]
    (tmp_path / "report").mkdir()
    for path in stale + kept:
        path.write_text("as it was")
    files = page.write(tmp_path, page.Material(*made(), KNOWN), put=lambda path, data: (path.write_bytes(data), None)[1])
    assert not any(path.exists() for path in stale) and all(path.read_text() == "as it was" for path in kept)
    assert set((tmp_path / "report").iterdir()) == {f for f in files if f.parent.name == "report"} | {kept[0]}


def test_a_thinned_line_keeps_its_ends_and_its_extremes() -> None:
    rng = random.Random(3)
    series = Series(tuple(range(5000)), tuple(rng.randrange(10**6, 10**9) for _ in range(5000)), 10)
    short = thin(series, 400)
    assert len(short.at_ns) == len(short.anon_bytes) <= 400
    assert (short.at_ns[0], short.at_ns[-1]) == (0, 4999)
    assert (min(short.anon_bytes), max(short.anon_bytes)) == (min(series.anon_bytes), max(series.anon_bytes))
    assert list(short.at_ns) == sorted(short.at_ns) and thin(short, 400) == short


def test_two_drawings_share_no_id() -> None:
    _, recorded, _ = made()
    styles = Styles()
    with style.styled():
        one, two = (drawing(key, "sequence", lambda: draw_sequence(recorded), styles) for key in ("a", "b"))
    ids = [set(re.findall(r' id="([^"]*)"', d.svg)) for d in (one, two)]
    assert ids[0] and not ids[0] & ids[1]
    assert "style=" not in one.svg and 'role="img"' in one.svg and f">{one.finding}</title>" in one.svg
    used = {name for found in re.findall(r'class="([^"]*)"', one.svg) for name in found.split()}
    assert used <= set(styles.names.values())
    assert len(one.svg) < len(one.file) / 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("a\x1b[1m", "a\\u001b[1m"), ("\u202egnp", "\\u202egnp"), ("two\nlines\t", "two\nlines\t"), ("\ud800", "\\ud800")],
)
def test_unseen_characters_are_seen(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_markdown_has_no_meaning_left() -> None:
    assert marked("a|b <i> `c` [d](e)\nf_g*") == "a\\|b \\<i\\> \\`c\\` \\[d\\](e) f\\_g\\*"


@property_of(st.lists(st.text(max_size=6)))
def test_anchors_are_unique_and_safe(names: list[str]) -> None:
    found = anchors("run", names)
    assert set(found) == set(names) and len(set(found.values())) == len(found)
    assert all(re.fullmatch(r"run-[\w.=@-]+", anchor, re.ASCII) for anchor in found.values())


def test_made_up_sessions_have_an_again_arm() -> None:
    assert made_up.session(1, FEW).again == FEW[0]


def test_phases_are_shown_where_a_step_tells_of_some() -> None:
    made = session(3, FEW, ("1e6",), again=False)
    given = [
        replace(r, samples=tuple(replace(s, phases={"parse": s.wall_ns // 4, HOSTILE: 1}) if s.step == "q1" else s for s in r.samples))
        if r.implementation == FEW[0]
        else r
        for r in runs(made)
    ]
    text = html(made, given, NOTHING)
    assert "share of a step that each of its phases takes" in text
    assert "share of a step that each of its phases takes" not in usual()
    (headings, lines), *_ = (tables.phases(found) for found in findings(made, given))
    assert headings == ["step", "parse", HOSTILE]
    assert [(line.name, line.cells[0].text, line.cells[1].text) for line in lines] == [(FEW[0], "q1", "25 %")]
    assert "<script>alert" not in text
