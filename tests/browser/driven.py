"""A browser that a test drives, and what the page in it said and asked for."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome

Found = TypeVar("Found")


@dataclass(frozen=True)
class Browser:
    """Chromium without a window; ``driver`` is Selenium's."""

    driver: Chrome

    def open(self, address: str | Path) -> None:
        """Show a page or a file, and forget what earlier pages said and asked for."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        if isinstance(address, Path):
            address = address.resolve().as_uri()
        self.driver.get(address)

    def complaints(self, levels: tuple[str, ...] = ("WARNING", "SEVERE")) -> list[str]:
        """Return the errors and warnings in the console since the last call."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] in levels]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call.

        A file that was opened is among them, as a ``file:`` of its own; so are the
        ``data:`` and ``blob:`` that need no network.
        """
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the page so many pixels; a phone's are touched, not pointed at."""
        metrics = {"width": width, "height": height, "mobile": phone}
        self._tell("Emulation.setDeviceMetricsOverride", **metrics, deviceScaleFactor=1)
        self._tell("Emulation.setTouchEmulationEnabled", enabled=phone)

    def prefer(self, **features: str) -> None:
        """Have a user prefer something: ``prefers_color_scheme="dark"``."""
        wanted = [
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()
        ]
        self._tell("Emulation.setEmulatedMedia", features=wanted)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what the body of a JavaScript function returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def until(self, look: Callable[[], Found], seconds: float = 60) -> Found:
        """Return the first thing that is true of the page; a test fails without."""
        end = time.monotonic() + seconds
        while True:
            found, trouble = None, None
            try:
                found = look()
            except WebDriverException as error:  # the page is not yet so far
                trouble = error
            if found:
                return found
            assert time.monotonic() < end, f"never came: {trouble or found!r}"
            time.sleep(0.05)

    def screenshot(self, path: Path) -> Path:
        """Write what is to be seen as a PNG, for people."""
        path.write_bytes(self.driver.get_screenshot_as_png())
        return path

    def _tell(self, command: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(command, arguments)
