"""用颜色表示数的图层：颜色表，和颜色两端的数。"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap

from utils.explorer.encode import Encoder
from utils.explorer.layers.base import Layer

Colors = str | Colormap | Sequence[str]
_LEVELS = 255  # 8 位里留一级给缺的数


@dataclass(frozen=True)
class Colored(Layer):
    """有颜色通道的图层。

    参数
    ----
    cmap : 连续的颜色：matplotlib 颜色表的名字或颜色表；
        分类的颜色：一列颜色，这时数是编号，``0`` 用第一种，``1`` 用第二种……
    vmin, vmax : 连续颜色的两端对应的数（必须给，否则拖动时颜色的含义会变）；分类的颜色不用给。
    """

    _: KW_ONLY
    cmap: Colors = "viridis"
    vmin: float | None = None
    vmax: float | None = None

    @property
    def classes(self) -> int:
        """分类颜色的个数；连续的颜色是 0。"""
        return 0 if isinstance(self.cmap, str | Colormap) else len(self.cmap)

    def check_colors(self) -> None:
        name = type(self).__name__
        if isinstance(self.cmap, str) and self.cmap not in mpl.colormaps:
            raise ValueError(
                f"{name} 的 cmap 应当是 matplotlib 的颜色表，没有叫 {self.cmap!r} 的。"
                "要自己配色，请给一列颜色。"
            )
        if not isinstance(self.cmap, str | Colormap):
            wrong = [color for color in self.cmap if not mpl.colors.is_color_like(color)]
            if wrong or not 0 < self.classes < _LEVELS:
                raise ValueError(
                    f"{name} 的 cmap 应当是 1 到 {_LEVELS - 1} 种颜色，"
                    f"收到 {self.classes} 种，其中不是颜色的有：{wrong}。"
                )
            if (self.vmin, self.vmax) != (None, None):
                raise ValueError(
                    f"{name} 的 cmap 是一列颜色时，数就是颜色的编号，不要再给 vmin、vmax。"
                )
        elif self.vmin is None or self.vmax is None or not self.vmin < self.vmax:
            raise ValueError(
                f"{name} 需要 vmin < vmax，收到的是 vmin={self.vmin}、vmax={self.vmax}。"
                "颜色的两端固定下来，拖动滑块时同一种颜色才始终表示同一个数。"
            )

    def color_table(self) -> str:
        """颜色表的各级，每级六个十六进制字符，连成一串。"""
        if self.classes:
            colors = [mpl.colors.to_rgb(color) for color in self.cmap]
        else:
            colors = self._colormap()(np.linspace(0, 1, _LEVELS))
        return "".join(mpl.colors.to_hex(color)[1:] for color in colors)

    def encode_colors(self, encoder: Encoder, array: np.ndarray) -> dict[str, Any]:
        if not self.classes:
            return encoder.add(array, low=self.vmin, high=self.vmax, bits=8)
        known = array[~np.isnan(array)]
        if not np.isin(known, np.arange(self.classes)).all():
            wrong = known[~np.isin(known, np.arange(self.classes))][0]
            raise ValueError(
                f"{type(self).__name__} 的 cmap 有 {self.classes} 种颜色，"
                f"数应当是 0 到 {self.classes - 1} 的整数，收到了 {wrong:g}。"
            )
        return encoder.add(array, low=0.0, high=_LEVELS - 1.0, bits=8)

    def rgba(self, values: np.ndarray) -> np.ndarray:
        """形状 ``values.shape + (4,)``；缺的是透明的。"""
        if self.classes:
            table = np.array([mpl.colors.to_rgba(color) for color in self.cmap])
            out = table[np.nan_to_num(values).astype(int)]
        else:
            out = self._colormap()((values - self.vmin) / (self.vmax - self.vmin))
        out[np.isnan(values)] = 0
        return out

    def _colormap(self) -> Colormap:
        return mpl.colormaps[self.cmap] if isinstance(self.cmap, str) else self.cmap


def readable_on(background: np.ndarray) -> str:
    """写在这种底色上看得清的字色：黑或白（WCAG 2.1 的相对亮度，取对比度高的一种）。"""
    channels = np.asarray(background[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"
