"""A real browser for tests: Debian's Chromium, which sees the server under a name on plain HTTP."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOST = "hall.test"
"""Not localhost: pages under this name are no secure context, as on phones."""


def available() -> str | None:
    """Why there is no browser here; None where there is one."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            return f"{program} is not installed: apt-get install chromium chromium-driver"
    return None


class Browser:
    """One browser with a profile of its own, which tests drive. A context manager.

    Args:
        port: Of the server on 127.0.0.1.
        wh: Size of the page in CSS pixels.
        phone: Touch instead of a mouse.
    """

    def __init__(
        self, port: int, wh: tuple[int, int] = (1280, 720), *, phone: bool = False
    ) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/lib/chromium/chromium"
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
            f"--window-size={max(500, wh[0])},{wh[1]}",
        ):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Chromium leaves a folder behind whenever it is closed.
        self._folder = tempfile.TemporaryDirectory(
            prefix="paintcam-browser-", ignore_cleanup_errors=True
        )
        env = os.environ | {"TMPDIR": self._folder.name}
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"), env=env)
        )
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.phone = phone
        self.visit(port, wh)

    def visit(self, port: int, wh: tuple[int, int]) -> None:
        """Be another visitor, of another server: no cookie, nothing stored, an empty page."""
        self.base = f"http://{HOST}:{port}"
        before = self.driver.current_window_handle
        # A tab in which two fingers touched at once scrolls under every finger from then on.
        self.driver.switch_to.new_window("tab")
        opened = self.driver.current_window_handle
        self.driver.switch_to.window(before)
        self.driver.close()
        self.driver.switch_to.window(opened)
        self.cdp("Network.clearBrowserCookies")
        self.cdp("Emulation.setEmulatedMedia", features=[])
        self.messages()
        self.resize(wh)

    def resize(self, wh: tuple[int, int]) -> None:
        """Give the page another size."""
        metrics = {"width": wh[0], "height": wh[1], "deviceScaleFactor": 1, "mobile": self.phone}
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=self.phone, maxTouchPoints=5)

    def cdp(self, command: str, **values: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, values)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def click(self, selector: str) -> None:
        self.run(
            "document.querySelector(arguments[0]).scrollIntoView({block: 'nearest'})", selector
        )
        self.find(selector).click()

    def until(self, condition: Callable[[], Any], limit_s: float = 30) -> Any:
        deadline = time.monotonic() + limit_s
        while not (found := condition()):
            assert time.monotonic() < deadline, (self.text("body")[:500], self.messages())
            time.sleep(0.05)
        return found

    def visible(self, selector: str) -> bool:
        script = "const e = document.querySelector(arguments[0]); return !!e && !!e.offsetParent"
        return bool(self.run(script, selector))

    def messages(self) -> list[str]:
        """What the page complained about in the console since last asked."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def screenshot(self, path: Path) -> None:
        self.driver.get_screenshot_as_file(str(path))

    # Drawing; coordinates are shares of the paper.

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.run(
            "const b = document.querySelector('#paper canvas').getBoundingClientRect();"
            "return [b.left, b.top, b.width, b.height]"
        )
        return box[0] + x * box[2], box[1] + y * box[3]

    def mouse(self, points: list[tuple[float, float]]) -> None:
        kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
        for kind, point in zip(kinds, [*points, points[-1]], strict=True):
            x, y = self.at(*point)
            buttons = {"button": "left", "buttons": 1, "clickCount": 1}
            self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, **buttons)

    def pen(self, points: list[tuple[float, float]], pressure: float) -> None:
        kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
        for kind, point in zip(kinds, [*points, points[-1]], strict=True):
            x, y = self.at(*point)
            values = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, force=pressure, **values)

    def touch(self, *fingers: list[tuple[float, float]]) -> None:
        """Fingers that move together, one list of points each."""
        for step in range(len(fingers[0])):
            spots = []
            for number, points in enumerate(fingers):
                x, y = self.at(*points[step])
                spots.append({"x": x, "y": y, "id": number})
            kind = "touchMove" if step else "touchStart"
            self.cdp("Input.dispatchTouchEvent", type=kind, touchPoints=spots)
        self.cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def point(self, *events: tuple[str, str, int, float, float]) -> None:
        """Send pointer events that no single device makes: (event, kind of pointer, id, x, y)."""
        script = """
            const paper = document.querySelector('#paper');
            const box = paper.querySelector('canvas').getBoundingClientRect();
            Element.prototype.setPointerCapture = () => {};
            for (const [name, pointerType, pointerId, x, y] of arguments[0]) {
              paper.dispatchEvent(new PointerEvent(name, {pointerType, pointerId, pressure: 0.5,
                button: name === 'pointermove' ? -1 : 0,
                clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
            }"""
        self.run(script, events)

    def pixel(self, x: float, y: float) -> list[int]:
        """RGB of the drawing."""
        script = """
            const canvas = document.querySelector('#paper canvas');
            const at = [arguments[0] * 512, arguments[1] * 512].map(Math.floor);
            return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3)"""
        return list(self.run(script, x, y))

    def ink(self) -> int:
        """How many pixels of the drawing are not white."""
        script = """
            const {data} = document.querySelector('#paper canvas').getContext('2d')
              .getImageData(0, 0, 512, 512);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) {
              count += data[at] + data[at + 1] + data[at + 2] < 765;
            }
            return count"""
        return int(self.run(script))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()
        self._folder.cleanup()
