"""线段和箭头。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from utils.explorer.encode import Encoder
from utils.explorer.layers.base import Arrays, Channel
from utils.explorer.layers.colors import Colored


@dataclass(frozen=True)
class Segments(Colored):
    """连着结点的线段：网络、图、树、树状图（dendrogram）、词的对齐、格子世界里的箭头。

    结点本身用 ``Points`` 或 ``Text`` 画，它们在线段的上面。线段的粗细或颜色缺了（NaN）就不画，
    所以长出来的树、变化的连接都可以用一份固定的 ``edges``。

    参数
    ----
    x, y : n 个结点的坐标：变量名（每一步是 ``(n,)`` 的向量），或固定数组。
    edges : m 条边，每条是 ``(起点, 终点)`` 两个结点的编号，形状 ``(m, 2)``，固定不变。
    width : 线宽，单位是像素：一个数，或 m 条边各自的宽（变量名或固定数组）；0 就不画。
    values : 给每条边上色的数，形状 ``(m,)``；配合 ``cmap``、``vmin``、``vmax``（见 ``Image``）。
    arrows : 是否在终点画箭头。
    gap : 两端各空出多少像素，给结点留位置。
    """

    x: Channel
    y: Channel
    edges: Sequence[tuple[int, int]]
    _: KW_ONLY
    width: float | Channel = 1.5
    values: Channel | None = None
    arrows: bool = False
    gap: float = 0.0

    kind = "segments"

    def __post_init__(self) -> None:
        edges = np.asarray(self.edges)
        if (
            edges.ndim != 2
            or edges.shape[1] != 2
            or edges.dtype.kind not in "iu"
            or edges.min() < 0
        ):
            raise ValueError(
                "edges 应当是一列 (起点, 终点)，都是结点的编号，例如 [(0, 1), (1, 2)]，"
                f"收到的形状是 {edges.shape}。"
            )
        if self.values is not None:
            self.check_colors()
        if self.gap < 0 or (self._even and not self.width > 0):
            raise ValueError(
                f"width 应当是正数，gap 不能是负数，收到的是 {self.width} 和 {self.gap}。"
            )

    @property
    def _even(self) -> bool:
        """所有的边一样粗。"""
        return isinstance(self.width, int | float)

    def channels(self) -> Mapping[str, Channel | None]:
        channels = {"x": self.x, "y": self.y}
        channels |= {} if self._even else {"w": self.width}
        return channels if self.values is None else {**channels, "z": self.values}

    def _check_lengths(self, arrays: Arrays) -> None:
        n, m = arrays["x"].shape[-1], len(self.edges)
        wanted = {"x": n, "y": n, "w": m, "z": m}
        for name, array in arrays.items():
            if array.shape[-1] != wanted[name]:
                raise ValueError(
                    f"Segments 有 {n} 个结点、{m} 条边，{name} 却有 {array.shape[-1]} 个数。"
                )
        if np.max(self.edges) >= n:
            raise ValueError(
                f"Segments 只有 {n} 个结点，edges 里却有编号 {np.max(self.edges)}；编号从 0 开始。"
            )

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        colors = {} if self.values is None else {"colors": self.color_table()}
        edges = np.asarray(self.edges).tolist()
        even = {"width": self.width} if self._even else {}
        return {"edges": edges, "arrows": self.arrows, "gap": self.gap, **even, **colors}

    def encode_channel(self, encoder: Encoder, name: str, array: np.ndarray) -> dict[str, Any]:
        if name == "z":
            return self.encode_colors(encoder, array)
        if name != "w":
            return super().encode_channel(encoder, name, array)
        if (array < 0).any():
            raise ValueError(f"Segments 的 width 不能是负数，收到了 {np.nanmin(array):g}。")
        high = float(np.max(array, where=np.isfinite(array), initial=0.0))
        return encoder.add(array, low=0.0, high=high, bits=16)

    def paint(self, now: Arrays) -> None:
        x, y = (now[name].ravel() for name in "xy")
        width = np.full(len(self.edges), self.width) if self._even else now["w"].ravel()
        colors = self.rgba(now["z"].ravel()) if "z" in now else [self.color] * len(width)
        for (a, b), thick, color in zip(self.edges, width, colors, strict=True):
            if not thick > 0 or not np.isfinite([x[a], y[a], x[b], y[b]]).all():
                continue
            if not isinstance(color, str) and color[3] == 0:
                continue
            style = {"arrowstyle": "-|>" if self.arrows else "-", "color": color}
            style |= {"linewidth": thick, "shrinkA": self.gap, "shrinkB": self.gap}
            ends = {"xy": (x[b], y[b]), "xytext": (x[a], y[a])}
            self.ax.annotate("", **ends, arrowprops=style, annotation_clip=False).arrow_patch.set(
                clip_on=True, clip_path=self.ax.patch, zorder=1.5
            )
        if self.label:
            self.ax.plot([], [], color=self.color, label=self.label)
