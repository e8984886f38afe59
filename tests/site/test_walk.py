"""每一页的每一张图：每个控件的每个位置，画出来的都是录好的那些数。

页上的图在网页里一起移动，每一轮只等一次画完；拿到的画面整批与另写的一份解码（drawing.py）比较。
真正的鼠标、键盘、触摸在 test_explorers.py 与 test_phone.py。
"""

import json
import re
from collections import defaultdict

from figure import Figure
from pages import SPECIMEN, WITH_EXPLORERS, on_pages

pytestmark = on_pages(WITH_EXPLORERS)

Place = tuple[int, ...]


def along(start: Place, axis: int, n: int) -> list[Place]:
    """一个控件走遍各个位置，别的停在原处；最后放回去。"""
    return [(*start[:axis], i, *start[axis + 1 :]) for i in range(n)] + [start]


class Walk:
    """页上全部的图一起走；记下不合的地方，和每个控件带来过几种画面。"""

    def __init__(self, shown: list[Figure]) -> None:
        self.shown = shown
        self.problems: list[str] = []
        self.pictures: dict[tuple[int, int], int] = defaultdict(int)
        self.starts = [tuple(figure.at()) for figure in shown]
        self.moved: set[int] = set()  # 动过超参数的图
        self.expected: dict[tuple[int, Place], str] = {}  # 各处不起作用的滑块
        self.said: set[str] = set()  # 状态栏说过哪些滑块不起作用

    def go(self, plans: list[list[tuple[int, Place]]]) -> None:
        """``plans[图]`` 是依次要去的位置，每个注明是为了看哪一个控件。"""
        places = [[list(place) for _, place in plan] for plan in plans]
        rounds = json.loads(self.shown[0].page.evaluate("p => walkExplorers(p)", places))
        seen = defaultdict(set)
        for number, shots in enumerate(rounds):
            for n, shot in shots:
                axis, place = plans[n][number]
                figure = self.shown[n]
                at = tuple(int(control["index"]) for control in shot["controls"])
                assert at == place, f"{figure}：应当停在 {place}，停在 {at}"
                self.problems += [f"{figure}：{p}" for p in figure.recording.problems(shot)]
                self.problems += self.idle(n, place, shot["status"])
                if shot["future"]:  # 动手以前，还没走到的部分不画：那不是控件带来的变化
                    seen[n, axis].add(json.dumps([panel["ops"] for panel in shot["panels"]]))
        for key, pictures in seen.items():
            self.pictures[key] = max(self.pictures[key], len(pictures))

    def idle(self, n: int, place: Place, status: str) -> list[str]:
        """动过以后，状态栏里说不起作用的，正是那些换哪一档都不改变画面的滑块。"""
        recording = self.shown[n].recording
        (index, _), (start, _) = recording.split(place), recording.split(self.starts[n])
        if index != start:
            self.moved.add(n)
        if (n, index) not in self.expected:
            names = recording.idle(index)
            self.expected[n, index] = "".join(f"“{name}”" for name in names)
        want = self.expected[n, index]
        said = re.findall(r"(“[^　]*”)这时不起作用", status)
        self.said.update(said)
        if said == [want] * bool(want) or (not said and n not in self.moved):
            return []
        return [f"{self.shown[n]}停在 {place}：不起作用的是 {want or '没有'}，却说 {status!r}"]


def test_every_position_draws_what_was_recorded(shown):
    """每个控件都改变画面；在打开时的位置上可以不变（那往往正是要看的），换一处必须变。"""
    walk = Walk(shown)
    starts = walk.starts
    walk.go(
        [
            [
                (axis, place)
                for axis, n in enumerate(figure.recording.dims)
                for place in along(start, axis, n)
            ]
            for figure, start in zip(shown, starts, strict=True)
        ]
    )
    elsewhere: list[list[tuple[int, Place]]] = [[] for _ in shown]
    for (n, axis), pictures in walk.pictures.items():
        dims, start = shown[n].recording.dims, starts[n]
        for other in range(len(dims)):
            if pictures == 1 and other != axis:
                for end in {0, dims[other] - 1} - {start[other]}:
                    moved = (*start[:other], end, *start[other + 1 :])
                    elsewhere[n] += [(axis, place) for place in along(moved, axis, dims[axis])]
    if any(elsewhere):
        walk.go(elsewhere)
    assert not walk.problems, "\n".join(walk.problems[:20])
    idle = [f"{shown[n]}，第 {axis} 个控件" for (n, axis), k in walk.pictures.items() if k == 1]
    assert not idle, f"从头拖到尾，画面没有任何变化：{idle}"
    assert walk.said or not shown[0].page.url.endswith(SPECIMEN)  # 标本里有一个不起作用的时候
    assert len(walk.pictures) == sum(len(figure.recording.dims) for figure in shown)
