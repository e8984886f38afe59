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
import pkgutil
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from utils.checks import _diagnosis as diagnosis

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
        if old and _origin(old.reference) != _origin(reference):  # 同一个文件重新导入不算
            raise ValueError(f"练习 {name} 已经由 {_origin(old.reference)} 登记过，换一个名字。")
        _REGISTRY[name] = new
        return new

    return register


def exercises() -> dict[str, Exercise]:
    """导入每一章的检查，返回全部练习 {名字: Exercise}。"""
    for module in _chapters().values():
        importlib.import_module(module)
    return dict(sorted(_REGISTRY.items()))


_REGISTRY: dict[str, Exercise] = {}


def _origin(f: Callable) -> str:
    return f"{f.__module__}.{f.__qualname__}"


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
    """答案在一组输入上的表现。grads: 对各个输入的梯度；不比较梯度，或结果不在计算图里时为 None。"""

    value: Any = None
    error: Exception | None = None
    mutated: list[str] = field(default_factory=list)
    grads: dict[str, torch.Tensor] | None = None

    @property
    def is_empty(self) -> bool:
        return self.error is None and (self.value is None or self.value is ...)


@dataclass
class Exercise:
    """一道练习：参考实现、隐藏的输入、典型的错误。用 `exercise` 装饰器来建。"""

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
        """装饰一个典型的错误实现；读者的结果在每组输入上都与它相同时，用 hint 回答。"""

        def add(wrong: Callable) -> Callable:
            self.mistakes.append((hint, wrong))
            return wrong

        return add

    def check(self, answer: Any) -> Result:
        """检查 answer，返回 Result。见 `utils.check`。"""
        return Result(self.name, self.title, *self._judge(answer))

    # ------------------------------------------------------------ 判断

    def _judge(self, answer: Any) -> tuple[str, str]:
        """(status, message)"""
        if answer is None or answer is ...:
            return "unfinished", "这里还是空的。写下你的答案，再运行一次。"
        if problem := self._misuse(answer):
            return "wrong", problem

        wants = self._run(self.reference)
        gots = self._run(answer) if self.cases else [_Outcome(answer)]
        if any(diagnosis.is_stub(g.error) for g in gots) or all(g.is_empty for g in gots):
            return "unfinished", (
                "这个函数还没有给出结果，写好以后再运行一次。已经写了的话，看看是不是漏了 "
                "`return`（`print` 只显示，不返回）。"
            )
        gaps = [self._gap(g, w) for g, w in zip(gots, wants, strict=True)]
        wrong = [i for i, gap in enumerate(gaps) if gap]
        if not wrong:
            return "passed", self._praise(gots, wants)
        for hint, mistake in self.mistakes:
            if all(self._same(g, m) for g, m in zip(gots, self._run(mistake), strict=True)):
                return "wrong", hint

        first = wrong[0]
        inputs = [c.args for c in self._inputs]
        gap = gaps[first]
        ratios = [
            diagnosis.ratio_at(gap.path, g.value, w.value) for g, w in zip(gots, wants, strict=True)
        ]
        lines = [gap.text or diagnosis.explain_values(gap, ratios, inputs, self._names)]
        if self.cases:
            lines += [self._describe(first), self._contrast(wrong)]
        status = "error" if gots[first].error else "wrong"
        return status, "\n".join(line for line in lines if line)

    def _misuse(self, answer: Any) -> str:
        """交来的东西根本不能拿去试时的说明，否则为空串。"""
        if not self.cases:
            if callable(answer):
                return "这道题要的是一个值，你交的是函数。先调用它，把得到的值交给 `check`。"
            return ""
        if not callable(answer):
            return (
                f"这道题要的是函数，你交的是{diagnosis.kind(answer)}。把函数本身交给 `check`，"
                f'不要加括号：写 `check("{self.name}", f)`，不写 `check("{self.name}", f(...))`。'
            )
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # 有些内置函数查不到签名
            return ""
        try:
            if self.call is None:
                signature.bind(*self._inputs[0].args)
        except TypeError:
            ours, theirs = ", ".join(self._names), ", ".join(signature.parameters)
            return f"参数对不上：题目会这样调用 `f({ours})`，而你的函数的参数是 `({theirs})`。"
        return ""

    @cached_property
    def _inputs(self) -> list[_Case]:
        return list(self.cases(np.random.default_rng(0))) if self.cases else [_Case((), "")]

    @cached_property
    def _names(self) -> list[str]:
        """输入的名字，取自参考实现的参数。"""
        names = list(inspect.signature(self.reference).parameters)
        count = len(self._inputs[0].args)
        return names[:count] + [f"第 {i + 1} 个参数" for i in range(len(names), count)]

    def _run(self, f: Callable) -> list[_Outcome]:
        """在每一组输入的副本上调用 f。随机数种子每次都一样，用完恢复原来的状态。"""
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
        try:
            return [self._run_once(f, c.args) for c in self._inputs]
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
            torch.set_rng_state(states[2])

    def _run_once(self, f: Callable, args: tuple) -> _Outcome:
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(0)
        given, leaves = list(copy.deepcopy(args)), {}
        for i, x in enumerate(args):
            if self.grad and isinstance(x, torch.Tensor) and x.is_floating_point():
                leaves[self._names[i]] = x.clone().requires_grad_()
                # 交出去的不是叶子：这样原地修改由下面认出来，而不是让 PyTorch 报错。
                given[i] = leaves[self._names[i]].clone()
        try:
            value = self.call(f, *given) if self.call else f(*given)
            grads = _gradients(value, leaves) if self.grad else None
        except Exception as error:
            return _Outcome(error=error)
        after = zip(self._names, given, args, strict=True) if args else []
        mutated = [name for name, a, b in after if not diagnosis.unchanged(a, b)]
        return _Outcome(value, None, mutated, grads)

    # ------------------------------------------------------------ 比较

    def _gap(self, got: _Outcome, want: _Outcome) -> diagnosis.Gap | None:
        """答案与参考的第一处不同；没有则为 None。"""
        if want.error:
            raise want.error  # 参考实现自己出错，要由写练习的人来修
        if got.error:
            return diagnosis.Gap(diagnosis.explain_error(got.error))
        if got.mutated:
            names = "、".join(f"`{name}`" for name in got.mutated)
            return diagnosis.Gap(
                f"你的函数改动了输入 {names}，外面的变量也跟着变了：`w -= ...`、`x[i] = ...`、"
                "`x.sub_(...)` 都是原地操作。写成 `w = w - ...`，或者先复制一份再改。"
            )
        rtol = self.rtol or diagnosis.tolerance(got.value, want.value)
        gap = diagnosis.compare(got.value, want.value, rtol, self.atol)
        if gap or not self.grad:
            return gap
        if not got.grads:
            return diagnosis.Gap(
                "数值对了，但梯度传不回输入，计算图断开了。检查有没有用 `.detach()`、`.numpy()`、"
                "`.item()`、`torch.no_grad()`，或者用 `torch.tensor(...)` 重新造了张量。"
            )
        for name, grad in want.grads.items():
            if diagnosis.compare(got.grads[name], grad, rtol, self.atol):
                return diagnosis.Gap(
                    f"数值对了，但对 `{name}` 的梯度不对：有一部分计算没有进入计算图。"
                )
        return None

    def _same(self, got: _Outcome, mistake: _Outcome) -> bool:
        if got.error or mistake.error:
            return type(got.error) is type(mistake.error)
        return self._gap(got, mistake) is None

    # ------------------------------------------------------------ 说明

    def _describe(self, i: int) -> str:
        """这一组输入是什么样的，例如“这组输入：只有一个样本，X (1, 3)，lr = 0.1。”"""
        parts = [self._inputs[i].note] if self._inputs[i].note else []
        for name, value in zip(self._names, self._inputs[i].args, strict=True):
            if isinstance(value, (int, float, str)):
                parts.append(f"`{name} = {value!r}`")
            elif (array := diagnosis.as_array(value)) is not None:
                parts.append(f"`{name}` 的形状是 `{array.shape}`")
        return f"这组输入：{'，'.join(parts)}。" if parts else ""

    def _contrast(self, wrong: list[int]) -> str:
        """对的那些输入与错的有什么分别。"""
        right = [i for i in range(len(self._inputs)) if i not in wrong]
        if not right:
            return ""
        arrays = [[diagnosis.as_array(a) for a in c.args] for c in self._inputs]
        ndims = [sum(a.ndim for a in row if a is not None) for row in arrays]
        if min(ndims[i] for i in wrong) > max(ndims[i] for i in right):
            return (
                "单个样本时是对的，前面多一个批次维就不对了：维度从后往前数（`dim=-1`、"
                "`transpose(-2, -1)`），就不必管前面有几维。"
            )
        notes = "、".join(self._inputs[i].note for i in right if self._inputs[i].note)
        return f"另外 {len(right)} 组输入是对的{f'（{notes}）' if notes else ''}。"

    def _praise(self, gots: list[_Outcome], wants: list[_Outcome]) -> str:
        if not self.cases:
            return "答案正确。"
        also = "，梯度也一致" if self.grad else ""
        text = f"在 {len(gots)} 组隐藏的输入上都与参考实现一致{also}。"
        for a, b in ((g.value, w.value) for g, w in zip(gots, wants, strict=True)):
            if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.dtype != b.dtype:
                return (
                    f"{text}顺带一提：结果的类型是 `{a.dtype}`，这里通常是 `{b.dtype}`。"
                    "中途新建张量时写上 `dtype=x.dtype`，精度就不会悄悄改变。"
                )
        return text


def _gradients(value: Any, leaves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor] | None:
    """结果的每一项乘上固定的随机权重，求和，再对每个输入求梯度。"""
    outputs = list(value) if isinstance(value, (tuple, list)) else [value]
    outputs = [o for o in outputs if isinstance(o, torch.Tensor) and o.requires_grad]
    if not outputs:
        return None
    generator = torch.Generator().manual_seed(0)
    total = sum((o * torch.randn(o.shape, generator=generator).to(o.dtype)).sum() for o in outputs)
    grads = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(x) if g is None else g
        for (name, x), g in zip(leaves.items(), grads, strict=True)
    }
