"""The report page in Debian's Chromium: on a phone and a desk, light and dark, worked by mouse and keyboard, judged by axe."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from page_sessions import KNOWN, UNDECIDABLE, judgement, runs, session
from playwright.sync_api import sync_playwright

from harness.report import page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PHONE, DESK = (390, 844), (1440, 900)
SCREENS = [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")]
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is missing: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = session(3)
    recorded = runs(made)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(
        page.html(page.Material(made, recorded, judgement(made, recorded), KNOWN, undecidable=UNDECIDABLE, warnings=["a warning"])), "utf-8"
    )
    return path.as_uri()


def shown(browser: Any, address: str, size: tuple[int, int] = DESK, scheme: str = "light", **how: Any) -> Any:
    """The page in a fresh context; what it complains of or asks for is kept on it."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce", **how)
    opened = context.new_page()
    opened.complaints, opened.asked = [], []
    opened.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(address)
    return opened


def until(opened: Any, what: str) -> None:
    """Wait until it is so. Playwright's own wait is an eval in the page, and the page's policy forbids that."""
    for _ in range(100):
        if opened.evaluate(what):
            return
        opened.wait_for_timeout(50)
    pytest.fail(f"never so: {what}")


def column(opened: Any, table: str, number: int) -> list[str]:
    return opened.locator(f"{table} tbody tr:visible td:nth-of-type({number})").all_text_contents()


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_the_page_is_quiet_asks_for_nothing_and_fits(browser: Any, address: str, size: tuple[int, int], scheme: str) -> None:
    opened = shown(browser, address, size, scheme)
    opened.locator("details").evaluate_all("all => all.forEach((d) => { d.open = true; })")
    opened.wait_for_timeout(100)
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [address]
    assert opened.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.locator("h1").is_visible()


def test_it_fits_the_narrowest_phone(browser: Any, address: str) -> None:
    opened = shown(browser, address, (360, 640))
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_axe_finds_no_grave_fault(browser: Any, address: str, size: tuple[int, int], scheme: str) -> None:
    opened = shown(browser, address, size, scheme)
    opened.locator("details").evaluate_all("all => all.forEach((d) => { d.open = true; })")
    opened.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = opened.evaluate("axe.run()")
    assert found["passes"]
    grave = [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found["violations"] if v["impact"] in GRAVE]
    assert grave == []


def test_a_column_sorts_up_and_down_by_its_numbers(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    head = opened.locator(".runs thead th", has_text="total s")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = [float(text.replace(",", "")) for text in column(opened, ".runs", 6)]
    assert up == sorted(up)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(text.replace(",", "")) for text in column(opened, ".runs", 6)] == sorted(up, reverse=True)
    assert opened.locator(".runs thead th[aria-sort=none]").count() == opened.locator(".runs thead th").count() - 1


def test_a_text_column_sorts_and_the_keyboard_does_it(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    button = opened.locator(".runs thead th", has_text="label").get_by_role("button")
    button.focus()
    opened.keyboard.press("Enter")
    assert column(opened, ".runs", 1) == sorted(column(opened, ".runs", 1))
    opened.keyboard.press("Space")
    assert column(opened, ".runs", 1) == sorted(column(opened, ".runs", 1), reverse=True)


def test_filters_hide_rows_and_say_so(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    said, form = opened.locator(".filters output"), opened.locator(".filters")
    every = opened.locator(".runs tbody tr").count()
    assert said.get_attribute("aria-live") == "polite" and said.text_content() == "All rows are shown"
    form.get_by_label("language").select_option("go")
    assert {label.partition("/")[0] for label in column(opened, ".runs", 1)} == {"go"}
    kept = opened.locator(".runs tbody tr:visible").count()
    assert f"{kept} of {every} runs" in said.text_content()
    form.get_by_label("track").select_option("ecosystem")
    assert column(opened, ".runs", 1) == [] and f"0 of {every} runs" in said.text_content()
    form.get_by_role("button", name="Show all").click()
    until(opened, "document.querySelector('.filters output').textContent === 'All rows are shown'")
    assert opened.locator(".runs tbody tr:visible").count() == every


def test_a_contrast_is_shown_for_each_of_its_languages(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    opened.locator(".filters").get_by_label("language").select_option("rust")
    texts = opened.locator(".verdicts tbody tr:visible").all_text_contents()
    assert texts and all("rust" in text for text in texts)
    opened.locator(".filters").get_by_label("language").select_option("")
    assert opened.locator(".verdicts tbody tr:visible").count() > len(texts)


def test_the_workload_filters_too(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    choice = opened.locator(".filters").get_by_label("workload")
    name = choice.locator("option").nth(1).text_content()
    choice.select_option(name)
    assert opened.locator(".runs tbody tr:visible").count() == opened.locator(".runs tbody tr").count()


def test_a_verdict_leads_to_its_cells_and_they_to_their_runs(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    opened.locator(".verdicts tbody tr a").first.click()
    claim = opened.locator(".claim").first
    until(opened, "document.activeElement.matches('.claim')")
    assert claim.locator("details").first.get_attribute("open") is not None
    claim.locator(".cells tbody tr td a").first.click()
    records = claim.locator("details.jobs").first
    until(opened, "document.querySelector('.claim details.jobs').open")
    opened.locator(".filters").get_by_label("language").select_option("go")  # A row that is filtered away must come back.
    link = records.locator("a").first
    job = link.text_content()
    link.click()
    row = opened.locator(f"[id='run-{job}']")
    until(opened, "document.activeElement.matches('.runs tr')")
    assert row.is_visible() and row.evaluate("row => row === document.activeElement")
    box = row.bounding_box()
    assert 0 <= box["y"] <= DESK[1]


def test_the_skip_link_comes_first(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "main"


def test_paper_unfolds_everything_and_drops_the_controls(browser: Any, address: str) -> None:
    opened = shown(browser, address)
    opened.emulate_media(media="print")
    until(opened, "[...document.querySelectorAll('details:not(.jobs)')].every((d) => d.open)")
    assert opened.locator(".filters").is_hidden() and opened.locator("nav").is_hidden()
    assert opened.locator(".cells").first.is_visible()
    opened.emulate_media(media="screen")
    until(opened, "!document.querySelector('.claim details').open")


def test_without_scripts_everything_is_there(browser: Any, address: str) -> None:
    opened = shown(browser, address, java_script_enabled=False)
    assert opened.locator(".runs tbody tr").count() == opened.locator(".runs tbody tr:visible").count() > 0
    assert opened.locator(".filters").is_hidden()
    assert opened.locator("thead button").count() == 0
    assert opened.locator(".plot svg[role=img]").count() == opened.locator(".plot").count() > 8
    opened.locator(".claim summary").first.click()
    assert opened.locator(".cells").first.is_visible()


def test_the_data_of_a_figure_is_saved_without_a_network(browser: Any, address: str, tmp_path: Path) -> None:
    opened = shown(browser, address, offline=True)
    with opened.expect_download() as download:
        opened.locator("#fig-forest a[download]").click()
    download.value.save_as(tmp_path / "forest.csv")
    assert re.match(r"group,contrast,of,to,metric", (tmp_path / "forest.csv").read_text())
