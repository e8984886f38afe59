"""比较答案与参考：先比种类与个数，再比形状，最后比数值。只有 `utils.checks` 用它。"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import torch


@dataclass
class Gap:
    """答案与参考的一处不同。

    text: 说明；为空时表示形状相同、数值不同的两个数组 got 与 want。
    where: 在返回值的哪里，例如“结果”“返回的 [1] ”；path 是同一件事的下标。
    whole: 题目要的是整数；of_gradient: 值都对，只有梯度不对。
    """

    text: str = ""
    where: str = ""
    path: tuple = ()
    got: np.ndarray | None = None
    want: np.ndarray | None = None
    rtol: float = 0.0
    atol: float = 0.0
    whole: bool = False
    of_gradient: bool = False

    def isclose(self, a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
        return np.isclose(a, b, rtol=self.rtol, atol=self.atol, equal_nan=True)

    @property
    def errors(self) -> np.ndarray:
        """每个元素的误差，以答案的大小为单位；一边是有限的数、另一边不是，算无穷大。"""
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(self.got - self.want) / max(_scale(self.want), 1e-300)
        gap = np.where(self.isclose(self.got, self.want), 0.0, gap)
        return np.where(np.isnan(gap), np.inf, gap)

    @property
    def size(self) -> float:
        """用来挑出最值得讲的一组：没有数可比的（报错、形状不对）在最前，只是不是整数的在最后。"""
        if self.text:
            return 0.0 if self.whole else math.inf
        return float(self.errors.max())


def compare(got: Any, want: Any, rtol: float, either: bool = False, path: tuple = ()) -> Gap | None:
    """逐层比较元组、列表、字典、数组、数和字符串，返回第一处不同；没有则返回 None。

    either: 数组与张量都收（题目的输入里两种都没有）。
    """
    where = f"返回的 {''.join(f'[{p!r}]' for p in path)} " if path else "结果"
    if got is None:
        return Gap(f"{where}是空值（`None`）。是不是有一条分支漏了 `return`？")
    if isinstance(want, str):
        return _compare_strings(got, want, where)
    if isinstance(want, dict):
        keys, gap = list(want), _compare_keys(got, want, where)
    elif isinstance(want, tuple) or (isinstance(want, list) and as_array(want) is None):
        got = list(got) if _is_stacked(got, want) else got
        keys, gap = list(range(len(want))), _compare_lengths(got, want, where)
    else:
        return _compare_arrays(got, want, rtol, either, where, path)
    if gap:
        return gap
    gaps = (compare(got[k], want[k], rtol, either, (*path, k)) for k in keys)
    return next((gap for gap in gaps if gap), None)


def _compare_strings(got: Any, want: str, where: str) -> Gap | None:
    if isinstance(got, str):
        same = got.strip().lower() == want.strip().lower()
        return None if same else Gap(f"{where}不是 {got!r}。再想一想。")
    return Gap(f"{where}应该是字符串，你给的是{kind(got)}。")


def _compare_keys(got: Any, want: dict, where: str) -> Gap | None:
    if not isinstance(got, dict):
        return Gap(f"{where}应该是字典，你给的是{kind(got)}。")
    if set(got) != set(want):
        return Gap(f"{where}应该有这些键：{list(want)}，你给的是 {list(got)}。")
    return None


def _compare_lengths(got: Any, want: tuple | list, where: str) -> Gap | None:
    if not isinstance(got, (tuple, list)):
        return Gap(f"{where}应该是 {len(want)} 个值，你给的是{kind(got)}。")
    if len(got) != len(want):
        return Gap(f"{where}应该是 {len(want)} 个值，你给了 {len(got)} 个。")
    return None


def _is_stacked(got: Any, want: tuple | list) -> bool:
    """几个值叠成了一个张量或数组，与分开返回一样。"""
    shapes = [None if (a := as_array(w)) is None else a.shape for w in want]
    array = isinstance(got, (torch.Tensor, np.ndarray)) and None not in shapes
    return array and all(tuple(got.shape) == (len(want), *shape) for shape in shapes)


def _compare_arrays(got, want, rtol, either: bool, where: str, path: tuple) -> Gap | None:
    a, b = as_array(got), as_array(want)
    if isinstance(got, (tuple, list)) and not isinstance(want, list):
        return Gap(f"{where}应该是{kind(want)}，你给了 {len(got)} 个值。{_many_hint(got, want)}")
    if b is None:  # 只会是一个典型错误的结果，例如复数
        return Gap(f"{where}不应该是{kind(want)}。")
    other_library = b.ndim and isinstance(want, torch.Tensor) != isinstance(got, torch.Tensor)
    if a is None or (
        other_library and not (either and isinstance(got, (np.ndarray, torch.Tensor)))
    ):
        return Gap(f"{where}应该是{kind(want)}，你给的是{kind(got)}。{_kind_hint(got, want)}")
    if a.shape != b.shape:
        shapes = f"{where}的形状应该是 `{b.shape}`，你的是 `{a.shape}`。"
        return Gap(shapes + _shape_hint(a.shape, b.shape))
    if text := _dtype_gap(a, b, where):
        return Gap(text)
    if b.dtype.kind != "f":
        rtol = 0.0  # 整数和真假值要完全相等
    atol = rtol * max(_scale(b), 1e-3)  # 与答案里最大的数相比可以忽略，就算零
    whole = b.dtype.kind in "iu"
    gap = Gap("", where, path, a.astype(float), b.astype(float), rtol, atol, whole)
    if gap.isclose(gap.got, gap.want).all():
        lost = a.dtype.kind == "f" and b.dtype.kind in "iu"
        return Gap(_whole_number_gap(a, where), whole=True) if lost else None
    gap.text = _special_values(gap, a, b)
    return gap


def _scale(b: np.ndarray) -> float:
    return float(np.abs(b[np.isfinite(b)]).max(initial=0.0))


def _dtype_gap(a: np.ndarray, b: np.ndarray, where: str) -> str:
    """真假值不能用数代替，数也不能用真假值代替。"""
    if (a.dtype.kind == "b") == (b.dtype.kind == "b"):
        return ""
    if b.dtype.kind == "b":
        return (
            f"{where}应该是真假值（`bool`），你给的类型是 `{a.dtype}`："
            "用比较运算（`<`、`<=`、`==`）得到它，或者最后写 `.bool()`。"
        )
    return f"{where}应该是数，你给的是真假值（`bool`）。"


def _whole_number_gap(a: np.ndarray, where: str) -> str:
    return (
        f"{where}的数值对，类型不对：题目要整数，你给的是浮点数（`{a.dtype}`）。个数、轮数、步数用 "
        "`int(...)`、`//` 或 `math.ceil` 得到。"
    )


def _special_values(gap: Gap, a: np.ndarray, b: np.ndarray) -> str:
    """NaN、无穷大、丢了小数部分的说明；都不是则为空串。"""
    bad = ~np.isfinite(gap.got) & np.isfinite(gap.want)
    if bad.any():
        what = "NaN" if np.isnan(gap.got[bad]).any() else "无穷大"
        count = f"（{a.size} 个数里有 {bad.sum()} 个）" if a.size > 1 else ""
        return (
            f"{gap.where}里出现了 {what}{count}：检查除以零、`log(0)`，"
            "`exp` 的溢出（先减去最大值），以及只有一个数时的无偏方差。"
        )
    fraction = b[np.isfinite(b)] % 1
    if a.dtype.kind in "iu" and b.dtype.kind == "f" and fraction.any():
        if any((gap.got == cut(gap.want)).all() for cut in (np.trunc, np.floor)):
            return (
                f"{gap.where}是整数类型（`{a.dtype}`），小数部分丢了：检查 `//`、`int(...)`、"
                "`.long()`，以及由整数建的数组（`zeros_like` 会沿用整数类型）。"
            )
    return ""


def tolerance(want: Any) -> float:
    """缺省的相对容差，由参考的值里最粗的浮点类型定：半精度 2e-2，float32 1e-4，float64 1e-6。"""
    if isinstance(want, (tuple, list)):
        return max(map(tolerance, want), default=1e-6)
    if isinstance(want, dict):
        return tolerance(list(want.values()))
    return {2: 2e-2, 4: 1e-4}.get(_float_bytes(want), 1e-6)


def coarse_dtype(got: Any, want: Any) -> str:
    """答案里比参考粗的浮点类型，例如 "torch.float16"；没有则为空串。"""
    if isinstance(want, (tuple, list)) and isinstance(got, (tuple, list)):
        return next(filter(None, map(coarse_dtype, got, want)), "")
    coarse = 0 < _float_bytes(got) < (_float_bytes(want) or 8)
    return str(got.dtype) if coarse else ""


def _float_bytes(x: Any) -> int:
    """浮点张量、数组的每个元素占几个字节；其余是 0。"""
    if isinstance(x, torch.Tensor):
        return x.element_size() if x.is_floating_point() else 0
    if isinstance(x, (np.ndarray, np.floating)):
        return x.dtype.itemsize if x.dtype.kind == "f" else 0
    return 0


def as_array(x: Any) -> np.ndarray | None:
    """数、数组、张量，以及由它们排成的规则列表 -> 实数数组；其余（复数也是）-> None。"""
    if isinstance(x, torch.Tensor):
        return _tensor_as_array(x)
    if isinstance(x, (list, tuple)):
        parts = [as_array(v) for v in x]
        if not parts or any(p is None or p.shape != parts[0].shape for p in parts):
            return None
        x = np.stack(parts)
    elif not isinstance(x, (Number, np.ndarray, np.generic)):
        return None
    x = np.asarray(x)
    return x if x.dtype.kind in "biuf" else None


def _tensor_as_array(x: torch.Tensor) -> np.ndarray | None:
    try:
        x = x.detach()
        x = x if x.layout == torch.strided else x.to_dense()
        x = x.as_subclass(torch.Tensor).cpu().resolve_conj().resolve_neg()
        x = (x.double() if x.is_floating_point() else x).numpy()
    except (RuntimeError, NotImplementedError, TypeError):  # 没有数据的、量化的、嵌套的张量
        return None
    return x if x.dtype.kind in "biuf" else None


def unchanged(a: Any, b: Any) -> bool:
    """调用之后的输入 a 是否仍是原来的 b。"""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(unchanged(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(unchanged, a, b))
    a, b = as_array(a), as_array(b)
    return a is None or b is None or bool(np.array_equal(a, b, equal_nan=True))


# ---------------------------------------------------------------- 种类与形状的说法


def kind(x: Any) -> str:
    """值的种类的中文说法，例如“张量（`torch.Tensor`）”。"""
    if isinstance(x, torch.Tensor):
        what = "复数张量" if x.is_complex() else "张量"
        return f"{what}（`torch.Tensor`）" if x.ndim or x.is_complex() else "一个数"
    if isinstance(x, np.ndarray):
        return "复数数组" if x.dtype.kind == "c" else "数组（`numpy.ndarray`）"
    names = {bool: "真假值", str: "字符串", list: "列表", tuple: "元组", dict: "字典"}
    names |= {complex: "复数", int: "整数"}
    name = names.get(type(x)) or ("数" if isinstance(x, Number) else "对象")
    return "空值（`None`）" if x is None else f"{name}（`{type(x).__name__}`）"


def _many_hint(got: tuple | list, want: Any) -> str:
    if not got:
        return "一个值也没有。"
    if isinstance(got, tuple) and len(got) == 1:
        return "`return` 那一行的末尾多了一个逗号。"
    if any(np.shape(as_array(v)) == np.shape(as_array(want)) for v in got):
        return "题目只要一个值，不要多返回。"
    if isinstance(want, (torch.Tensor, np.ndarray)) and np.ndim(want):
        if isinstance(want, torch.Tensor):
            return "用 `torch.stack`、`torch.tensor` 变成一个张量，不要放在列表、元组里。"
        return "用 `np.array` 变成一个数组，不要放在列表、元组里。"
    return "题目只要一个值，不要多返回。"


def _kind_hint(got: Any, want: Any) -> str:
    if got.is_complex() if isinstance(got, torch.Tensor) else np.iscomplexobj(got):
        return "负数的 `** 0.5` 会变成复数；`eigvals` 总是给复数，对称矩阵用 `eigvalsh`。"
    if isinstance(got, np.ndarray) and got.dtype.kind == "O":
        return "它的元素类型是 `object`，不是数。"
    if isinstance(got, Number):
        shape = np.shape(as_array(want))
        return f"它的形状应该是 `{shape}`。" if shape else "这个数太大了。"
    if as_array(got) is not None and isinstance(want, torch.Tensor):
        return "用 `torch.stack` 或张量运算得到它，不要转成 NumPy 数组。"
    if isinstance(got, torch.Tensor):
        numpy = isinstance(want, np.ndarray)
        return "这道题从头到尾用 NumPy 计算。" if numpy else "这种张量里没有普通的数。"
    if callable(got):
        return "是不是漏了调用的括号？"
    return ""


def _shape_hint(got: tuple, want: tuple) -> str:
    if len(got) > 1 and sorted(got) == sorted(want):
        return "各维的大小一样，次序不同：是不是少了或多了一次转置？"
    n = max(want, default=0)
    if len(got) == 2 and got == (n, n) and math.prod(want) == n > 1:
        return "`(N, 1)` 和 `(N,)` 运算会广播成 `(N, N)`，外积也是：先让两边的形状相同。"
    if want == () and math.prod(got) > 1:
        return "题目要的是一个数：是不是忘了求和或求平均（`.sum()`、`.mean()`）？"
    if [s for s in got if s != 1] == [s for s in want if s != 1]:
        if len(got) < len(want):
            return (
                "少了大小为 1 的一维：求和或求平均时写上 `keepdim=True`（NumPy：`keepdims`），"
                "或者最后用 `reshape` 补上。"
            )
        return "多了大小为 1 的一维：用 `.squeeze(...)` 去掉，或者求和时不写 `keepdim`。"
    if got and got == want[1:]:
        return "少了最前面的一维：是不是沿它求了和、求了平均，或者只处理了一批（批次维）里的一个？"
    if math.prod(got) == math.prod(want):
        return "元素个数对，排法不对：检查 `reshape` / `view` 的各维。"
    if len(got) > len(want):
        return "多了一维：是不是少做了一次求和、求平均或取下标？"
    if len(got) < len(want):
        return "少了一维：是不是多做了一次求和、求平均或取下标？"
    if len(got) == 1:
        return f"个数不同：应该有 {want[0]} 个，你给了 {got[0]} 个。"
    places = "、".join(f"第 {i} 维" for i in range(len(got)) if got[i] != want[i])
    return f"不同的是{places}：看看它从哪里来（沿哪一维求和、矩阵乘法消去哪一维、写死的数）。"
