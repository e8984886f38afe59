"""各种图层共有的部分。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from utils import plot
from utils.explorer.encode import STEP, Encoder, to_fraction

Channel = str | Sequence[float] | Sequence[str] | np.ndarray
Arrays = dict[str, np.ndarray]
"""通道名到数组。数组统一成 ``(滑块…, 步, K, N)``：K 条曲线，每条 N 个点；图像的 K、N 是行和列。"""


@dataclass(frozen=True)
class Layer:
    """各种图层共有的设置。

    一个图层只描述“画什么”。它有若干通道（``x``、``y``、``z``……），通道的值是扫描结果里的变量名，
    或一个固定的数组。缺的数（NaN，或掩码数组里掩去的）不画。

    参数
    ----
    ax : 画在哪个坐标系里，默认是图的第一个。
    label : 图例里的名字；不给就不进图例。
    color : 颜色，默认依次取色板里的颜色。
    """

    _: KW_ONLY
    ax: Axes | None = None
    label: str | None = None
    color: str | None = None

    kind = ""  # 浏览器里的名字
    ink = None  # 没有给颜色时固定用它；None 就取色板里的下一种
    history = False  # 画沿步数的历史，还是当前这一步的样子
    n_dims = 1  # 每一步最多是几维的数组
    drag = None  # 在图上拖它改哪一两个超参数；能拖的图层有这个设置

    def channels(self) -> Mapping[str, Channel | None]:
        """通道名到数据来源的映射。"""
        raise NotImplementedError

    # ---------- 取数组 ----------

    def prepared(self, runs: xr.Dataset, grid: Sequence[str], ax: Axes, color: str) -> Self:
        """补上默认的坐标系和颜色。"""
        color = mpl.colors.to_hex(self.color or self.ink or color)
        return replace(self, ax=self.ax or ax, color=color)

    def resolve(self, runs: xr.Dataset, grid: Sequence[str]) -> Arrays:
        """取出来自扫描结果的通道。历史把步数挪到最后一维：``(滑块…, 1, K, 步)``。

        异常
        ----
        ValueError : 变量名不存在，或形状画不成这种图层。
        """
        return {
            name: self._shaped(name, source, recorded(self, name, source, runs, grid), len(grid))
            for name, source in self.channels().items()
            if isinstance(source, str)
        }

    def _shaped(self, name: str, source: str, array: np.ndarray, n_axes: int) -> np.ndarray:
        """``(滑块…, 步, 每一步的形状)`` 补成 ``(滑块…, 步, K, N)``。"""
        n_dims = array.ndim - n_axes - 1
        if n_dims > self.n_dims:
            raise self._bad_shape(name, source, n_dims, f"不超过 {self.n_dims} 维的数组")
        array = array[..., None] if n_dims == 0 else array
        return array[..., None, :] if n_dims < 2 else array

    def complete(self, arrays: Arrays, steps: np.ndarray, n_axes: int) -> Arrays:
        """补上固定的通道（没有给横坐标时用步数或下标），并核对长度。

        异常
        ----
        ValueError : 各通道的点数不一样。
        """
        out = dict(arrays)
        for name, source in self.channels().items():
            if source is not None and not isinstance(source, str):
                out[name] = self._fixed(name, source, n_axes)
        if "x" not in out:
            n = max(array.shape[-1] for array in out.values())
            out["x"] = self._fixed("x", steps if self.history else np.arange(n), n_axes)
        self._check_lengths(out)
        return out

    def _fixed(self, name: str, source: Channel, n_axes: int) -> np.ndarray:
        """作者给的数组；名字（类别轴）换成坐标轴上的位置。"""
        values = source if isinstance(source, np.ma.MaskedArray) else np.asarray(source)
        if values.dtype.kind == "U" and name in ("x", "y"):
            axis = self.ax.xaxis if name == "x" else self.ax.yaxis
            axis.update_units(np.ravel(values))
            values = axis.convert_units(np.ravel(values))
        values = np.ma.filled(np.ma.array(values, dtype=float, ndmin=2), np.nan)
        return values.reshape((1,) * (n_axes + 1) + values.shape)

    def _check_lengths(self, arrays: Arrays) -> None:
        if len({array.shape[-1] for array in arrays.values()}) > 1:
            sizes = "，".join(f"{name} 有 {array.shape[-1]} 个" for name, array in arrays.items())
            raise ValueError(f"{type(self).__name__} 各通道的点数要一样，收到的是：{sizes}。")

    def _bad_shape(self, name: str, source: str, got: int, want: str) -> ValueError:
        return ValueError(
            f"{type(self).__name__} 的 {name}（{source!r}）每一步是 {got} 维，这里需要的是{want}。"
        )

    def undraggable(self, arrays: Arrays) -> str:
        """写了 ``drag`` 却拖不了的原因；拖得了就是空的。"""
        return "要拖的只能是一个点、一条轨迹或一条线" if arrays["y"].shape[-2] > 1 else ""

    # ---------- 占多大范围 ----------

    def claim_limits(self, arrays: Arrays) -> None:
        """自己定坐标范围的图层在这里定；其余的由全部数据一起定。"""

    def reach(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """横向、纵向占到哪里。"""
        return {which: arrays[which] for which in "xy"}

    # ---------- 送到浏览器 ----------

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        """画这种图层所需的说明。"""
        return {}

    def encode(self, encoder: Encoder, arrays: Arrays) -> dict[str, dict[str, Any]]:
        """量化各通道。现场训练时只有随步变化的通道，固定的借用录好的。"""
        return {name: self.encode_channel(encoder, name, array) for name, array in arrays.items()}

    def encode_channel(self, encoder: Encoder, name: str, array: np.ndarray) -> dict[str, Any]:
        """坐标换成画框里的比例，用 16 位。"""
        return encoder.add_fraction(to_fraction(self.ax, name, array))

    # ---------- 画进 PNG ----------

    def paint(self, now: Arrays) -> None:
        """用 matplotlib 画出此刻的样子；各通道的形状是 ``(K, N)``。"""
        raise NotImplementedError

    def inside(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """哪些点画得出：不缺，而且在画框之内。点和字在框边上要画全，框外的不画。"""
        u, v = to_fraction(self.ax, "x", x), to_fraction(self.ax, "y", y)
        slack = 1e-4  # 坐标量化以后的误差
        return (np.abs(u - 0.5) <= 0.5 + slack) & (np.abs(v - 0.5) <= 0.5 + slack)


def recorded(
    layer: Layer, channel: str, key: str, runs: xr.Dataset, grid: Sequence[str]
) -> np.ndarray:
    """扫描结果里的一个变量，形状 ``(滑块…, 步, 每一步的形状)``。"""
    if key not in runs:
        known = "、".join(str(v) for v in runs.data_vars if v not in ("length", "diverged"))
        raise ValueError(
            f"{type(layer).__name__} 的 {channel} 要画 {key!r}，但扫描结果里没有这个变量。"
            f"train 给出的变量有：{known}。"
        )
    array = runs[key]
    missing = [d for d in [*grid, STEP] if d not in array.dims]
    array = array.expand_dims(missing)
    inner = [d for d in array.dims if d not in grid and d != STEP]
    values = array.transpose(*grid, STEP, *inner).values.astype(float)
    if STEP in missing:
        return values
    # 提前结束的运行停在它最后一步的样子；补齐用的 NaN 不进浏览器
    length = runs["length"].transpose(*grid).values[..., None]
    last = np.clip(np.arange(values.shape[len(grid)]), 0, np.maximum(length - 1, 0))
    return np.take_along_axis(
        values, last.reshape(last.shape + (1,) * len(inner)).astype(int), axis=len(grid)
    )


def css_color(color: str) -> str:
    """墨色在深色模式里要变浅，所以送变量名；其余的颜色原样送。"""
    return "--ex-ink" if color == plot.INK else color
