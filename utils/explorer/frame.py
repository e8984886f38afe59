"""画框：把作者画好的 matplotlib 图拆成一块块 SVG，以及没有浏览器时用的 PNG。"""

import io
import re
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from utils import plot
from utils.explorer.encode import axis_spec

_INKS = {plot.INK: "ink", plot.RULE: "rule", plot.GRID: "grid", plot.PAPER: "paper"}
_PAD = 0.04  # 每块四周留的白，英寸


def freeze(fig: Figure) -> None:
    """排好版，然后固定下来：之后逐块导出时各坐标系不再移动。"""
    fig.canvas.draw()
    fig.set_layout_engine("none")


def panels(fig: Figure, groups: list[list[Axes]]) -> list[dict[str, Any]]:
    """每组坐标系（一个主坐标系，连同它的颜色条）导出成一块。

    返回每块的 SVG、以磅为单位的宽高、画框的位置（占整块的比例，左上角为原点）和两条轴的说明。
    """
    renderer = fig.canvas.get_renderer()
    visible = {ax: ax.get_visible() for ax in fig.axes}
    suptitle = fig._suptitle  # 没有公开的取法；总标题会画进每一块，先藏起来
    if suptitle is not None:
        suptitle.set_visible(False)
    out = []
    try:
        for group in groups:
            for ax in fig.axes:
                ax.set_visible(ax in group and visible[ax])
            inches = Bbox.union([ax.get_tightbbox(renderer) for ax in group]).transformed(
                fig.dpi_scale_trans.inverted()
            )
            inches = inches.padded(_PAD)
            frame = group[0].get_window_extent(renderer).transformed(fig.dpi_scale_trans.inverted())
            out.append(
                {
                    "svg": _svg(fig, inches),
                    "width": round(inches.width * 72, 2),
                    "height": round(inches.height * 72, 2),
                    "box": [
                        round((frame.x0 - inches.x0) / inches.width, 5),
                        round((inches.y1 - frame.y1) / inches.height, 5),
                        round(frame.width / inches.width, 5),
                        round(frame.height / inches.height, 5),
                    ],
                    "x": axis_spec(group[0], "x"),
                    "y": axis_spec(group[0], "y"),
                }
            )
    finally:
        for ax, shown in visible.items():
            ax.set_visible(shown)
        if suptitle is not None:
            suptitle.set_visible(True)
    return out


def _svg(fig: Figure, inches: Bbox) -> str:
    buffer = io.StringIO()
    fig.savefig(
        buffer,
        format="svg",
        bbox_inches=inches,
        transparent=True,
        metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
    )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r"<svg[^>]*viewBox=(\"[^\"]*\")[^>]*>", r'<svg viewBox=\1 aria-hidden="true">', svg
    )
    svg = svg.replace("xlink:href", "href")
    # matplotlib 的 <style> 会漏到整个网页上；折线要的圆角写进 CSS
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    # 坐标精确到十分之一磅已经看不出差别，却能省下一半的字节；变换矩阵不能动
    svg = re.sub(r'\b[dxy]="[^"]*"', _shorten, svg)
    for ink, name in _INKS.items():
        svg = svg.replace(ink, f"var(--ex-{name})")
    return re.sub(r"\n\s*", "\n", svg)


def _shorten(match: re.Match) -> str:
    rounded = re.sub(r"(\.\d)\d+", r"\1", match[0])
    return re.sub(r"\s*([MLQCz])\s*", r"\1", rounded)


def picture(fig: Figure) -> bytes:
    """整张图的 PNG：GitHub 预览、没有小部件的环境看到的就是它。"""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=110, facecolor="white", bbox_inches="tight")
    return buffer.getvalue()


def group_axes(fig: Figure) -> list[list[Axes]]:
    """按作者画的先后给坐标系分组：颜色条跟着它说明的那个坐标系。"""
    owner = {
        artist.colorbar.ax: ax
        for ax in fig.axes
        for artist in ax.get_children()
        if getattr(artist, "colorbar", None) is not None
    }
    groups = {ax: [ax] for ax in fig.axes if ax not in owner}
    for colorbar, ax in owner.items():
        groups[ax].append(colorbar)
    return list(groups.values())


def autoscale(ax: Axes, x: list[np.ndarray], y: list[np.ndarray]) -> None:
    """作者没有固定的范围，按全部数据定下来：拖动时坐标轴不动。"""
    for which, arrays in (("x", x), ("y", y)):
        if not getattr(ax, f"get_autoscale{which}_on")() or not arrays:
            continue
        axis = getattr(ax, f"{which}axis")
        values = np.concatenate([np.ravel(a) for a in arrays])
        values = values[np.isfinite(values)]
        if axis.get_scale() == "log":
            values = values[values > 0]
        if values.size:
            drawn = np.ravel(getattr(ax.dataLim, f"interval{which}"))
            values = np.concatenate([values, drawn[np.isfinite(drawn)]])
            low, high = _padded(values.min(), values.max(), log=axis.get_scale() == "log")
            getattr(ax, f"set_{which}lim")(low, high)


def _padded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    if log:
        margin = (high / low) ** 0.05 if high > low else 2.0
        return low / margin, high * margin
    margin = 0.05 * (high - low) or max(abs(low) * 0.05, 0.5)
    return low - margin, high + margin
