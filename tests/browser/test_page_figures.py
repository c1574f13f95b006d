"""Every figure of a page is drawn, in its views, on a phone, in the dark."""

import pytest
from made_page import made_explanation, made_page, made_trials

from nas.report.page.write import page

FIGURES = {
    "aggregation-blocks",
    "aggregation-bands",
    "chosen",
    "importance",
    "genes",
    "hypervolume",
    "learning",
    "timeline",
}

MARKS = """
const marks = {};
for (const plot of document.querySelectorAll(".plot")) {
  const shapes = ".points path, .scatterlayer path, .barlayer path";
  marks[plot.dataset.figure] = [...plot.querySelectorAll(shapes)].filter(
    (mark) => mark.getBoundingClientRect().width > 0).length;
}
return marks;
"""
PRESS = """
const plot = document.getElementById("figure-" + arguments[0]);
const buttons = [...plot.parentElement.querySelectorAll(".views button")];
const button = buttons.find((one) => one.textContent === arguments[1]);
button.click();
return buttons.filter((one) => one.getAttribute("aria-pressed") === "true")
  .map((one) => one.textContent);
"""
LAYOUT = "return document.getElementById('figure-' + arguments[0])._fullLayout"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    records = made_trials(60)
    found = tmp_path_factory.mktemp("page") / "report.html"
    found.write_text(page(made_page(records, made_explanation())), encoding="utf-8")
    return found


def drawn(browser):
    """Return how many marks each figure has, once all have some."""

    def look():
        marks = browser.run(MARKS)
        return marks if all(marks.get(name) for name in FIGURES) else None

    return browser.until(look)


def test_figures_are_drawn_without_a_complaint_or_a_network(browser, path):
    browser.open(path)
    marks = drawn(browser)
    assert marks["timeline"] >= 60
    assert browser.run("return document.querySelectorAll('.plot canvas').length") == 0
    assert browser.complaints() == []
    assert [at for at in browser.requests() if not at.startswith("data:")] == [
        path.as_uri()
    ]


def test_a_view_stays_when_the_page_turns_dark(browser, path):
    browser.open(path)
    drawn(browser)
    title = f"{LAYOUT}.xaxis.title.text"
    assert browser.run(title, "hypervolume") == "trials"
    assert browser.run(PRESS, "hypervolume", "by epochs") == ["by epochs"]
    browser.until(lambda: browser.run(title, "hypervolume") == "epochs")
    ink = f"{LAYOUT}.font.color"
    before = browser.run(ink, "hypervolume")
    browser.prefer(prefers_color_scheme="dark")
    browser.until(lambda: browser.run(ink, "hypervolume") != before)
    assert browser.run(title, "hypervolume") == "epochs"
    assert browser.run(PRESS, "learning", "error") == ["error"]
    browser.until(lambda: browser.run(f"{LAYOUT}.yaxis.type", "learning") == "log")
    assert browser.complaints() == []


def test_a_view_of_genes_leaves_out_lines(browser, path):
    browser.open(path)
    before = drawn(browser)["genes"]
    assert browser.run(PRESS, "genes", "front only") == ["front only"]
    browser.until(lambda: 0 < browser.run(MARKS)["genes"] < before)
    assert browser.run(PRESS, "genes", "all") == ["all"]
    browser.until(lambda: browser.run(MARKS)["genes"] == before)


def test_arrow_keys_follow_the_lines_of_trials_through_their_genes(browser, path):
    from selenium.webdriver.common.keys import Keys

    browser.open(path)
    drawn(browser)
    plot = browser.driver.find_element("id", "figure-genes")
    rows = browser.run(f"return {LAYOUT[7:]}.shapes.length", "genes")
    stops = []
    for _ in range(2):
        plot.send_keys(Keys.ARROW_RIGHT)
        lines = plot.find_elements("css selector", ".followed polyline")
        assert [len(line.get_attribute("points").split()) for line in lines] == [rows]
        stops.append(browser.run("return page_card.querySelector('h4').textContent"))
    assert stops[0] != stops[1]
    plot.send_keys(Keys.ESCAPE)
    assert plot.find_elements("css selector", ".followed") == []


def test_figures_fit_a_phone(browser, path):
    browser.resize(390, 844, phone=True)
    browser.open(path)
    drawn(browser)
    assert browser.run("return document.documentElement.scrollWidth") == 390
    wide = browser.run(
        "return [...document.querySelectorAll('.plot text')].filter((text) => {"
        "  const { left, right } = text.getBoundingClientRect();"
        "  return right > 392 || left < -2; }).map((text) => text.textContent)"
    )
    assert wide == []
