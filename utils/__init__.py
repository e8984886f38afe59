"""《可拖动的机器学习》的辅助包：数据、训练、参数扫描、可拖动的图、练习检查。

这里只放各章共用的基础设施。课程要教的东西（梯度下降、注意力……）都在讲它的那一章里从零写出来。
"""

import random
from numbers import Integral

import numpy as np
import torch

from utils import plot
from utils.checks import check
from utils.data import load
from utils.explorer import Bars, Image, Line, Path, Points, Segments, Text, explore, project
from utils.sweep import sweep, sweep_gd
from utils.training import fit

__all__ = [
    "Bars",
    "Image",
    "Line",
    "Path",
    "Points",
    "Segments",
    "Text",
    "check",
    "explore",
    "fit",
    "load",
    "plot",
    "project",
    "seeded",
    "setup",
    "sweep",
    "sweep_gd",
]


def setup(seed: int = 0) -> None:
    """每个笔记本的第一格调用：固定随机种子（random、NumPy、PyTorch），套用全书的画图样式。

    参数
    ----
    seed : 非负整数。种子相同，在同一台机器上重跑就得到相同的数。

    异常
    ----
    TypeError, ValueError : ``seed`` 不是整数，或超出 0 到 2**32 - 1。
    """
    _check_seed(seed)
    random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002  scikit-learn 等库仍然读这个全局状态
    torch.manual_seed(int(seed))
    plot.use_style()


def seeded(seed: int) -> torch.Generator:
    """种子固定的随机数发生器：同样的种子，每次得到同样的随机数。

    交给 ``torch.randn`` 等函数的 ``generator``，与全局的随机状态互不影响。

    参数
    ----
    seed : 非负整数，0 到 2**32 - 1。

    异常
    ----
    TypeError, ValueError : 与 ``setup`` 相同。
    """
    _check_seed(seed)
    return torch.Generator().manual_seed(int(seed))


def _check_seed(seed: int) -> None:
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"seed 应当是整数，收到的是 {type(seed).__name__}：{seed!r}。")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed 应当在 0 到 2**32 - 1 之间，收到的是 {seed}。")
