"""页面上的一张可拖动的图：像读者那样用键盘和鼠标操作它。"""

import json

from drawing import STORED, Recording, recordings
from playwright.sync_api import Locator, Page

# 右边超出屏幕、又不在自己的滚动框里的元素
TOO_WIDE = """() => {
  const scrolls = (node) => {
    for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node))
    .slice(0, 5)
    .map((node) => node.outerHTML.slice(0, 160));
}"""


class Figure:
    """第 ``number`` 张图。控件按超参数的次序编号，步数的滑块在最后。"""

    def __init__(self, page: Page, number: int, recording: Recording) -> None:
        self.page = page
        self.number = number
        self.recording = recording
        self.root = page.locator(".explorer").nth(number)
        self.controls = self.root.locator(".explorer-controls > *")
        self.panels = self.root.locator(".explorer-stage")

    def __str__(self) -> str:
        return f"第 {self.number} 张图：{self.recording.spec['alt'][:20]}"

    @property
    def step_axis(self) -> int | None:
        """步数的滑块是第几个控件；只有一步时没有。"""
        axis = len(self.recording.spec["sliders"])
        return axis if axis < len(self.recording.dims) else None

    def button(self, name: str) -> Locator:
        return self.root.locator(".explorer-button", has_text=name)

    def read(self) -> dict:
        """画完以后的样子。"""
        return self.page.evaluate("n => settle().then(() => readExplorer(n))", self.number)

    def at(self) -> list[int]:
        """各控件现在的位置。"""
        return [int(control["index"]) for control in self.read()["controls"]]

    def problems(self, pinned: tuple[int, ...] | None = None) -> list[str]:
        """此刻画的与录好的数组有哪些不合。"""
        return self.recording.problems(self.read(), pinned)

    # ---------- 操作 ----------

    def is_slider(self, axis: int) -> bool:
        """数值的超参数和步数是滑块，其余的是一排按钮。"""
        hyperparameters = self.recording.spec["hyperparameters"]
        return axis == self.step_axis or any(
            h["slider"] == axis and h["options"] is None for h in hyperparameters
        )

    def select(self, axis: int) -> Locator:
        """选项多的超参数是一个下拉框。"""
        return self.controls.nth(axis).locator("select")

    def handle(self, axis: int) -> Locator:
        return self.controls.nth(axis).locator("[role=slider]")

    def choose(self, axis: int, position: int) -> None:
        """用键盘把一个控件移到某个位置。"""
        press = self.page.keyboard.press
        if self.select(axis).count():
            self.select(axis).select_option(index=position)
            return
        if not self.is_slider(axis):
            self.controls.nth(axis).locator("button").nth(position).focus()
            return press("Space")
        now = self.handle(axis).evaluate("node => (node.focus(), +node.ariaValueNow)")
        last = self.recording.dims[axis] - 1
        if min(position, last - position) < abs(position - now):
            now = 0 if position < last - position else last
            press("End" if now else "Home")
        for _ in range(int(abs(position - now))):
            press("ArrowRight" if position > now else "ArrowLeft")

    def track(self, axis: int, position: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """滑块现在在屏幕上的哪一点，要拖到哪一点。"""
        x, y, left, width = self.handle(axis).evaluate(
            """node => {
              node.scrollIntoView({ block: "center" });
              const grip = node.getBoundingClientRect();
              const track = node.closest(".noUi-base").getBoundingClientRect();
              return [grip.x + grip.width / 2, grip.y + grip.height / 2, track.x, track.width];
            }"""
        )
        return (x, y), (left + position / (self.recording.dims[axis] - 1) * width, y + 20)

    def drag(self, axis: int, position: int) -> None:
        """用鼠标把一个控件拖到某个位置，先不松手。"""
        if not self.is_slider(axis):
            return self.choose(axis, position)
        start, end = self.track(axis, position)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end)

    def release(self) -> None:
        self.page.mouse.up()


def read_all(shown: list[Figure]) -> list[dict]:
    """一页上的图画完以后的样子，一次取来。"""
    script = "n => settle().then(() => JSON.stringify([...Array(n).keys()].map(readExplorer)))"
    return json.loads(shown[0].page.evaluate(script, len(shown)))


def problems(shown: list[Figure]) -> list[str]:
    """一页上的图此刻画的，与录好的数组有哪些不合。"""
    shots = zip(shown, read_all(shown), strict=True)
    return [f"{f}：{p}" for f, shot in shots for p in f.recording.problems(shot)]


def resize(page: Page, size: dict[str, int]) -> None:
    """改变窗口的大小，等页面跟上。"""
    page.set_viewport_size(size)
    page.wait_for_function("width => innerWidth === width", arg=size["width"])
    page.evaluate("settle()")


def sideways(page: Page) -> str:
    """撑宽页面、使它横着滚的是什么；没有就是空的。"""
    width, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return f"页面宽 {width} 像素，撑宽它的是：{page.evaluate(TOO_WIDE)}" if width > screen else ""


def figures(page: Page) -> list[Figure]:
    """页面上全部可拖动的图，从上到下。"""
    found = recordings(*page.evaluate(STORED))
    return [Figure(page, number, recording) for number, recording in enumerate(found)]
