"""小部件：浏览器里的那一半，以及装着它和滑块的盒子。"""

import base64
import json
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

from utils.explorer.live import Hyperparameter

_HERE = Path(__file__).parent
_SCRIPTS = ("data.js", "layers.js", "panel.js", "view.js")


class View(anywidget.AnyWidget):
    """浏览器里的那一半：``axis_i`` 是第 i 个滑块的位置，与滑块在浏览器里直接相连。"""

    # 一个小部件只能有一份脚本：几个文件依次接起来
    _esm = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    _css = (_HERE / "explorer.css").read_text(encoding="utf-8")
    payload = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(self, spec: dict[str, Any], data: bytes, step: int) -> None:
        # 画框和数组一起压缩：网页小一半，浏览器自带解压
        head = json.dumps(spec, ensure_ascii=False).encode()
        payload = zlib.compress(struct.pack("<I", len(head)) + head + data, level=9)
        super().__init__(payload=payload, step=step)
        self.spec, self.data = spec, data


class Explorer(widgets.VBox):
    """``explore()`` 的结果：一组滑块和一张图。显示时附带 PNG，供没有小部件的环境使用。"""

    _ipython_display_ = None  # ipywidgets 7 会绕过下面的 _repr_mimebundle_，这里让它走同一条路

    def __init__(self, children: Sequence[widgets.Widget], picture: bytes, alt: str) -> None:
        super().__init__(children=list(children))
        self.add_class("explorer")
        self._picture = picture
        self._alt = alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **kwargs: Any) -> dict:
        return {
            "text/plain": self._alt,
            "image/png": base64.b64encode(self._picture).decode("ascii"),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.model_id,
            },
        }


def show(value: Any) -> str:
    """一个取值写给读者看的样子。小数写 6 位有效数字，整数部分一位也不舍。"""
    if isinstance(value, bool):
        return "开" if value else "关"
    if not isinstance(value, int | float):
        return str(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if 1e5 <= abs(value) < math.inf else f"{value:g}"


def controls(
    view: View,
    sliders: Sequence[Hyperparameter],
    position: Sequence[int],
    steps: np.ndarray,
    first: int,
    step_label: str,
) -> widgets.Box:
    """滑块用浏览器里的连接（jslink）接到图上，所以静态网页上也拖得动。"""
    layout = {"width": "auto"}
    out: list[widgets.Widget] = []
    for i, (h, at) in enumerate(zip(sliders, position, strict=True)):
        control = (widgets.SelectionSlider if h.numeric else widgets.ToggleButtons)(
            options=[(show(v), j) for j, v in enumerate(h.values)],
            index=at,
            description=h.label,
            layout=layout,
        )
        widgets.jslink((control, "index"), (view, f"axis_{i}"))
        out.append(control)
    if len(steps) > 1:
        control = widgets.SelectionSlider(
            options=[(show(float(s)), j) for j, s in enumerate(steps)],
            index=first,
            description=step_label,
            layout=layout,
        )
        control.add_class("explorer-step")
        widgets.jslink((control, "index"), (view, "step"))
        out.append(control)
    box = widgets.Box(out)
    box.add_class("explorer-controls")
    return box
