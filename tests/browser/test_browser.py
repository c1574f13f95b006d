"""The browser notices what the tests of pages trust it to notice."""

import pytest


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.html"
        path.write_text(f"<!doctype html><title>A page</title>{text}")
        return path

    return write


def test_what_a_page_says_and_asks_for(browser, page):
    quiet = page("<p>Nothing.</p>")
    browser.open(quiet)
    assert browser.driver.title == "A page"
    assert browser.complaints() == []
    assert browser.requests() == [quiet.as_uri()]

    address = "http://127.0.0.1:9/picture.png"
    loud = page(f"<img src='{address}'><script>console.error('no'); oh()</script>")
    browser.open(loud)
    assert browser.until(lambda: address in browser.requests())
    said = "".join(browser.complaints())
    assert '"no"' in said
    assert "oh is not defined" in said

    browser.open(page("<p>Nothing.</p>"))
    assert (browser.complaints(), len(browser.requests())) == ([], 1)


def test_sizes_and_what_a_user_prefers(browser, page):
    browser.open(page("<meta name=viewport content='width=device-width'>"))
    dark = "return matchMedia('(prefers-color-scheme: dark)').matches"
    touch = "return matchMedia('(pointer: coarse)').matches"
    assert browser.run("return [innerWidth, innerHeight]") == [1280, 900]
    assert (browser.run(dark), browser.run(touch)) == (False, False)
    browser.resize(390, 844, phone=True)
    browser.prefer(prefers_color_scheme="dark")
    assert browser.run("return [innerWidth, innerHeight]") == [390, 844]
    assert (browser.run(dark), browser.run(touch)) == (True, True)


def test_a_test_begins_with_an_empty_page(browser):
    assert browser.run("return [innerWidth, location.href]") == [1280, "about:blank"]
    assert browser.run("return matchMedia('(prefers-color-scheme: light)').matches")
