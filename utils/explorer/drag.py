"""在图上拖：一个图层说明拖它改的是哪一两个超参数，这里核对，并换成滑块的编号。"""

from collections.abc import Sequence

import numpy as np

from utils.explorer.layers import Layer
from utils.explorer.layers.base import Arrays
from utils.explorer.live import Hyperparameter


def dragged_sliders(
    layer: Layer, arrays: Arrays, sliders: Sequence[Hyperparameter]
) -> list[int] | None:
    """拖这个图层时改哪几个滑块；没有写 ``drag`` 就是 ``None``。

    异常
    ----
    ValueError : 名字不是滑块，多于两个，或者这个图层拖不了；信息里说明怎样才对。
    """
    if layer.drag is None:
        return None
    names = (layer.drag,) if isinstance(layer.drag, str) else tuple(layer.drag)
    what = f"{type(layer).__name__} 的 drag={layer.drag!r}"
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names):
        raise ValueError(f"{what}：应当是一个超参数的名字，或两个不同的名字。")
    numbers = {h.name: i for i, h in enumerate(sliders)}
    if missing := [name for name in names if name not in numbers]:
        raise ValueError(
            f"{what}：{'、'.join(map(str, missing))} 没有滑块；"
            f"这张图的滑块有：{'、'.join(numbers) or '（没有）'}。"
        )
    if reason := layer.undraggable(arrays):
        raise ValueError(f"{what}：{reason}。")
    still = [name for name in names if not _moves(arrays, numbers[name])]
    if still:
        raise ValueError(f"{what}：改变 {'、'.join(still)} 时它停在原处，拖不动。")
    return [numbers[name] for name in names]


def _moves(arrays: Arrays, axis: int) -> bool:
    """沿一个滑块，横坐标或纵坐标变不变。"""
    for which in "xy":
        values = arrays[which]
        first = values.take([0], axis=axis)
        if not np.array_equal(values, np.broadcast_to(first, values.shape), equal_nan=True):
            return True
    return False
