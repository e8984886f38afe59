"""全书统一的画图样式，以及各章反复用到的几种图。

颜色取自 Okabe–Ito 色板并调整了亮度：色觉异常的读者分得开，在白底和深色底上的对比度都不低于 3:1
（WCAG 2.1 对图形元素的要求）。来源：Okabe & Ito, *Color Universal Design*, 2008.
"""

from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
import zhplot  # noqa: F401  注册随包附带的 Noto Sans SC，系统里没有中文字体也能画
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.image import AxesImage

BLUE, ORANGE, GREEN, PURPLE = "#2F7FC1", "#D55E00", "#009270", "#A65FA0"
BROWN, RED, TEAL, GRAY = "#A0722A", "#D0424F", "#2A8FA3", "#7A7F87"

COLORS: dict[str, str] = {
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "purple": PURPLE,
    "brown": BROWN,
    "red": RED,
    "teal": TEAL,
    "gray": GRAY,
}
"""依次画几条线时的次序。"""

# 画框里的三种“墨水”。可拖动的图会把它们换成 CSS 变量，于是同一张图在深色模式下也读得清。
# 纸色与纯白差一点点：当底色用的跟着变深，白色的数据不变。
INK, RULE, GRID, PAPER = "#1f2328", "#6e7781", "#e4e7eb", "#fefefe"


def use_style() -> None:
    """套用全书的 matplotlib 样式：中文字体、色板、细网格、紧凑版式。可以反复调用。"""
    mpl.rcParams.update(
        {
            "font.family": ["Noto Sans SC", "DejaVu Sans"],
            "font.size": 10,
            "mathtext.fontset": "dejavusans",
            "axes.unicode_minus": False,
            "axes.prop_cycle": mpl.cycler(color=list(COLORS.values())),
            "axes.edgecolor": RULE,
            "axes.labelcolor": INK,
            "axes.titlecolor": INK,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": GRID,
            "grid.linewidth": 0.8,
            "text.color": INK,
            "xtick.color": RULE,
            "ytick.color": RULE,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "figure.figsize": (7.2, 3.6),
            "figure.dpi": 120,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 120,
            "svg.fonttype": "path",
        }
    )


def contour(
    ax: Axes,
    f: Callable[[np.ndarray, np.ndarray], np.ndarray],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    *,
    levels: int | Sequence[float] = 12,
    n: int = 121,
    color: str = RULE,
    **kwargs,
) -> QuadContourSet:
    """画 ``f(x, y)`` 的等高线，并把坐标轴固定在给定范围。

    参数
    ----
    f : 逐元素的函数，接收两个形状 ``(n, n)`` 的数组，返回同形状的数组。
    levels : 等高线的条数，或具体的高度。
    n : 每个方向的采样点数。

    异常
    ----
    ValueError : 范围左右颠倒，或 ``f`` 返回的形状不对、含有 NaN。
    """
    for name, (low, high) in {"xlim": xlim, "ylim": ylim}.items():
        if not low < high:
            raise ValueError(f"{name} 应当从小到大，收到的是 ({low}, {high})。")
    x, y = np.meshgrid(np.linspace(*xlim, n), np.linspace(*ylim, n))
    z = np.asarray(f(x, y), dtype=float)
    if z.shape != x.shape:
        raise ValueError(
            f"f 应当逐元素计算：输入形状 {x.shape}，返回的形状却是 {z.shape}。"
            "请检查 f 里有没有求和或矩阵乘法。"
        )
    if np.isnan(z).any():
        raise ValueError("f 在这个范围里出现了 NaN，画不出等高线。请缩小 xlim、ylim 或检查 f。")
    lines = ax.contour(x, y, z, levels=levels, colors=color, linewidths=0.8, alpha=0.7, **kwargs)
    ax.set(xlim=xlim, ylim=ylim)
    ax.grid(False)
    return lines


def heatmap(
    ax: Axes,
    z: np.ndarray,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    cmap: str = "viridis",
    vmin: float | None = None,
    vmax: float | None = None,
    numbers: bool | str = False,
) -> AxesImage:
    """把矩阵 ``z``（形状 ``(行, 列)``）画成热力图，可选地在格子里写出数值。

    参数
    ----
    rows, columns : 行、列的名字。
    numbers : ``True`` 写两位小数；也可以给格式串，如 ``".3f"``。

    异常
    ----
    ValueError : ``z`` 不是二维，或名字的个数与形状不符。
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 2:
        raise ValueError(f"z 应当是二维矩阵，收到的形状是 {z.shape}。")
    image = ax.imshow(z, cmap=cmap, vmin=vmin, vmax=vmax, aspect="auto")
    ax.grid(False)
    for name, labels, size, axis in (
        ("rows", rows, z.shape[0], ax.yaxis),
        ("columns", columns, z.shape[1], ax.xaxis),
    ):
        if labels is None:
            continue
        if len(labels) != size:
            raise ValueError(f"{name} 有 {len(labels)} 个名字，矩阵在这个方向上是 {size}。")
        axis.set_ticks(range(size), labels)
    if numbers:
        spec = ".2f" if numbers is True else numbers
        for (i, j), value in np.ndenumerate(z):
            # 按底色的明暗选字色，深浅格子上都看得清
            r, g, b, _ = image.cmap(image.norm(value))
            ink = "black" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.45 else "white"
            ax.text(j, i, format(value, spec), ha="center", va="center", color=ink, fontsize=9)
    return image
