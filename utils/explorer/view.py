"""小部件：浏览器里的那一半，以及装着它和滑块的盒子。"""

import base64
import hashlib
import html
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
from IPython import get_ipython
from IPython.display import display

from utils.explorer.live import Hyperparameter

_HERE = Path(__file__).parent
_MOST_BUTTONS = 6
_MAX_BYTES = 1_000_000  # 网页为一张图要下载多少，压缩以后
_SCRIPTS = ("data.js", "layers.js", "panel.js", "player.js", "grab.js", "live.js", "view.js")


class View(anywidget.AnyWidget):
    """浏览器里的那一半：``axis_i`` 是第 i 个滑块的位置，与滑块在浏览器里直接相连。"""

    # 一个小部件只能有一份脚本：几个文件依次接起来
    _esm = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    _css = (_HERE / "explorer.css").read_text(encoding="utf-8")
    payload = traitlets.Bytes().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(
        self, spec: dict[str, Any], data: bytes, position: Sequence[int], step: int
    ) -> None:
        super().__init__(payload=_packed(spec, data), step=step)
        self.add_traits(
            **{f"axis_{i}": traitlets.Int(at).tag(sync=True) for i, at in enumerate(position)}
        )
        self.spec, self.data = spec, data
        self.links: list[widgets.Widget] = []  # 滑块与这张图之间的连接


def _packed(spec: dict[str, Any], data: bytes) -> bytes:
    """画框和数组一起压缩：网页小一半，浏览器自带解压。"""
    head = json.dumps(spec, ensure_ascii=False).encode()
    payload = zlib.compress(struct.pack("<I", len(head)) + head + data, level=9)
    if len(payload) > _MAX_BYTES:
        raise ValueError(
            f"这张图压缩以后还有 {len(payload) / 1e6:.1f} MB，会拖慢网页（上限 1 MB）。"
            "请少取几个网格点、少记几步，或把图像取得粗一些。"
        )
    return payload


class Explorer(widgets.VBox):
    """``explore()`` 的结果：一组滑块和一张图。

    显示成两份输出：先是一张图片和一句话，图能拖动以后自己收起来；再是小部件。笔记本存下来、
    换了内核再打开时，小部件已经不在，JupyterLab 只剩一行“model not found”，读者看到的就是那张图片。
    """

    def __init__(self, children: Sequence[widgets.Widget], picture: bytes, alt: str) -> None:
        super().__init__(children=list(children))
        self.add_class("explorer")
        self._picture = picture
        self._alt = alt

    def _ipython_display_(self, **kwargs: Any) -> None:
        shown_in_cell(self)
        display({"text/html": _fallback(self._picture, self._alt), "text/plain": ""}, raw=True)
        display(self._repr_mimebundle_(), raw=True)

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

    def close(self) -> None:
        """连同滑块、连接和数据一起关掉。``Out[n]`` 可能还留着这个对象，所以重的东西先放手。"""
        if not self.children:  # 已经关过了
            return
        controls, view = self.children
        parts = [view, controls, *controls.children, *view.links]
        for part in [*parts, self]:
            for name in ("style", "layout"):
                if isinstance(extra := getattr(part, name, None), widgets.Widget):
                    extra.close()
            widgets.Widget.close(part)
        self.children, self._picture = (), b""


def picture_name(picture: bytes) -> str:
    """图片的名字：浏览器里的图画好以后，凭它找到要收起来的那张图片。"""
    return hashlib.sha256(picture).hexdigest()[:16]


def _fallback(picture: bytes, alt: str) -> str:
    """图片和一句话。图片露着的时候，紧跟着的那份小部件输出（多半是一行报错）不显示。"""
    data = base64.b64encode(picture).decode("ascii")
    return (
        f'<div class="explorer-picture" data-explorer="{picture_name(picture)}">'
        "<style>.jp-OutputArea-child:has(.explorer-picture:not([hidden]))"
        " + .jp-OutputArea-child { display: none; }</style>"
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
        "<p>这是存下来的图片：画它的内核已经不在了。重新运行这一格，就能拖动。</p></div>"
    )


_SHOWN: dict[str, tuple[int, list[Explorer]]] = {}  # 单元格 -> (第几次运行, 显示着的图)


def shown_in_cell(explorer: Explorer) -> None:
    """记下这张图显示在哪个单元格；同一格上一次运行留下的、别处又没有显示的，关掉。

    不然每重新运行一次，旧的滑块、数据和连接就都留在内核里。
    """
    cell, count = _running_cell()
    if cell is None:
        return
    before, old = _SHOWN.get(cell, (count, []))
    if before != count:
        _SHOWN[cell] = (count, [explorer])
        kept = {id(e) for _, explorers in _SHOWN.values() for e in explorers}
        for one in old:
            if id(one) not in kept:
                one.close()
    elif all(one is not explorer for one in old):
        _SHOWN[cell] = (count, [*old, explorer])


def _running_cell() -> tuple[str | None, int]:
    """正在运行的单元格的编号，和这是内核的第几次运行；编号由 JupyterLab 随请求送来。"""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None, 0
    return kernel.get_parent("shell").get("metadata", {}).get("cellId"), shell.execution_count


def show(value: Any) -> str:
    """一个取值写给读者看的样子。小数写 6 位有效数字，整数部分一位也不舍。"""
    if isinstance(value, bool):
        return "开" if value else "关"
    if not isinstance(value, int | float):
        return str(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if 1e5 <= abs(value) < math.inf else f"{value:g}"


def _kind(h: Hyperparameter) -> type[widgets.Widget]:
    """数用滑块；几个选项用一排按钮；多了排不下，用下拉框。"""
    if h.numeric:
        return widgets.SelectionSlider
    return widgets.ToggleButtons if len(h.values) <= _MOST_BUTTONS else widgets.Dropdown


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
        control = _kind(h)(
            options=[(show(v), j) for j, v in enumerate(h.values)],
            index=at,
            description=h.label,
            layout=layout,
        )
        view.links.append(widgets.jslink((control, "index"), (view, f"axis_{i}")))
        out.append(control)
    if len(steps) > 1:
        control = widgets.SelectionSlider(
            options=[(show(float(s)), j) for j, s in enumerate(steps)],
            index=first,
            description=step_label,
            layout=layout,
        )
        control.add_class("explorer-step")
        view.links.append(widgets.jslink((control, "index"), (view, "step")))
        out.append(control)
    box = widgets.Box(out)
    box.add_class("explorer-controls")
    return box
