"""图像：热力图、注意力图、决策区域、一组小图、彩色图。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import AutoLocator

from utils.explorer.encode import Encoder, to_fraction
from utils.explorer.layers.base import Arrays, Channel, recorded
from utils.explorer.layers.colors import Colored


@dataclass(frozen=True)
class Image(Colored):
    """热力图、注意力图、决策区域：每一步一个 ``(行, 列)`` 的矩阵；一组小图是 ``(k, 行, 列)``。

    坐标轴要是线性的。

    参数
    ----
    z : 变量名。
    cmap : 连续的颜色：matplotlib 颜色表的名字或颜色表；
        分类的颜色：一列颜色，这时数是编号，``0`` 用第一种，``1`` 用第二种……
    vmin, vmax : 颜色两端对应的数（必须给，否则拖动时颜色的含义会变）；分类的颜色不用给。
    rgb : 彩色图，最后再多一维 3：``(行, 列, 3)`` 或 ``(k, 行, 列, 3)``，数在 0 到 1 之间；不用
        ``cmap``、``vmin``、``vmax``。
    across : k 张小图排成几列，默认排得接近正方形；各图之间空一格。
    rows, columns : 各行、各列的名字，写在坐标轴上，悬停时也读名字；一组小图没有。
    extent : 图像四边在坐标系里的位置 ``(左, 右, 下, 上)``；默认每格一个单位，格子中心在整数上。
    origin : ``"upper"`` 第 0 行在上（矩阵），``"lower"`` 第 0 行在下（平面上的区域）。
    alpha : 不透明度，0 到 1。
    tile : 不用给：一组小图的 ``(张数, 行, 列)``，由扫描结果得到。
    """

    z: str
    _: KW_ONLY
    rgb: bool = False
    across: int | None = None
    rows: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    extent: tuple[float, float, float, float] | None = None
    origin: str = "upper"
    alpha: float = 1.0
    tile: tuple[int, int, int] | None = None

    kind = "image"

    def __post_init__(self) -> None:
        if not self.rgb:
            self.check_colors()
        if self.origin not in ("upper", "lower"):
            raise ValueError(f'origin 应当是 "upper" 或 "lower"，收到的是 {self.origin!r}。')
        if not 0 < self.alpha <= 1:
            raise ValueError(f"alpha 应当在 0 到 1 之间，收到的是 {self.alpha}。")
        if self.across is not None and self.across < 1:
            raise ValueError(f"across 应当是正整数，收到的是 {self.across}。")

    def channels(self) -> Mapping[str, Channel | None]:
        return {"z": self.z}

    # ---------- 取数组 ----------

    def prepared(self, runs: xr.Dataset, grid: Sequence[str], ax: Axes, color: str) -> Self:
        layer = super().prepared(runs, grid, ax, color)
        for which in "xy":
            if getattr(layer.ax, f"get_{which}scale")() != "linear":
                raise ValueError(
                    f"Image 要画在线性的坐标轴上，{which} 轴却是对数或 symlog 的。"
                    "请把网格取在 log10 上，坐标轴用线性，再把刻度写成 10 的几次方。"
                )
        shape = recorded(self, "z", self.z, runs, grid).shape[len(grid) + 1 :]
        inner = shape[:-1] if self.rgb else shape
        return replace(layer, tile=inner if len(inner) == 3 else None)

    def _shaped(self, name: str, source: str, array: np.ndarray, n_axes: int) -> np.ndarray:
        """彩色图的三种颜色并排放进最后一维：``(…, 行, 3 × 列)``。"""
        n_dims = array.ndim - n_axes - 1
        if self.rgb and (n_dims not in (3, 4) or array.shape[-1] != 3):
            want = "彩色图（行, 列, 3），或一组彩色图（k, 行, 列, 3）"
            raise self._bad_shape(name, source, n_dims, want)
        if not self.rgb and n_dims not in (2, 3):
            raise self._bad_shape(name, source, n_dims, "二维矩阵（行, 列），或一组（k, 行, 列）")
        array = array if self.rgb else array[..., None]
        array = self._tiled(array) if self.tile else array
        return array.reshape(*array.shape[:-2], -1)

    def _tiled(self, array: np.ndarray) -> np.ndarray:
        """``(…, k, 行, 列, 颜色)`` 的 k 张小图排成一张，中间空一格。"""
        k, rows, columns, depth = array.shape[-4:]
        across = self._across()
        size = (-(-k // across) * (rows + 1) - 1, across * (columns + 1) - 1)
        out = np.full((*array.shape[:-4], *size, depth), np.nan)
        for i in range(k):
            top, left = i // across * (rows + 1), i % across * (columns + 1)
            out[..., top : top + rows, left : left + columns, :] = array[..., i, :, :, :]
        return out

    def _across(self) -> int:
        k = self.tile[0]
        return min(self.across or int(np.ceil(np.sqrt(k))), k)

    def complete(self, arrays: Arrays, steps: np.ndarray, n_axes: int) -> Arrays:
        for which, names, size in zip(
            ("rows", "columns"), (self.rows, self.columns), self._shape(arrays["z"]), strict=True
        ):
            if names is not None and (self.tile or len(names) != size):
                raise ValueError(
                    f"Image 的 {which} 有 {len(names)} 个名字，矩阵在这个方向上是 {size} 格；"
                    "一组小图没有行名和列名。"
                )
        return arrays

    def _shape(self, z: np.ndarray) -> tuple[int, int]:
        rows, columns = z.shape[-2:]
        return rows, columns // 3 if self.rgb else columns

    # ---------- 占多大范围 ----------

    def _edges(self, z: np.ndarray) -> tuple[float, float, float, float]:
        """数据坐标：第 0 列的外沿、最后一列的外沿、最后一行的外沿、第 0 行的外沿。"""
        rows, columns = self._shape(z)
        if self.extent is None:
            return -0.5, columns - 0.5, rows - 0.5, -0.5
        left, right, bottom, top = self.extent
        return (left, right, bottom, top) if self.origin == "upper" else (left, right, top, bottom)

    def claim_limits(self, arrays: Arrays) -> None:
        left, right, last, first = self._edges(arrays["z"])
        if self.ax.get_autoscalex_on():
            self.ax.set_xlim(left, right)
        if self.ax.get_autoscaley_on():
            self.ax.set_ylim(*((last, first) if self.origin == "upper" else (first, last)))
        self.ax.grid(False)
        if self.extent is None:  # 格子是数出来的：没有第 2.5 格
            for axis in (self.ax.xaxis, self.ax.yaxis):
                if isinstance(locator := axis.get_major_locator(), AutoLocator):
                    locator.set_params(integer=True)
        rows, columns = self._shape(arrays["z"])
        middle = [np.arange(n) + 0.5 for n in (columns, rows)]
        if self.columns is not None:
            self.ax.set_xticks(left + middle[0] * (right - left) / columns, self.columns)
        if self.rows is not None:
            self.ax.set_yticks(first + middle[1] * (last - first) / rows, self.rows)

    def reach(self, arrays: Arrays) -> dict[str, np.ndarray]:
        return {}

    # ---------- 送到浏览器 ----------

    def _mirrored(self, z: np.ndarray) -> tuple[bool, bool]:
        """屏幕上第 0 行是不是靠下，第 0 列是不是靠右。"""
        left, right, last, first = self._edges(z)
        x = to_fraction(self.ax, "x", np.array([left, right]))
        y = to_fraction(self.ax, "y", np.array([last, first]))
        return bool(y[1] < y[0]), bool(x[1] < x[0])

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        z = arrays["z"]
        left, right, last, first = self._edges(z)
        x = sorted(to_fraction(self.ax, "x", np.array([left, right])))
        y = sorted(to_fraction(self.ax, "y", np.array([last, first])))
        out = {
            "extent": [float(v) for v in (*x, *y)],
            "alpha": self.alpha,
            "cells": self.extent is None or self.rows is not None or self.columns is not None,
            "mirrored": self._mirrored(z),
            "rows": None if self.rows is None else list(self.rows),
            "columns": None if self.columns is None else list(self.columns),
        }
        out |= {"rgb": True} if self.rgb else {"colors": self.color_table()}
        if self.tile:
            out["tile"] = {"rows": self.tile[1], "columns": self.tile[2], "across": self._across()}
            out["tile"]["n"] = self.tile[0]
        return out

    def encode_channel(self, encoder: Encoder, name: str, array: np.ndarray) -> dict[str, Any]:
        """浏览器从上往下、从左往右画。"""
        upside_down, right_to_left = self._mirrored(array)
        pixels = array.reshape(*array.shape[:-1], -1, 3 if self.rgb else 1)
        pixels = pixels[..., ::-1, :, :] if upside_down else pixels
        pixels = pixels[..., ::-1, :] if right_to_left else pixels
        lost = np.isnan(pixels).any(axis=-1, keepdims=True)  # 三种颜色缺一种，这一格就缺了
        array = np.where(lost, np.nan, pixels).reshape(array.shape)
        if self.rgb:
            return encoder.add(array, low=0.0, high=1.0, bits=8)
        return self.encode_colors(encoder, array)

    def paint(self, now: Arrays) -> None:
        z = now["z"]
        left, right, last, first = self._edges(z)
        if self.rgb:
            color = np.clip(z.reshape(*self._shape(z), 3), 0, 1)
            rgba = np.dstack([np.nan_to_num(color), ~np.isnan(color).any(axis=-1)])
        else:
            rgba = self.rgba(z)
        place = {"extent": (left, right, last, first), "origin": "upper"}
        aspect = self.ax.get_aspect()
        self.ax.imshow(rgba, alpha=self.alpha, interpolation="nearest", aspect=aspect, **place)
