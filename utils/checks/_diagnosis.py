"""比较答案与参考，并说明错在哪里。只有 `utils.checks` 用它；写练习的人不必看。"""

from __future__ import annotations

import math
import os
import re
import sysconfig
import traceback
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import torch

# ---------------------------------------------------------------- 比较


@dataclass
class Gap:
    """答案与参考的一处不同。

    text: 说明；为空时表示形状相同、数值不同的两个数组 got 与 want。
    where: 在返回值的哪里，例如“结果”“返回的 [1] ”；path 是同一件事的下标。
    """

    text: str = ""
    where: str = ""
    path: tuple = ()
    got: np.ndarray | None = None
    want: np.ndarray | None = None
    rtol: float = 0.0
    atol: float = 0.0

    def isclose(self, a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
        return np.isclose(a, b, rtol=self.rtol, atol=self.atol, equal_nan=True)


def compare(got: Any, want: Any, rtol: float, atol: float | None, path: tuple = ()) -> Gap | None:
    """逐层比较元组、列表、字典、数组、数和字符串，返回第一处不同；没有则返回 None。"""
    where = f"返回的 {''.join(f'[{p!r}]' for p in path)} " if path else "结果"
    if isinstance(want, str):
        if isinstance(got, str) and got.strip().lower() == want.strip().lower():
            return None
        return Gap(f"{where}不是 {got!r}。再想一想。")
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return Gap(f"{where}应该是字典，你给的是{kind(got)}。")
        if set(got) != set(want):
            return Gap(f"{where}应该有这些键：{list(want)}，你给的是 {list(got)}。")
        keys = list(want)
    elif isinstance(want, tuple) or (isinstance(want, list) and as_array(want) is None):
        if not isinstance(got, (tuple, list)):
            return Gap(f"{where}应该是 {len(want)} 个值，你给的是一个{kind(got)}。")
        if len(got) != len(want):
            return Gap(f"{where}应该是 {len(want)} 个值，你给了 {len(got)} 个。")
        keys = list(range(len(want)))
    else:
        return _compare_arrays(got, want, rtol, atol, where, path)
    gaps = (compare(got[k], want[k], rtol, atol, (*path, k)) for k in keys)
    return next((gap for gap in gaps if gap), None)


def _compare_arrays(got, want, rtol: float, atol: float | None, where: str, path: tuple):
    a, b = as_array(got), as_array(want)
    if a is None or (b.ndim and isinstance(want, torch.Tensor) != isinstance(got, torch.Tensor)):
        return Gap(f"{where}应该是{kind(want)}，你给的是{kind(got)}。{_kind_hint(got, want)}")
    if a.shape != b.shape:
        shapes = f"{where}的形状应该是 `{b.shape}`，你的是 `{a.shape}`。"
        return Gap(shapes + _shape_hint(a.shape, b.shape))
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        rtol = atol = 0.0  # 整数和真假值要完全相等
    if atol is None:  # 与答案里最大的数相比可以忽略，就算零
        atol = rtol * max(np.abs(b[np.isfinite(b)]).max(initial=0.0), 1e-3)
    gap = Gap("", where, path, a.astype(float), b.astype(float), rtol, atol)
    if gap.isclose(gap.got, gap.want).all():
        return None
    bad = ~np.isfinite(gap.got) & np.isfinite(gap.want)
    if bad.any():
        what = "NaN" if np.isnan(gap.got[bad]).any() else "无穷大"
        gap.text = (
            f"{where}里出现了 {what}（{a.size} 个数里有 {bad.sum()} 个）：检查除以零、`log(0)`，"
            "以及 `exp` 的溢出（先减去最大值）。"
        )
    elif a.dtype.kind in "iub" and b.dtype.kind == "f":
        gap.text = (
            f"{where}是整数类型（`{a.dtype}`），小数部分丢了：检查 `//`、`int(...)`、`.long()`，"
            "以及由整数建的数组（`zeros_like` 会沿用整数类型）。"
        )
    return gap


def tolerance(*values: Any) -> float:
    """缺省的相对容差，由各个值里最粗的浮点类型定：半精度 2e-2，float32 1e-4，float64 1e-6。"""
    rtol = 1e-6
    for x in values:
        if isinstance(x, (tuple, list)):
            rtol = max(rtol, tolerance(*x))
        elif isinstance(x, dict):
            rtol = max(rtol, tolerance(*x.values()))
        elif isinstance(x, torch.Tensor) and x.is_floating_point():
            rtol = max(rtol, {2: 2e-2, 4: 1e-4}.get(x.element_size(), rtol))
        elif isinstance(x, (np.ndarray, np.floating)) and x.dtype.kind == "f":
            rtol = max(rtol, {2: 2e-2, 4: 1e-4}.get(x.dtype.itemsize, rtol))
    return rtol


def as_array(x: Any) -> np.ndarray | None:
    """数、数组、张量，以及由它们排成的规则列表 -> 实数数组；其余 -> None。"""
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        x = (x.double() if x.is_floating_point() else x).numpy()
    elif isinstance(x, (list, tuple)):
        parts = [as_array(v) for v in x]
        if not parts or any(p is None or p.shape != parts[0].shape for p in parts):
            return None
        x = np.stack(parts)
    elif not isinstance(x, (Number, np.ndarray)):
        return None
    x = np.asarray(x)
    return x if x.dtype.kind in "biuf" else None


def unchanged(a: Any, b: Any) -> bool:
    """调用之后的输入 a 是否仍是原来的 b。"""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(unchanged(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(unchanged, a, b))
    a, b = as_array(a), as_array(b)
    return a is None or b is None or bool(np.array_equal(a, b, equal_nan=True))


# ---------------------------------------------------------------- 类型与形状


def kind(x: Any) -> str:
    """值的种类的中文说法，例如“张量（`torch.Tensor`）”。"""
    if isinstance(x, torch.Tensor):
        return "张量（`torch.Tensor`）"
    if isinstance(x, np.ndarray):
        return "数组（`numpy.ndarray`）"
    names = {bool: "真假值", str: "字符串", list: "列表", tuple: "元组", dict: "字典"}
    name = names.get(type(x)) or ("数" if isinstance(x, Number) else "对象")
    return "空值（`None`）" if x is None else f"{name}（`{type(x).__name__}`）"


def _kind_hint(got: Any, want: Any) -> str:
    if got is None:
        return "是不是有一条分支漏了 `return`？"
    if as_array(got) is not None and isinstance(want, torch.Tensor):
        return "用 `torch.stack` 或张量运算得到它，不要转成列表或 NumPy 数组。"
    if isinstance(got, torch.Tensor):
        return "这道题从头到尾用 NumPy 计算。"
    return ""


def _shape_hint(got: tuple, want: tuple) -> str:
    if len(got) > 1 and sorted(got) == sorted(want):
        return "各维的大小一样，次序不同：是不是少了或多了一次转置？"
    n = max(want, default=0)
    if len(got) == 2 and got == (n, n) and math.prod(want) == n > 1:
        return "`(N, 1)` 和 `(N,)` 相加减会广播成 `(N, N)`：先让两边的形状相同。"
    if want == () and math.prod(got) > 1:
        return "题目要的是一个数：是不是忘了求和或求平均（`.sum()`、`.mean()`）？"
    if got and got == want[1:]:
        return "少了最前面的批次维：函数要一次处理一批样本，而不是其中一个。"
    if [s for s in got if s != 1] == [s for s in want if s != 1]:
        if len(got) < len(want):
            return "少了大小为 1 的一维：求和或求平均时写上 `keepdim=True`（NumPy：`keepdims`）。"
        return "多了大小为 1 的一维：用 `.squeeze(...)` 去掉，或者求和时不写 `keepdim`。"
    if math.prod(got) == math.prod(want):
        return "元素个数对，排法不对：检查 `reshape` / `view` 的各维。"
    if len(got) > len(want):
        return "多了一维：是不是少做了一次求和、求平均或取下标？"
    if len(got) < len(want):
        return "少了一维：是不是多做了一次求和、求平均或取下标？"
    return "检查是沿哪一维求和，以及矩阵乘法消去的是哪一维。"


# ---------------------------------------------------------------- 数值


def explain_values(gap: Gap, ratios: list[float | None], inputs: list[tuple], names: list[str]):
    """形状相同、数值不同时的说明：符号、倍数、常数、转置；都不是，就举一个例子。

    ratios: 每一组输入上“答案 / 参考”的倍数（`ratio_at`）；inputs: 每一组输入；names: 参数名。
    """
    got, want, where = gap.got, gap.want, gap.where
    r = ratio(got, want)
    if r is not None and math.isclose(r, -1, rel_tol=1e-4):
        return f"{where}的大小全对，符号反了：检查减法两边的次序，或者少了一个负号。"
    if r is not None:
        source = _source_of([q and abs(q) for q in ratios], inputs, names)
        if source or got.size > 1:
            sign = "符号反了，而且" if r < 0 else ""
            times = f"正好是正确答案的 {abs(r):.4g} 倍。{source or '检查系数。'}"
            return f"{where}{sign}差一个倍数：{times}"
    if got.size > 1 and np.isfinite(got).all() and np.isfinite(want).all():
        shift = float(np.mean(got - want))
        if gap.isclose(got - want, shift).all():
            return f"{where}处处比正确答案多 {shift:.4g}：是不是有一个常数项算多或算少了？"
    if got.ndim >= 2 and got.shape[-1] == got.shape[-2]:
        if gap.isclose(np.swapaxes(got, -1, -2), want).all():
            return f"{where}是正确答案的转置：检查矩阵乘法两边的次序，或下标的行和列。"
    bad = np.argwhere(~gap.isclose(got, want))
    share = f"：{got.size} 个数里有 {len(bad)} 个不对" if 0 < len(bad) < got.size else ""
    text = f"{where}的形状对，数值不对{share}。" if got.ndim else f"{where}的数值不对。"
    if inputs == [()]:  # 题目只要一个值：不说出答案
        return text + "再算一遍。"
    at = tuple(map(int, bad[0]))
    index = f"在下标 {list(at)} 处，" if got.ndim else ""
    return f"{text}例如{index}你得到 {got[at]:.6g}，应该是 {want[at]:.6g}。"


def ratio(got: np.ndarray, want: np.ndarray) -> float | None:
    """got = r * want 时的 r；不成比例，或 want 全为零时返回 None。"""
    finite = np.isfinite(want)
    g, w = got[finite], want[finite]
    if not w.any() or not np.array_equal(np.isfinite(got), finite):
        return None
    r = float((g * w).sum() / (w * w).sum())
    atol = 1e-5 * np.abs(r * w).max()
    return r if r and np.allclose(g, r * w, rtol=1e-4, atol=atol) else None


def ratio_at(path: tuple, got: Any, want: Any) -> float | None:
    """返回值里 path 那一处的倍数；那里没有形状相同的数组时返回 None。"""
    try:
        for p in path:
            got, want = got[p], want[p]
    except (LookupError, TypeError):
        return None
    a, b = as_array(got), as_array(want)
    if a is None or b is None or a.shape != b.shape:
        return None
    return ratio(a.astype(float), b.astype(float))


def _source_of(ratios: list[float | None], inputs: list[tuple], names: list[str]) -> str:
    """倍数从哪里来：输入的某一维、某个标量参数或 2，要在每组输入上都对得上；找不到返回空串。"""
    keep = [i for i, r in enumerate(ratios) if r is not None]
    r = np.array([ratios[i] for i in keep])
    if np.allclose(r, 2, rtol=1e-4):
        return "多了一个系数 2。"
    if np.allclose(r, 0.5, rtol=1e-4):
        return "少了一个系数 2。"
    quantities = []
    for k, name in enumerate(names):
        values = [inputs[i][k] for i in keep]
        shapes = [np.shape(as_array(v)) for v in values]
        for d in range(min(map(len, shapes))):
            quantities.append((f"{name}.shape[{d}]", np.array([s[d] for s in shapes], float)))
        if all(isinstance(v, Number) and v > 0 for v in values):
            quantities.append((name, np.array(values, float)))
    for factor, times, extra in [
        (1, "", ""),
        (2, "两倍的 ", "系数 2 "),
        (0.5, "一半的 ", "系数 2 "),
    ]:
        also = f"另外检查{extra}。" if extra else ""
        for label, q in quantities:
            for value, text in [
                (q, f"这个倍数是{times} `{label}`：是不是忘了除以它？"),
                (1 / q, f"这个倍数是{times} 1 / `{label}`：是不是忘了乘它，或者多除了一次？"),
                (np.sqrt(q), f"这个倍数是{times} `{label}` 的平方根：是不是忘了除以它？"),
                (1 / np.sqrt(q), f"这个倍数是{times} 1 / √`{label}`：是不是多除了一次？"),
            ]:
                if np.allclose(r, factor * value, rtol=1e-4):
                    return text + also
    return ""


# ---------------------------------------------------------------- 异常


def in_library(filename: str) -> bool:
    """这一帧是否在 Python、第三方包或本模块里，而不是读者自己的代码。"""
    paths = sysconfig.get_paths()
    roots = [paths["stdlib"], paths["purelib"], paths["platlib"], os.path.dirname(__file__)]
    filename = os.path.normcase(filename)
    return filename.startswith(("<frozen", *(os.path.normcase(r) + os.sep for r in roots)))


def is_stub(error: Exception | None) -> bool:
    """还没写完：读者的代码里抛出 NotImplementedError，或者拿 `...` 去计算。"""
    if isinstance(error, NotImplementedError):
        return not in_library(traceback.extract_tb(error.__traceback__)[-1].filename)
    return isinstance(error, (TypeError, AttributeError)) and "ellipsis" in str(error).lower()


_ERRORS = {  # 异常信息里的特征（正则）: 说明
    r"mat1 and mat2 shapes|matmul: Input operand|not aligned|size mismatch|inconsistent tensor": (
        "矩阵乘法两边的形状接不上：左边的最后一维要等于右边的倒数第二维，看看要不要转置。"
    ),
    r"must match the (size of tensor|existing size)|could not be broadcast|broadcast together": (
        "两个数组的形状不能广播到一起：从后往前数，每一维要么相等，要么有一个是 1。"
    ),
    r"same dtype|expected scalar type|expected m1 and m2|data type": (
        "两个张量的 dtype 不同：新建张量时写上 `dtype=x.dtype`。"
    ),
    r"Can't call numpy\(\) on Tensor that requires grad": "要求梯度的张量不能直接转成 NumPy。",
    r"does not require grad": "反向传播的起点不在计算图里：检查 `requires_grad` 和 `.detach()`。",
    r"Dimension out of range|axis .* is out of bounds": "没有这一维：输入的维数比你想的少。",
    r"shape .* is invalid for input|cannot reshape": "`reshape` 前后的元素个数不相等。",
    r"positional argument|missing .* required|unexpected keyword": "调用时参数对不上。",
    r"is not defined": "用到了一个没有定义的名字：检查拼写，或者先运行定义它的单元格。",
    r"cannot access local variable|referenced before": "这个变量在赋值之前就用到了。",
    r"has no attribute": "这个对象没有这个属性或方法：检查拼写，以及它是 Tensor 还是 ndarray。",
    r"division by zero": "除以了零。",
    r"out of (range|bounds)": "下标超出了范围。",
    r"recursion": "函数不停地调用自己，没有停下来的条件。",
}


def explain_error(error: Exception) -> str:
    """异常的类型与信息、读者自己代码里出错的那一行、常见的原因。"""
    message = " ".join(str(error).split())[:300]
    lines = [f"你的代码运行时报错：`{type(error).__name__}: {message}`"]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.line and not in_library(f.filename)]
    if own:
        lines += [f"出错的是第 {own[-1].lineno} 行：", f"    {own[-1].line}"]
    lines += [hint for pattern, hint in _ERRORS.items() if re.search(pattern, message)][:1]
    return "\n".join(lines)
