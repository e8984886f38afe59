"""另写一遍的解码和坐标换算：从网页里取出录好的数组，算出滑块停在某处时应当画出什么。

这里不用小部件脚本的任何一行，也不用 utils；数据的格式见 ``utils/explorer/encode.py``。
"""

import base64
import json
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from contrast import contrast
from matplotlib.scale import LogTransform, SymmetricalLogTransform
from matplotlib.transforms import IdentityTransform

GHOST = 0.38
WHITE, BLACK = "#ffffff", "#000000"
Z_ORDER = ["image", "bars", "segments", "line", "path", "points", "text"]
WITH_GHOST = {"bars", "line", "path", "points"}
DATA_PX = 0.1  # 笔画相对画框的误差：只剩浮点数的舍入
FRAME_PX = 1.0  # 画布的画框与 SVG 的画框


# 在网页里运行：存着的各个部件的状态（第一张图的在页面里，其余的另在一个文件里），和图的次序
STORED = """async () => {
  const texts = (kind) => document.querySelectorAll(`script[type$="widget-${kind}+json"]`);
  const views = Array.from(texts("view"), (script) => JSON.parse(script.textContent).model_id);
  const models = {};
  for (const script of texts("state")) {
    Object.assign(models, JSON.parse(script.textContent).state);
    if (!script.dataset.more) continue;
    const call = await (await fetch(script.dataset.more)).text();
    const more = call.slice(call.indexOf("(") + 1, call.lastIndexOf(")"));
    Object.assign(models, JSON.parse(more).state);
  }
  return [models, views];
}"""


def recordings(models: dict[str, dict], views: list[str]) -> list["Recording"]:
    """网页里的部件状态 -> 每张图录好的数据，次序与它们在页面上的次序相同。"""
    found = []
    for view in views:
        model = models[view]
        if "explorer" not in model["state"].get("_dom_classes", []):
            continue
        inner = models[model["state"]["children"][1].removeprefix("IPY_MODEL_")]
        (buffer,) = (b for b in inner["buffers"] if b["path"] == ["payload"])
        payload = zlib.decompress(base64.b64decode(buffer["data"]))
        end = 4 + int.from_bytes(payload[:4], "little")
        found.append(Recording(json.loads(payload[4:end]), payload[end:]))
    return found


def to_value(axis: dict, fraction: float) -> float:
    """画框里的比例 -> 坐标轴上的数，用 matplotlib 的变换。"""
    transform = {
        "linear": lambda: IdentityTransform(),
        "log": lambda: LogTransform(10),
        "symlog": lambda: SymmetricalLogTransform(
            axis["base"], axis["linthresh"], axis["linscale"]
        ),
    }[axis["scale"]]()
    low, high = transform.transform(np.array([axis["low"], axis["high"]]))
    moved = np.atleast_1d(low + fraction * (high - low))
    return float(transform.inverted().transform(moved)[0])


def to_fraction(axis: dict, value: float) -> float:
    """线性和对数轴上，``to_value`` 的逆。"""
    move = np.log if axis["scale"] == "log" else float
    return (move(value) - move(axis["low"])) / (move(axis["high"]) - move(axis["low"]))


def reads(axis: dict, text: str, fraction: float, level: float = 0.0) -> bool:
    """读数 ``text``（四位有效数字；用科学记数法时三位）说的是不是 ``fraction`` 处的值。

    图例里的读数只写到量化的一级（``level``）那么细，进位到整的十进制位。
    """
    if text in axis.get("names", []):
        return abs(to_value(axis, fraction) - axis["names"].index(text)) < 0.02
    if not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text):
        return text == ("超出画框" if fraction <= -4 or fraction >= 5 else "—")
    want = to_value(axis, fraction)
    step = abs(to_value(axis, fraction + level / 2) - to_value(axis, fraction - level / 2))
    unit = 10 ** math.ceil(math.log10(step)) if step else 0.0
    if abs(want) < max(1e-12, 0.49 * unit):
        return text == "0"
    slack = 0 if axis["scale"] == "log" else 1e-6 * abs(axis["high"] - axis["low"])
    slack = max(slack, 0.51 * unit)
    digits = 3 if "e" in text else 4
    return abs(float(text) - want) <= 0.6 * 10 ** (1 - digits) * abs(want) + slack


@dataclass(frozen=True)
class Recording:
    """一张图的说明（``spec``）和它的字节。滑块的位置写成 ``index``，每个滑块一个整数。"""

    spec: dict
    data: bytes

    @property
    def dims(self) -> list[int]:
        """可以走到的位置数：每个超参数一个，有步数时最后再加一个。"""
        steps = len(self.spec["steps"])
        return [*self.spec["runs"]["dims"], *([steps] if steps > 1 else [])]

    def run(self, name: str, index: tuple[int, ...]) -> int:
        """某次运行的有效步数（``values``）或是否发散（``diverged``）。"""
        runs = self.spec["runs"]
        return np.reshape(runs[name], runs["dims"])[index]

    def block(self, channel: dict) -> np.ndarray:
        """一个通道的全部整数 ``(滑块…, 步, K, N)``；不随它变的那一维长 1。"""
        dtype = {8: np.dtype("u1"), 16: np.dtype("<u2")}[channel["bits"]]
        size = int(np.prod(channel["dims"]))
        block = self.data[channel["at"] : channel["at"] + size * dtype.itemsize]
        return np.frombuffer(block, dtype).reshape(channel["dims"])

    def levels(self, layer: dict, name: str, index: tuple[int, ...], step: int) -> np.ndarray:
        """还没有换算的 ``(K, N)`` 整数。"""
        array = self.block(layer["channels"][name])
        step = min(step, max(self.run("values", index) - 1, 0))
        grid = [*self.spec["runs"]["dims"], max(array.shape[-3], step + 1)]
        return np.broadcast_to(array, [*grid, *array.shape[-2:]])[(*index, step)]

    def fractions(self, layer: dict, name: str, index: tuple[int, ...], step: int) -> np.ndarray:
        """画框里的比例 ``(K, N)``，缺的是 NaN。"""
        channel = layer["channels"][name]
        levels = self.levels(layer, name, index, step).astype(float)
        levels[levels == 65535] = np.nan
        span = channel["high"] - channel["low"]
        return (channel["low"] + levels / 65534 * span).astype(np.float32)

    def points(self, layer: dict, index: tuple[int, ...], step: int) -> np.ndarray:
        """一个图层的全部点 ``(K, N, 2)``；历史只到运行结束。"""
        y = self.fractions(layer, "y", index, step)
        x = self._abscissa(layer, index, step)
        points = np.stack([np.resize(x, y.shape) if len(x) == 1 else x, y], axis=-1)
        return points[:, : self.run("values", index)] if layer["history"] else points

    def _abscissa(self, layer: dict, index: tuple[int, ...], step: int) -> np.ndarray:
        """横坐标；柱子存的是左右两边，读数的位置在它们（数值上）的中间。"""
        if layer["type"] != "bars":
            return self.fractions(layer, "x", index, step)
        sides = [self.fractions(layer, name, index, step) for name in ("x0", "x1")]
        return np.mean(sides, axis=0)

    def pointing(
        self, number: int, index: tuple[int, ...], step: int
    ) -> tuple[np.ndarray, Callable[[str], bool]] | None:
        """一块里可以指的一处（画框里的比例），和“这个读数对不对”：有点指点，没有点指图像的一格。"""
        layers = self.layers(number)
        found = [
            (x, at) for x in layers if x["type"] in WITH_GHOST for at in self._spots(x, index, step)
        ]
        inside = [at for _, at in found if (at[:2] > 0.02).all() and (at[:2] < 0.98).all()]
        if inside:
            target = inside[len(inside) // 2][:2]
            near = [(x, at) for x, at in found if np.abs(at[:2] - target).max() < 0.01]
            return target, lambda text: any(self._reads_point(x, at, text) for x, at in near)
        images = [layer for layer in layers if layer["type"] == "image"]
        return self._cell(images[-1], index, step) if images else None

    def _spots(self, layer: dict, index: tuple, step: int) -> np.ndarray:
        """读得出的点 ``(n, 3)``：横、纵位置，和读数里横坐标的位置（对数轴上的柱子不在正中）。"""
        points = self.points(layer, index, step)
        spots = np.concatenate([points, points[..., :1]], axis=-1).reshape(-1, 3)
        if layer["type"] == "bars":
            axis = self.spec["panels"][layer["panel"]]["x"]
            sides = [self.fractions(layer, name, index, step)[0] for name in ("x0", "x1")]
            for spot, a, b in zip(spots, *sides, strict=True):
                spot[2] = to_fraction(axis, (to_value(axis, a) + to_value(axis, b)) / 2)
        return spots[np.isfinite(spots).all(axis=-1)]

    def _reads_point(self, layer: dict, spot: np.ndarray, text: str) -> bool:
        panel = self.spec["panels"][layer["panel"]]
        label = layer["label"] or ""  # 名字里可以有括号
        numbers = re.search(r"\((.*), (.*)\)$", text.removeprefix(label))
        return (
            numbers is not None
            and text.startswith(label or "(")
            and reads(panel["x"], numbers[1], spot[2])
            and reads(panel["y"], numbers[2], spot[1])
        )

    def _cell(
        self, layer: dict, index: tuple, step: int
    ) -> tuple[np.ndarray, Callable[[str], bool]]:
        channel, depth = layer["channels"]["z"], 3 if layer.get("rgb") else 1
        levels = self.levels(layer, "z", index, step)
        levels = levels.reshape(len(levels), -1, depth).astype(int)
        rows, columns, _ = levels.shape
        row, column = rows // 3, columns // 2
        if tile := layer.get("tile"):  # 小图之间的空格没有读数，往前一格
            row -= row % (tile["rows"] + 1) == tile["rows"]
            column -= column % (tile["columns"] + 1) == tile["columns"]
        x0, x1, y0, y1 = layer["extent"]
        at = np.array([(column + 0.5) / columns, (row + 0.5) / rows])
        target = np.array([x0 + (x1 - x0) * at[0], y1 - (y1 - y0) * at[1]])
        want = channel["low"] + levels[row, column] * (channel["high"] - channel["low"]) / 254
        want = np.where(levels[row, column] == 255, np.nan, want)  # 缺的一格读作“—”
        upside_down, right_to_left = layer["mirrored"]
        row = rows - 1 - row if upside_down else row
        column = columns - 1 - column if right_to_left else column

        def right(text: str) -> bool:
            place, _, values = text.rpartition("：")
            got = [float(value.replace("—", "nan")) for value in values.split("、")]
            named = _cell_name(layer, row, column) if layer["cells"] else "("
            return named in place and np.allclose(got, want, 1e-3, 1e-9, equal_nan=True)

        return target, right

    def idle(self, index: tuple[int, ...]) -> list[str]:
        """停在这里时，换任何一档都还是这幅图的滑块：名字。"""
        runs, out = self.spec["runs"], []
        for axis, slider in enumerate(self.spec["sliders"]):
            along = (*index[:axis], slice(None), *index[axis + 1 :])
            grids = [np.reshape(runs[name], runs["dims"]) for name in ("values", "diverged")]
            for layer in self.spec["layers"]:
                for channel in layer["channels"].values():
                    array = self.block(channel)
                    grids.append(np.broadcast_to(array, [*runs["dims"], *array.shape[-3:]]))
            if all((grid[along] == grid[along][:1]).all() for grid in grids):
                out.append(slider["label"])
        return out

    def here(self, layer: dict, index: tuple[int, ...], step: int) -> int:
        """历史走到第几个点；-1 表示一步也没有。"""
        return min(step, self.run("values", index) - 1)

    def layers(self, panel: int) -> list[dict]:
        """一块里的图层，按画的先后。"""
        mine = [layer for layer in self.spec["layers"] if layer["panel"] == panel]
        return sorted(mine, key=lambda layer: Z_ORDER.index(layer["type"]))

    # ---------- 应当画出什么 ----------

    def strokes(self, panel: int, index: tuple, step: int, pinned: tuple | None) -> list[dict]:
        """应当画的每一笔，坐标是画框里的比例。先画裁在画框里的，再画点和字；钉住的都在下面。"""
        last = len(self.spec["steps"]) - 1
        drawn = [(layer, index, step, False) for layer in self.layers(panel)]
        if pinned is not None:
            faded = [x for x in self.layers(panel) if x["type"] in WITH_GHOST]
            drawn = [(layer, pinned, last, True) for layer in faded] + drawn
        clipped, marks = [], []
        for layer, at, when, ghost in drawn:
            for stroke in getattr(self, f"_{layer['type']}")(layer, at, when, ghost):
                mark = stroke["kind"] == "dot" or layer["type"] == "text"
                (marks if mark else clipped).append(stroke)
        return clipped + marks

    def _pen(self, layer: dict, ghost: bool) -> dict:
        """填色的一笔；淡影只描边。"""
        base = {"color": layer["color"], "alpha": GHOST if ghost else 1.0}
        return {"filled": not ghost, "dash": [6, 4] if ghost else [], **base}

    def _bars(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        left, right, y = (self.fractions(layer, n, index, step)[0] for n in ("x0", "x1", "y"))
        columns = zip(np.resize(left, y.shape), np.resize(right, y.shape), y, strict=True)
        return [
            {"kind": "bar", "box": (a, layer["base"], b, top), **self._pen(layer, ghost)}
            for a, b, top in columns
            if np.isfinite([a, b, top]).all()
        ]

    def _points(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        points = self.points(layer, index, step)[0]
        colors = self._colors(layer, index, step, len(points))
        return [
            {"kind": "dot", "at": at, "radius": layer["size"] / 2, **self._pen(layer, ghost)}
            | ({"color": color} if color and not ghost else {})
            for at, color in zip(points, colors, strict=True)
            if _inside(at) and color is not None
        ]

    def _colors(self, layer: dict, index: tuple, step: int, n: int) -> list[str | None]:
        """每一项的颜色：没有颜色通道是空字符串，缺的是 None。"""
        if "colors" not in layer:
            return [""] * n
        table = [f"#{color}" for color in _split(layer["colors"])]
        levels = np.resize(self.levels(layer, "z", index, step)[0], n)
        return [None if q == 255 else table[q] for q in levels]

    def _line(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        dash = [6, 4] if ghost or layer.get("dash") else []
        pen = self._pen(layer, ghost) | {"kind": "line", "filled": False, "dash": dash}
        points = self.points(layer, index, step)
        if not layer["history"]:
            return [{"lines": _pieces(row), **pen} for row in points if _pieces(row)]
        out, now = [], self.here(layer, index, step)
        for row in points:
            rest = _pieces(row[max(now, 0) :]) if now < len(row) - 1 else []
            if rest:
                out.append({"lines": rest, **pen, "alpha": pen["alpha"] * GHOST})
            if done := _pieces(row[: now + 1]):
                out.append({"lines": done, **pen})
        for row in points:
            if not ghost and now >= 0 and _inside(row[now]):
                out.append({"kind": "dot", "at": row[now], "radius": 4.5} | self._pen(layer, ghost))
        return out

    def _path(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        strokes, now = self._line(layer, index, step, ghost), self.here(layer, index, step)
        trail = [
            {"kind": "dot", "at": at, "radius": 2} | self._pen(layer, ghost)
            for row in self.points(layer, index, step)
            for at in (row[: max(now, 0)] if now < 400 and not ghost else [])
            if _inside(at)
        ]
        lines = [stroke for stroke in strokes if stroke["kind"] == "line"]
        return lines + trail + [stroke for stroke in strokes if stroke["kind"] == "dot"]

    def _segments(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        """线段的两端要按像素让出结点，箭头是一个三角形：换成像素以后再算。"""
        points, n = self.points(layer, index, step)[0], len(layer["edges"])
        widths = [layer.get("width")] * n
        if "w" in layer["channels"]:
            widths = np.resize(self.fractions(layer, "w", index, step)[0], n)
        colors = self._colors(layer, index, step, n)
        return [
            {"kind": "edge", "ends": points[edge], "width": width, "gap": layer["gap"]}
            | {"arrow": layer["arrows"], "color": color or layer["color"], "alpha": 1.0}
            for edge, width, color in zip(layer["edges"], widths, colors, strict=True)
            if width > 0 and color is not None and np.isfinite(points[edge]).all()
        ]

    def _image(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        levels, alpha = self.levels(layer, "z", index, step), round(255 * layer["alpha"])
        if layer.get("rgb"):
            pixels = levels.astype(int).reshape(len(levels), -1, 3)
            color = np.floor(pixels * 255 / 254 + 0.5)
            opaque = np.where(pixels[..., :1] == 255, 0, alpha)
            pixels = np.where(opaque == 0, 0, np.concatenate([color, opaque], axis=-1)).astype(int)
        else:
            table = [[*bytes.fromhex(color), alpha] for color in _split(layer["colors"])]
            table += [[0, 0, 0, 0]] * (256 - len(table))  # 最后一级是缺的，留空
            pixels = np.array(table)[levels]
        left, right, bottom, top = layer["extent"]
        image = {"kind": "image", "alpha": 1.0, "smooth": False, "pixels": pixels}
        return [image | {"box": (left, bottom, right, top)}]

    def _text(self, layer: dict, index: tuple, step: int, ghost: bool) -> list[dict]:
        """每个要写的数（最后一位上的 1 就是一级）或词，有底色的先画底色。"""
        levels = self.levels(layer, "t", index, step)[0].astype(int)
        n = len(levels)
        shown = np.full(n, True)
        if "s" in layer["channels"]:
            s = np.resize(self.levels(layer, "s", index, step)[0], n)
            shown = (s > 127) & (s < 255)
        points = np.resize(self.points(layer, index, step)[0], (n, 2))
        fills = self._colors(layer, index, step, n)
        out = []
        for at, level, write, fill in zip(points, levels, shown, fills, strict=True):
            if not write or level == 65535 or not _inside(at):
                continue
            word = {"kind": "text", "at": at, "size": layer["size"], **self._pen(layer, ghost)}
            if fill:
                out.append({"kind": "bar", "around": at, "size": layer["size"]})
                out[-1] |= {**self._pen(layer, ghost), "color": fill}
                word["color"] = _readable_on(fill)
            out.append(word | {"text": _written(layer, level)})
        return out

    # ---------- 与画出来的比较 ----------

    def problems(self, shot: dict, pinned: tuple | None = None) -> list[str]:
        """一张图此刻的样子（``readExplorer`` 的结果）与录好的数组有哪些不合。"""
        out = []
        names = [s["options"] for s in self.spec["sliders"]]
        if len(self.spec["steps"]) > 1:
            names.append([f"{s + 0:g}" for s in self.spec["steps"]])  # −0 显示成 0
        at = [control["index"] for control in shot["controls"]]
        if len(at) != len(names):
            return [f"应当有 {len(names)} 个滑块，页面上有 {len(at)} 个"]
        for control, options in zip(shot["controls"], names, strict=True):
            if control["shows"].strip() != options[int(control["index"])]:
                out.append(f"滑块在第 {control['index']} 个位置，却显示 {control['shows']!r}")
        index, step = self.split(at)
        for number, panel in enumerate(shot["panels"]):
            where = f"滑块在 {at} 时，第 {number} 块"
            panel = panel | {"future": shot.get("future", True)}
            found = self._panel(number, panel, index, step, pinned, shot["ink"])
            out += [f"{where}：{p}" for p in found]
        return out + self._status(shot["status"], index, step)

    def split(self, at: list[float]) -> tuple[tuple[int, ...], int]:
        """各控件的位置 -> (超参数的位置, 步)。"""
        at = [int(i) for i in at]
        n = len(self.spec["sliders"])
        return tuple(at[:n]), at[n] if len(at) > n else 0

    def escaped(self, index: tuple, step: int) -> bool:
        """当前步有历史已经远远离开画框；对数轴的下方是趋于零，不算。"""
        for layer in self.spec["layers"]:
            if not layer["history"] or (now := self.here(layer, index, step)) < 0:
                continue
            panel = self.spec["panels"][layer["panel"]]
            low = [-np.inf if panel[axis]["scale"] == "log" else -4 for axis in "xy"]
            points = self.points(layer, index, step)[:, now]
            if ((points <= low) | (points >= 5)).any():
                return True
        return False

    def _status(self, text: str, index: tuple, step: int) -> list[str]:
        last = len(self.spec["steps"]) - 1
        over = step >= min(self.run("values", index), last)  # 出事的那一步起才说
        wrong = bool((self.run("diverged", index) and over) or self.escaped(index, step))
        if ("发散" in text) != wrong:
            return [f"滑块在 {index}、第 {step} 步时{'应当' if wrong else '不该'}说发散：{text!r}"]
        return []

    def _panel(
        self, number: int, drawn: dict, index: tuple, step: int, pinned: tuple | None, ink: str
    ) -> list[str]:
        width, height, css_width, css_height = drawn["size"]
        clip, *ops = drawn["ops"] or [{}]
        if clip.get("kind") != "clip":
            return ["什么也没画，或者没有先限定在画框之内"]
        gap = np.abs(np.subtract(clip["box"], drawn["frame"] or clip["box"])).max()
        if gap > FRAME_PX:
            return [f"数据的画框与 matplotlib 的画框差 {gap:.1f} 像素"]
        if abs(width / css_width - height / css_height) > 0.02:
            return [f"画布被拉变形了：{width} x {height} 像素画在 {css_width} x {css_height} 里"]
        scale = css_width / self.spec["panels"][number]["width"]  # 字号随图缩放
        want = [
            part
            for stroke in self.strokes(number, index, step, pinned)
            # 读者动手之前，还没走到的部分（淡的实线）不画
            if drawn.get("future", True) or stroke["kind"] != "line" or stroke["alpha"] == 1
            for part in _placed(stroke, clip["box"], scale)
        ]
        for stroke in want:
            if stroke.get("color") == "--ex-ink":
                stroke["color"] = ink
        if [s["kind"] for s in want] != [op["kind"] for op in ops]:
            return [f"应当画 {_count(want)}，画的是 {_count(ops)}"]
        out = []
        for n, (stroke, op) in enumerate(zip(want, ops, strict=True)):
            if difference := _difference(stroke, op):
                out.append(f"第 {n} 笔（{stroke['kind']}）{difference}")
        labelled = [x for x in self.spec["layers"] if x["panel"] == number and x["label"]]
        for layer, text in zip(labelled, drawn["readings"], strict=True):
            if not self._reading(layer, text, index, step):
                out.append(f"图例“{layer['label']}”的读数不对：{text!r}")
        return out

    def _reading(self, layer: dict, text: str, index: tuple, step: int) -> bool:
        now = self.here(layer, index, step)
        if not layer["history"] or now < 0:
            return text == ""
        points = self.points(layer, index, step)
        if len(points) > 1:
            return text == ""
        panel = self.spec["panels"][layer["panel"]]
        numbers = text.strip("()").split(", ")
        axes = ["x", "y"] if layer["type"] == "path" else ["y"]
        values = dict(zip("xy", points[0, now], strict=True))
        return len(numbers) == len(axes) and all(
            reads(panel[a], number, values[a], self._level(layer, a))
            for a, number in zip(axes, numbers, strict=True)
        )

    def _level(self, layer: dict, axis: str) -> float:
        """量化时一级是画框的多少。"""
        channel = layer["channels"][axis]
        return (channel["high"] - channel["low"]) / 65534


def _split(colors: str) -> list[str]:
    return re.findall(".{6}", colors)


def _pieces(points: np.ndarray) -> list[np.ndarray]:
    """在 NaN 处断开。"""
    missing = ~np.isfinite(points).all(axis=-1)
    pieces = np.split(points, np.flatnonzero(missing))
    return [kept for p in pieces if len(kept := p[np.isfinite(p).all(axis=-1)])]


def _inside(at: np.ndarray) -> bool:
    """中心在画框里的点和字才画（缺的不在）；坐标量化以后可能差一点。"""
    return bool((np.abs(at - 0.5) <= 0.5 + 3e-4).all())


def _cell_name(layer: dict, row: int, column: int) -> str:
    number = ""
    if tile := layer.get("tile"):
        down, row = divmod(row, tile["rows"] + 1)
        right, column = divmod(column, tile["columns"] + 1)
        number = f"第 {down * tile['across'] + right} 张，"
    row_name = layer["rows"][row] if layer["rows"] else f"第 {row} 行"
    column_name = layer["columns"][column] if layer["columns"] else f"第 {column} 列"
    return f"{number}{row_name}，{column_name}"


def _written(layer: dict, level: int) -> str:
    if layer["words"]:
        return layer["words"][level]
    decimals = layer["decimals"]
    return f"{Decimal(int(level) - 32767).scaleb(-decimals):.{decimals}f}"


def _readable_on(color: str) -> str:
    light, dark = (contrast(f"rgb{_rgb(color)}", f"rgb{_rgb(ink)}") for ink in (WHITE, BLACK))
    return WHITE if light > dark else BLACK


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def _placed(stroke: dict, frame: list[float], scale: float) -> list[dict]:
    """比例换成像素；画框是 (左, 上, 右, 下)。一条边换成一条线，箭头再加一个三角形。"""
    left, top, right, bottom = frame
    size, origin = np.array([right - left, top - bottom]), np.array([left, bottom])
    if stroke["kind"] == "edge":
        return _edge(stroke | {"ends": stroke["ends"] * size + origin})
    out = dict(stroke)
    if "size" in stroke:
        out["size"] *= scale
    if "lines" in stroke:
        out["lines"] = [line * size + origin for line in stroke["lines"]]
    for key in stroke.keys() & {"at", "around"}:
        out[key] = stroke[key] * size + origin
    if "box" in stroke:
        out["box"] = np.reshape(stroke["box"], (2, 2)) * size + origin
    return [out]


def _edge(stroke: dict) -> list[dict]:
    (start, end), gap, width = stroke["ends"], stroke["gap"], stroke["width"]
    length = np.linalg.norm(end - start)
    if length <= 2 * gap:
        return []
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    tail, tip = start + gap * along, end - gap * along
    head = min(5 + 2 * width, length - 2 * gap) if stroke["arrow"] else 0
    pen = {"kind": "line", "color": stroke["color"], "alpha": stroke["alpha"], "dash": []}
    shaft = pen | {"filled": False, "lines": [np.array([tail, tip - 0.8 * head * along])]}
    if not head:
        return [shaft]
    back = tip - head * along
    corners = [tip, back + 0.45 * head * across, back - 0.45 * head * across]
    return [shaft, pen | {"filled": True, "lines": [np.array(corners)]}]


def _difference(want: dict, op: dict) -> str:
    """两笔不一样在哪里；一样就是空字符串。"""
    for key in ("color", "filled", "dash", "smooth", "radius", "text"):
        if key in want and want[key] != op[key]:
            return f"的 {key} 应当是 {want[key]}，画的是 {op[key]}"
    if want["kind"] == "text" and abs(want["size"] - op["size"]) > 0.01:
        return f"的字号应当是 {want['size']:.2f} 像素，画的是 {op['size']:.2f}"
    if abs(want["alpha"] - op["alpha"]) > 1e-3:
        return f"的不透明度应当是 {want['alpha']}，画的是 {op['alpha']}"
    if want["kind"] == "line":
        if [len(line) for line in want["lines"]] != [len(line) for line in op["lines"]]:
            return f"应当有 {_lengths(want)} 个点，画了 {_lengths(op)} 个"
        pairs = list(zip(want["lines"], op["lines"], strict=True))
    elif want["kind"] in ("dot", "text"):
        pairs = [(want["at"], op["at"])]
    elif "around" in want:  # 底色：以字为中心，比字高一些
        corners = np.reshape(op["box"], (2, 2))
        if abs(corners[1, 1] - corners[0, 1] - 1.3 * want["size"]) > DATA_PX:
            return f"的高是 {corners[1, 1] - corners[0, 1]:.2f} 像素"
        pairs = [(want["around"], corners.mean(axis=0))]
    else:  # 矩形从哪个角画起都一样
        pairs = [(np.sort(want["box"], axis=0), np.sort(np.reshape(op["box"], (2, 2)), axis=0))]
    gap = max(float(np.abs(np.subtract(a, b)).max()) for a, b in pairs)
    if gap > DATA_PX:
        return f"偏了 {gap:.2f} 像素"
    if want["kind"] == "image":
        pixels = np.reshape(op["pixels"], op["shape"])
        if pixels.shape != want["pixels"].shape:
            return f"应当是 {want['pixels'].shape} 的像素，画的是 {pixels.shape}"
        if wrong := int((pixels != want["pixels"]).any(axis=-1).sum()):
            return f"有 {wrong} 格的颜色不对"
    return ""


def _lengths(op: dict) -> str:
    return "+".join(str(len(line)) for line in op["lines"])


def _count(ops: list[dict]) -> str:
    kinds = [op["kind"] for op in ops]
    return "、".join(f"{kinds.count(k)} 个 {k}" for k in dict.fromkeys(kinds)) or "空的"
