"""散点。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from utils.explorer.encode import Encoder
from utils.explorer.layers.base import Arrays, Channel
from utils.explorer.layers.colors import Colored


@dataclass(frozen=True)
class Points(Colored):
    """散点：当前步的 n 个点。

    参数
    ----
    x, y : 变量名（每一步是标量或 ``(n,)`` 的向量），或固定数组。
    values : 给每个点上色的数，形状同 ``x``；配合 ``cmap``、``vmin``、``vmax``（见 ``Image``）。
    size : 点的直径，单位是像素。
    drag : 在图上拖这一个点，改的是哪一个或哪两个超参数，如 ``"lr"``、``("w", "b")``。
    """

    x: Channel
    y: Channel
    _: KW_ONLY
    values: Channel | None = None
    size: float = 5
    drag: str | Sequence[str] | None = None

    kind = "points"

    def __post_init__(self) -> None:
        if self.values is not None:
            self.check_colors()

    def channels(self) -> Mapping[str, Channel | None]:
        channels = {"x": self.x, "y": self.y}
        return channels if self.values is None else {**channels, "z": self.values}

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        colors = {} if self.values is None else {"colors": self.color_table()}
        return {"size": self.size, **colors}

    def encode_channel(self, encoder: Encoder, name: str, array: np.ndarray) -> dict[str, Any]:
        if name == "z":
            return self.encode_colors(encoder, array)
        return super().encode_channel(encoder, name, array)

    def undraggable(self, arrays: Arrays) -> str:
        alone = all(arrays[which].shape[-2:] == (1, 1) for which in "xy")
        return "" if alone else "要拖的散点每一步只能有一个点"

    def paint(self, now: Arrays) -> None:
        x, y = now["x"].ravel(), now["y"].ravel()
        kept = self.inside(x, y)
        color = self.color if self.values is None else self.rgba(now["z"].ravel())[kept]
        self.ax.scatter(
            x[kept], y[kept], s=self.size**2, c=color, label=self.label, clip_on=False, zorder=2
        )
