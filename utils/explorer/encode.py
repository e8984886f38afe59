"""把扫描结果压成浏览器要画的字节。

坐标先用坐标系自己的变换（线性、对数、symlog）换算成“画框里的比例”：0 是左（下）边，1 是右（上）边，
再量化成 16 位整数；颜色量化成 8 位，缺的数（NaN）另有一个记号。
沿某个滑块或沿步数不变的数组只存一份。
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

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

    def add_integers(self, array: np.ndarray) -> dict[str, Any]:
        """不大的非负整数（词表里的编号）：一级就是一个数，没有量化误差。"""
        return self.add(array, low=0.0, high=_NAN16 - 1.0, bits=16)

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
    """数据坐标换算成画框里的比例，用坐标系自己的变换；``which`` 是 ``"x"`` 或 ``"y"``。"""
    axis = ax.xaxis if which == "x" else ax.yaxis
    limits = np.asarray(ax.get_xlim() if which == "x" else ax.get_ylim(), dtype=float)
    transform = axis.get_transform()
    low, high = transform.transform(limits)
    with np.errstate(all="ignore"):
        moved = transform.transform(np.asarray(values, dtype=float).ravel()).reshape(values.shape)
    return (moved - low) / (high - low)


def axis_spec(ax: Axes, which: str) -> dict[str, Any]:
    """浏览器把比例换回数值（类别轴是名字）所需的说明，悬停读数用。"""
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = ax.get_xlim() if which == "x" else ax.get_ylim()
    scale = axis.get_scale()
    spec = {"scale": scale, "low": float(low), "high": float(high), "label": axis.get_label_text()}
    if names := category_names(axis):
        spec["names"] = names
    if scale == "symlog":
        transform = axis.get_transform()
        spec |= {k: getattr(transform, k) for k in ("base", "linthresh", "linscale")}
    elif scale not in ("linear", "log"):
        raise ValueError(f"坐标轴的刻度应当是 linear、log 或 symlog，收到的是 {scale!r}。")
    return spec


def category_names(axis: Any) -> list[str]:
    """类别轴上各个整数位置的名字；不是类别轴就是空的。"""
    mapping = getattr(axis.get_units(), "_mapping", {})  # UnitData 没有公开的取法
    return [str(name) for name in mapping]
