"""另写一遍的解码和坐标换算：从网页里取出录好的数组，算出滑块停在某处时应当画出什么。

这里不用小部件脚本的任何一行，也不用 utils；数据的格式见 ``utils/explorer/encode.py``。
"""

import base64
import json
import re
import zlib
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from matplotlib.scale import LogTransform, SymmetricalLogTransform
from matplotlib.transforms import IdentityTransform

GHOST = 0.38
Z_ORDER = ["image", "bars", "line", "path", "points", "text"]
DATA_PX = 0.1  # 笔画相对画框的误差：只剩浮点数的舍入
FRAME_PX = 1.0  # 画布的画框与 SVG 的画框


def recordings(state: str, views: list[str]) -> list["Recording"]:
    """网页里的部件状态 -> 每张图录好的数据，次序与它们在页面上的次序相同。"""
    models = json.loads(state)["state"]
    found = []
    for view in views:
        model = models[json.loads(view)["model_id"]]
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


def reads(axis: dict, text: str, fraction: float) -> bool:
    """读数 ``text``（四位有效数字；用科学记数法时三位）说的是不是 ``fraction`` 处的值。"""
    if not re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text):
        return text == ("超出画框" if fraction <= -4 or fraction >= 5 else "—")
    want = to_value(axis, fraction)
    if abs(want) < 1e-12:
        return text == "0"
    slack = 0 if axis["scale"] == "log" else 1e-6 * abs(axis["high"] - axis["low"])
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

    def levels(self, layer: dict, name: str, index: tuple[int, ...], step: int) -> np.ndarray:
        """还没有换算的 ``(K, N)`` 整数。"""
        channel = layer["channels"][name]
        dtype = {8: np.dtype("u1"), 16: np.dtype("<u2")}[channel["bits"]]
        size = int(np.prod(channel["dims"]))
        block = self.data[channel["at"] : channel["at"] + size * dtype.itemsize]
        step = min(step, max(self.run("values", index) - 1, 0))
        grid = [*self.spec["runs"]["dims"], max(channel["dims"][-3], step + 1)]
        array = np.frombuffer(block, dtype).reshape(channel["dims"])
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
        x = self.fractions(layer, "x", index, step)
        y = self.fractions(layer, "y", index, step)
        points = np.stack([np.resize(x, y.shape) if len(x) == 1 else x, y], axis=-1)
        return points[:, : self.run("values", index)] if layer["history"] else points

    def here(self, layer: dict, index: tuple[int, ...], step: int) -> int:
        """历史走到第几个点；-1 表示一步也没有。"""
        return min(step, self.run("values", index) - 1)

    def layers(self, panel: int) -> list[dict]:
        """一块里的图层，按画的先后。"""
        mine = [layer for layer in self.spec["layers"] if layer["panel"] == panel]
        return sorted(mine, key=lambda layer: Z_ORDER.index(layer["type"]))

    # ---------- 应当画出什么 ----------

    def strokes(self, panel: int, index: tuple, step: int, pinned: tuple | None) -> list[dict]:
        """应当画的每一笔，坐标是画框里的比例；钉住的在下面。"""
        out = []
        if pinned is not None:
            last = len(self.spec["steps"]) - 1
            for layer in self.layers(panel):
                if layer["type"] not in ("image", "text"):
                    out += self._strokes(layer, pinned, last, ghost=True)
        for layer in self.layers(panel):
            out += self._strokes(layer, index, step, ghost=False)
        return out

    def _strokes(self, layer: dict, index: tuple, step: int, *, ghost: bool) -> list[dict]:
        alpha = GHOST if ghost else 1.0
        base = {"color": layer["color"], "alpha": alpha}
        dash = [6, 4] if ghost or layer["dash"] else []
        line = {"kind": "line", "filled": False, "dash": dash, **base}
        solid = {"filled": not ghost, "dash": dash if ghost else [], **base}
        kind = layer["type"]
        if kind == "image":
            return [self._image(layer, index, step)]
        points = self.points(layer, index, step)
        if kind == "bars":
            half = layer["width"] / 2
            return [
                {"kind": "bar", "box": (x - half, layer["base"], x + half, y), **solid}
                for x, y in points[0]
            ]
        if kind == "points":
            colors = self._colors(layer, index, step) if "colors" in layer else None
            return [
                {"kind": "dot", "at": at, "radius": layer["size"] / 2, **solid}
                | ({"color": colors[n]} if colors and not ghost else {})
                for n, at in enumerate(points[0])
                if np.isfinite(at).all()
            ]
        if kind == "text":
            return self._text(layer, index, step, solid)
        if not layer["history"]:
            return [{"lines": _pieces(row), **line} for row in points if _pieces(row)]
        out = []
        now = self.here(layer, index, step)
        for row in points:
            rest = _pieces(row[now:]) if 0 <= now < len(row) - 1 else []
            if rest:
                out.append({"lines": rest, **line, "alpha": alpha * GHOST})
            if done := _pieces(row[: now + 1]):
                out.append({"lines": done, **line})
            if ghost or now < 0:
                continue
            trail = row[:now] if kind == "path" and now < 400 else row[:0]
            for at, radius in [*((p, 2) for p in trail), (row[now], 4.5)]:
                if np.isfinite(at).all():
                    out.append({"kind": "dot", "at": at, "radius": radius, **solid})
        return out

    def _image(self, layer: dict, index: tuple, step: int) -> dict:
        levels = self.levels(layer, "z", index, step)
        table = np.array(
            [[*bytes.fromhex(c), round(255 * layer["alpha"])] for c in _split(layer["colors"])]
            + [[0, 0, 0, 0]]  # NaN 留空
        )
        left, right, bottom, top = layer["extent"]
        return {
            "kind": "image",
            "alpha": 1.0,
            "smooth": False,
            "box": (left, bottom, right, top),
            "pixels": table[levels],
        }

    def _text(self, layer: dict, index: tuple, step: int, solid: dict) -> list[dict]:
        """每个要写的数：最后一位上的 1 就是一级。"""
        levels = self.levels(layer, "t", index, step)[0].astype(int)
        shown = np.full(levels.shape, True)
        if "s" in layer["channels"]:
            shown = np.resize(self.levels(layer, "s", index, step)[0] > 127, levels.shape)
        points = np.resize(self.points(layer, index, step)[0], (len(levels), 2))
        decimals = layer["decimals"]
        return [
            {
                "kind": "text",
                "at": at,
                "text": f"{Decimal(int(level) - 32767).scaleb(-decimals):.{decimals}f}",
                "size": layer["size"],
                **solid,
            }
            for at, level, write in zip(points, levels, shown, strict=True)
            if write
        ]

    def _colors(self, layer: dict, index: tuple, step: int) -> list[str]:
        table = _split(layer["colors"])
        return [f"#{table[min(q, 254)]}" for q in self.levels(layer, "z", index, step)[0]]

    # ---------- 与画出来的比较 ----------

    def problems(self, shot: dict, pinned: tuple | None = None) -> list[str]:
        """一张图此刻的样子（``readExplorer`` 的结果）与录好的数组有哪些不合。"""
        out = []
        names = [s["options"] for s in self.spec["sliders"]]
        if len(self.spec["steps"]) > 1:
            names.append([f"{s:g}" for s in self.spec["steps"]])
        at = [control["index"] for control in shot["controls"]]
        if len(at) != len(names):
            return [f"应当有 {len(names)} 个滑块，页面上有 {len(at)} 个"]
        for control, options in zip(shot["controls"], names, strict=True):
            if control["shows"].strip() != options[int(control["index"])]:
                out.append(f"滑块在第 {control['index']} 个位置，却显示 {control['shows']!r}")
        index, step = self.split(at)
        for number, panel in enumerate(shot["panels"]):
            where = f"滑块在 {at} 时，第 {number} 块"
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
        wrong = bool(self.run("diverged", index) or self.escaped(index, step))
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
        gap = np.abs(np.subtract(clip["box"], drawn["frame"])).max()
        if gap > FRAME_PX:
            return [f"数据的画框与 matplotlib 的画框差 {gap:.1f} 像素"]
        if abs(width / css_width - height / css_height) > 0.02:
            return [f"画布被拉变形了：{width} x {height} 像素画在 {css_width} x {css_height} 里"]
        want = [_placed(s, clip["box"]) for s in self.strokes(number, index, step, pinned)]
        for stroke in want:
            if stroke["kind"] == "text":  # 字号随图缩放
                stroke["size"] *= css_width / self.spec["panels"][number]["width"]
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
            reads(panel[a], number, values[a]) for a, number in zip(axes, numbers, strict=True)
        )


def _split(colors: str) -> list[str]:
    return re.findall(".{6}", colors)


def _pieces(points: np.ndarray) -> list[np.ndarray]:
    """在 NaN 处断开。"""
    missing = ~np.isfinite(points).all(axis=-1)
    pieces = np.split(points, np.flatnonzero(missing))
    return [kept for p in pieces if len(kept := p[np.isfinite(p).all(axis=-1)])]


def _placed(stroke: dict, frame: list[float]) -> dict:
    """比例换成像素；画框是 (左, 上, 右, 下)。"""
    left, top, right, bottom = frame
    size, origin = np.array([right - left, top - bottom]), np.array([left, bottom])
    out = dict(stroke)
    if "lines" in stroke:
        out["lines"] = [line * size + origin for line in stroke["lines"]]
    if "at" in stroke:
        out["at"] = stroke["at"] * size + origin
    if "box" in stroke:
        out["box"] = np.reshape(stroke["box"], (2, 2)) * size + origin
    return out


def _difference(want: dict, op: dict) -> str:
    """两笔不一样在哪里；一样就是空字符串。"""
    for key in ("color", "filled", "dash", "smooth", "radius", "text"):
        if key in want and want[key] != op[key]:
            return f"的 {key} 应当是 {want[key]}，画的是 {op[key]}"
    if "size" in want and abs(want["size"] - op["size"]) > 0.01:
        return f"的字号应当是 {want['size']:.2f} 像素，画的是 {op['size']:.2f}"
    if abs(want["alpha"] - op["alpha"]) > 1e-3:
        return f"的不透明度应当是 {want['alpha']}，画的是 {op['alpha']}"
    if want["kind"] == "line":
        if [len(line) for line in want["lines"]] != [len(line) for line in op["lines"]]:
            return f"应当有 {_lengths(want)} 个点，画了 {_lengths(op)} 个"
        pairs = list(zip(want["lines"], op["lines"], strict=True))
    elif want["kind"] in ("dot", "text"):
        pairs = [(want["at"], op["at"])]
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
