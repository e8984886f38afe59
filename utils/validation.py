"""检查输入：值不合适时，用一句中文说清是哪个参数、收到了什么、应当怎样。

辅助包的各个模块共用这一份，于是同样的错误在哪里都是同样的说法。
"""

from numbers import Integral
from typing import Any

import numpy as np
import torch

MAX_SEED = 2**32 - 1
"""NumPy 接受的最大种子。"""


def is_integer(value: Any) -> bool:
    """``value`` 是不是整数：Python 和 NumPy 的整数都算，``True``、``1.0`` 不算。"""
    return isinstance(value, Integral) and not isinstance(value, bool)


def integer(name: str, value: Any, least: int = 0, most: int | None = None, what: str = "") -> int:
    """检查 ``least <= value <= most``，返回 Python 的整数。

    参数
    ----
    name : 参数的名字，写进报错里。
    most : 最大值；``None`` 不设上限。
    what : 最大值是什么，例如 "样本数"；报错里写在它的前面。

    异常
    ----
    TypeError, ValueError : 不是整数；超出范围。
    """
    if not is_integer(value):
        raise TypeError(f"{name} 应当是整数，收到的是 {describe(value)}。")
    if most is None and value < least:
        raise ValueError(f"{name} 应当不小于 {least}，收到的是 {value}。")
    if most is not None and not least <= value <= most:
        upper = f"{what} {most} " if what else f"{most} "
        raise ValueError(f"{name} 应当在 {least} 到 {upper}之间，收到的是 {value}。")
    return int(value)


def seed(value: Any, name: str = "seed") -> int:
    """检查随机种子，返回 Python 的整数。

    异常
    ----
    TypeError, ValueError : 不是整数；超出 0 到 2**32 - 1。
    """
    return integer(name, value, 0, MAX_SEED)


def describe(value: Any) -> str:
    """用一小段话说明收到的是什么：数组说形状与类型，别的东西说类型与内容。"""
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"形状 {tuple(value.shape)}、类型 {value.dtype} 的 {type(value).__name__}"
    if isinstance(value, type):
        return f"类 {value.__name__}（而不是它的实例）"
    text = repr(value)
    return f"{type(value).__name__}：{text if len(text) <= 80 else text[:79] + '…'}"
