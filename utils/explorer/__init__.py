"""可拖动的图：一个小部件，三种用法。

- **录好的**：扫描结果随网页一起走，滑块在浏览器里直接换数据，不需要内核。
- **现场的**：有内核时可以填网格之外的超参数，当场训练，曲线边训练边长出来。
- **图片**：GitHub 预览、打印和没有小部件的环境看到一张 PNG。

做法：matplotlib 画好画框（坐标轴、刻度、标题、等高线），浏览器只在上面重画会变的数据。
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import plot
from utils.explorer import frame
from utils.explorer.drag import dragged_sliders
from utils.explorer.encode import STEP, Encoder
from utils.explorer.layers import Bars, Image, Layer, Line, Path, Points, Segments, Text
from utils.explorer.layers.base import Arrays, css_color
from utils.explorer.live import Hyperparameter, Trainer, offered, payload_shapes
from utils.explorer.project import project
from utils.explorer.view import Explorer, View, controls, picture_name, show

__all__ = [
    "Bars",
    "Explorer",
    "Image",
    "Line",
    "Path",
    "Points",
    "Segments",
    "Text",
    "explore",
    "project",
]


def explore(
    runs: xr.Dataset,
    fig: Figure,
    layers: Sequence[Layer],
    *,
    alt: str,
    labels: Mapping[str, str] | None = None,
    start: Mapping[str, Any] | None = None,
    steps: Sequence[float] | None = None,
    start_step: float | None = None,
    step_label: str = "步",
    caption: str | None = None,
) -> Explorer:
    """把扫描结果变成一张可以拖动的图。

    参数
    ----
    runs : ``sweep`` 的结果。取值不止一个的超参数各有一个滑块。
    fig : 画好画框的图，函数会关掉它。每个坐标系成为一块，窄屏上自动换行。
        会发散的数据请先用 ``ax.set(xlim=..., ylim=...)`` 固定范围，否则按全部数据定范围。
    layers : 图层，依次画上去。
    alt : 一句话描述这张图，读屏软件会念出来。
    labels : 超参数的中文名，如 ``{"lr": "学习率"}``。
    start : 滑块的起始位置，如 ``{"lr": 0.1}``；默认在中间。
    steps : 每一步显示的数，如 ``range(0, 100, 10)``；默认是扫描结果里的步数坐标。
    start_step : 打开时停在哪一步，写 ``steps`` 里的数；默认第一步，后面的在播放或拖动以后才画出来，
        头一回拖超参数时自己走到最后一步；写明的步就停着不动。
    step_label : 步的名字，如 ``"轮"``。
    caption : 图下面的一句说明。

    异常
    ----
    TypeError, ValueError : 参数不合适，或这种坐标系画不了；信息里说明是哪一个、怎样才对。
    """
    runs, groups = _checked(runs, fig, alt)
    hyperparameters, position = _hyperparameters(runs, labels or {}, start or {})
    sliders = [h for h in hyperparameters if h.slider is not None]
    train = offered(runs)
    # 只有一个取值的超参数没有滑块，从数组里去掉这一维
    runs = runs.isel({h.name: 0 for h in hyperparameters if h.slider is None}, drop=True)
    steps, first = _steps(runs, steps, start_step)
    layers, arrays = _resolved(layers, runs, sliders, steps, groups)
    _set_limits(fig, layers, arrays)
    frame.freeze(fig, groups)

    drawing, data = _drawing(fig, groups, layers, arrays, runs, sliders)
    # 图片不能拖：从第一步打开的，画走完的样子
    picture = _picture(fig, layers, arrays, position, first or len(steps) - 1)
    plt.close(fig)

    spec = drawing | _control_specs(hyperparameters, steps, step_label)
    spec |= {"alt": alt, "caption": caption, "picture": picture_name(picture)}
    spec |= {"live": train is not None, "jump": start_step is None}
    view = View(spec, data, position, first)
    if train is not None:
        # 没有滑块的超参数（只有一个取值）同样传给 train
        shapes = payload_shapes(runs)
        trainer = Trainer(train, hyperparameters, layers, steps, step_label, view.send, shapes)
        view.on_msg(lambda _, message, __: trainer.receive(message))
    box = controls(view, sliders, position, steps, first, step_label)
    return Explorer([box, view], picture, alt)


# ---------- 核对参数 ----------


def _checked(runs: xr.Dataset, fig: Figure, alt: str) -> tuple[xr.Dataset, list[list[Axes]]]:
    """核对三个主要的参数；返回扫描结果和分好组的坐标系。"""
    if not isinstance(runs, xr.Dataset) or "length" not in runs or STEP not in runs.dims:
        raise TypeError(f"runs 应当是 sweep(...) 的结果，收到的是 {type(runs).__name__}。")
    if not isinstance(fig, Figure) or not fig.axes:
        raise TypeError(
            "fig 应当是已经有坐标系的 matplotlib 图，例如 plt.subplots() 的第一个结果。"
        )
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt 不能为空：请用一句话描述这张图，看不见图的读者靠它。")
    groups = frame.group_axes(fig)
    frame.refuse_undrawable(fig, groups)
    # 只留下一部分步数时（isel(step=...)），每次运行的有效步数跟着变
    length = runs["length"]
    if runs.sizes[STEP] < length.max():
        length = (runs[STEP] < length).sum(STEP)
    return runs.assign(length=length.astype(int)), groups


def _hyperparameters(
    runs: xr.Dataset, labels: Mapping[str, str], start: Mapping[str, Any]
) -> tuple[list[Hyperparameter], list[int]]:
    """全部超参数，和各个滑块的起始位置。"""
    grid = [str(d) for d in runs["length"].dims]
    for name, given in {"labels": labels, "start": start}.items():
        if unknown := set(given) - set(grid):
            raise ValueError(
                f"{name} 里的 {'、'.join(sorted(unknown))} 不是超参数；"
                f"扫描的超参数有：{'、'.join(grid) or '（没有）'}。"
            )
    out, position = [], []
    for name in grid:
        values = tuple(v.item() if hasattr(v, "item") else v for v in runs[name].values)
        slider = len(position) if len(values) > 1 else None
        out.append(Hyperparameter(name, labels.get(name, name), values, slider))
        if slider is not None:
            position.append(_start_index(out[-1], start))
    return out, position


def _start_index(hyperparameter: Hyperparameter, start: Mapping[str, Any]) -> int:
    values = hyperparameter.values
    if hyperparameter.name not in start:
        return (len(values) - 1) // 2
    wanted = start[hyperparameter.name]
    if wanted not in values:
        raise ValueError(
            f"start 里 {hyperparameter.name} 的起始值 {wanted!r} 不在网格里；"
            f"可以选：{'、'.join(show(v) for v in values)}。"
        )
    return values.index(wanted)


def _steps(
    runs: xr.Dataset, steps: Sequence[float] | None, start_step: float | None
) -> tuple[np.ndarray, int]:
    """每一步显示的数，和打开时停在第几步。"""
    values = np.asarray(runs[STEP] if steps is None else list(steps), dtype=float)
    if values.shape != (runs.sizes[STEP],):
        raise ValueError(
            f"steps 应当有 {runs.sizes[STEP]} 个数（每步一个），收到 {values.size} 个。"
        )
    if start_step is None:
        return values, 0  # 打开时答案还没有画出来
    if start_step not in values:
        raise ValueError(
            f"start_step={start_step!r} 不是图上的一步；"
            f"可以选：{'、'.join(show(float(s)) for s in values)}。"
        )
    return values, int(np.argmax(values == start_step))


def _resolved(
    layers: Sequence[Layer],
    runs: xr.Dataset,
    sliders: Sequence[Hyperparameter],
    steps: np.ndarray,
    groups: list[list[Axes]],
) -> tuple[list[Layer], list[Arrays]]:
    """核对图层，补上默认的坐标系和颜色；取出各自要画的数组。"""
    if isinstance(layers, Layer) or not layers:
        raise ValueError("layers 应当是非空的图层列表，例如 [Line('loss', label='损失')]。")
    colors = list(plot.COLORS.values())
    main = [group[0] for group in groups]
    grid = [h.name for h in sliders]
    out = []
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers 的第 {i} 个应当是图层，收到的是 {type(layer).__name__}。")
        if layer.ax is not None and layer.ax not in main:
            raise ValueError(f"layers 的第 {i} 个图层的 ax 不属于这张 fig，或者没有显示出来。")
        out.append(layer.prepared(runs, grid, main[0], colors[i % len(colors)]))
    return out, [x.complete(x.resolve(runs, grid), steps, len(grid)) for x in out]


def _set_limits(fig: Figure, layers: Sequence[Layer], arrays: Sequence[Arrays]) -> None:
    for layer, array in zip(layers, arrays, strict=True):
        layer.claim_limits(array)
    frame.autoscale(fig, [(x.ax, x.reach(a)) for x, a in zip(layers, arrays, strict=True)])


# ---------- 告诉浏览器 ----------


def _drawing(
    fig: Figure,
    groups: list[list[Axes]],
    layers: Sequence[Layer],
    arrays: Sequence[Arrays],
    runs: xr.Dataset,
    sliders: Sequence[Hyperparameter],
) -> tuple[dict[str, Any], bytes]:
    """画框、图层、各次运行的说明，和编好的数组。"""
    encoder = Encoder()
    spec = {
        "title": fig.get_suptitle(),
        "panels": frame.panels(fig, groups),
        "layers": _layer_specs(encoder, layers, arrays, groups, sliders),
        "runs": _run_specs(runs, sliders),
    }
    return spec, encoder.tobytes()


def _layer_specs(
    encoder: Encoder,
    layers: Sequence[Layer],
    arrays: Sequence[Arrays],
    groups: list[list[Axes]],
    sliders: Sequence[Hyperparameter],
) -> list[dict[str, Any]]:
    main = [group[0] for group in groups]
    return [
        {
            "type": layer.kind,
            "panel": main.index(layer.ax),
            "label": layer.label,
            "color": css_color(layer.color),
            "history": bool(layer.history),
            "drag": dragged_sliders(layer, array, sliders),
            **layer.spec(array),
            "channels": layer.encode(encoder, array),
        }
        for layer, array in zip(layers, arrays, strict=True)
    ]


def _control_specs(
    hyperparameters: Sequence[Hyperparameter], steps: np.ndarray, step_label: str
) -> dict[str, Any]:
    return {
        "sliders": [
            {"label": h.label, "options": [show(v) for v in h.values]}
            for h in hyperparameters
            if h.slider is not None
        ],
        "hyperparameters": [
            {
                "name": h.name,
                "label": h.label,
                "slider": h.slider,
                "values": [v if h.numeric else i for i, v in enumerate(h.values)],
                "options": None if h.numeric else [show(v) for v in h.values],
            }
            for h in hyperparameters
        ],
        "steps": [float(s) for s in steps],
        "stepLabel": step_label,
    }


def _run_specs(runs: xr.Dataset, sliders: Sequence[Hyperparameter]) -> dict[str, Any]:
    return {
        "dims": [len(h.values) for h in sliders],
        "values": runs["length"].values.ravel().tolist(),
        "diverged": runs["diverged"].values.astype(bool).ravel().tolist(),
    }


# ---------- PNG ----------


def _picture(
    fig: Figure,
    layers: Sequence[Layer],
    arrays: Sequence[Arrays],
    position: Sequence[int],
    step: int,
) -> bytes:
    """用 matplotlib 画出打开时的那一步。"""
    for layer, array in zip(layers, arrays, strict=True):
        end = step + 1 if layer.history else None
        layer.paint({name: _at(a, position, step)[:, :end] for name, a in array.items()})
    frame.add_legends(fig)
    return frame.picture(fig)


def _at(array: np.ndarray, position: Sequence[int], step: int) -> np.ndarray:
    """滑块停在 ``position``、走到 ``step`` 时的 ``(K, N)``；沿某一维不变的数组只有一份。"""
    index = [*position, step]
    return array[tuple(min(i, n - 1) for i, n in zip(index, array.shape[:-2], strict=True))]
