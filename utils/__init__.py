"""《可拖动的机器学习》的辅助包：数据、训练、参数扫描、可拖动的图、练习检查。

这里只放各章共用的基础设施。课程要教的东西（梯度下降、注意力……）都在讲它的那一章里从零写出来。
"""

from utils import plot
from utils.checks import check
from utils.data import load
from utils.explorer import Bars, Image, Line, Path, Points, explore
from utils.plot import setup
from utils.sweep import sweep, sweep_gd
from utils.training import fit

__all__ = [
    "Bars",
    "Image",
    "Line",
    "Path",
    "Points",
    "check",
    "explore",
    "fit",
    "load",
    "plot",
    "setup",
    "sweep",
    "sweep_gd",
]
