"""What the page makes of a judgement that is no usual one: none at all, of a count, of builds; and the rule that it states."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from page_sessions import KNOWN, NOTHING
from test_page import Outline, html, made, usual

from harness.model import Cell, Claim, Comparison, Contrast, Floor, Judgement, Verdict
from harness.report import page

NO_ANSWER = "No answer is given: the records were changed after they were written."
RANKING = ("was fastest", "held the least memory", "times the fastest", "ratios to the fastest", "builds from nothing", "call a difference")
"""How a page speaks of who is ahead, or of whether anyone is."""


def test_changed_records_give_no_answer_in_any_shape(tmp_path: Path) -> None:
    session_, recorded, whole = made()
    changed = replace(NOTHING, exclusions=whole.exclusions, withheld="a line was changed")
    files = dict[str, bytes]()
    page.write(tmp_path, page.Material(session_, recorded, changed, KNOWN), put=lambda path, data: files.update({path.name: data}))
    assert set(files) == {"report.html", "report.md", "sequence.svg", "sequence.csv"}
    found, markdown = Outline(files["report.html"].decode()), files["report.md"].decode()
    for text in (found.text, markdown):
        assert NO_ANSWER in text and [said for said in RANKING if said in text] == []
    assert found.data.keys() == {"sequence.csv"}
    assert all(f"run-{run.job}" in found.ids for run in recorded) and "a CPU made up" in found.text
    assert "by policy; none is taken from changed records" in found.text and "No program was run under two labels" not in found.text


def test_whole_records_say_what_is_looked_for_above() -> None:
    session_, recorded, _ = made()
    text = Outline(html(session_, recorded, NOTHING)).text
    assert [said for said in RANKING if said not in text] == [] and NO_ANSWER not in text


def of_kind(metric: str, **of_cell: Any) -> Judgement:
    """One claim on one contrast by that metric."""
    contrast = Contrast("size", "groupby", ("*",), metric, "rust/std", "go/std", least=1.1)
    claim = Claim("X01", "Rust is longer", "Code", "Rust's is longer.", "all", 10, (contrast,), (), (), "sha256:1")
    ratio = Comparison("go/std", "rust/std", 1.5, None, None, 1)
    cell = Cell(contrast, "s", None, "supported", "300 against 200", ratio, p=0.0, floor=Floor(0.0, None, 0), **of_cell)
    return Judgement((Verdict(claim, "supported", "300 against 200", (cell,), None, 0.0, 0.0, 4, True, "bench run --claim X01"),), (), {})


def test_a_count_is_called_one_and_has_no_p() -> None:
    session_, recorded, _ = made()
    judged = of_kind("code_lines", exact=True)
    text = Outline(html(session_, recorded, judged)).text
    markdown = page.markdown(page.Material(session_, recorded, judged, KNOWN))
    assert "1.50 (counted)" in text and "1.50 (counted)" in markdown
    assert "0.0001" not in text + markdown and "after Holm over" not in text
    row = next(line for line in markdown.splitlines() if line.startswith("| rust/std : go/std"))
    assert row.endswith("| 1.50 (counted) | supported | 0 % | – | – |")
    assert "programs that we wrote" in text and "programs that we wrote" in markdown
    assert "counted, not sampled" in text and "at least 10 blocks" not in text


def test_a_claim_on_builds_asks_for_builds() -> None:
    session_, recorded, _ = made()
    text = Outline(html(session_, recorded, of_kind("build_clean_seconds"))).text
    assert "at least 3 clean builds a side" in text and "at least 10 blocks" not in text and "programs that we wrote" not in text


def test_the_method_states_the_rule_that_is_applied() -> None:
    page_, markdown = Outline(usual()).text, " ".join(page.markdown(page.Material(*made(), KNOWN)).split())
    for part in ("beyond the larger of m and the", "short of m by more than the floor", "inside the policy’s margin (3 % for means)",
                 "lies outside by more than the floor", "a comparison with failed runs, or of an unfinished session"):  # fmt: skip
        assert part in page_ and part in markdown
