"""写在画面上的数和字。"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from utils import plot
from utils.explorer.encode import Encoder
from utils.explorer.layers.base import Arrays, Channel
from utils.explorer.layers.colors import Colored, readable_on


@dataclass(frozen=True)
class Text(Colored):
    """写在画面上的数或字：当前步的 n 个，各写在 ``(x, y)`` 处，以那一点为中心。

    没有给 ``color`` 时用墨色，深色模式里跟着变浅；有底色时按底色的深浅选黑或白。
    钉住对比时不画淡影；已经写出来了，悬停不再读。

    参数
    ----
    x, y : 变量名（每一步是标量或 ``(n,)`` 的向量），或固定数组。
    values : 要写的数，形状同 ``x``；或要写的词在 ``vocabulary`` 里的编号；或固定的 n 个词。
    vocabulary : 词表：写 ``vocabulary[values]``，可以是汉字、词元、箭头。缺的编号什么也不写。
    background : 每个词的底色：形状同 ``x`` 的数，配合 ``cmap``、``vmin``、``vmax``
        （见 ``Image``）；缺的没有底色。
    shown : 哪些要写出来：大于 0.5 写，否则留空；不给就全写。形状同 ``x``。
    decimals : 小数位数，0 到 4。写出来的就是四舍五入的结果，
        所以数的大小不能超过 ``32767 / 10**decimals``。
    size : 字号，单位是磅，随图一起缩放，与 matplotlib 的 ``fontsize`` 相同。
    """

    x: Channel
    y: Channel
    values: Channel
    _: KW_ONLY
    vocabulary: Sequence[str] | None = None
    background: Channel | None = None
    shown: Channel | None = None
    decimals: int = 2
    size: float = 10

    kind = "text"
    ink = plot.INK

    def __post_init__(self) -> None:
        if self.decimals not in range(5):
            raise ValueError(f"decimals 应当是 0 到 4 的整数，收到的是 {self.decimals!r}。")
        if self.background is not None:
            self.check_colors()
        if isinstance(self.vocabulary, str) or not all(
            isinstance(word, str) for word in self.vocabulary or ()
        ):
            raise ValueError("vocabulary 应当是一列字符串，例如 ['我', '爱', '你']。")
        if not isinstance(self.values, str) and np.asarray(self.values).dtype.kind == "U":
            # 固定的 n 个词：词表就是它们自己
            words = [str(word) for word in np.ravel(self.values)]
            object.__setattr__(self, "vocabulary", words)
            object.__setattr__(self, "values", np.arange(len(words)))

    def channels(self) -> Mapping[str, Channel | None]:
        channels = {"x": self.x, "y": self.y, "t": self.values}
        channels |= {} if self.shown is None else {"s": self.shown}
        return channels if self.background is None else {**channels, "z": self.background}

    def spec(self, arrays: Arrays) -> dict[str, Any]:
        words = {"words": None if self.vocabulary is None else list(self.vocabulary)}
        colors = {} if self.background is None else {"colors": self.color_table()}
        return {"size": self.size, "decimals": self.decimals, **words, **colors}

    def encode_channel(self, encoder: Encoder, name: str, array: np.ndarray) -> dict[str, Any]:
        if name == "z":
            return self.encode_colors(encoder, array)
        if name == "s":
            return encoder.add(array, low=0.0, high=1.0, bits=8)
        if name != "t":
            return super().encode_channel(encoder, name, array)
        if self.vocabulary is None:
            return encoder.add_decimals(array, self.decimals)
        known = array[~np.isnan(array)]
        if not np.isin(known, np.arange(len(self.vocabulary))).all():
            raise ValueError(
                f"Text 的词表有 {len(self.vocabulary)} 个词，编号应当是 0 到 "
                f"{len(self.vocabulary) - 1} 的整数，"
                f"收到的在 {known.min():g} 到 {known.max():g} 之间。"
            )
        return encoder.add_integers(array)

    def _written(self, value: float) -> str:
        if self.vocabulary is not None:
            return self.vocabulary[int(value)]
        return f"{round(value, self.decimals) + 0:.{self.decimals}f}"

    def paint(self, now: Arrays) -> None:
        x, y, values = (now[name].ravel() for name in "xyt")
        x, y, values = np.broadcast_arrays(x, y, values)
        kept = self.inside(x, y) & np.isfinite(values)
        if "s" in now:
            kept = kept & (now["s"].ravel() > 0.5)
        fill = self.rgba(now["z"].ravel()) if "z" in now else np.zeros((len(x), 4))
        place = {"ha": "center", "va": "center_baseline", "fontsize": self.size}
        for n in np.flatnonzero(kept):
            text, style = self._written(values[n]), {"color": self.color, **place}
            if fill[n, 3]:
                box = {"boxstyle": "square,pad=0.15", "facecolor": fill[n], "edgecolor": "none"}
                style |= {"bbox": box, "color": readable_on(fill[n])}
            self.ax.text(x[n], y[n], text, **style)
