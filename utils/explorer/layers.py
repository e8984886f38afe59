"""图层：告诉可拖动的图，扫描结果里的哪些数组画成什么。

一个图层只描述“画什么”，不画。每个图层有若干通道（``x``、``y``、``z``……），通道的值是
扫描结果里的变量名，或一个固定的数组。
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

Channel = str | Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Layer:
    """各种图层共有的设置。

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

    kind = ""

    def channels(self) -> dict[str, Channel | None]:
        """通道名到数据来源的映射。"""
        raise NotImplementedError


@dataclass(frozen=True)
class Line(Layer):
    """曲线。

    参数
    ----
    y : 变量名。每一步是标量时画“历史”：到当前步为止是实线，其余的部分是淡线；
        每一步是 ``(n,)`` 的向量时画当前步的那条曲线；``(k, n)`` 时画 k 条。
    x : ``None`` 表示步数（历史）或下标（曲线）；也可以是变量名或固定数组。
    history : 明确指定是否画历史。每一步是 ``(k,)`` 时，``history=True`` 画 k 条历史。
    dash : 是否画成虚线。
    """

    y: str
    x: Channel | None = None
    _: KW_ONLY
    history: bool | None = None
    dash: bool = False

    kind = "line"

    def channels(self) -> dict[str, Channel | None]:
        return {"x": self.x, "y": self.y}


@dataclass(frozen=True)
class Path(Layer):
    """参数走过的轨迹：每一步一个点 ``(x, y)``，当前位置用大圆点标出。

    ``x``、``y`` 每一步是标量（一条轨迹）或 ``(k,)`` 的向量（k 条轨迹）。
    """

    x: str
    y: str

    kind = "path"
    history = True

    def channels(self) -> dict[str, Channel | None]:
        return {"x": self.x, "y": self.y}


@dataclass(frozen=True)
class Points(Layer):
    """散点：当前步的 n 个点。

    参数
    ----
    x, y : 变量名（每一步是标量或 ``(n,)`` 的向量），或固定数组。
    values : 给每个点上色的数，形状同 ``x``；配合 ``cmap``、``vmin``、``vmax``。
    size : 点的直径，单位是像素。
    """

    x: Channel
    y: Channel
    _: KW_ONLY
    values: Channel | None = None
    cmap: str = "viridis"
    vmin: float | None = None
    vmax: float | None = None
    size: float = 5

    kind = "points"

    def __post_init__(self) -> None:
        if self.values is not None:
            _check_colors(self)

    def channels(self) -> dict[str, Channel | None]:
        channels = {"x": self.x, "y": self.y}
        return channels if self.values is None else {**channels, "z": self.values}


@dataclass(frozen=True)
class Image(Layer):
    """热力图、注意力图、决策区域：每一步一个 ``(行, 列)`` 的矩阵。

    参数
    ----
    z : 变量名。
    cmap, vmin, vmax : 颜色表，以及颜色两端对应的数值（必须给，否则拖动时颜色的含义会变）。
    extent : 图像四边在坐标系里的位置 ``(左, 右, 下, 上)``；默认每格一个单位，格子中心在整数上。
    origin : ``"upper"`` 第 0 行在上（矩阵），``"lower"`` 第 0 行在下（平面上的区域）。
    alpha : 不透明度，0 到 1。
    """

    z: str
    _: KW_ONLY
    cmap: str = "viridis"
    vmin: float | None = None
    vmax: float | None = None
    extent: tuple[float, float, float, float] | None = None
    origin: str = "upper"
    alpha: float = 1.0

    kind = "image"

    def __post_init__(self) -> None:
        _check_colors(self)
        if self.origin not in ("upper", "lower"):
            raise ValueError(f'origin 应当是 "upper" 或 "lower"，收到的是 {self.origin!r}。')
        if not 0 < self.alpha <= 1:
            raise ValueError(f"alpha 应当在 0 到 1 之间，收到的是 {self.alpha}。")

    def channels(self) -> dict[str, Channel | None]:
        return {"z": self.z}


@dataclass(frozen=True)
class Bars(Layer):
    """柱形：当前步的 n 个数，从 0 画起。

    参数
    ----
    y : 变量名，每一步是 ``(n,)`` 的向量。
    x : 柱子中心的位置，默认是 0 到 n-1。
    width : 柱子的宽度，单位同横轴。
    """

    y: str
    x: Channel | None = None
    _: KW_ONLY
    width: float = 0.8

    kind = "bars"
    history: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"width 应当是正数，收到的是 {self.width}。")

    def channels(self) -> dict[str, Channel | None]:
        return {"x": self.x, "y": self.y}


@dataclass(frozen=True)
class Text(Layer):
    """写在画面上的数：当前步的 n 个数，各写在 ``(x, y)`` 处，以那一点为中心。

    没有给 ``color`` 时用墨色，深色模式里跟着变浅。钉住对比时不画淡影；数已经写出来，悬停不再读。

    参数
    ----
    x, y : 变量名（每一步是标量或 ``(n,)`` 的向量），或固定数组。
    values : 要写的数，形状同 ``x``。
    shown : 哪些要写出来：大于 0.5 写，否则留空；不给就全写。形状同 ``x``。
    decimals : 小数位数，0 到 4。写出来的就是四舍五入的结果，
        所以数的大小不能超过 ``32767 / 10**decimals``。
    size : 字号，单位是磅，随图一起缩放，与 matplotlib 的 ``fontsize`` 相同。
    """

    x: Channel
    y: Channel
    values: Channel
    _: KW_ONLY
    shown: Channel | None = None
    decimals: int = 2
    size: float = 10

    kind = "text"

    def __post_init__(self) -> None:
        if self.decimals not in range(5):
            raise ValueError(f"decimals 应当是 0 到 4 的整数，收到的是 {self.decimals!r}。")

    def channels(self) -> dict[str, Channel | None]:
        channels = {"x": self.x, "y": self.y, "t": self.values}
        return channels if self.shown is None else {**channels, "s": self.shown}


def _check_colors(layer: Points | Image) -> None:
    name = type(layer).__name__
    if layer.cmap not in mpl.colormaps:
        raise ValueError(f"{name} 的 cmap 应当是 matplotlib 的颜色表，没有叫 {layer.cmap!r} 的。")
    if layer.vmin is None or layer.vmax is None or not layer.vmin < layer.vmax:
        raise ValueError(
            f"{name} 需要 vmin < vmax，收到的是 vmin={layer.vmin}、vmax={layer.vmax}。"
            "颜色的两端固定下来，拖动滑块时同一种颜色才始终表示同一个数。"
        )
