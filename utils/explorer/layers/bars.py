"""柱形。"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from utils.explorer.encode import Encoder, to_fraction
from utils.explorer.layers.base import Arrays, Channel, Layer


@dataclass(frozen=True)
class Bars(Layer):
    """柱形：当前步的 n 个数，从 0 画起（对数轴上从画框的下边画起）。

    参数
    ----
    y : 变量名，每一步是 ``(n,)`` 的向量。
    x : 柱子中心的位置，默认是 0 到 n-1；也可以是 n 个名字，横轴就成了类别轴。
    width : 柱子的宽度，单位同横轴。
    """

    y: str
    x: Channel | None = None
    _: KW_ONLY
    width: float = 0.8

    kind = "bars"

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"width 应当是正数，收到的是 {self.width}。")

    def channels(self) -> Mapping[str, Channel | None]:
        return {"x": self.x, "y": self.y}

    def _sides(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x - self.width / 2, x + self.width / 2

    def reach(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """柱子比它的中心宽，而且总从 0 画起。"""
        x = np.concatenate([side.ravel() for side in self._sides(arrays["x"])])
        return {"x": x, "y": np.append(arrays["y"].ravel(), 0.0)}

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        base = self.ax.get_ylim()[0] if self.ax.get_yscale() == "log" else 0.0
        return {"base": float(to_fraction(self.ax, "y", np.array([base]))[0])}

    def encode(self, encoder: Encoder, arrays: Arrays) -> dict[str, dict[str, Any]]:
        """柱子的左右两边各自换算：对数轴上同样的宽度画出来不一样宽。"""
        edges = {}
        if "x" in arrays:
            edges = dict(zip(("x0", "x1"), self._sides(arrays["x"]), strict=True))
        fractions = {name: to_fraction(self.ax, "x", side) for name, side in edges.items()}
        if "y" in arrays:
            fractions["y"] = to_fraction(self.ax, "y", arrays["y"])
        return {name: encoder.add_fraction(array) for name, array in fractions.items()}

    def paint(self, now: Arrays) -> None:
        x, y = now["x"][0], now["y"][0]
        kept = np.isfinite(x) & np.isfinite(y)
        style = {"color": self.color, "label": self.label}
        self.ax.bar(x[kept], y[kept], width=self.width, **style)
