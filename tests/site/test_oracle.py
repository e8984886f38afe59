"""另一位裁判：不看说明（spec），只看画布上的像素；位置由 matplotlib 的 ``transData`` 给出。

每种图层、每种刻度、有没有缺的数都看。小部件的脚本直接装进一张空白页，不经过网站。
"""

import base64
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes

import utils
from utils import Bars, Image, Line, Path, Points, Segments, Text, explore
from utils.explorer import frame

SCALES = {  # 刻度、范围、五个数
    "linear": ("linear", (-1, 1), [-0.8, -0.3, 0.1, 0.5, 0.9]),
    "log": ("log", (1, 1000), [2, 5, 20, 90, 600]),
    "symlog": ("symlog", (-100, 100), [-60, -4, 0.5, 8, 70]),
    "reversed": ("linear", (1, -1), [-0.8, -0.3, 0.1, 0.5, 0.9]),
}
UP_DOWN = [1, 3, 0, 4, 2]  # 纵坐标不与横坐标同序
HOLE = 2  # 缺的是哪一个
EDGES = [(0, 1), (1, 2), (2, 3), (3, 4)]
WORDS = ["■", "■■", "■■■"]
COLOR = "#d55e00"
RATIO = 2  # 每个 CSS 像素有几个画布像素

PAGE = """<!doctype html><meta charset="utf-8">
<style>body { margin: 20px; width: 1100px; font-family: "Noto Sans CJK SC", sans-serif; }</style>"""
MOUNT = """async ({ script, css, payload, name }) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { Panel, Recorded, unpack } = await import(url);
  const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
  const data = await unpack(new DataView(bytes.buffer));
  const root = Object.assign(document.createElement("div"), { className: "explorer" });
  const row = Object.assign(document.createElement("div"), { className: "explorer-panels" });
  const panels = data.spec.panels.map((_, number) => new Panel(data.spec, number, name));
  row.append(...panels.map((panel) => panel.root));
  root.append(row);
  document.body.append(root);
  (window.mounted ??= {})[name] = { panels, at: (i) => new Recorded(data.spec, data.bytes, i) };
}"""
DRAW = """({ name, index, step, future, pinned }) => {
  const { panels, at } = mounted[name];
  return panels.map((panel) => {
    panel.draw(at(index), pinned && at(pinned), step, { future });
    const { canvas } = panel;
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let pixels = "";
    for (let i = 0; i < data.length; i += 8192)
      pixels += String.fromCharCode(...data.subarray(i, i + 8192));
    const outer = canvas.getBoundingClientRect();
    const plate = panel.root.querySelector('svg [id*="axes_1"] > [id*="patch_"] path');
    const box = plate.getBBox();
    // 画布按 CSS 的尺寸拉伸到整像素：换成画布自己的像素
    const corner = (u, v) => {
      const on = new DOMPoint(box.x + u * box.width, box.y + v * box.height);
      const { x, y } = on.matrixTransform(plate.getScreenCTM());
      return [((x - outer.x) * width) / outer.width, ((y - outer.y) * height) / outer.height];
    };
    const frame = [...corner(0, 0), ...corner(1, 1)];
    return { pixels: btoa(pixels), shape: [height, width, 4], frame };
  });
}"""
HOVER = """({ name, number, x, y }) => {
  const { canvas, tip } = mounted[name].panels[number];
  const outer = canvas.getBoundingClientRect();
  const event = { clientX: outer.x + x, clientY: outer.y + y, bubbles: true };
  canvas.parentElement.dispatchEvent(new PointerEvent("pointermove", event));
  return tip.hidden ? null : tip.textContent;
}"""


def record(t: int, holes: bool) -> dict[str, np.ndarray]:
    """第 t 步产出的东西；``holes`` 时每种都缺一个。"""
    out = {
        "word": np.arange(5.0) % 3,
        "shade": np.linspace(0, 1, 5),
        "wide": np.array([2.0, 3, 4, 5]),
        "cells": np.arange(12.0).reshape(3, 4),
        "tiles": np.arange(18.0).reshape(3, 2, 3),
        "photo": np.linspace(0, 1, 36).reshape(3, 4, 3),
    }
    for name, (_, _, values) in SCALES.items():
        values = np.array(values, dtype=float)
        out |= {f"{name}_x": values, f"{name}_y": values[UP_DOWN]}
    if holes:
        for key, array in out.items():
            if not key.endswith("_x"):
                array[
                    (HOLE,) if array.ndim == 1 else (1,) * (2 if key == "photo" else array.ndim)
                ] = np.nan
    for name in SCALES:  # 历史：走到第 t 步就是第 t 个数
        out |= {f"{name}_xt": out[f"{name}_x"][t], f"{name}_yt": out[f"{name}_y"][t]}
    return out


@pytest.fixture(scope="module")
def runs() -> xr.Dataset:
    utils.setup()
    grid = [[record(t, holes) for t in range(5)] for holes in (False, True)]
    variables = {}
    for key, first in grid[0][0].items():
        inner = [f"{key}_{i}" for i in range(np.ndim(first))]
        variables[key] = (
            ["holes", "step", *inner],
            np.array([[r[key] for r in row] for row in grid]),
        )
    variables |= {"length": ("holes", [5, 5]), "diverged": ("holes", [False, False])}
    return xr.Dataset(variables, {"holes": [False, True], "step": np.arange(5)})


@pytest.fixture(scope="module")
def page(browser):
    patch = pytest.MonkeyPatch()
    patch.setattr(frame, "picture", lambda fig: b"")  # 这里不看 PNG，省下一半时间
    page = browser.new_page(device_scale_factor=RATIO, viewport={"width": 1200, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(PAGE)
    yield page
    page.close()
    patch.undo()
    assert not errors


@dataclass
class Shown:
    """画出来的一块：画布的像素，和作者的坐标系。长度都用 CSS 像素。"""

    ax: Axes
    pixels: np.ndarray
    frame: list[float]  # 网页上 matplotlib 的画框：左、上、右、下

    def place(self, x, y) -> np.ndarray:
        """数据坐标 -> 画布上的位置 ``(n, 2)``，只用 ``ax.transData``。"""
        at = self.ax.transData.transform(np.column_stack([x, y]))
        u, v = ((at - self.ax.bbox.min) / self.ax.bbox.size).T
        left, top, right, bottom = self.frame
        return np.column_stack([left + u * (right - left), bottom + v * (top - bottom)])

    def ink(self, low: int = 128, high: int = 255) -> np.ndarray:
        """哪些像素有墨。"""
        alpha = self.pixels[..., 3]
        return (alpha >= low) & (alpha <= high)

    def color(self, at) -> np.ndarray:
        column, row = np.floor(np.asarray(at) * RATIO).astype(int)
        return self.pixels[row, column]

    def area(self) -> float:
        return self.ink().sum() / RATIO**2

    def centre(self, at, reach: float, **alpha) -> np.ndarray:
        """``at`` 周围的墨的重心。"""
        rows, columns = np.nonzero(self.ink(**alpha))
        spots = np.column_stack([columns + 0.5, rows + 0.5]) / RATIO
        near = spots[np.abs(spots - at).max(axis=1) <= reach]
        assert len(near), f"{at} 附近什么也没画"
        return near.mean(axis=0)


class Mounted:
    """装进页面的一张图，每种刻度一块。"""

    def __init__(self, page, runs: xr.Dataset, name: str, build: Callable, scales=tuple(SCALES)):
        self.page, self.name, self.scales = page, name, scales
        fig, axes = plt.subplots(1, len(scales), figsize=(3 * len(scales), 3))
        self.axes = list(np.ravel(axes))
        for ax, scale in zip(self.axes, scales, strict=True):
            kind, limits, _ = SCALES[scale]
            ax.set(xscale=kind, yscale=kind, xlim=limits, ylim=limits)
        layers = [x for ax, scale in zip(self.axes, scales, strict=True) for x in build(ax, scale)]
        self.explorer = explore(runs, fig, layers, alt=name)
        view = self.explorer.children[1]
        script = view._esm.replace(
            "export default { render };", "export { Panel, Recorded, unpack };"
        )
        assert script != view._esm
        payload = base64.b64encode(view.payload).decode()
        page.evaluate(MOUNT, {"script": script, "css": view._css, "payload": payload, "name": name})

    def draw(self, holes: bool, step=4.0, *, future=True, pinned=None) -> list[Shown]:
        options = {"name": self.name, "index": [int(holes)], "step": step, "future": future}
        shots = self.page.evaluate(DRAW, options | {"pinned": pinned})
        return [
            Shown(
                ax,
                np.frombuffer(base64.b64decode(shot["pixels"]), np.uint8).reshape(shot["shape"]),
                np.array(shot["frame"]) / RATIO,
            )
            for ax, shot in zip(self.axes, shots, strict=True)
        ]

    def hover(self, number: int, at) -> str | None:
        x, y = map(float, at)
        return self.page.evaluate(HOVER, {"name": self.name, "number": number, "x": x, "y": y})


def data(scale: str, holes: bool) -> tuple[np.ndarray, np.ndarray]:
    out = record(0, holes)
    return out[f"{scale}_x"], out[f"{scale}_y"]


def kept(holes: bool) -> list[int]:
    return [n for n in range(5) if not (holes and n == HOLE)]


def numbers(text: str) -> list[float]:
    return [float(v) for v in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text)]


BOTH = pytest.mark.parametrize("holes", [False, True], ids=["complete", "holes"])


@pytest.fixture(scope="module")
def points(page, runs):
    def build(ax, scale):
        return [Points(f"{scale}_x", f"{scale}_y", ax=ax, color=COLOR, size=9)]

    return Mounted(page, runs, "points", build)


@BOTH
def test_points(points, holes):
    for number, (shown, scale) in enumerate(zip(points.draw(holes), points.scales, strict=True)):
        x, y = data(scale, holes)
        places = shown.place(x, y)
        for n in kept(holes):
            assert np.abs(shown.centre(places[n], 6) - places[n]).max() < 0.35, (scale, n)
            assert numbers(points.hover(number, places[n])) == pytest.approx([x[n], y[n]], rel=2e-3)
        assert shown.area() == pytest.approx(len(kept(holes)) * np.pi * 4.5**2, rel=0.08)


def test_points_on_the_edge_are_whole(page, runs):
    corners = ([-1, -1, 1, 1, 1.03], [-1, 1, -1, 1, 0])  # 最后一个的中心在框外

    def build(ax, scale):
        return [Points(*corners, ax=ax, color=COLOR, size=9)]

    (shown,) = Mounted(page, runs, "edge", build, ["linear"]).draw(False)
    assert shown.area() == pytest.approx(4 * np.pi * 4.5**2, rel=0.05)


@pytest.fixture(scope="module")
def colors(page, runs):
    def build(ax, scale):
        colors = {"values": "shade", "cmap": "viridis", "vmin": 0, "vmax": 1}
        return [Points(f"{scale}_x", [0.5] * 5, ax=ax, size=9, **colors)]

    return Mounted(page, runs, "colors", build, ["linear"])


@BOTH
def test_point_colors(colors, holes):
    (shown,) = colors.draw(holes)
    x, _ = data("linear", False)
    for n, place in enumerate(shown.place(x, [0.5] * 5)):
        if n in kept(holes):
            want = 255 * np.array(mpl.colormaps["viridis"](n / 4))
            assert np.abs(shown.color(place) - want).max() <= 3
    assert shown.area() == pytest.approx(len(kept(holes)) * np.pi * 4.5**2, rel=0.08)


@pytest.fixture(scope="module")
def curves(page, runs):
    def build(ax, scale):
        return [Line(f"{scale}_y", f"{scale}_x", ax=ax, color=COLOR)]

    return Mounted(page, runs, "curves", build)


@BOTH
def test_curves(curves, holes):
    for shown, scale in zip(curves.draw(holes), curves.scales, strict=True):
        follows(shown, shown.place(*data(scale, holes)))


def follows(shown: Shown, places: np.ndarray) -> None:
    """折线的每一段画在两点之间，缺的那一段没有；每一列像素看重心。"""
    ink = shown.ink()
    columns = (np.arange(ink.shape[1]) + 0.5) / RATIO
    expected = np.full(len(columns), np.nan)
    away = np.full(len(columns), True)  # 离端点远，粗细不影响重心
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        if not np.isfinite([y0, y1]).all():
            continue
        within = (columns > min(x0, x1)) & (columns < max(x0, x1))
        expected[within] = y0 + (columns[within] - x0) / (x1 - x0) * (y1 - y0)
        for x in (x0, x1):
            away &= np.abs(columns - x) > 6
    rows = (np.arange(ink.shape[0]) + 0.5)[:, None] / RATIO
    weight = shown.pixels[..., 3].astype(float)
    with np.errstate(invalid="ignore"):
        middle = (rows * weight).sum(axis=0) / weight.sum(axis=0)
    checked = away & np.isfinite(expected)
    assert checked.sum() > 20
    assert np.abs(middle - expected)[checked].max() < 0.6
    blank = away & np.isnan(expected)
    assert not ink[:, blank].any(), "没有数据的地方有墨"


@pytest.fixture(scope="module", params=["line", "path"])
def histories(page, runs, request):
    def build(ax, scale):
        if request.param == "path":
            return [Path(f"{scale}_xt", f"{scale}_yt", ax=ax, color=COLOR)]
        return [Line(f"{scale}_yt", x=f"{scale}_xt", history=True, ax=ax, color=COLOR)]

    return Mounted(page, runs, f"histories-{request.param}", build)


@BOTH
@pytest.mark.parametrize("step", [1, 3, 2.5, 3.25])
def test_histories(histories, holes, step):
    """走过的实，没走到的淡，藏起来就没有；小数的步在两步之间；圆点停在最后一个不缺的数上。"""
    for future in (True, False):
        for shown, scale in zip(
            histories.draw(holes, step, future=future), histories.scales, strict=True
        ):
            places = shown.place(*data(scale, holes))
            before = int(step)
            after = places[min(before + 1, 4)]
            head = places[before] + (step - before) * (after - places[before])
            if not np.isfinite(head).all():
                head = places[before]
            if np.isfinite(head).all():
                solid = np.abs(shown.centre(head, 3.5, low=200) - head).max()
                assert solid < 0.7, (scale, step)
            ahead = [(a + b) / 2 for a, b in itertools.pairwise(places[before + 1 :])]
            for middle in [m for m in ahead if np.isfinite(m).all()]:
                alpha = shown.color(middle)[3]
                assert (80 < alpha < 115) if future else alpha == 0, (scale, step)
            walked = [(a + b) / 2 for a, b in itertools.pairwise(places[: before + 1])]
            for middle in [m for m in walked if np.isfinite(m).all()]:
                assert shown.color(middle)[3] == 255, (scale, step)
            if holes:
                lost = np.mean([places[HOLE - 1], places[HOLE + 1]], axis=0)
                assert shown.color(lost)[3] in (0, 255)


@pytest.fixture(scope="module")
def bars(page, runs):
    def build(ax, scale):
        return [Bars(f"{scale}_y", f"{scale}_x", ax=ax, width=width(scale), color=COLOR)]

    return Mounted(page, runs, "bars", build)


def width(scale: str) -> float:
    return {"log": 1.5, "symlog": 0.6}.get(scale, 0.2)


@BOTH
def test_bars(bars, holes):
    for number, (shown, scale) in enumerate(zip(bars.draw(holes), bars.scales, strict=True)):
        x, y = data(scale, holes)
        half = width(scale) / 2
        base = 1.0 if scale == "log" else 0.0
        area = 0.0
        for n in kept(holes):
            (x0, y0), (x1, y1) = shown.place([x[n] - half, x[n] + half], [base, y[n]])
            box = np.sort([x0, x1]), np.sort([y0, y1])
            area += (box[0][1] - box[0][0]) * (box[1][1] - box[1][0])
            middle, thick = np.mean(box[0]), box[0][1] - box[0][0] > 2  # 对数轴的右边很细
            if thick:
                assert shown.color([middle, np.mean(box[1])])[3] == 255, (scale, n)
            assert shown.color([middle, y1 + 2 * np.sign(y1 - y0)])[3] == 0, (scale, n)
            tip = shown.place([x[n]], [y[n]])[0]
            assert numbers(bars.hover(number, tip)) == pytest.approx([x[n], y[n]], rel=5e-3), scale
        assert shown.area() == pytest.approx(area, rel=0.08), scale


@pytest.fixture(scope="module")
def segments(page, runs):
    def build(ax, scale):
        return [
            Segments(f"{scale}_x", f"{scale}_y", EDGES, width="wide", color=COLOR, gap=5, ax=ax)
        ]

    return Mounted(page, runs, "segments", build)


@BOTH
def test_segments(segments, holes):
    """缺了结点的边、缺了粗细的边都不画；粗细是像素；两端空出结点的地方。"""
    widths = record(0, holes)["wide"]
    for shown, scale in zip(segments.draw(holes), segments.scales, strict=True):
        places = shown.place(*data(scale, holes))
        area = 0.0
        for (a, b), wide in zip(EDGES, widths, strict=True):
            ends = places[[a, b]]
            if np.isnan(wide) or np.isnan(ends).any():
                continue
            length = np.linalg.norm(ends[1] - ends[0])
            area += wide * (length - 10)
            for t in (0.2, 0.5, 0.8):
                assert shown.color(ends[0] + t * (ends[1] - ends[0]))[3] == 255, (scale, a, b)
        assert shown.area() == pytest.approx(area, rel=0.1), scale


def test_nodes_without_room_between_their_gaps_are_not_joined(page, runs):
    """两端的空合起来比边还长，就没有边可画；刚好放得下一小段的，只画那一段。"""
    gap, ends = 40, ([-0.6, 0.0, -0.5, 0.5], [0.5, 0.5, -0.5, -0.5])

    def build(ax, scale):
        return [Segments(*ends, [(0, 1), (2, 3)], width=4, gap=gap, color=COLOR, ax=ax)]

    (shown,) = Mounted(page, runs, "crowded", build, ["linear"]).draw(False)
    places = shown.place(*ends)
    near, far = (np.linalg.norm(places[b] - places[a]) for a, b in [(0, 1), (2, 3)])
    assert gap < near < 2 * gap < far < 3 * gap
    assert shown.color(places[2:].mean(axis=0))[3] == 255
    assert shown.area() == pytest.approx(4 * (far - 2 * gap), rel=0.1)


@pytest.fixture(scope="module")
def words(page, runs):
    def build(ax, scale):
        places = (f"{scale}_x", data(scale, False)[1])  # 缺的是词，不是位置
        return [Text(*places, "word", vocabulary=WORDS, size=8, color=COLOR, ax=ax)]

    return Mounted(page, runs, "words", build)


@BOTH
def test_words(words, holes):
    """词写在自己的位置上，长短对得上；缺的不写。"""
    for shown, scale in zip(words.draw(holes), words.scales, strict=True):
        places = shown.place(*data(scale, False))
        ink, seen = shown.ink(), np.zeros_like(shown.ink())
        for n in kept(holes):
            left, top = ((places[n] - [16, 8]) * RATIO).astype(int)
            window = np.s_[top : top + 16 * RATIO, left : left + 32 * RATIO]
            rows, columns = np.nonzero(ink[window])
            assert np.abs(np.array([columns.mean(), rows.mean()]) / RATIO - [16, 8]).max() < 2
            long = (columns.max() - columns.min() + 1) / RATIO
            assert round(long / 8.5) in (len(WORDS[n % 3]), len(WORDS[n % 3]) + 1), (scale, n, long)
            seen[window] = True
        assert not (ink & ~seen).any(), "别处也写了字"


@pytest.fixture(scope="module")
def backgrounds(page, runs):
    def build(ax, scale):
        colors = {"background": "shade", "cmap": "Blues", "vmin": 0, "vmax": 1}
        return [Text(f"{scale}_x", [0.5] * 5, list("一一一一一"), ax=ax, size=9, **colors)]

    return Mounted(page, runs, "backgrounds", build, ["linear"])


@BOTH
def test_word_backgrounds(backgrounds, holes):
    (shown,) = backgrounds.draw(holes)
    x, _ = data("linear", False)
    for n, place in enumerate(shown.place(x, [0.5] * 5)):
        got = shown.color(np.add(place, [0, 5]))
        want = 255 * np.array(mpl.colormaps["Blues"](n / 4))
        assert np.abs(got - want).max() <= 2 if n in kept(holes) else got[3] == 0


@pytest.fixture(scope="module")
def images(page, runs):
    origins = iter(["upper", "upper", "lower", "lower"])

    def build(ax, scale):
        ax.grid(False)
        place = {"extent": (-0.9, 0.7, -0.8, 0.6), "origin": next(origins)}
        return [Image("cells", ax=ax, cmap="viridis", vmin=0, vmax=11, label="值", **place)]

    return Mounted(page, runs, "images", build, ["linear", "reversed"] * 2)


@BOTH
def test_images(images, holes):
    """每一格的颜色画在自己的地方：横轴、纵轴反过来，第 0 行在上在下，都一样。"""
    for number, shown in enumerate(images.draw(holes)):
        for (row, column), value in np.ndenumerate(record(0, holes)["cells"]):
            for du, dv in [(0.1, 0.1), (0.9, 0.9), (0.5, 0.5)]:
                down = 1.4 * (row + dv) / 3
                y = 0.6 - down if number < 2 else -0.8 + down
                (at,) = shown.place([-0.9 + 1.6 * (column + du) / 4], [y])
                got = shown.color(at)
                want = 255 * np.array(mpl.colormaps["viridis"](value / 11))
                assert got[3] == 0 if np.isnan(value) else np.abs(got - want).max() <= 3
            read = images.hover(number, at).rpartition("：")[2]
            assert read == "—" if np.isnan(value) else float(read) == pytest.approx(value, abs=0.03)


@pytest.fixture(scope="module")
def pictures(page, runs):
    def build(ax, scale):
        ax.autoscale(True)
        if scale == "linear":
            return [Image("tiles", ax=ax, cmap="gray", vmin=0, vmax=17, across=2)]
        ax.set_xlim(3.5, -0.5)
        return [Image("photo", ax=ax, rgb=True)]

    return Mounted(page, runs, "pictures", build, ["linear", "reversed"])


@BOTH
def test_tiles_and_photos(pictures, holes):
    tiles, photo = pictures.draw(holes)
    data = record(0, holes)
    for (k, row, column), value in np.ndenumerate(data["tiles"]):
        (at,) = tiles.place([k % 2 * 4 + column], [k // 2 * 3 + row])
        got = tiles.color(at)
        assert got[3] == 0 if np.isnan(value) else abs(int(got[0]) - 255 * value / 17) <= 3
        assert f"第 {k} 张，第 {row} 行，第 {column} 列" in pictures.hover(0, at)
    (gap,) = tiles.place([3], [0])
    assert tiles.color(gap)[3] == 0 and pictures.hover(0, gap) is None
    for row, column in np.ndindex(3, 4):
        (at,) = photo.place([column], [row])
        got, want = photo.color(at), data["photo"][row, column]
        assert f"第 {row} 行，第 {column} 列：" in pictures.hover(1, at)
        assert got[3] == 0 if np.isnan(want).any() else np.abs(got[:3] - 255 * want).max() <= 2


def test_category_axes(page, runs):
    def build(ax, scale):
        ax.autoscale(True)
        return [Bars("wide", x=["猫", "狗", "鸟", "鱼"], ax=ax, color=COLOR, label="数")]

    mounted = Mounted(page, runs, "categories", build, ["linear"])
    (shown,) = mounted.draw(False)
    ticks = [label.get_text() for label in shown.ax.get_xticklabels()]
    assert ticks == ["猫", "狗", "鸟", "鱼"]
    for n, place in enumerate(shown.place(range(4), [2.0, 3, 4, 5])):
        assert shown.color(np.add(place, [0, 3]))[3] == 255
        assert mounted.hover(0, place) == f"数 ({ticks[n]}, {n + 2})"
