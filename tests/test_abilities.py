"""What implementations declare: on the page as a table, absent where nothing is asked."""

from dataclasses import replace

from page_sessions import FACTS, HOSTILE, KNOWN, NOTHING, runs, session

from harness.report import page
from harness.report.page.abilities import abilities


def test_questions_answers_and_lacks_are_told() -> None:
    made = session(blocks=2)
    first, second = made.implementations[:2]
    facts = {
        **made.facts,
        first: {**FACTS, "can": {"streams": "yes, in blocks"}, "lacks": {"q1": "no writer"}},
        second: {**FACTS, "can": HOSTILE},
    }
    asked = replace(made, capabilities={"streams": "Is memory flat?", "threads": "What is parallel?"}, facts=facts)
    told = abilities(asked)
    assert told and told.questions == (("streams", "Is memory flat?"), ("threads", "What is parallel?"))
    assert (told.rows[0].answers, told.rows[0].lacks) == (("yes, in blocks", ""), (("q1", "no writer"),))
    assert (told.rows[1].answers, told.rows[1].lacks) == (("", ""), ())
    text = page.html(page.Material(asked, runs(made), NOTHING, KNOWN))
    assert "What each one can do" in text and "yes, in blocks" in text and "no writer" in text
    assert f"| {first} | yes, in blocks | – | q1 (no writer) |" in page.markdown(page.Material(asked, runs(made), NOTHING, KNOWN))


def test_where_nothing_is_asked_there_is_no_table() -> None:
    made = session(blocks=2)
    assert abilities(made) is None
    assert "What each one can do" not in page.html(page.Material(made, runs(made), NOTHING, KNOWN))
