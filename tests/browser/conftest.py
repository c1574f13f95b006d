"""A real browser, where there is one."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driven import Browser

SIZE = (1280, 900)


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """One browser for all tests; they use it by way of ``browser``."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    programs = (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
    paths = [next(filter(None, map(shutil.which, names)), None) for names in programs]
    for names, path in zip(programs, paths, strict=True):
        if path is None:
            get = "apt-get install chromium chromium-driver"
            pytest.skip(f"there is no {names[0]}; on Debian: {get}")
    from driven import Browser
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = paths[0]
    for argument in (
        "--headless=new",
        "--no-sandbox",  # which root, as in CI, cannot have
        "--disable-dev-shm-usage",  # small in containers
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        f"--window-size={SIZE[0]},{SIZE[1]}",
    ):
        options.add_argument(argument)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    driver = Chrome(options=options, service=ChromeService(executable_path=paths[1]))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(chromium: "Browser") -> "Browser":
    """A browser with an empty page of 1280x900, light, no matter who used it before."""
    chromium.resize(*SIZE)
    chromium.prefer()
    chromium.driver.delete_all_cookies()
    chromium.open("about:blank")
    return chromium
