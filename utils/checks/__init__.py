"""练习检查：`check("ch02.gradient", 你的答案)` 用隐藏的输入试答案，用中文说出对错和线索。

检查写在 `utils/checks/` 里，一章一个文件，文件名与笔记本相同（`ch02_gradient_descent.py`）。
`check` 看名字里点号前的部分去找文件，用到哪一章才导入哪一章。一道练习由三样东西组成：
参考实现、隐藏的输入、典型的错误::

    from utils.checks import case, exercise, normal

    def cases(rng):                                     # rng 是种子固定的 np.random.Generator
        for n, d, note in [(7, 3, ""), (1, 3, "只有一个样本"), (5, 1, "只有一个特征")]:
            yield case(normal(rng, n, d), normal(rng, n), normal(rng, d), note=note)

    @exercise("ch02.gradient", title="均方误差的梯度", cases=cases)
    def gradient(X, y, w):                              # 参考实现；参数名会出现在提示里
        return 2 / len(y) * X.T @ (X @ w - y)

    @gradient.mistake("残差写反了：梯度里是“预测减真值”。")
    def _(X, y, w):                                     # 学生的结果与它处处相同，就给这条提示
        return 2 / len(y) * X.T @ (y - X @ w)

每个标量参数、每一维在各组输入之间都要变化（测试会查），写死一个数的答案才会露馅。

答案是一个数、一个数组或一个选项（字符串）时不写 `cases`，参考实现和典型错误都没有参数。

下面这些错误由引擎自己认出，不必逐题写：没写完、报错、运行太久、参数的个数或次序不对、没有用到的
参数、返回值的个数或次序不对、种类不对（真假值、整数、复数、张量与数组）、形状不对（忘了批次维、
keepdim、求和、转置、误广播）、改动了输入、符号反了、差一个倍数（会与输入的每一维和每个标量参数比对，
认出“忘了除以 N”“忘了除以 √d”“忘了乘 lr”）、差一、差一个常数、次序反了、出现 NaN、精度太低、
只对单个样本成立、断开了计算图。
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from utils.checks._errors import RuleBroken
from utils.checks._exercise import Case, Exercise, case
from utils.checks._result import Result

__all__ = [
    "Exercise",
    "Result",
    "RuleBroken",
    "case",
    "check",
    "exercise",
    "exercises",
    "normal",
]


def check(name: str, answer: Any) -> Result:
    """检查一道练习的答案。

    name: 练习的名字，例如 "ch02.gradient"。
    answer: 你写的函数（交函数本身，不加括号），或者题目要的数、数组、选项。
    返回 Result。答案没写完、写错、报错或停不下来都不会抛异常；只有 name 不存在才抛 ValueError。
    """
    if not isinstance(name, str):
        raise TypeError(
            f'check 的第一个参数 name 应该是练习的名字（字符串，如 "ch02.gradient"），收到的是 '
            f"{type(name).__name__}。写成 check(名字, 你的答案)。"
        )
    return _find(name).check(answer)


# ---------------------------------------------------------------- 写检查的人用到的


def normal(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    """标准正态的 float64 张量，形状 shape。"""
    return torch.as_tensor(rng.normal(size=shape))


def exercise(
    name: str,
    *,
    title: str,
    cases: Callable[[np.random.Generator], Iterator[Case]] | None = None,
    call: Callable | None = None,
    grad: tuple[str, ...] = (),
    forbid: tuple[str, ...] = (),
    rtol: float | None = None,
) -> Callable[[Callable], Exercise]:
    """装饰参考实现，登记一道练习，返回 Exercise（它仍能像参考实现一样调用）。

    name: "chNN.slug"；title: 中文题目，显示在结果里。
    cases: 生成器函数，收到 np.random.Generator，逐个给出 case(...)。不写则答案是一个值。
    call: 怎样使用答案，`call(答案, *args)` 返回要比较的值；缺省是 `答案(*args)`。答案是类、生成器、
        原地更新的函数时用它，参考实现和典型错误也经过它。
    grad: 还要比较结果对哪几个输入（参数名，浮点张量）的梯度。
    forbid: 题目不许做的事："autograd"（自动微分）、"loop"（循环），或者不许调用的函数名。
    rtol: 相对容差；缺省随参考的 dtype（float64: 1e-6，float32: 1e-4）。绝对容差按答案的大小定。
    """
    if not re.fullmatch(r"ch\d\d\.\w+", name):
        raise ValueError(f'练习的名字 name 应形如 "ch02.gradient"，收到的是 {name!r}。')

    def register(reference: Callable) -> Exercise:
        new = Exercise(name, title, reference, cases, call, grad, forbid, rtol)
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
