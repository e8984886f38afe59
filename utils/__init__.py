"""《可拖动的机器学习》的辅助包：数据、训练、参数扫描、可拖动的图、练习检查。

这里只放各章共用的基础设施。课程要教的东西（梯度下降、注意力……）都在讲它的那一章里从零写出来。
"""

import random

from utils import _packages as _packages  # 缺包时在这里就说清楚

# isort: split
import numpy as np
import torch

from utils import plot, validation
from utils.checks import check
from utils.data import load
from utils.explorer import Bars, Image, Line, Path, Points, Segments, Text, explore, project
from utils.sweep import sweep
from utils.tools import autograd_gradient, seconds_of, with_bias, zscore
from utils.training import Copies

__all__ = [
    "Bars",
    "Copies",
    "Image",
    "Line",
    "Path",
    "Points",
    "Segments",
    "Text",
    "autograd_gradient",
    "check",
    "explore",
    "load",
    "plot",
    "project",
    "seconds_of",
    "seeded",
    "setup",
    "sweep",
    "with_bias",
    "zscore",
]


def setup(seed: int = 0) -> None:
    """每个笔记本的第一格调用：固定随机种子（random、NumPy、PyTorch），套用全书的画图样式，默认双精度。

    双精度（float64）是因为验证时要比到小数点后十位，单精度只有七位；训练网络时可以另用单精度。

    参数
    ----
    seed : 非负整数。种子相同，在同一台机器上重跑就得到相同的数。

    异常
    ----
    TypeError, ValueError : ``seed`` 不是整数，或超出 0 到 2**32 - 1。
    """
    seed = validation.seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  scikit-learn 等库仍然读这个全局状态
    torch.manual_seed(seed)
    torch.set_default_dtype(torch.float64)
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
    return torch.Generator().manual_seed(validation.seed(seed))
