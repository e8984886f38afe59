"""练习检查：`check("ch02.gradient", 你的答案)` 用隐藏的输入试答案，用中文说出对错和线索。

检查写在 `utils/checks/` 里，一章一个文件，文件名与笔记本相同（`ch02_gradient_descent.py`）。
`check` 看名字里点号前的部分去找文件，用到哪一章才导入哪一章。一道练习由三样东西组成：
参考实现、隐藏的输入、典型的错误::

    from utils.checks import case, exercise

    def cases(rng):                                     # rng 是种子固定的 np.random.Generator
        for n, d, note in [(7, 3, ""), (1, 3, "只有一个样本"), (5, 1, "只有一个特征")]:
            yield case(rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=d), note=note)

    @exercise("ch02.gradient", title="均方误差的梯度", cases=cases)
    def gradient(X, y, w):                              # 参考实现；参数名会出现在提示里
        return 2 / len(y) * X.T @ (X @ w - y)

    @gradient.mistake("残差写反了：梯度里是“预测减真值”。")
    def _(X, y, w):                                     # 学生的结果与它处处相同，就给这条提示
        return 2 / len(y) * X.T @ (y - X @ w)

答案是一个数、一个数组或一个选项（字符串）时不写 `cases`，参考实现和典型错误都没有参数::

    @exercise("ch02.limit", title="临界学习率")
    def limit():
        return 0.25

    @limit.mistake("这是 1/λ：再想想每一步把误差乘上几。")
    def _():
        return 0.125

下面这些错误由引擎自己认出，不必逐题写：没写完、报错、参数个数不对、类型不对、形状不对（忘了批次维、
keepdim、求和、转置、误广播）、改动了输入、符号反了、差一个倍数（会与输入的每一维和每个标量参数比对，认出
“忘了除以 N”“忘了除以 √d”“忘了乘 lr”）、差一个常数、出现 NaN、只对单个样本成立、断开了计算图。
"""

from __future__ import annotations

import copy
import difflib
import html
import importlib
import inspect
import math
import pkgutil
import random
import re
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np
import torch

__all__ = ["Exercise", "Result", "case", "check", "exercise", "exercises"]


# ---------------------------------------------------------------- 读者看到的


@dataclass(frozen=True)
class Result:
    """一次检查的结果。放在单元格最后一行会自己显示；`passed` 是 bool。

    status: "passed"（通过）、"unfinished"（还没写完）、"wrong"（不对）或 "error"（报错）。
    message: 中文说明；缩进四格的行是代码，反引号里的是行内代码。
    """

    name: str
    title: str
    status: str
    message: str

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        icon, verdict, _ = _LOOKS[self.status]
        return f"{icon} {verdict}：{self.title}（{self.name}）\n{self.message}"

    def _repr_html_(self) -> str:
        icon, verdict, color = _LOOKS[self.status]
        # 文字颜色继承页面，底色半透明：浅色和深色页面上都看得清。
        return (
            f'<div role="status" style="border-left:4px solid {color};background:{color}1a;'
            'padding:.5em .9em;margin:.3em 0;border-radius:4px;line-height:1.6">'
            f'<div><span style="color:{color};font-weight:bold" aria-hidden="true">{icon}</span> '
            f"<strong>{verdict}</strong>：{html.escape(self.title)}</div>"
            f"{_to_html(self.message)}</div>"
        )


_LOOKS = {  # 图标、结论、颜色（在白底和深底上对比度都不低于 3:1）
    "passed": ("✓", "通过", "#2a9d5c"),
    "unfinished": ("…", "还没写完", "#4a86c5"),
    "wrong": ("✗", "还不对", "#d0661b"),
    "error": ("✗", "运行出错", "#d64550"),
}


def _to_html(message: str) -> str:
    parts = []
    for line in message.splitlines():
        text = html.escape(line.strip())
        if line.startswith("    "):
            parts.append(f'<pre style="margin:.2em 0;white-space:pre-wrap">{text}</pre>')
        else:
            text = re.sub("`([^`]+)`", r"<code>\1</code>", text)
            parts.append(f"<div>{text}</div>")
    return "".join(parts)


def check(name: str, answer: Any) -> Result:
    """检查一道练习的答案。

    name: 练习的名字，例如 "ch02.gradient"。
    answer: 你写的函数（交函数本身，不加括号），或者题目要的数、数组、选项。
    返回 Result。答案没写完、写错或报错都不会抛异常；只有 name 不存在才抛 ValueError。
    """
    if not isinstance(name, str):
        raise TypeError(
            f'check 的第一个参数 name 应该是练习的名字（字符串，如 "ch02.gradient"），收到的是 '
            f"{type(name).__name__}。写成 check(名字, 你的答案)。"
        )
    return _find(name).check(answer)


# ---------------------------------------------------------------- 写检查的人用到的


@dataclass(frozen=True)
class _Case:
    args: tuple
    note: str


def case(*args: Any, note: str = "") -> _Case:
    """一组隐藏的输入。note 说它特殊在哪里，例如“只有一个样本”，会写进提示。"""
    return _Case(args, note)


def exercise(
    name: str,
    *,
    title: str,
    cases: Callable[[np.random.Generator], Iterator[_Case]] | None = None,
    call: Callable | None = None,
    grad: bool = False,
    rtol: float | None = None,
    atol: float | None = None,
) -> Callable[[Callable], Exercise]:
    """装饰参考实现，登记一道练习，返回 Exercise（它仍能像参考实现一样调用）。

    name: "chNN.slug"；title: 中文题目，显示在结果里。
    cases: 生成器函数，收到 np.random.Generator，逐个给出 case(...)。不写则答案是一个值。
    call: 怎样使用答案，`call(答案, *args)` 返回要比较的值；缺省是 `答案(*args)`。答案是类、生成器、
        原地更新的函数时用它，参考实现和典型错误也经过它。
    grad: 同时比较结果对每个浮点张量输入的梯度。
    rtol, atol: 容差；缺省随 dtype（float64: 1e-6，float32: 1e-4），atol 按答案的大小定。
    """
    if not re.fullmatch(r"ch\d\d\.\w+", name):
        raise ValueError(f'练习的名字 name 应形如 "ch02.gradient"，收到的是 {name!r}。')

    def register(reference: Callable) -> Exercise:
        new = Exercise(name, title, reference, cases, call, grad, rtol, atol)
        old = _REGISTRY.get(name)
        if old and old.reference.__module__ != reference.__module__:
            raise ValueError(
                f"练习 {name} 已经在 {old.reference.__module__} 里登记过，换一个名字。"
            )
        _REGISTRY[name] = new
        return new

    return register


def exercises() -> dict[str, Exercise]:
    """导入每一章的检查，返回全部练习 {名字: Exercise}。"""
    for module in _chapters().values():
        importlib.import_module(module)
    return dict(sorted(_REGISTRY.items()))


_REGISTRY: dict[str, Exercise] = {}


def _chapters() -> dict[str, str]:
    """{"ch02": "utils.checks.ch02_gradient_descent", ...}"""
    names = (m.name for m in pkgutil.iter_modules(__path__))
    return {n.split("_")[0]: f"{__name__}.{n}" for n in names if re.match(r"ch\d\d_", n)}


def _find(name: str) -> Exercise:
    chapter, chapters = name.split(".")[0], _chapters()
    if chapter in chapters:
        importlib.import_module(chapters[chapter])
    if name in _REGISTRY:
        return _REGISTRY[name]
    known = sorted(n for n in _REGISTRY if n.startswith(f"{chapter}.")) or sorted(exercises())
    close = difflib.get_close_matches(name, known, n=1)
    raise ValueError(
        f"没有名为 {name!r} 的练习。"
        + (f"你要找的是不是 {close[0]!r}？" if close else "")
        + (f"可用的名字：{'、'.join(known)}。" if known else "还没有任何一章登记了练习。")
    )


# ---------------------------------------------------------------- 一道练习


@dataclass
class _Outcome:
    """答案在一组输入上的表现。grads 为 None 表示结果不在计算图里。"""

    value: Any = None
    error: Exception | None = None
    mutated: list[str] = field(default_factory=list)
    grads: dict[str, torch.Tensor] | None = None


@dataclass
class Exercise:
    """一道练习：参考实现 + 隐藏的输入 + 典型错误。用 `exercise` 装饰器来建。"""

    name: str
    title: str
    reference: Callable
    cases: Callable[[np.random.Generator], Iterator[_Case]] | None = None
    call: Callable | None = None
    grad: bool = False
    rtol: float | None = None
    atol: float | None = None
    mistakes: list[tuple[str, Callable]] = field(default_factory=list)

    def __call__(self, *args: Any) -> Any:
        return self.reference(*args)

    def mistake(self, hint: str) -> Callable[[Callable], Callable]:
        """装饰一个典型的错误实现；学生的结果在全部输入上都与它相同时，用 hint 回答。"""

        def add(wrong: Callable) -> Callable:
            self.mistakes.append((hint, wrong))
            return wrong

        return add

    def check(self, answer: Any) -> Result:
        """检查 answer，返回 Result。见 `check`。"""
        status, message = self._judge(answer)
        return Result(self.name, self.title, status, message)

    # ------------------------------------------------------------ 判断

    def _judge(self, answer: Any) -> tuple[str, str]:
        if answer is None or answer is ...:
            return "unfinished", "这里还是空的。写下你的答案，再运行一次。"
        if problem := self._misuse(answer):
            return "wrong", problem

        cases, wants = self._make_cases(), self._run(self.reference)
        gots = self._run(answer) if self.cases else [_Outcome(answer)]

        if any(_is_stub(g.error) for g in gots) or all(_is_empty(g) for g in gots):
            return "unfinished", (
                "这个函数还没有给出结果。写好以后再运行一次；已经写了的话，看看是不是漏了 "
                "`return`。"
            )
        gaps = [self._gap(g, w) for g, w in zip(gots, wants, strict=True)]
        wrong = [i for i, gap in enumerate(gaps) if gap is not None]
        if not wrong:
            return "passed", self._praise(gots, wants)
        for hint, mistake in self.mistakes:
            if all(self._same(g, m) for g, m in zip(gots, self._run(mistake), strict=True)):
                return "wrong", hint

        first = wrong[0]
        status = "error" if gots[first].error is not None else "wrong"
        lines = [gaps[first].text or self._explain_values(gaps, gots, wants, cases)]
        if self.cases:
            lines.append(_describe(cases[first], self._names()))
            if len(wrong) < len(cases):
                lines.append(self._contrast(cases, wrong))
        return status, "\n".join(lines)

    def _misuse(self, answer: Any) -> str | None:
        if self.cases is None:
            if callable(answer):
                return "这道题要的是一个值，你交的是函数。先调用它，把得到的值交给 `check`。"
            return None
        if not callable(answer):
            return (
                f"这道题要的是函数，你交的是{_kind(answer)}。把函数本身交给 `check`，不要加括号："
                f'写 `check("{self.name}", f)`，不写 `check("{self.name}", f(...))`。'
            )
        if self.call is None:
            try:
                inspect.signature(answer).bind(*self._make_cases()[0].args)
            except TypeError:
                theirs = ", ".join(inspect.signature(answer).parameters)
                ours = ", ".join(self._names())
                return f"参数对不上：题目会这样调用 `f({ours})`，而你的函数的参数是 `({theirs})`。"
            except ValueError:  # 有些内置函数没有签名可查
                return None
        return None

    def _names(self) -> list[str]:
        names = list(inspect.signature(self.reference).parameters)
        count = len(self._make_cases()[0].args)
        return (names + [f"第 {i + 1} 个参数" for i in range(len(names), count)])[:count]

    def _make_cases(self) -> list[_Case]:
        return list(self.cases(np.random.default_rng(0))) if self.cases else [_Case((), "")]

    def _run(self, f: Callable) -> list[_Outcome]:
        """在每一组输入上调用 f。随机数种子每次都一样，用完恢复原来的状态。"""
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
        try:
            return [self._run_case(f, c.args) for c in self._make_cases()]
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
            torch.set_rng_state(states[2])

    def _run_case(self, f: Callable, args: tuple) -> _Outcome:
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(0)
        given, leaves = list(copy.deepcopy(args)), {}
        if self.grad:
            for i, (name, x) in enumerate(zip(self._names(), args, strict=True)):
                if isinstance(x, torch.Tensor) and x.is_floating_point():
                    leaves[name] = x.detach().clone().requires_grad_()
                    given[i] = leaves[name].clone()  # 不给叶子：原地修改由下面认出，而不是报错
        try:
            value = self.call(f, *given) if self.call else f(*given)
            grads = _gradients(value, leaves) if self.grad else None
        except Exception as error:
            return _Outcome(error=error)
        names = self._names() if args else []
        mutated = [n for n, a, b in zip(names, given, args, strict=True) if not _unchanged(a, b)]
        return _Outcome(value, None, mutated, grads)

    # ------------------------------------------------------------ 比较

    def _same(self, a: _Outcome, b: _Outcome) -> bool:
        if a.error is not None or b.error is not None:
            return type(a.error) is type(b.error)
        gap = self._gap(_Outcome(a.value, grads=a.grads), b)
        return gap is None

    def _gap(self, got: _Outcome, want: _Outcome) -> _Gap | None:
        """答案与参考的第一处不同；没有则为 None。"""
        if want.error is not None:
            raise want.error  # 参考实现自己出错：这是练习的作者要修的
        if got.error is not None:
            return _Gap(_explain_error(got.error))
        if got.mutated:
            names = "、".join(f"`{n}`" for n in got.mutated)
            return _Gap(
                f"你的函数改动了输入 {names}：调用之后，外面的变量也跟着变了。`w -= ...`、"
                "`x[i] = ...`、`x.sub_(...)` 都是原地操作；写成 `w = w - ...`，或先复制一份再改。"
            )
        gap = _compare(got.value, want.value, self.rtol, self.atol)
        if gap is not None or not self.grad:
            return gap
        if got.grads is None:
            return _Gap(
                "数值对了，但梯度传不回输入：计算图断开了。检查是不是用了 `.detach()`、`.numpy()`、"
                "`.item()`、`torch.no_grad()`，或者用 `torch.tensor(...)` 重新造了张量。"
            )
        for name, grad in want.grads.items():
            if _compare(got.grads[name], grad, self.rtol, self.atol):
                return _Gap(f"数值对了，但对 `{name}` 的梯度不对：有一部分计算没有进入计算图。")
        return None

    # ------------------------------------------------------------ 说明

    def _explain_values(self, gaps, gots, wants, cases) -> str:
        """形状相同、数值不同：符号、倍数、常数、转置，都不是就举一个例子。"""
        gap = next(g for g in gaps if g is not None)
        got, want = gap.got, gap.want
        ratio = _ratio(got, want)
        if ratio is not None:
            if math.isclose(ratio, -1, rel_tol=1e-4):
                return f"{gap.where}的大小全对，符号反了：检查减法两边的次序，或者少了一个负号。"
            ratios = [_ratio_at(gap.path, g, w) for g, w in zip(gots, wants, strict=True)]
            sign = "符号反了，而且" if ratio < 0 else ""
            named = _name_ratio([r and abs(r) for r in ratios], cases, self._names())
            return f"{gap.where}{sign}差一个倍数：处处是正确答案的 {abs(ratio):.4g} 倍。{named}"
        if got.size > 1 and _close(got - want, np.mean(got - want), gap.tol):
            shift = float(np.mean(got - want))
            return f"{gap.where}处处比正确答案多 {shift:.4g}：是不是有一个常数项算多或算少了？"
        if got.ndim >= 2 and got.shape[-1] == got.shape[-2]:
            if _close(np.swapaxes(got, -1, -2), want, gap.tol):
                return f"{gap.where}是正确答案的转置：检查矩阵乘法两边的次序，或下标的行和列。"
        bad = np.argwhere(~_isclose(got, want, gap.tol))
        at = f"的 {[int(i) for i in bad[0]]} 处" if got.ndim else ""
        share = f"{got.size} 个数里有 {len(bad)} 个不对。" if 0 < len(bad) < got.size else ""
        example = tuple(bad[0])
        return (
            f"{gap.where}的形状对，数值不对。{share}"
            f"例如{gap.where}{at}，你得到 {got[example]:.6g}，应该是 {want[example]:.6g}。"
        )

    def _contrast(self, cases: list[_Case], wrong: list[int]) -> str:
        right = [i for i in range(len(cases)) if i not in wrong]

        def ndims(i: int) -> list[int]:
            return [np.ndim(_as_array(a)) for a in cases[i].args if _as_array(a) is not None]

        if all(sum(ndims(i)) > max(sum(ndims(j)) for j in right) for i in wrong):
            return (
                "单个样本时是对的，前面多一个批次维就不对了：用从后往前数的维度（`dim=-1`、"
                "`transpose(-2, -1)`）来写，就不必管前面有几维。"
            )
        notes = [cases[i].note for i in right if cases[i].note]
        where = f"（例如“{notes[0]}”）" if len(notes) == len(right) else ""
        return f"另外 {len(right)} 组输入{where}是对的。"

    def _praise(self, gots: list[_Outcome], wants: list[_Outcome]) -> str:
        text = f"在 {len(gots)} 组隐藏的输入上都与参考实现一致" if self.cases else "答案正确"
        text += "，梯度也一致。" if self.grad else "。"
        for got, want in zip(gots, wants, strict=True):
            a, b = got.value, want.value
            if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.dtype != b.dtype:
                return (
                    f"{text}顺带一提：结果的类型是 `{a.dtype}`，这里通常是 `{b.dtype}`。"
                    "中途新建张量时写上 `dtype=x.dtype`，精度就不会悄悄改变。"
                )
        return text


# ---------------------------------------------------------------- 比较两个值


@dataclass
class _Gap:
    """一处不同。text 非空时它就是说明；否则是形状相同的两个数组，数值不同。"""

    text: str = ""
    where: str = ""
    path: tuple = ()
    got: np.ndarray | None = None
    want: np.ndarray | None = None
    tol: tuple[float, float] = (0.0, 0.0)


def _compare(got, want, rtol, atol, path: tuple = ()) -> _Gap | None:
    """逐层比较（元组、列表、字典、数组、数、字符串），返回第一处不同。"""
    where = "结果" if not path else "返回的 " + "".join(f"[{p!r}]" for p in path) + " "
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return _Gap(f"{where}应该是字典，你给的是{_kind(got)}。")
        if set(got) != set(want):
            return _Gap(f"{where}应该有这些键：{list(want)}，你给的是 {list(got)}。")
        parts = [(k, got[k], want[k]) for k in want]
    elif isinstance(want, (tuple, list)) and not _is_vector(want):
        if not isinstance(got, (tuple, list)):
            return _Gap(f"{where}应该是 {len(want)} 个值，你给的是一个{_kind(got)}。")
        if len(got) != len(want):
            return _Gap(f"{where}应该是 {len(want)} 个值，你给了 {len(got)} 个。")
        parts = [(i, g, w) for i, (g, w) in enumerate(zip(got, want, strict=True))]
    elif isinstance(want, str):
        if isinstance(got, str) and got.strip().lower() == want.strip().lower():
            return None
        return _Gap(f"{where}不是 {got!r}。再想一想。")
    else:
        return _compare_leaf(got, want, rtol, atol, where, path)
    gaps = (_compare(g, w, rtol, atol, (*path, k)) for k, g, w in parts)
    return next((gap for gap in gaps if gap is not None), None)


def _compare_leaf(got, want, rtol, atol, where: str, path: tuple) -> _Gap | None:
    a, b = _as_array(got), _as_array(want)
    if a is None or (b.ndim and isinstance(want, torch.Tensor) != isinstance(got, torch.Tensor)):
        fix = ""
        if a is not None and isinstance(want, torch.Tensor):
            fix = "用 `torch.stack` 或张量运算得到它，不要转成列表或 NumPy 数组。"
        elif isinstance(got, torch.Tensor):
            fix = "用 `.numpy()` 转换，或者从头就用 NumPy 计算。"
        return _Gap(f"{where}应该是{_kind(want)}，你给的是{_kind(got)}。{fix}")
    if a.shape != b.shape:
        hint = _shape_hint(a, b)
        return _Gap(f"{where}的形状应该是 `{_shape(b)}`，你的是 `{_shape(a)}`。{hint}")
    tol = _tolerance(got, want, b, rtol, atol)
    if _close(a, b, tol):
        return None
    bad = ~np.isfinite(a) & np.isfinite(b)
    if bad.any():
        kind = "NaN" if np.isnan(a[bad]).any() else "无穷大"
        return _Gap(
            f"{where}里出现了 {kind}（{a.size} 个数里有 {bad.sum()} 个）：检查除以零、`log(0)`，"
            "或者 `exp` 之前没有减去最大值而溢出。"
        )
    if a.dtype.kind in "iub" and b.dtype.kind == "f":
        return _Gap(
            f"{where}是整数类型（{a.dtype}），小数部分丢了：检查 `//`、`int(...)`、`.long()`，"
            "或者用整数建的数组（`zeros_like` 会沿用整数类型）。"
        )
    return _Gap("", where, path, a.astype(np.float64), b.astype(np.float64), tol)


def _tolerance(got, want, b: np.ndarray, rtol, atol) -> tuple[float, float]:
    """相对容差由两边较粗的 dtype 定；绝对容差取答案的典型大小乘以相对容差。"""
    sizes = [np.dtype(float).itemsize]
    for x in (got, want):
        if isinstance(x, torch.Tensor) and x.is_floating_point():
            sizes.append(x.element_size())
        elif isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f":
            sizes.append(x.dtype.itemsize)
    rtol = rtol if rtol is not None else {2: 2e-2, 4: 1e-4}.get(min(sizes), 1e-6)
    finite = np.abs(b[np.isfinite(b)]) if b.dtype.kind in "fiu" else np.zeros(0)
    scale = float(finite.max()) if finite.size else 0.0
    return rtol, atol if atol is not None else rtol * max(scale, 1e-3)


def _isclose(a, b, tol: tuple[float, float]) -> np.ndarray:
    return np.isclose(a, b, rtol=tol[0], atol=tol[1], equal_nan=True)


def _close(a, b, tol: tuple[float, float]) -> bool:
    return bool(_isclose(a, b, tol).all())


def _as_array(x: Any) -> np.ndarray | None:
    """数、数组、张量、由它们排成的规则列表 -> 数组；其余 -> None。"""
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        return (x.double() if x.is_floating_point() else x).numpy()
    if isinstance(x, (list, tuple)):
        parts = [_as_array(v) for v in x]
        regular = parts and all(p is not None and p.shape == parts[0].shape for p in parts)
        return np.stack(parts) if regular else None
    if isinstance(x, (Number, np.ndarray, np.generic)):
        x = np.asarray(x)
        return x if x.dtype.kind in "biufc" else None
    return None


def _is_vector(x: list | tuple) -> bool:
    """由普通数字组成的列表：当作一个数组比较，而不是几个返回值。"""
    return isinstance(x, list) and bool(x) and all(isinstance(v, Number) for v in x)


def _unchanged(a: Any, b: Any) -> bool:
    a, b = _as_array(a), _as_array(b)
    if a is None or b is None:
        return True
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _gradients(value: Any, leaves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor] | None:
    """结果的每一项乘上固定的随机权重再求和，对每个输入求梯度。"""
    outputs = list(value) if isinstance(value, (tuple, list)) else [value]
    outputs = [o for o in outputs if isinstance(o, torch.Tensor) and o.requires_grad]
    if not outputs:
        return None
    generator = torch.Generator().manual_seed(0)
    total = sum(
        (o * torch.randn(o.shape, generator=generator, dtype=torch.float64).to(o.dtype)).sum()
        for o in outputs
    )
    grads = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(x) if g is None else g
        for (name, x), g in zip(leaves.items(), grads, strict=True)
    }


# ---------------------------------------------------------------- 认出常见的错误


def _is_stub(error: Exception | None) -> bool:
    return isinstance(error, NotImplementedError) and not _in_library(
        traceback.extract_tb(error.__traceback__)[-1].filename
    )


def _is_empty(outcome: _Outcome) -> bool:
    return outcome.error is None and (outcome.value is None or outcome.value is ...)


def _shape(x: np.ndarray) -> str:
    return str(tuple(x.shape))


def _shape_hint(got: np.ndarray, want: np.ndarray) -> str:
    g, w = got.shape, want.shape
    if sorted(g) == sorted(w) and len(g) > 1:
        return "各维的大小一样，次序不同：是不是少了或多了一次转置？"
    if w == () and want.size < got.size:
        return "题目要的是一个数：是不是忘了求和或求平均（`.sum()`、`.mean()`）？"
    if len(w) <= 2 and len(g) == 2 and g[0] == g[1] == max(w, default=0):
        return "`(N, 1)` 和 `(N,)` 相加减会广播成 `(N, N)`：先让两边的形状相同。"
    if g == w[1:]:
        return "少了最前面的批次维：函数要一次处理一批样本，而不是其中一个。"
    if tuple(n for n in g if n != 1) == tuple(n for n in w if n != 1):
        if len(g) < len(w):
            return "少了大小为 1 的一维：求和或求平均时写上 `keepdim=True`（NumPy：`keepdims`）。"
        return "多了大小为 1 的一维：用 `.squeeze(...)` 去掉，或者求和时不写 `keepdim`。"
    if got.size == want.size:
        return "元素个数对，排法不对：检查 `reshape` / `view` 的各维。"
    if len(g) > len(w):
        return "多了一维：是不是少做了一次求和、求平均或取下标？"
    if len(g) < len(w):
        return "少了一维：是不是多做了一次求和、求平均或取下标？"
    return "检查是沿哪一维求和，以及矩阵乘法消去的是哪一维。"


def _ratio(got: np.ndarray, want: np.ndarray) -> float | None:
    """got = r * want 的 r；不成比例、或 want 全为零时为 None。"""
    keep = np.isfinite(want)
    scale = float((want[keep] ** 2).sum())
    if scale == 0 or not np.isfinite(got[keep]).all():
        return None
    r = float((got[keep] * want[keep]).sum()) / scale
    scale = np.abs(r * want[keep]).max()
    return r if r and np.allclose(got[keep], r * want[keep], rtol=1e-4, atol=1e-5 * scale) else None


def _ratio_at(path: tuple, got: _Outcome, want: _Outcome) -> float | None:
    try:
        g, w = got.value, want.value
        for p in path:
            g, w = g[p], w[p]
        g, w = _as_array(g), _as_array(w)
        return _ratio(g.astype(float), w.astype(float)) if g.shape == w.shape else None
    except (AttributeError, LookupError, TypeError):
        return None


def _name_ratio(ratios: list[float | None], cases: list[_Case], names: list[str]) -> str:
    """倍数的来历：输入的某一维、某个标量或 2，在每组输入上都要对得上。"""
    keep = [i for i, r in enumerate(ratios) if r is not None]
    r = np.array([ratios[i] for i in keep])
    for value, text in [(2, "正好多了一个系数 2。"), (0.5, "正好是一半：系数 2 去哪里了？")]:
        if np.allclose(r, value, rtol=1e-4):
            return text
    quantities = []
    for k, name in enumerate(names):
        values = [cases[i].args[k] for i in keep]
        shapes = [np.shape(_as_array(v)) for v in values]
        for d in range(min(map(len, shapes))):
            quantities.append((f"{name}.shape[{d}]", np.array([s[d] for s in shapes])))
        if all(isinstance(v, Number) and v > 0 for v in values):
            quantities.append((name, np.array(values)))
    for factor, extra in [(1, ""), (2, "，再看看系数 2"), (0.5, "，再看看系数 2")]:
        for label, q in quantities:
            for value, text in [
                (q, f"正好是 `{label}`：是不是忘了除以它"),
                (1 / q, f"正好是 1 / `{label}`：是不是忘了乘它，或者多除了一次"),
                (np.sqrt(q), f"正好是 √`{label}`：是不是忘了除以这个平方根"),
                (1 / np.sqrt(q), f"正好是 1 / √`{label}`：是不是多除了一次平方根"),
            ]:
                if np.allclose(r, factor * value, rtol=1e-4):
                    times = "" if factor == 1 else f" {factor:g} 乘以"
                    return f"{text.replace('正好是', '正好是' + times)}{extra}？"
    return "检查系数。"


def _in_library(filename: str) -> bool:
    paths = sysconfig.get_paths()
    return filename.startswith((paths["stdlib"], paths["purelib"], paths["platlib"], "<__array"))


_ERRORS = [  # (异常信息里的特征, 说明)
    (r"mat1 and mat2 shapes|matmul: Input operand|shapes .* not aligned|size mismatch",
     "矩阵乘法两边的形状接不上：左边的最后一维要等于右边的倒数第二维，看看要不要转置。"),
    (r"must match the size of tensor|could not be broadcast|must match the existing size",
     "两个数组的形状不能广播到一起：从后往前数，每一维要么相等，要么有一个是 1。"),
    (r"same dtype|expected scalar type|expected m1 and m2",
     "两个张量的 dtype 不同：新建张量时写上 `dtype=x.dtype`。"),
    (r"Can't call numpy\(\) on Tensor that requires grad", "要求梯度的张量不能直接转成 NumPy。"),
    (r"does not require grad", "反向传播的起点不在计算图里：检查 `requires_grad` 和 `.detach()`。"),
    (r"Dimension out of range|axis .* is out of bounds", "没有这一维：输入的维数比你想的少。"),
    (r"shape .* is invalid for input|cannot reshape", "`reshape` 前后的元素个数不相等。"),
    (r"takes .* positional argument|missing .* required", "调用函数时参数的个数不对。"),
    (r"is not defined", "用到了一个没有定义的名字：检查拼写，或者先运行定义它的单元格。"),
    (r"has no attribute", "这个对象没有这个属性或方法：检查拼写，以及它是 Tensor 还是 ndarray。"),
    (r"division by zero", "除以了零。"),
    (r"out of (range|bounds)", "下标超出了范围。"),
    (r"recursion", "函数不停地调用自己，没有停下来的条件。"),
]  # fmt: skip


def _explain_error(error: Exception) -> str:
    lines = [f"你的代码运行时报错：`{type(error).__name__}: {error}`".replace("\n", " ")]
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != __file__ and not _in_library(f.filename)]
    if own and own[-1].line:
        lines += [f"出错的是第 {own[-1].lineno} 行：", f"    {own[-1].line}"]
    lines += [hint for pattern, hint in _ERRORS if re.search(pattern, str(error))][:1]
    return "\n".join(lines)


def _kind(x: Any) -> str:
    if isinstance(x, torch.Tensor):
        return "张量（`torch.Tensor`）"
    if isinstance(x, np.ndarray):
        return "数组（`numpy.ndarray`）"
    if isinstance(x, bool):
        return "真假值（`bool`）"
    if isinstance(x, Number):
        return f"数（`{type(x).__name__}`）"
    names = {"str": "字符串", "list": "列表", "tuple": "元组", "dict": "字典", "NoneType": "空值"}
    name = type(x).__name__
    return f"{names.get(name, '对象')}（`{name}`）"


def _describe(c: _Case, names: list[str]) -> str:
    """一句话说明一组输入，例如：这组输入：只有一个样本，X (1, 3)，lr=0.1。"""
    parts = [c.note] if c.note else []
    for name, value in zip(names, c.args, strict=True):
        if isinstance(value, (bool, int, float, str)):
            parts.append(f"{name}={value!r}")
        elif (array := _as_array(value)) is not None:
            parts.append(f"{name} {_shape(array)}")
    return f"这组输入：{'，'.join(parts)}。" if parts else ""
