"""数值不对时，从几组输入的结果里看出错在哪里。只有 `utils.checks` 用它。"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np

from utils.checks._comparison import Gap, as_array

NEAR_ONE = 0.02  # 倍数离 1 这么近，就是算错了一点，不是漏了一个系数


@dataclass
class Evidence:
    """答案与参考在返回值的同一处（path）的值，一组输入一对；wrong 是错的那些组的下标。"""

    pairs: list[tuple[np.ndarray, np.ndarray] | None]
    wrong: list[int]
    inputs: list[tuple]
    names: list[str]

    @property
    def wrong_pairs(self) -> list[tuple[np.ndarray, np.ndarray] | None]:
        return [self.pairs[i] for i in self.wrong]


def pair_at(path: tuple, got: Any, want: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """返回值里 path 那一处的两个数组；那里没有形状相同的数组时返回 None。"""
    try:
        for p in path:
            got, want = got[p], want[p]
    except (LookupError, TypeError):
        return None
    a, b = as_array(got), as_array(want)
    if a is None or b is None or a.shape != b.shape:
        return None
    return a.astype(float), b.astype(float)


def explain_values(gap: Gap, evidence: Evidence) -> str:
    """形状相同、数值不同时的说明：符号、倍数、差一、常数、次序；都不是，就举一个例子。"""
    text = (
        _factor(gap, evidence)
        or _off_by_one(gap, evidence)
        or _constant_shift(gap)
        or _misplaced(gap)
        or _example(gap, only_value=evidence.inputs == [()])
    )
    return f"{gap.where}{text}"


# ---------------------------------------------------------------- 倍数


def ratio(got: np.ndarray, want: np.ndarray) -> float | None:
    """got = r * want 时的 r；不成比例，或 want 全为零时返回 None。"""
    finite = np.isfinite(want)
    g, w = got[finite], want[finite]
    if not w.any() or not np.array_equal(np.isfinite(got), finite):
        return None
    r = float((g * w).sum() / (w * w).sum())
    atol = 1e-5 * np.abs(r * w).max()
    return r if r and np.allclose(g, r * w, rtol=1e-4, atol=atol) else None


def _factor(gap: Gap, evidence: Evidence) -> str:
    """错的每一组都差一个倍数时的说明。倍数在 1 附近、或者有一组对不上，就不提倍数。"""
    ratios = [p and ratio(*p) for p in evidence.pairs]
    wrong = [ratios[i] for i in evidence.wrong]
    if gap.whole or None in wrong or len({r > 0 for r in wrong}) > 1:
        return ""
    if np.allclose(wrong, -1, rtol=1e-4):
        if any(r and np.isclose(r, 1, rtol=1e-4) for r in ratios):
            return "的大小对，符号反了，只有一部分输入这样：绝对值、平方、分情况的地方弄丢了负号。"
        return "的大小全对，符号反了：检查减法两边的次序，或者少了一个负号。"
    if min(abs(abs(r) - 1) for r in wrong) < NEAR_ONE:
        return ""
    sign = "符号反了，而且" if wrong[0] < 0 else ""
    keep = [i for i, r in enumerate(ratios) if r is not None]
    sizes = np.array([abs(ratios[i]) for i in keep])
    source = _source_of(sizes, [evidence.inputs[i] for i in keep], evidence.names)
    constant = np.allclose(sizes, sizes[0], rtol=1e-4)
    size = abs(ratio(gap.got, gap.want))
    where = "检查系数。" if constant else "别的输入上没有差这个倍数，看看这一组特殊在哪里。"
    alone = len(wrong) == 1 and gap.got.size > 2
    if source or alone or (constant and (gap.got.size > 1 or len(wrong) > 1)):
        return f"{sign}差一个倍数：正好是正确答案的 {size:.4g} 倍。{source or where}"
    if len(wrong) > 1 and all(p[0].size > 2 for p in evidence.wrong_pairs):
        several = "、".join(f"{abs(r):.4g}" for r in wrong[:3])
        return f"{sign}差一个倍数，各组输入的倍数不同（{several}）：漏了或多了一个随输入变的因子。"
    return ""


def _source_of(ratios: np.ndarray, inputs: list[tuple], names: list[str]) -> str:
    """倍数从哪里来：2、输入的某一维、某个标量参数，要在每组输入上都对得上；找不到返回空串。"""
    if np.allclose(ratios, 2, rtol=1e-4):
        return "多了一个系数 2。"
    if np.allclose(ratios, 0.5, rtol=1e-4):
        return "少了一个系数 2。"
    for label, q in _quantities(inputs, names):
        for factor, times in [(1, ""), (2, "两倍的"), (0.5, "一半的")]:
            also = "另外检查系数 2。" if times else ""
            for value, text in [
                (q, f"{times} `{label}`：是不是忘了除以它，或者多乘了一次？"),
                (1 / q, f"{times} 1 / `{label}`：是不是忘了乘它，或者多除了一次？"),
                (np.sqrt(q), f"{times} `{label}` 的平方根：是不是忘了除以它，或者多乘了一次？"),
                (1 / np.sqrt(q), f"{times} 1 / √`{label}`：是不是多除了一次？"),
            ]:
                if np.allclose(ratios, factor * value, rtol=1e-4):
                    return f"这个倍数是{text}{also}"
    return ""


def _quantities(inputs: list[tuple], names: list[str]) -> list[tuple[str, np.ndarray]]:
    """各个输入的每一维和每个正的标量参数，只留下在几组输入里变化的。"""
    found = []
    for k, name in enumerate(names):
        values = [args[k] for args in inputs]
        shapes = [np.shape(as_array(v)) for v in values]
        for d in range(min(map(len, shapes))):
            found.append((f"{name}.shape[{d}]", np.array([s[d] for s in shapes], float)))
        if all(isinstance(v, Number) and v > 0 for v in values):
            found.append((name, np.array(values, float)))
    return [(label, q) for label, q in found if len(set(q)) > 1]


# ---------------------------------------------------------------- 其余


def _off_by_one(gap: Gap, evidence: Evidence) -> str:
    if not gap.whole or None in evidence.wrong_pairs:
        return ""
    steps = {float(d) for a, b in evidence.wrong_pairs for d in np.unique(a - b)} - {0.0}
    if len(steps) != 1 or abs(next(iter(steps))) != 1:
        return ""
    more = "多" if 1.0 in steps else "少"
    return f"{more}了 1：检查从 0 还是从 1 数起、取整的方向、条件里有没有等号。"


def _constant_shift(gap: Gap) -> str:
    got, want = gap.got, gap.want
    if got.size < 3 or not (np.isfinite(got) & np.isfinite(want)).all():
        return ""
    shift = float(np.mean(got - want))
    if not gap.isclose(got - want, shift).all():
        return ""
    more = "多" if shift > 0 else "少"
    return f"处处比正确答案{more} {abs(shift):.4g}：是不是有一个常数项算多或算少了？"


def _misplaced(gap: Gap) -> str:
    got, want = gap.got, gap.want
    if got.ndim >= 2 and got.shape[-1] == got.shape[-2]:
        if gap.isclose(np.swapaxes(got, -1, -2), want).all():
            return "是正确答案的转置：检查矩阵乘法两边的次序，或下标的行和列。"
    for axis in range(got.ndim):
        if gap.isclose(np.flip(got, axis), want).all():
            return f"里的数都对，次序反了：沿第 {axis} 维倒过来才对。"
    if got.size > 2 and len(np.unique(want)) > 2:
        if gap.isclose(np.sort(got, axis=None), np.sort(want, axis=None)).all():
            return "里的数都对，放的位置不对：检查排列的次序（排序、`reshape`、下标）。"
    return ""


def _example(gap: Gap, only_value: bool) -> str:
    """举误差最大的一个数；题目只要一个值时，不说出答案。"""
    got, want, errors = gap.got, gap.want, gap.errors
    bad = np.count_nonzero(errors)
    share = f"：{got.size} 个数里有 {bad} 个不对" if 0 < bad < got.size else ""
    text = f"的形状对，数值不对{share}。" if got.ndim else "的数值不对。"
    if only_value:
        return text + "再算一遍。"
    at = tuple(map(int, np.unravel_index(errors.argmax(), got.shape)))
    mine, right = got[at] + 0.0, want[at] + 0.0  # 加 0 去掉 -0 的负号
    index = f"在下标 {list(at)} 处，" if got.ndim else ""
    digits = 6 if f"{mine:.6g}" != f"{right:.6g}" and not gap.whole else 12
    return f"{text}例如{index}你得到 {mine:.{digits}g}，应该是 {right:.{digits}g}。"
