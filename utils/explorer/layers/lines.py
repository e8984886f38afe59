"""曲线，和参数走过的轨迹。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from utils.explorer.layers.base import Arrays, Channel, Layer, recorded


@dataclass(frozen=True)
class _Curve(Layer):
    """连起来的点。历史的每一步是一个点，最后一维是步。"""

    n_dims = 2

    def _shaped(self, name: str, source: str, array: np.ndarray, n_axes: int) -> np.ndarray:
        if not self.history:
            return super()._shaped(name, source, array, n_axes)
        n_dims = array.ndim - n_axes - 1
        if n_dims > 1:
            raise self._bad_shape(name, source, n_dims, "标量，或 (k,) 的向量")
        array = array[..., None] if n_dims == 0 else array
        return np.moveaxis(array, n_axes, -1)[..., None, :, :]

    def _style(self) -> dict[str, Any]:
        raise NotImplementedError

    def paint(self, now: Arrays) -> None:
        x, y = np.broadcast_arrays(now["x"], now["y"])
        for k in range(y.shape[0]):
            label = self.label if k == 0 else None
            self.ax.plot(x[k], y[k], color=self.color, label=label, **self._style())


@dataclass(frozen=True)
class Line(_Curve):
    """曲线。

    参数
    ----
    y : 变量名。每一步是标量时画“历史”：到当前步为止是实线，其余的部分是淡线；
        每一步是 ``(n,)`` 的向量时画当前步的那条曲线；``(k, n)`` 时画 k 条。
    x : ``None`` 表示步数（历史）或下标（曲线）；也可以是变量名或固定数组。
    history : 明确指定是否画历史。每一步是 ``(k,)`` 时，``history=True`` 画 k 条历史。
    dash : 是否画成虚线。
    drag : 在图上拖这条线（不能是历史），改的是哪一个或哪两个超参数；竖线、横线最合适。
    """

    y: str
    x: Channel | None = None
    _: KW_ONLY
    history: bool | None = None
    dash: bool = False
    drag: str | Sequence[str] | None = None

    kind = "line"

    def channels(self) -> Mapping[str, Channel | None]:
        return {"x": self.x, "y": self.y}

    def prepared(self, runs: xr.Dataset, grid: Sequence[str], ax: Axes, color: str) -> Self:
        layer = super().prepared(runs, grid, ax, color)
        if self.history is not None:
            return layer
        n_dims = recorded(self, "y", self.y, runs, grid).ndim - len(grid) - 1
        return replace(layer, history=n_dims == 0)

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        return {"dash": self.dash}

    def undraggable(self, arrays: Arrays) -> str:
        return "历史曲线拖不了" if self.history else super().undraggable(arrays)

    def _style(self) -> dict[str, Any]:
        return {"linestyle": "--" if self.dash else "-"}


@dataclass(frozen=True)
class Path(_Curve):
    """参数走过的轨迹：每一步一个点 ``(x, y)``，当前位置用大圆点标出。

    ``x``、``y`` 每一步是标量（一条轨迹）或 ``(k,)`` 的向量（k 条轨迹）。

    参数
    ----
    drag : 在图上拖轨迹的起点，改的是哪一个或哪两个超参数，如 ``("w", "b")``。
    """

    x: str
    y: str
    _: KW_ONLY
    drag: str | Sequence[str] | None = None

    kind = "path"
    history = True

    def channels(self) -> Mapping[str, Channel | None]:
        return {"x": self.x, "y": self.y}

    def _style(self) -> dict[str, Any]:
        return {"marker": ".", "markersize": 4, "linewidth": 1.3}
