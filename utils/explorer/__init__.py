"""可拖动的图：一个小部件，三种用法。

- **录好的**：扫描结果随网页一起走，滑块在浏览器里直接换数据，不需要内核。
- **现场的**：有内核时可以填网格之外的超参数，当场训练，曲线边训练边长出来。
- **图片**：GitHub 预览、打印和没有小部件的环境看到一张 PNG。

做法：matplotlib 画好画框（坐标轴、刻度、标题、等高线），浏览器只在上面重画会变的数据。
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import traitlets
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import plot
from utils.explorer import frame
from utils.explorer.encode import (
    STEP,
    Encoder,
    complete,
    encode_channel,
    extent,
    is_history,
    resolve,
    row_zero_is_low,
    to_fraction,
)
from utils.explorer.layers import Bars, Image, Layer, Line, Path, Points, Text
from utils.explorer.live import Hyperparameter, Trainer, offered, payload_shapes
from utils.explorer.view import Explorer, View, controls, show

__all__ = ["Bars", "Explorer", "Image", "Line", "Path", "Points", "Text", "explore"]

_MAX_BYTES = 1_000_000


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
    train: Any = None,
    caption: str | None = None,
) -> Explorer:
    """把扫描结果变成一张可以拖动的图。

    参数
    ----
    runs : ``sweep`` 或 ``sweep_gd`` 的结果。取值不止一个的超参数各有一个滑块。
    fig : 画好画框的 matplotlib 图。每个坐标系成为一块，窄屏上自动换行；函数会关掉它。
        会发散的数据请先用 ``ax.set(xlim=..., ylim=...)`` 固定范围，否则按全部数据定范围。
    layers : 图层列表，见 ``Line``、``Path``、``Points``、``Image``、``Bars``、``Text``。
    alt : 一句话描述这张图，读屏软件会念出来。
    labels : 超参数的中文名，如 ``{"lr": "学习率"}``。
    start : 滑块的起始位置，如 ``{"lr": 0.1}``；默认在中间。
    steps : 每一步显示的数，如 ``range(0, 100, 10)``；默认是扫描结果里的步数坐标。
    start_step : 打开时停在哪一步，写 ``steps`` 里的数；默认第一步，后面的在播放或拖动以后才画出来。
    step_label : 步的名字，如 ``"步"``、``"轮"``。
    train : 现场训练用的生成器函数，默认是 ``sweep`` 记下的那个。
    caption : 图下面的一句说明。

    异常
    ----
    TypeError, ValueError : 参数不合适；信息里说明是哪个参数、收到了什么、怎样才对。
    """
    if not isinstance(runs, xr.Dataset) or "length" not in runs or STEP not in runs.dims:
        raise TypeError(f"runs 应当是 sweep(...) 的结果，收到的是 {type(runs).__name__}。")
    if not isinstance(fig, Figure) or not fig.axes:
        raise TypeError(
            "fig 应当是已经有坐标系的 matplotlib 图，例如 plt.subplots() 的第一个结果。"
        )
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt 不能为空：请用一句话描述这张图，看不见图的读者靠它。")
    grid = [str(d) for d in runs["length"].dims]
    labels, start = dict(labels or {}), dict(start or {})
    for name, given in {"labels": labels, "start": start}.items():
        if unknown := set(given) - set(grid):
            raise ValueError(
                f"{name} 里的 {'、'.join(sorted(unknown))} 不是超参数；"
                f"扫描的超参数有：{'、'.join(grid) or '（没有）'}。"
            )
    hyperparameters = _hyperparameters(runs, grid, labels)
    sliders = [h for h in hyperparameters if h.slider is not None]
    train = offered(runs, train)
    # 只有一个取值的超参数没有滑块，从数组里去掉这一维
    runs = runs.isel({h.name: 0 for h in hyperparameters if h.slider is None}, drop=True)
    grid = [h.name for h in sliders]
    n_steps = runs.sizes[STEP]
    step_values = np.asarray(runs[STEP] if steps is None else list(steps), dtype=float)
    if step_values.shape != (n_steps,):
        raise ValueError(f"steps 应当有 {n_steps} 个数（每步一个），收到 {step_values.size} 个。")

    if start_step is not None and start_step not in step_values:
        raise ValueError(
            f"start_step={start_step!r} 不是图上的一步；"
            f"可以选：{'、'.join(show(float(s)) for s in step_values)}。"
        )
    # 打开时停在第 0 步，答案还没有画出来；图片不能拖，画的是最后一步
    first = 0 if start_step is None else int(np.argmax(step_values == start_step))
    shown = n_steps - 1 if start_step is None else first

    layers = _with_defaults(layers, fig)
    moving = [resolve(layer, runs, grid) for layer in layers]
    histories = [is_history(layer, runs, grid) for layer in layers]
    arrays = [
        complete(layer, array, history, step_values, len(grid))
        for layer, array, history in zip(layers, moving, histories, strict=True)
    ]
    _set_limits(fig, layers, arrays)
    frame.freeze(fig)
    groups = frame.group_axes(fig)
    encoder = Encoder()
    layer_specs = [
        _layer_spec(encoder, layer, array, history, groups)
        for layer, array, history in zip(layers, arrays, histories, strict=True)
    ]
    data = encoder.tobytes()
    if len(data) > _MAX_BYTES:
        raise ValueError(
            f"这张图的数据有 {len(data) / 1e6:.1f} MB，会拖慢网页（上限 1 MB）。"
            "请少取几个网格点、少记几步，或把图像取得粗一些。"
        )
    position = [_start_index(h, start) for h in sliders]
    spec = {
        "title": fig.get_suptitle(),
        "alt": alt,
        "caption": caption,
        "panels": frame.panels(fig, groups),
        "layers": layer_specs,
        "sliders": [{"label": h.label, "options": [show(v) for v in h.values]} for h in sliders],
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
        "steps": [float(s) for s in step_values],
        "stepLabel": step_label,
        "runs": {
            "dims": [len(h.values) for h in sliders],
            "values": runs["length"].values.astype(int).ravel().tolist(),
            "diverged": runs["diverged"].values.astype(bool).ravel().tolist(),
        },
        "live": train is not None,
    }
    picture = _picture(fig, layers, arrays, histories, position, shown)
    plt.close(fig)

    view = View(spec=spec, data=data, step=first)
    view.add_traits(
        **{f"axis_{i}": traitlets.Int(at).tag(sync=True) for i, at in enumerate(position)}
    )
    if train is not None:
        # 没有滑块的超参数（只有一个取值）同样传给 train
        shapes = payload_shapes(runs)
        trainer = Trainer(
            train, hyperparameters, layers, step_values, step_label, view.send, shapes
        )
        view.on_msg(lambda _, message, __: trainer.receive(message))
    return Explorer(
        [controls(view, sliders, position, step_values, first, step_label), view], picture, alt
    )


def _with_defaults(layers: Sequence[Layer], fig: Figure) -> list[Layer]:
    """核对图层，补上默认的坐标系和颜色。"""
    if isinstance(layers, Layer) or not layers:
        raise ValueError("layers 应当是非空的图层列表，例如 [Line('loss', label='损失')]。")
    colors = list(plot.COLORS.values())
    first = [group[0] for group in frame.group_axes(fig)]
    out = []
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers 的第 {i} 个应当是图层，收到的是 {type(layer).__name__}。")
        if layer.ax is not None and layer.ax not in first:
            raise ValueError(f"layers 的第 {i} 个图层的 ax 不属于这张 fig。")
        default = plot.INK if layer.kind == "text" else colors[i % len(colors)]
        color = mpl.colors.to_hex(layer.color or default)
        out.append(replace(layer, ax=layer.ax or first[0], color=color))
    return out


def _set_limits(fig: Figure, layers: list[Layer], arrays: list[dict[str, np.ndarray]]) -> None:
    for ax in fig.axes:
        mine = [(x, a) for x, a in zip(layers, arrays, strict=True) if x.ax is ax]
        for layer, array in mine:
            if layer.kind != "image":
                continue
            left, right, last, first = extent(layer, array["z"].shape[-2:])
            if ax.get_autoscalex_on():
                ax.set_xlim(left, right)
            if ax.get_autoscaley_on():
                ax.set_ylim(*((last, first) if layer.origin == "upper" else (first, last)))
            ax.grid(False)
        frame.autoscale(
            ax,
            [_reach(layer, a["x"]) for layer, a in mine if "x" in a],
            [a["y"] for layer, a in mine if "y" in a]
            + [np.zeros(1) for layer, _ in mine if layer.kind == "bars"],
        )


def _reach(layer: Layer, x: np.ndarray) -> np.ndarray:
    """横向占到哪里：柱子比它的中心宽。"""
    half = layer.width / 2 if layer.kind == "bars" else 0.0
    return np.array([np.nanmin(x) - half, np.nanmax(x) + half]) if np.isfinite(x).any() else x


def _layer_spec(
    encoder: Encoder,
    layer: Layer,
    arrays: dict[str, np.ndarray],
    history: bool,
    groups: list[list[Axes]],
) -> dict[str, Any]:
    spec = {
        "type": layer.kind,
        "panel": next(i for i, group in enumerate(groups) if group[0] is layer.ax),
        "label": layer.label,
        "color": "--ex-ink" if layer.color == plot.INK else layer.color,
        "dash": bool(getattr(layer, "dash", False)),
        "history": bool(history),
    }
    if "z" in arrays:
        spec["colors"] = _color_table(layer.cmap)
    if layer.kind == "image":
        shape = arrays["z"].shape[-2:]
        left, right, last, first = extent(layer, shape)
        x = to_fraction(layer.ax, "x", np.array([left, right]))
        if x[0] > x[1]:
            raise ValueError("Image 所在的坐标系横轴是反的，请把 xlim 从小到大设置。")
        y = sorted(to_fraction(layer.ax, "y", np.array([last, first])))
        spec |= {
            "extent": [float(v) for v in (*x, *y)],
            "alpha": layer.alpha,
            "cells": layer.extent is None,
            "flipped": row_zero_is_low(layer, shape),
        }
    elif layer.kind == "points":
        spec["size"] = layer.size
    elif layer.kind == "text":
        spec |= {"size": layer.size, "decimals": layer.decimals}
    elif layer.kind == "bars":
        x = to_fraction(layer.ax, "x", np.array([0.0, layer.width]))
        base = layer.ax.get_ylim()[0] if layer.ax.get_yscale() == "log" else 0.0
        spec["width"] = float(abs(x[1] - x[0]))
        spec["base"] = float(to_fraction(layer.ax, "y", np.array([base]))[0])
    spec["channels"] = {
        name: encode_channel(encoder, layer, name, array) for name, array in arrays.items()
    }
    return spec


def _color_table(cmap: str) -> str:
    """颜色表的 255 级，每级六个十六进制字符，连成一串。"""
    table = mpl.colormaps[cmap](np.linspace(0, 1, 255))
    return "".join(mpl.colors.to_hex(color)[1:] for color in table)


def _hyperparameters(
    runs: xr.Dataset, grid: list[str], labels: Mapping[str, str]
) -> list[Hyperparameter]:
    out, slider = [], 0
    for name in grid:
        values = tuple(v.item() if hasattr(v, "item") else v for v in runs[name].values)
        out.append(
            Hyperparameter(
                name, labels.get(name, name), values, slider if len(values) > 1 else None
            )
        )
        slider += len(values) > 1
    return out


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


def _picture(
    fig: Figure,
    layers: Sequence[Layer],
    arrays: Sequence[dict[str, np.ndarray]],
    histories: Sequence[bool],
    position: Sequence[int],
    step: int,
) -> bytes:
    """用 matplotlib 画出打开时的那一步。"""
    for layer, array, history in zip(layers, arrays, histories, strict=True):
        end = step + 1 if history else None
        _paint(layer, {name: _at(a, position, step)[:, :end] for name, a in array.items()})
    for ax in fig.axes:
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
    return frame.picture(fig)


def _at(array: np.ndarray, position: Sequence[int], step: int) -> np.ndarray:
    """滑块停在 ``position``、走到 ``step`` 时的 ``(K, N)``；沿某一维不变的数组只有一份。"""
    index = [*position, step]
    return array[tuple(min(i, n - 1) for i, n in zip(index, array.shape[:-2], strict=True))]


def _paint(layer: Layer, now: dict[str, np.ndarray]) -> None:
    ax, color = layer.ax, layer.color
    limits = ax.get_xlim(), ax.get_ylim()
    if layer.kind == "image":
        left, right, last, first = extent(layer, now["z"].shape)
        ax.imshow(
            now["z"],
            cmap=layer.cmap,
            vmin=layer.vmin,
            vmax=layer.vmax,
            extent=(left, right, last, first),
            origin="upper",
            alpha=layer.alpha,
            aspect="auto",
        )
    elif layer.kind == "points":
        paint = {"color": color} if layer.values is None else {"c": now["z"].ravel()}
        if layer.values is not None:
            paint |= {"cmap": layer.cmap, "vmin": layer.vmin, "vmax": layer.vmax}
        ax.scatter(now["x"].ravel(), now["y"].ravel(), s=layer.size**2, label=layer.label, **paint)
    elif layer.kind == "text":
        shown = now["s"].ravel() > 0.5 if "s" in now else np.ones(now["t"].size, dtype=bool)
        columns = zip(now["x"].ravel(), now["y"].ravel(), now["t"].ravel(), shown, strict=True)
        for x, y, value, write in columns:
            if write and np.isfinite([x, y, value]).all():
                text = f"{round(value, layer.decimals) + 0:.{layer.decimals}f}"
                at = {"ha": "center", "va": "center_baseline", "clip_on": True}
                ax.text(x, y, text, color=color, fontsize=layer.size, **at)
    elif layer.kind == "bars":
        ax.bar(now["x"][0], now["y"][0], width=layer.width, color=color, label=layer.label)
    else:
        style = {"linestyle": "--"} if getattr(layer, "dash", False) else {}
        if layer.kind == "path":
            style |= {"marker": ".", "markersize": 4, "linewidth": 1.3}
        x, y = np.broadcast_arrays(now["x"], now["y"])
        for k in range(y.shape[0]):
            label = layer.label if k == 0 else None
            ax.plot(x[k], y[k], color=color, label=label, **style)
    ax.set(xlim=limits[0], ylim=limits[1])
