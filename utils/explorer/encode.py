"""把扫描结果压成浏览器要画的字节。

坐标先用坐标系自己的变换（线性、对数、symlog）换算成“画框里的比例”：0 是左（下）边，1 是右（上）边，
再量化成 16 位整数；图像的每格量化成 8 位。沿某个滑块或沿步数不变的数组只存一份。
"""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from utils.explorer.layers import Layer

STEP = "step"
_NAN16, _NAN8 = 65535, 255
# 画框外最多保留几个画框的距离：曲线要从正确的方向离开画框，再远就看不见了。
_REACH = 4.0


class Encoder:
    """逐个收下数组，拼成一整块字节；``add`` 返回浏览器解码所需的说明。"""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, array: np.ndarray, *, low: float, high: float, bits: int) -> dict[str, Any]:
        """量化 ``array``：最后两维是数据，之前是滑块和步数；``low``、``high`` 是两端。"""
        top = (_NAN16 if bits == 16 else _NAN8) - 1
        span = high - low or 1.0
        with np.errstate(invalid="ignore"):
            levels = np.round((np.clip(array, low, high) - low) / span * top)
        levels = np.where(np.isnan(array), top + 1, levels).astype("<u2" if bits == 16 else "u1")
        for axis in range(levels.ndim - 2):
            first = levels.take([0], axis=axis)
            if levels.shape[axis] > 1 and (levels == first).all():
                levels = first
        block = levels.tobytes()
        spec = {
            "at": self._size,
            "dims": list(levels.shape),
            "bits": bits,
            "low": low,
            "high": low + span,
        }
        # 16 位数组在浏览器里要求偶数偏移
        self._parts.append(block + b"\0" * (len(block) % 2))
        self._size += len(self._parts[-1])
        return spec

    def add_fraction(self, fraction: np.ndarray) -> dict[str, Any]:
        """量化画框里的比例，只保留画框附近的部分。"""
        finite = fraction[np.isfinite(fraction)]
        low = max(float(finite.min(initial=0.0)), -_REACH)
        high = min(float(finite.max(initial=1.0)), 1 + _REACH)
        return self.add(fraction, low=low, high=high, bits=16)

    def add_decimals(self, array: np.ndarray, decimals: int) -> dict[str, Any]:
        """要写成数字的数：一级正好是最后一位上的 1，写出来的没有量化误差。"""
        high = (_NAN16 - 1) // 2 / 10**decimals
        if (np.abs(array) > high).any():
            raise ValueError(
                f"Text 写 {decimals} 位小数时，数的大小不能超过 {high:g}，"
                f"收到了 {np.nanmax(np.abs(array)):g}。请把 decimals 取小一些，或换个单位。"
            )
        return self.add(array, low=-high, high=high, bits=16)

    def tobytes(self) -> bytes:
        return b"".join(self._parts)


def to_fraction(ax: Axes, which: str, values: np.ndarray) -> np.ndarray:
    """数据坐标换算成画框里的比例，用坐标系自己的变换。"""
    axis = ax.xaxis if which == "x" else ax.yaxis
    limits = np.asarray(ax.get_xlim() if which == "x" else ax.get_ylim(), dtype=float)
    transform = axis.get_transform()
    low, high = transform.transform(limits)
    with np.errstate(all="ignore"):
        moved = transform.transform(np.asarray(values, dtype=float).ravel()).reshape(values.shape)
    return (moved - low) / (high - low)


def axis_spec(ax: Axes, which: str) -> dict[str, Any]:
    """浏览器把比例换回数值所需的说明（悬停读数用）。"""
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = ax.get_xlim() if which == "x" else ax.get_ylim()
    scale = axis.get_scale()
    spec = {"scale": scale, "low": float(low), "high": float(high), "label": axis.get_label_text()}
    if scale == "symlog":
        transform = axis.get_transform()
        spec |= {k: getattr(transform, k) for k in ("base", "linthresh", "linscale")}
    elif scale not in ("linear", "log"):
        raise ValueError(f"坐标轴的刻度应当是 linear、log 或 symlog，收到的是 {scale!r}。")
    return spec


def is_history(layer: Layer, runs: xr.Dataset, grid: list[str]) -> bool:
    """这个图层画的是“沿步数的历史”（真），还是“当前这一步的样子”（假）。"""
    history = getattr(layer, "history", False)
    if history is not None:
        return history
    _require(layer, "y", layer.y, runs)
    return runs[layer.y].ndim - len(grid) - (STEP in runs[layer.y].dims) == 0


def resolve(layer: Layer, runs: xr.Dataset, grid: list[str]) -> dict[str, np.ndarray]:
    """取出图层里来自扫描结果的通道，统一成 ``(滑块…, 步, K, N)``：K 条曲线，每条 N 个点。

    图像的 K、N 是行和列。历史把步数挪到最后一维：``(滑块…, 1, K, 步)``。

    异常
    ----
    ValueError : 变量名不存在，或形状画不成这种图层。
    """
    history = is_history(layer, runs, grid)
    out = {}
    for name, source in layer.channels().items():
        if not isinstance(source, str):
            continue
        array = _variable(layer, name, source, runs, grid)
        payload = array.ndim - len(grid) - 1
        if layer.kind == "image":
            if payload != 2:
                raise _bad_shape(layer, name, source, payload, "二维矩阵（行, 列）")
        elif history:
            if payload > 1:
                raise _bad_shape(layer, name, source, payload, "标量，或 (k,) 的向量")
            array = array[..., None] if payload == 0 else array
            array = np.moveaxis(array, len(grid), -1)[..., None, :, :]
        else:
            limit = 2 if layer.kind == "line" else 1
            if payload > limit:
                raise _bad_shape(layer, name, source, payload, f"不超过 {limit} 维的数组")
            array = array[..., None] if payload == 0 else array
            array = array[..., None, :] if payload < 2 else array
        out[name] = array
    return out


def complete(
    layer: Layer, arrays: dict[str, np.ndarray], history: bool, steps: np.ndarray, n_axes: int
) -> dict[str, np.ndarray]:
    """补上固定的通道（作者给的数组；没有给横坐标时用步数或下标），并核对长度。

    异常
    ----
    ValueError : 各通道的点数不一样。
    """
    if layer.kind == "image":
        return arrays
    out = dict(arrays)
    for name, source in layer.channels().items():
        if source is not None and not isinstance(source, str):
            out[name] = np.atleast_1d(np.asarray(source, dtype=float))
    n = max(array.shape[-1] for array in out.values())
    if "x" not in out:
        out["x"] = (steps if history else np.arange(n)).astype(float)
    if len({array.shape[-1] for array in out.values()}) > 1:
        sizes = "，".join(f"{name} 有 {array.shape[-1]} 个" for name, array in out.items())
        raise ValueError(f"{type(layer).__name__} 各通道的点数要一样，收到的是：{sizes}。")
    return {
        name: array if name in arrays else array.reshape((1,) * (n_axes + 2) + array.shape)
        for name, array in out.items()
    }


def _variable(
    layer: Layer, channel: str, key: str, runs: xr.Dataset, grid: list[str]
) -> np.ndarray:
    _require(layer, channel, key, runs)
    array = runs[key]
    missing = [d for d in [*grid, STEP] if d not in array.dims]
    array = array.expand_dims(missing)
    payload = [d for d in array.dims if d not in grid and d != STEP]
    values = array.transpose(*grid, STEP, *payload).values.astype(float)
    if STEP in missing:
        return values
    # 提前结束的运行停在它最后一步的样子；补齐用的 NaN 不进浏览器
    length = runs["length"].transpose(*grid).values[..., None]
    last = np.clip(np.arange(values.shape[len(grid)]), 0, np.maximum(length - 1, 0))
    return np.take_along_axis(
        values, last.reshape(last.shape + (1,) * len(payload)).astype(int), axis=len(grid)
    )


def _require(layer: Layer, channel: str, key: str, runs: xr.Dataset) -> None:
    if key not in runs:
        known = "、".join(str(v) for v in runs.data_vars if v not in ("length", "diverged"))
        raise ValueError(
            f"{type(layer).__name__} 的 {channel} 要画 {key!r}，但扫描结果里没有这个变量。"
            f"train 给出的变量有：{known}。"
        )


def _bad_shape(layer: Layer, channel: str, source: Any, got: int, want: str) -> ValueError:
    return ValueError(
        f"{type(layer).__name__} 的 {channel}（{source!r}）每一步是 {got} 维，这里需要的是{want}。"
    )


def extent(layer: Layer, shape: tuple[int, int]) -> tuple[float, float, float, float]:
    """图像四边的数据坐标：左、右、最后一行的外沿、第 0 行的外沿。"""
    rows, columns = shape
    if layer.extent is None:
        return -0.5, columns - 0.5, rows - 0.5, -0.5
    left, right, bottom, top = layer.extent
    return (left, right, bottom, top) if layer.origin == "upper" else (left, right, top, bottom)


def encode_channel(encoder: Encoder, layer: Layer, name: str, array: np.ndarray) -> dict[str, Any]:
    """量化一个通道：颜色和“写不写”8 位；写出来的数 16 位；坐标先换成画框里的比例，再用 16 位。"""
    if name == "z":
        if layer.kind == "image" and row_zero_is_low(layer, array.shape[-2:]):
            array = array[..., ::-1, :]  # 浏览器从上往下画
        return encoder.add(array, low=layer.vmin, high=layer.vmax, bits=8)
    if name == "t":
        return encoder.add_decimals(array, layer.decimals)
    if name == "s":
        return encoder.add(array, low=0.0, high=1.0, bits=8)
    return encoder.add_fraction(to_fraction(layer.ax, name, array))


def row_zero_is_low(layer: Layer, shape: tuple[int, int]) -> bool:
    """第 0 行在屏幕上是不是靠下。"""
    last, first = to_fraction(layer.ax, "y", np.array(extent(layer, shape)[2:]))
    return bool(first < last)
