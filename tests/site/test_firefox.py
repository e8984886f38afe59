"""Firefox：首页、第 2 章、第 17 章的图画得对，拖得动，能播放，能钉住。"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawing import STORED, Recording, recordings
from firefox import Firefox, find_firefox, launch
from pages import CHAPTERS, HOME

pytestmark = [
    pytest.mark.skipif(not find_firefox(), reason="没有安装 Firefox（Debian：firefox-esr）"),
    pytest.mark.xdist_group("firefox"),
]
CHOSEN = [HOME, *(p for p in CHAPTERS if Path(p).name[:4] in ("ch02", "ch17"))]
RECORDER = Path(__file__).with_name("recorder.js").read_text(encoding="utf-8")
DRAWN = """!document.querySelector(".explorer-skeleton") &&
  document.querySelectorAll(".explorer-view canvas").length > 0 &&
  document.querySelectorAll(".explorer-view").length ===
  document.querySelectorAll('script[type$="widget-view+json"]').length"""
# 滑块换一档，曲线马上换
STILL = """document.head.insertAdjacentHTML("beforeend",
  "<style>.explorer { --tween: 0 !important; }</style>")"""
# 滑块 axis 现在在屏幕上的哪里，拖到头在哪里
ENDS = """(() => {{
  const control = document.querySelectorAll(".explorer")[{0}]
    .querySelector(".explorer-controls").children[{1}];
  const grip = control.querySelector("[role=slider]");
  grip.scrollIntoView({{ block: "center", behavior: "instant" }});
  const [a, b] = [grip.getBoundingClientRect(), grip.closest(".noUi-base").getBoundingClientRect()];
  const y = a.y + a.height / 2;
  return [[a.x + a.width / 2, y], [b.x + b.width, y], [b.x, y]];
}})()"""
BUTTON = """(() => {{
  const button = [...document.querySelectorAll(".explorer")[{0}]
    .querySelectorAll(".explorer-button")].find((b) => b.textContent.includes("{1}"));
  button.scrollIntoView({{ block: "center", behavior: "instant" }});
  const {{ x, y, width, height }} = button.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}})()"""


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    with launch() as browser:
        browser.before_scripts(RECORDER)
        yield browser


def wait(condition: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + 120  # 只防卡死
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


class Shown:
    """打开的一页。"""

    def __init__(self, firefox: Firefox, url: str) -> None:
        self.firefox = firefox
        firefox.goto(url)
        firefox.evaluate(STILL)
        wait(lambda: firefox.evaluate(DRAWN), "图没有画出来")
        self.recordings: list[Recording] = recordings(*firefox.evaluate(f"({STORED})()"))

    def read(self, number: int) -> dict:
        return self.firefox.evaluate(f"settle().then(() => readExplorer({number}))")

    def at(self, number: int) -> list[int]:
        return [int(control["index"]) for control in self.read(number)["controls"]]

    def problems(self, number: int, pinned: tuple | None = None) -> list[str]:
        return self.recordings[number].problems(self.read(number), pinned)

    def click(self, number: int, text: str) -> None:
        place = self.firefox.evaluate(BUTTON.format(number, text))
        self.firefox.drag(place, place)

    def first(self, wanted: Callable[[Recording], bool]) -> int:
        return next(n for n, recording in enumerate(self.recordings) if wanted(recording))


def slider(recording: Recording) -> int | None:
    """第一个是数的超参数：它是滑块。"""
    found = [h["slider"] for h in recording.spec["hyperparameters"] if h["options"] is None]
    return next((axis for axis in found if axis is not None), None)


@pytest.mark.parametrize("path", CHOSEN)
def test_figures_draw_drag_play_and_pin(firefox, site, path):
    page = Shown(firefox, f"{site}/{path}")
    assert page.recordings
    for number in range(len(page.recordings)):
        assert not page.problems(number)

    number = page.first(lambda recording: slider(recording) is not None)
    recording = page.recordings[number]
    axis = slider(recording)
    start, right, left = firefox.evaluate(ENDS.format(number, axis))
    firefox.drag(start, right)
    assert page.at(number)[axis] == recording.dims[axis] - 1
    assert not page.problems(number)

    pinned, _ = recording.split(page.at(number))
    page.click(number, "钉住对比")
    start, right, left = firefox.evaluate(ENDS.format(number, axis))
    firefox.drag(start, left)
    assert page.at(number)[axis] == 0
    assert not page.problems(number, pinned)
    page.click(number, "取消钉住")
    assert not page.problems(number)

    number = page.first(lambda recording: len(recording.spec["steps"]) > 1)
    last = page.recordings[number].dims[-1] - 1
    page.click(number, "播放")
    wait(lambda: page.at(number)[-1] == last, f"没有播放到头，停在 {json.dumps(page.at(number))}")
    assert not page.problems(number)
