"""画框：把作者画好的 matplotlib 图拆成一块块 SVG，以及没有浏览器时用的 PNG。"""

import io
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axes._secondary_axes import SecondaryAxis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from utils import plot
from utils.explorer.encode import axis_spec

_INKS = {plot.INK: "ink", plot.RULE: "rule", plot.GRID: "grid", plot.PAPER: "paper"}
_PAD = 0.08  # 每块四周留的白，英寸：框边上的点要画得全


# ---------- 画得出来的图 ----------


def group_axes(fig: Figure) -> list[list[Axes]]:
    """按作者画的先后给看得见的坐标系分组：颜色条跟着它说明的那个坐标系。"""
    owner = {
        artist.colorbar.ax: ax
        for ax in fig.axes
        for artist in ax.get_children()
        if getattr(artist, "colorbar", None) is not None
    }
    # 不是由图上的东西生出来的颜色条（ScalarMappable），记着它占的是谁的地方；没有公开的取法
    owner |= {
        ax: info["parents"][0]
        for ax in fig.axes
        if ax not in owner and (info := getattr(ax, "_colorbar_info", None))
    }
    groups = {ax: [ax] for ax in fig.axes if ax not in owner and ax.get_visible()}
    for colorbar, ax in owner.items():
        if ax in groups:
            groups[ax].append(colorbar)
    return list(groups.values())


def refuse_undrawable(fig: Figure, groups: list[list[Axes]]) -> None:
    """画不对的图说出名字和改法，不让网页上出现与 PNG 不一样的图。

    异常
    ----
    ValueError : 极坐标、三维、嵌套的坐标系，或属于整张图的标签、图例、文字。
    """
    main = [group[0] for group in groups]
    for ax in main:
        if ax.name == "polar":
            raise ValueError(
                "极坐标画不了：请自己换算成 x = r cos θ、y = r sin θ，用普通的坐标系。"
            )
        if ax.name == "3d":
            raise ValueError("三维坐标系画不了：请用 project(...) 投影到平面，把方位角做成滑块。")
        if ax.name != "rectilinear":
            raise ValueError(f"{ax.name} 坐标系画不了：请换算以后用普通的坐标系。")
        if any(isinstance(child, SecondaryAxis) for child in ax.child_axes):
            raise ValueError("第二条轴（secondary_xaxis 等）画不了：请写进轴的名字里。")
        if ax.child_axes:
            raise ValueError("嵌在里面的小坐标系（inset）画不了：请把它放到旁边，成为单独的一块。")
    for whole in (fig, *fig.subfigs):
        suptitle = whole.get_suptitle() if whole is not fig else ""  # 整张图的标题画得出
        texts = set(whole.texts) - {whole._suptitle, whole._supxlabel, whole._supylabel}
        drawn = [*whole.artists, *whole.lines, *whole.patches]
        for what, artists, instead in (
            ("subfigure.suptitle", suptitle, "fig.suptitle 或坐标系的标题"),
            ("supxlabel", whole.get_supxlabel(), "每个坐标系的 xlabel"),
            ("supylabel", whole.get_supylabel(), "每个坐标系的 ylabel"),
            ("fig.legend", whole.legends, "各坐标系的 ax.legend，或图层的 label"),
            ("fig.add_artist", drawn, "ax.plot、ax.annotate"),
            ("fig.figimage", whole.images, "ax.imshow"),
            ("fig.text", texts, "ax.text 或 explore 的 caption"),
        ):
            if artists:
                raise ValueError(f"{what} 属于整张图，拆成一块块以后没有地方放：请改用{instead}。")


# ---------- 坐标范围 ----------


def autoscale(fig: Figure, reaches: Iterable[tuple[Axes, dict[str, np.ndarray]]]) -> None:
    """作者没有固定的范围，按全部数据定下来：拖动时坐标轴不动。共用一条轴的坐标系一起定。"""
    reaches = list(reaches)
    for which in "xy":
        shared = getattr(fig.axes[0], f"get_shared_{which}_axes")()
        settled: set[Axes] = set()
        for ax in fig.axes:
            together = set(shared.get_siblings(ax))
            if ax in settled or not getattr(ax, f"get_autoscale{which}_on")():
                continue
            settled |= together
            arrays = [reach[which] for owner, reach in reaches if owner in together and reach]
            if arrays:
                drawn = [getattr(other.dataLim, f"interval{which}") for other in together]
                _fit(ax, which, [*arrays, *drawn])


def _fit(ax: Axes, which: str, arrays: Sequence[np.ndarray]) -> None:
    log = getattr(ax, f"get_{which}scale")() == "log"
    values = np.concatenate([np.ravel(array) for array in arrays])
    values = values[np.isfinite(values)]
    values = values[values > 0] if log else values
    if values.size:
        getattr(ax, f"set_{which}lim")(*_padded(values.min(), values.max(), log=log))


def _padded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    if log:
        margin = (high / low) ** 0.05 if high > low else 2.0
        return low / margin, high * margin
    margin = 0.05 * (high - low) or max(abs(low) * 0.05, 0.5)
    return low - margin, high + margin


# ---------- 导出 ----------


def freeze(fig: Figure, groups: list[list[Axes]]) -> None:
    """排好版；之后逐块导出时各坐标系不再移动（见 ``_save``）。

    异常
    ----
    ValueError : 排好以后有两个坐标系叠在一起（双轴、嵌套）：分成一块块就不是原来的图了。
    """
    _line_up([group[0] for group in groups])
    fig.draw_without_rendering()
    for one, other in itertools.combinations([group[0].bbox for group in groups], 2):
        if np.allclose(one.bounds, other.bounds):
            raise ValueError(
                "双轴（twinx、twiny）画不了：请拆成左右两个坐标系，或把两个量换成同样的单位。"
            )
        overlap = Bbox.intersection(one, other)
        if overlap is not None and min(overlap.width, overlap.height) > 1:
            raise ValueError("有两个坐标系叠在一起（inset），画不了：请把它们排开，各成一块。")


def _line_up(main: Sequence[Axes]) -> None:
    """并排的几块，有一块有标题或轴名，别的也空出一样的地方：画框才对得齐。"""
    placed = [ax for ax in main if ax.get_subplotspec() is not None]
    for ax, other in itertools.permutations(placed, 2):
        if ax.get_subplotspec().rowspan != other.get_subplotspec().rowspan:
            continue
        if other.get_title() and not ax.get_title():
            ax.set_title(" ")
        if other.get_xlabel() and not ax.get_xlabel():
            ax.set_xlabel(" ")


def panels(fig: Figure, groups: list[list[Axes]]) -> list[dict[str, Any]]:
    """每组坐标系（一个主坐标系，连同它的颜色条）导出成一块。

    返回每块的 SVG、以磅为单位的宽高、画框的位置（占整块的比例，左上角为原点）、两条轴的说明，
    以及作者写了名字却没有放图例的东西。
    """
    renderer = fig.canvas.get_renderer()
    visible = {ax: ax.get_visible() for ax in fig.axes}
    suptitle = fig._suptitle  # 没有公开的取法；总标题会画进每一块，先藏起来
    if suptitle is not None:
        suptitle.set_visible(False)
    _mark_paper(fig)
    out = []
    try:
        for group in groups:
            for ax in fig.axes:
                ax.set_visible(ax in group and visible[ax])
            out.append(_panel(fig, group, renderer))
    finally:
        for ax, shown in visible.items():
            ax.set_visible(shown)
        if suptitle is not None:
            suptitle.set_visible(True)
    return out


def _panel(fig: Figure, group: list[Axes], renderer: Any) -> dict[str, Any]:
    ax, to_inches = group[0], fig.dpi_scale_trans.inverted()
    inches = Bbox.union([part.get_tightbbox(renderer) for part in group]).transformed(to_inches)
    inches = inches.padded(_PAD)
    box = ax.get_window_extent(renderer).transformed(to_inches)
    return {
        "svg": _svg(fig, inches),
        "width": round(inches.width * 72, 2),
        "height": round(inches.height * 72, 2),
        "box": [
            round((box.x0 - inches.x0) / inches.width, 5),
            round((inches.y1 - box.y1) / inches.height, 5),
            round(box.width / inches.width, 5),
            round(box.height / inches.height, 5),
        ],
        "x": axis_spec(ax, "x"),
        "y": axis_spec(ax, "y"),
        "legend": [] if ax.get_legend() else _static_labels(ax),
    }


def _static_labels(ax: Axes) -> list[dict[str, Any]]:
    """画框里有名字的东西：放进网页上的图例。"""
    out = []
    for artist, label in zip(*ax.get_legend_handles_labels(), strict=True):
        if isinstance(artist, Line2D):
            color, dashed = artist.get_color(), artist.get_linestyle() not in ("-", "None")
        else:  # 散点、柱子、色块
            artist, dashed = getattr(artist, "patches", [artist])[0], False
            color = np.reshape(artist.get_facecolor(), (-1, 4))[0]
        out.append({"label": label, "color": mpl.colors.to_hex(color), "dash": dashed})
    return out


def _mark_paper(fig: Figure) -> None:
    """字和图例的白底换成纸色，在深色模式里跟着变深；白色的数据不动。"""
    boxes = [legend.get_frame() for legend in fig.findobj(Legend)]
    boxes += [box for text in fig.findobj(Text) if (box := text.get_bbox_patch()) is not None]
    for box in boxes:
        if mpl.colors.to_hex(box.get_facecolor()) == "#ffffff":
            box.set_facecolor(mpl.colors.to_rgba(plot.PAPER, box.get_alpha()))


def _save(fig: Figure, inches: Bbox, **options: Any) -> bytes:
    """排好的图的一部分。``savefig`` 看见有排版引擎就会再排一次，要它自己找边界又多画一遍。"""
    buffer = io.BytesIO()
    with mpl.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
        fig.set_layout_engine(None)
        fig.savefig(buffer, bbox_inches=inches, **options)
    return buffer.getvalue()


def _svg(fig: Figure, inches: Bbox) -> str:
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    svg = _save(fig, inches, format="svg", transparent=True, metadata=metadata).decode()
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
    inches = fig.get_tightbbox(fig.canvas.get_renderer())
    inches = inches.padded(mpl.rcParams["savefig.pad_inches"])
    return _save(fig, inches, format="png", dpi=110, facecolor="white")


def add_legends(fig: Figure) -> None:
    """PNG 里的图例：作者自己放的各项在前，图层的在后。"""
    for ax in fig.axes:
        handles, labels = ax.get_legend_handles_labels()
        items = dict(zip(labels, handles, strict=True))
        if own := ax.get_legend():
            texts = [text.get_text() for text in own.get_texts()]
            items = dict(zip(texts, own.legend_handles, strict=True)) | items
        if items:
            ax.legend(items.values(), items.keys())
