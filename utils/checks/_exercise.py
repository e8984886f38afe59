"""一道练习：参考实现、隐藏的输入、典型的错误；判断一个答案，说出对错和线索。"""

from __future__ import annotations

import copy
import dis
import inspect
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from utils.checks import _comparison as comparison
from utils.checks import _errors as errors
from utils.checks import _hints as hints
from utils.checks import _running as running
from utils.checks._comparison import Gap
from utils.checks._result import Result
from utils.checks._running import Outcome

SMALL = 6  # 元素不超过这么多的数组，在说明里直接写出来


@dataclass(frozen=True)
class Case:
    args: tuple
    note: str


def case(*args: Any, note: str = "") -> Case:
    """一组隐藏的输入。note 说它特殊在哪里，例如“只有一个样本”，会写进提示。"""
    return Case(args, note)


@dataclass
class Exercise:
    """一道练习。用 `exercise` 装饰器来建；它仍能像参考实现一样调用。"""

    name: str
    title: str
    reference: Callable
    cases: Callable[[np.random.Generator], Iterator[Case]] | None = None
    call: Callable | None = None
    grad: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    rtol: float | None = None
    mistakes: list[tuple[str, Callable]] = field(default_factory=list)
    _outcomes: dict[Callable, list[Outcome]] = field(default_factory=dict, repr=False)

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
        status, message, i = self._judge(answer)
        args = copy.deepcopy(self.inputs[i].args) if i is not None and self.cases else None
        return Result(self.name, self.title, status, message, args)

    # ------------------------------------------------------------ 判断

    def _judge(self, answer: Any) -> tuple[str, str, int | None]:
        """(status, message, 说明里讲的是第几组输入)"""
        if answer is None or answer is ...:
            return "unfinished", "这里还是空的。写下你的答案，再运行一次。", None
        if problem := self._misuse(answer):
            return "wrong", problem, None
        wants = self._expected(self.reference)
        gots = self._run(answer, self.forbid) if self.cases else [Outcome(answer)]
        if any(errors.is_stub(g.error) for g in gots) or all(g.is_empty for g in gots):
            return "unfinished", _UNFINISHED, None
        gaps = [self._gap(g, w) for g, w in zip(gots, wants, strict=True)]
        if not any(gaps):
            return self._rules(gots) or ("passed", self._praise(gots, wants), None)
        values = [i for i, gap in enumerate(gaps) if gap and not gap.of_gradient]
        wrong = values or [i for i, gap in enumerate(gaps) if gap]
        worst = max(wrong, key=lambda i: gaps[i].size)  # 一样大时取最前面的一组
        if hint := self._known_mistake(gots) or self._permuted(gots, wants):
            return "wrong", hint, worst
        status = "error" if gots[worst].error else "wrong"
        return status, self._explain(answer, gots, wants, gaps, wrong, worst), worst

    def _misuse(self, answer: Any) -> str:
        """交来的东西根本不能拿去试时的说明，否则为空串。"""
        if not self.cases:
            if callable(answer):
                return "这道题要的是一个值，你交的是函数。先调用它，把得到的值交给 `check`。"
            return ""
        if not callable(answer):
            return (
                f"这道题要的是函数，你交的是{comparison.kind(answer)}。把函数本身交给 `check`，"
                f'不要加括号：写 `check("{self.name}", f)`，不写 `check("{self.name}", f(...))`。'
            )
        try:
            signature = inspect.signature(answer)
        except (TypeError, ValueError):  # 有些内置函数查不到签名
            return ""
        try:
            signature.bind(*inspect.signature(self.reference).parameters)
        except TypeError:
            ours, theirs = ", ".join(self.names), ", ".join(signature.parameters)
            return f"参数对不上：题目会这样调用 `f({ours})`，而你的函数的参数是 `({theirs})`。"
        return ""

    @cached_property
    def inputs(self) -> list[Case]:
        """隐藏的输入；每次都相同。"""
        return list(self.cases(np.random.default_rng(0))) if self.cases else [Case((), "")]

    @cached_property
    def names(self) -> list[str]:
        """输入的名字，取自参考实现的参数。"""
        names = list(inspect.signature(self.reference).parameters)
        count = len(self.inputs[0].args)
        return names[:count] + [f"第 {i + 1} 个参数" for i in range(len(names), count)]

    def _run(self, f: Callable, forbid: tuple[str, ...] = ()) -> list[Outcome]:
        args = [c.args for c in self.inputs]
        return running.run(f, args, self.names, call=self.call, grad=self.grad, forbid=forbid)

    def _expected(self, ours: Callable) -> list[Outcome]:
        """参考实现或典型错误的结果；每次都一样，只算一遍。"""
        if ours not in self._outcomes:
            self._outcomes[ours] = self._run(ours)
        return self._outcomes[ours]

    # ------------------------------------------------------------ 比较

    @cached_property
    def _choices(self) -> list[str]:
        """参考的答案是字符串时，所有可能的选项。"""
        values = [w.value for w in self._expected(self.reference)]
        return sorted(set(values)) if all(isinstance(v, str) for v in values) else []

    @cached_property
    def _either(self) -> bool:
        """输入里既没有张量也没有数组：结果用哪一种都行。"""
        return not any(_has_array(c.args) for c in self.inputs)

    def _gap(self, got: Outcome, want: Outcome) -> Gap | None:
        """答案与参考的第一处不同；没有则为 None。"""
        if want.error:
            raise want.error  # 参考实现自己出错，要由写练习的人来修
        if got.error:
            return Gap(errors.explain_error(got.error))
        if got.mutated:
            return Gap(_MUTATED.format("、".join(f"`{name}`" for name in got.mutated)))
        if got.broken and got.value is None:
            return Gap(got.broken)
        if self.cases and isinstance(want.value, str) and isinstance(got.value, str):
            if got.value.strip() not in self._choices:
                return Gap(f"结果 {got.value!r} 不在题目给的几个里：{'、'.join(self._choices)}。")
        gap = self._compare(got.value, want.value)
        return gap or self._gradient_gap(got, want)

    def _compare(self, got: Any, want: Any) -> Gap | None:
        rtol = self.rtol or comparison.tolerance(want)
        gap = comparison.compare(got, want, rtol, self._either)
        if gap and not gap.text and (coarse := comparison.coarse_dtype(got, want)):
            rough = {"torch.float16": 2e-3, "torch.bfloat16": 1.6e-2}.get(coarse, 1e-5)
            if rough > rtol and not comparison.compare(got, want, rough, self._either):
                gap.text = _COARSE.format(gap.where, coarse)
        return gap

    def _gradient_gap(self, got: Outcome, want: Outcome) -> Gap | None:
        if not self.grad:
            return None
        if not got.grads:
            return Gap(_DETACHED, of_gradient=True)
        rtol = self.rtol or comparison.tolerance(want.value)
        for name, grad in want.grads.items():
            if comparison.compare(got.grads[name], grad, rtol):
                nan = np.isnan(comparison.as_array(got.grads[name])).any()
                why = "里有 NaN：`inf * 0`、`0 / 0` 在反向时也会出现" if nan else _UNRECORDED
                return Gap(f"数值对了，但对 `{name}` 的梯度{why}。", of_gradient=True)
        return None

    def _same(self, got: Outcome, mistake: Outcome) -> bool:
        if got.error or mistake.error:
            return type(got.error) is type(mistake.error)
        return self._gap(got, mistake) is None

    # ------------------------------------------------------------ 说明

    def _known_mistake(self, gots: list[Outcome]) -> str:
        for hint, mistake in self.mistakes:
            if all(map(self._same, gots, self._expected(mistake))):
                return hint
        return ""

    def _permuted(self, gots: list[Outcome], wants: list[Outcome]) -> str:
        """几个值都对，只是次序不同时的说明，否则为空串。"""
        values = [g.value for g in gots]
        count = len(wants[0].value) if isinstance(wants[0].value, tuple) else 0
        rows = all(isinstance(v, (tuple, list)) and len(v) == count for v in values)
        if not 2 <= count <= 4 or not rows or any(g.mutated for g in gots):
            return ""
        for order in list(itertools.permutations(range(count)))[1:]:
            pairs = [
                (tuple(v[i] for i in order), w.value) for v, w in zip(values, wants, strict=True)
            ]
            if not any(self._compare(a, b) for a, b in pairs):
                places = "、".join(f"第 {i + 1} 个" for i in order)
                return f"这几个值都对，次序不对：题目要的次序，依次是你返回的{places}。"
        return ""

    def _rules(self, gots: list[Outcome]) -> tuple[str, str, int] | None:
        broken = [i for i, g in enumerate(gots) if g.broken]
        return ("wrong", f"数值对了，可是{gots[broken[0]].broken}", broken[0]) if broken else None

    def _explain(self, answer, gots, wants, gaps, wrong: list[int], worst: int) -> str:
        gap = gaps[worst]
        text = gap.text
        if not text:
            pairs = [
                hints.pair_at(gap.path, g.value, w.value) for g, w in zip(gots, wants, strict=True)
            ]
            inputs = [c.args for c in self.inputs]
            text = hints.explain_values(gap, hints.Evidence(pairs, wrong, inputs, self.names))
        if not self.cases:
            return text
        again = f'`r = check("{self.name}", f)` 之后，`f(*r.case)` 用的就是这组输入。'
        lines = [
            text,
            self._parameters(answer),
            self._describe(worst),
            self._contrast(wrong),
            again,
        ]
        return "\n".join(line for line in lines if line)

    def _parameters(self, answer: Callable) -> str:
        """读者的函数的参数换了次序，或者有参数没有用到（也许写成了固定的数）。"""
        code, ours = getattr(answer, "__code__", None), getattr(self.reference, "__code__", None)
        if code is None or ours is None or inspect.ismethod(answer):
            return ""
        theirs = list(code.co_varnames[: code.co_argcount])
        shared = [[n for n in a if n in b] for a, b in [(theirs, self.names), (self.names, theirs)]]
        if shared[0] != shared[1]:
            return (
                f"参数的次序与题目不同：题目按 `f({', '.join(self.names)})` 的次序传入，"
                f"你写的是 `({', '.join(theirs)})`。"
            )
        used, needed = _loaded(code), _loaded(ours)
        idle = [
            t for t, o in zip(theirs, self.names, strict=False) if t not in used and o in needed
        ]
        if not idle or "locals" in code.co_names:
            return ""
        return (
            f"你的函数没有用到参数 {'、'.join(f'`{t}`' for t in idle)}：是不是写成了固定的数，"
            "或者用了函数外面的变量？"
        )

    def _describe(self, i: int) -> str:
        """这一组输入是什么样的，例如“这组输入：只有一个样本，`X` 的形状是 `(1, 3)`。”"""
        parts = [self.inputs[i].note] if self.inputs[i].note else []
        for name, value in zip(self.names, self.inputs[i].args, strict=True):
            array = comparison.as_array(value)
            if isinstance(value, (int, float, str)):
                parts.append(f"`{name} = {value!r}`")
            elif array is not None and array.size <= SMALL:
                parts.append(f"`{name} = {_rounded(array.tolist())}`")
            elif array is not None:
                parts.append(f"`{name}` 的形状是 `{array.shape}`")
        return f"这组输入：{'，'.join(parts)}。" if parts else ""

    def _contrast(self, wrong: list[int]) -> str:
        """对的那些输入与错的有什么分别。"""
        right = [i for i in range(len(self.inputs)) if i not in wrong]
        if not right:
            return ""
        arrays = [[comparison.as_array(a) for a in c.args] for c in self.inputs]
        ndims = [sum(a.ndim for a in row if a is not None) for row in arrays]
        if min(ndims[i] for i in wrong) > max(ndims[i] for i in right):
            return (
                "单个样本时是对的，前面多一维就不对了：检查 `dim` 是从前数还是从后数（`dim=-1`、"
                "`transpose(-2, -1)`），求和、求平均是对哪几维。"
            )
        notes = "、".join(self.inputs[i].note for i in right if self.inputs[i].note)
        return f"另外 {len(right)} 组输入是对的{f'（{notes}）' if notes else ''}。"

    def _praise(self, gots: list[Outcome], wants: list[Outcome]) -> str:
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


_UNFINISHED = (
    "这个函数还没有给出结果，写好以后再运行一次。已经写了的话，看看是不是漏了 "
    "`return`（`print` 只显示，不返回）。"
)
_MUTATED = (
    "你的函数改动了输入 {}，外面的变量也跟着变了：`w -= ...`、`x[i] = ...`、"
    "`x.sub_(...)` 都是原地操作。写成 `w = w - ...`，或者先复制一份再改。"
)
_COARSE = (
    "{}的差别只在舍入：你的结果是 `{}`，不够精确。新建张量时写上 `dtype=x.dtype`，"
    "不要用 `.float()`、`.half()` 降低精度。"
)
_UNRECORDED = "不对：有一部分计算没有进入计算图"
_DETACHED = (
    "数值对了，但梯度传不回输入，计算图断开了。检查有没有用 `.detach()`、`.numpy()`、"
    "`.item()`、`torch.no_grad()`，或者用 `torch.tensor(...)` 重新造了张量。"
)


def _has_array(x: Any) -> bool:
    if isinstance(x, (tuple, list)):
        return any(map(_has_array, x))
    return isinstance(x, (torch.Tensor, np.ndarray))


def _loaded(code: Any) -> set[str]:
    """函数里读过的名字（里面的函数用到的也算）。"""
    return {
        i.argval for i in dis.get_instructions(code) if i.opname.startswith(("LOAD_", "MAKE_CELL"))
    }


def _rounded(x: Any) -> str:
    """嵌套列表的短写法，例如 [[1, 0.3333], [2, nan]]。"""
    if isinstance(x, list):
        return f"[{', '.join(map(_rounded, x))}]"
    return repr(x) if isinstance(x, (bool, int)) else f"{x + 0.0:.4g}"  # 加 0 去掉 -0 的负号
