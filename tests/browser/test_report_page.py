"""The page of a run as readers have it: by mouse, by keyboard, on a phone, at night."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from driven import Browser
from made_run import make_run
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from nas.run import Run

POINT = """
const plot = document.querySelector("#figure-front-params");
plot.scrollIntoView({ block: "center", behavior: "instant" });
const { xaxis, yaxis } = plot._fullLayout;
for (const { customdata, x, y } of plot.data) {
  const i = (customdata ?? []).indexOf(arguments[0]);
  if (i < 0) continue;
  const box = plot.getBoundingClientRect();
  const at = [xaxis._offset + xaxis.d2p(x[i]), yaxis._offset + yaxis.d2p(y[i])];
  return [box.left + at[0], box.top + at[1]];
}
"""
DRAWN = "return document.querySelectorAll('#figure-front-params .points path').length"
CARD = "#page_card"
BOX = f"return document.querySelector('{CARD}').getBoundingClientRect().toJSON()"
RING = BOX.replace(CARD, ".ring")
RANGE = (
    "['xaxis', 'yaxis'].map((axis) => "
    "document.querySelector('#figure-front-params')._fullLayout[axis].range)"
)
PAPER = 680
"""Pixels of a figure that fit on A4 and on letter paper, between usual margins."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    accuracies = [0.5, 0.6, None, 0.7, 0.65, 0.8, 0.75, 0.85]
    found = Run(make_run(tmp_path_factory.mktemp("runs") / "first", accuracies).path)
    found.report()
    return found


@pytest.fixture
def page(browser: Browser, run: Run) -> Iterator[Browser]:
    browser.open(run.folder.report_path / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    yield browser
    assert browser.complaints() == []
    assert [a for a in browser.requests() if not a.startswith(("file:", "data:"))] == []


def card(page: Browser) -> str:
    return page.driver.find_element(By.CSS_SELECTOR, CARD).text


def touch(page: Browser, kind: str, *points: dict[str, float]) -> None:
    page.driver.execute_cdp_cmd(
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)}
    )


def pictured(page: Browser) -> bool:
    """Tell whether the card's picture is to be seen."""
    box = page.run(
        f"return document.querySelector('{CARD} svg')?.getBoundingClientRect().toJSON()"
    )
    return box is not None and box["width"] > 100 and box["height"] > 20


def test_pointing_at_a_trial_shows_its_card_with_a_picture(page: Browser, run: Run):
    best = run.best()
    x, y = page.run(POINT, best.trial)
    mouse = ActionChains(page.driver)
    mouse.w3c_actions.pointer_action.move_to_location(x - 40, y + 40)
    mouse.w3c_actions.pointer_action.move_to_location(x, y)
    mouse.perform()
    words = page.until(lambda: card(page))
    assert words.startswith(f"Trial {best.trial}\n")
    assert f"{best.params:,}" in words
    assert "85.00 %" in words
    assert "block1" in words
    assert pictured(page)
    ring = page.run(RING)
    assert ring["x"] + ring["width"] / 2 == pytest.approx(x, abs=2)
    assert ring["y"] + ring["height"] / 2 == pytest.approx(y, abs=2)
    box = page.run(BOX)
    assert box["left"] > x or box["right"] < x  # beside the dot
    away = ActionChains(page.driver)
    away.w3c_actions.pointer_action.move_to_location(5, 5)
    away.perform()
    page.until(lambda: not card(page))


def test_arrow_keys_walk_along_the_front(page: Browser, run: Run):
    front = [record.trial for record in run.front]
    assert len(front) > 1
    page.run("document.querySelector('#figure-front-params').focus()")
    seen = []
    for _ in front:
        ActionChains(page.driver).send_keys(Keys.ARROW_RIGHT).perform()
        seen.append(card(page).split("\n")[0])
    assert seen == [f"Trial {trial}" for trial in front]
    assert pictured(page)
    ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    assert card(page) == ""


def test_the_rows_of_the_table_show_cards_in_turn(page: Browser, run: Run):
    (first, *_) = run.front
    buttons = page.driver.find_elements(By.CSS_SELECTOR, "#networks tbody th .trial")
    assert [button.text for button in buttons] == [str(r.trial) for r in run.front]
    page.run("arguments[0].focus()", buttons[0])
    assert card(page).startswith(f"Trial {first.trial}\n")
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    assert not card(page).startswith(f"Trial {first.trial}\n")


def test_dark_by_the_system_and_by_the_button(browser: Browser, run: Run):
    ground = "return getComputedStyle(document.body).backgroundColor"
    ink = "return document.querySelector('#figure-front-params .xtitle').style.fill"
    browser.prefer(prefers_color_scheme="dark")
    browser.open(run.folder.report_path / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    dark = browser.run(ground), browser.run(ink)
    assert dark == ("rgb(20, 23, 27)", "rgb(233, 236, 239)")
    browser.driver.find_element(By.ID, "page_theme").click()
    light = browser.run(ground), browser.run(ink)
    assert light == ("rgb(255, 255, 255)", "rgb(28, 32, 36)")
    browser.driver.find_element(By.ID, "page_theme").click()
    assert (browser.run(ground), browser.run(ink)) == dark
    assert browser.complaints() == []


def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser: Browser, run: Run):
    browser.resize(390, 844, phone=True)
    browser.open(run.folder.report_path / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    browser.run("document.querySelectorAll('details').forEach(d => (d.open = true))")
    assert browser.run("return document.documentElement.scrollWidth") == 390
    (lowest, *_), best = run.front, run.best()
    for record in (best, lowest):
        x, y = browser.run(POINT, record.trial)
        touch(browser, "touchStart", {"x": x, "y": y})
        touch(browser, "touchEnd")
        expected = f"Trial {record.trial}\n"
        browser.until(lambda start=expected: card(browser).startswith(start))
        box = browser.run(BOX)
        assert box["left"] >= 0
        assert box["right"] <= 390
        assert box["top"] >= 0
        assert box["bottom"] <= 844
        assert not box["top"] <= y <= box["bottom"]  # what was tapped stays in sight
        browser.driver.find_element(By.CSS_SELECTOR, CARD).click()
        assert card(browser) == ""
    assert browser.complaints() == []


def test_a_finger_on_a_figure_scrolls_the_page(browser: Browser, run: Run):
    browser.resize(390, 844, phone=True)
    browser.open(run.folder.report_path / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    x, y = browser.run(POINT, run.best().trial)
    state = f"return [scrollY, {RANGE}]"
    before, limits = browser.run(state)
    for step in range(11):
        touch = {
            "type": "touchMove" if step else "touchStart",
            "touchPoints": [{"x": x, "y": y - 20 * step}],
        }
        browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", touch)
    end = {"type": "touchEnd", "touchPoints": []}
    browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", end)
    browser.until(lambda: browser.run(state)[0] > before + 50)
    assert browser.run(state)[1] == limits


@pytest.mark.parametrize("width", [1280, 390])
def test_figures_fit_on_paper(browser: Browser, run: Run, width: int):
    browser.resize(width, 844)
    browser.open(run.folder.report_path / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    widths = (
        "return [...document.querySelectorAll('.plot')].flatMap((plot) => "
        "[plot, ...plot.querySelectorAll('.main-svg')].map((one) => "
        "one.getBoundingClientRect().width))"
    )
    before = browser.run(widths)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert set(browser.run(widths)) == {PAPER}
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(widths) == before


def test_a_name_that_would_be_a_script_does_nothing(browser: Browser, tmp_path: Path):
    name = "<img src=x onerror='document.title=1'><script>document.title=2<!script>"
    path = make_run(tmp_path / name, [0.5, 0.75], data=name).path
    Run(path).report()
    browser.open(path / "report" / "report.html")
    browser.until(lambda: browser.run(DRAWN))
    assert browser.driver.title == name
    assert browser.driver.find_elements(By.TAG_NAME, "img") == []
    assert browser.complaints() == []
    # Even markup that came into the page could run nothing.
    browser.run("document.body.insertAdjacentHTML('beforeend', arguments[0])", name)
    found = browser.until(browser.complaints)
    assert "Content Security Policy" in found[0]
    assert browser.driver.title == name
