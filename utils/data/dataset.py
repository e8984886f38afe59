"""``load`` 返回的几种记录：表格与图像、一段段的文字、标了词性的句子、预训练好的模型。"""

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """一个数据集：特征、目标，以及它们叫什么、从哪里来。

    属性
    ----
    x : 形状 (n, d) 的特征，每行一个样本。表格是 float64，图像和信号是 float32。
    y : 形状 (n,) 的目标。分类是 int64 的类别编号，从 0 开始；回归是 float64。
    title, source : 中文名；出处（作者、题目、发表处、年份）。
    feature_names : d 个列名（代码里用）；图像和信号没有列名，是空元组。
    feature_labels : d 个中文列名，带单位（画图用）。
    target_names : 分类时是各个类别的名字；回归时只有一个，是目标的名字。
    categories : 存着编号的列，各个编号的名字：``{列名: (编号 0 的名字, 编号 1 的名字, ...)}``。
    image_shape : 图像的 (通道, 高, 宽)，三者之积是 d；不是图像则为 None。
    x_test, y_test : 发布者划分好的测试集，形状 (n_test, d) 和 (n_test,)；没有划分则为 None。

    异常
    ----
    TypeError, ValueError : 形状、类型对不上，或者含有 NaN、无穷大。
    """

    x: np.ndarray
    y: np.ndarray
    title: str
    source: str
    feature_names: tuple[str, ...] = ()
    feature_labels: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    image_shape: tuple[int, int, int] | None = None
    x_test: np.ndarray | None = None
    y_test: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_samples("x", self.x, "y", self.y)
        self._check_test_set()
        self._check_names()
        self._check_targets()

    def _check_test_set(self) -> None:
        if (self.x_test is None) != (self.y_test is None):
            raise ValueError("x_test 和 y_test 要么都给，要么都不给。")
        if self.x_test is None:
            return
        _check_samples("x_test", self.x_test, "y_test", self.y_test)
        d = self.x.shape[1]
        if self.x_test.shape[1] != d or self.y_test.dtype != self.y.dtype:
            raise ValueError(
                f"x_test、y_test 应当与 x、y 同样是 {d} 个特征和 {self.y.dtype} 的目标，"
                f"收到的是 {self.x_test.shape[1]} 个特征和 {self.y_test.dtype}。"
            )

    def _check_names(self) -> None:
        d = self.x.shape[1]
        for name in ("feature_names", "feature_labels"):
            given = getattr(self, name)
            if given and (len(given) != d or len(set(given)) != d):
                raise ValueError(f"{name} 应当是 {d} 个互不相同的名字，收到的是 {given}。")
        if unknown := set(self.categories) - set(self.feature_names):
            raise ValueError(f"categories 里的 {'、'.join(sorted(unknown))} 不是列名。")
        if self.image_shape is not None and math.prod(self.image_shape) != d:
            raise ValueError(f"image_shape {self.image_shape} 之积应当等于特征数 {d}。")

    def _check_targets(self) -> None:
        if not self.is_classification and len(self.target_names) != 1:
            raise ValueError(f"回归的 target_names 应当是一个名字，收到的是 {self.target_names}。")
        for name in ("y", "y_test") if self.is_classification else ():
            y, k = getattr(self, name), len(self.target_names)
            if y is not None and not (y.min() >= 0 and y.max() < k):
                raise ValueError(
                    f"{name} 的类别编号应当在 0 到 {k - 1} 之间（target_names 有 {k} 个），"
                    f"收到的是 {y.min()} 到 {y.max()}。"
                )

    @property
    def is_classification(self) -> bool:
        """目标是类别编号（整数）则为 True，是实数则为 False。"""
        return np.issubdtype(self.y.dtype, np.integer)

    @property
    def images(self) -> np.ndarray:
        """``x`` 排成图像，形状 (n, 通道, 高, 宽)，与 ``x`` 共用内存。"""
        if self.image_shape is None:
            raise ValueError(f"{self.title}不是图像，请直接用 x。")
        return self.x.reshape(-1, *self.image_shape)

    def column(self, name: str) -> np.ndarray:
        """名叫 ``name`` 的那一列特征，形状 (n,)。没有这一列时抛出 ValueError。"""
        if name not in self.feature_names:
            raise ValueError(
                f"{self.title}没有名叫 {name!r} 的列。{suggest(name, self.feature_names)}"
            )
        return self.x[:, self.feature_names.index(name)]

    def __repr__(self) -> str:
        n, d = self.x.shape
        kind = f"{len(self.target_names)} 类" if self.is_classification else self.target_names[0]
        test = "" if self.x_test is None else f"；另有 {len(self.x_test)} 个测试样本"
        return f"Dataset「{self.title}」{n} 个样本 × {d} 个特征 → {kind}{test}"


@dataclass(frozen=True, eq=False, repr=False)
class Texts:
    """一段段的文字，每段有一个类别。

    属性
    ----
    texts : n 段文字。
    y : 形状 (n,) 的类别编号，int64，从 0 开始。
    target_names : 各个类别的名字。
    title, source : 中文名；出处与许可证。

    异常
    ----
    ValueError : 没有文字，有空的文字，或者类别对不上。
    """

    texts: list[str]
    y: np.ndarray
    target_names: tuple[str, ...]
    title: str
    source: str

    def __post_init__(self) -> None:
        if not self.texts or not all(self.texts):
            raise ValueError("texts 里应当至少有一段文字，而且没有空的。")
        if self.y.shape != (len(self.texts),) or self.y.dtype != np.int64:
            raise ValueError(
                f"y 应当是 {len(self.texts)} 个 int64，"
                f"收到的形状是 {self.y.shape}、类型是 {self.y.dtype}。"
            )
        if not 0 <= self.y.min() <= self.y.max() < len(self.target_names):
            raise ValueError(f"y 里的类别编号应当在 0 到 {len(self.target_names) - 1} 之间。")

    def __repr__(self) -> str:
        size = sum(map(len, self.texts))
        return f"Texts「{self.title}」{len(self.texts)} 段、{size} 字 → {len(self.target_names)} 类"


@dataclass(frozen=True, eq=False, repr=False)
class TaggedSentences:
    """切好了词、标好了词性的句子。

    属性
    ----
    sentences : 每句是一列 ``(词, 词性)``，例如 ``[("新年", "t"), ("讲话", "n")]``。
    title, source : 中文名；出处与许可证。
    """

    sentences: list[list[tuple[str, str]]]
    title: str
    source: str

    def __repr__(self) -> str:
        size = sum(map(len, self.sentences))
        return f"TaggedSentences「{self.title}」{len(self.sentences)} 句、{size} 个词"


@dataclass(frozen=True, eq=False, repr=False)
class Pretrained:
    """预训练好的模型：参数、设置、词表。模型本身由读者用 torch 写出来。

    属性
    ----
    weights : ``{名字: float32 的张量}``，在内存里只有一份，可以直接交给自己写的模块。
    config : 层数、宽度、头数等设置，名字与原文件相同。
    vocabulary : 词表，第 i 个是编号 i 的词元。
    merges : BPE 依次合并的一对对词元；不用 BPE 的模型是空的。
    title, source : 中文名；出处与许可证。
    """

    weights: dict[str, torch.Tensor]
    config: dict[str, Any]
    vocabulary: list[str]
    merges: list[tuple[str, str]]
    title: str
    source: str

    def __repr__(self) -> str:
        millions = sum(tensor.numel() for tensor in self.weights.values()) / 1e6
        return f"Pretrained「{self.title}」{millions:.1f} 百万个参数、{len(self.vocabulary)} 个词元"


def suggest(name: object, known: Collection[str]) -> str:
    """“你要找的是不是……”，加上全部可用的名字。"""
    simplified = {k.lower().replace("_", ""): k for k in known}
    wanted = str(name).lower().replace("_", "").replace("-", "").replace(" ", "")
    close = difflib.get_close_matches(wanted, simplified, n=1, cutoff=0.6)
    guess = f"你要找的是不是 {simplified[close[0]]!r}？" if close else ""
    return f"{guess}可用的有：{'、'.join(known)}。"


def names(text: str) -> tuple[str, ...]:
    """``"甲 / 乙"`` 拆成 ``("甲", "乙")``：一长串名字写在一起更好读。"""
    return tuple(text.split(" / "))


def _check_samples(x_name: str, x: np.ndarray, y_name: str, y: np.ndarray) -> None:
    for name, array, ndim in ((x_name, x, 2), (y_name, y, 1)):
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} 应当是 NumPy 数组，收到的是 {type(array).__name__}。")
        if array.ndim != ndim or array.size == 0:
            raise ValueError(f"{name} 应当是非空的 {ndim} 维数组，收到的形状是 {array.shape}。")
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{x_name} 应当是 float32 或 float64，收到的是 {x.dtype}。")
    if y.dtype not in (np.int64, np.float64):
        raise TypeError(f"{y_name} 应当是 int64（分类）或 float64（回归），收到的是 {y.dtype}。")
    if len(x) != len(y):
        raise ValueError(f"{x_name} 有 {len(x)} 行，{y_name} 有 {len(y)} 个，应当一样多。")
    for name, array in ((x_name, x), (y_name, y)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} 里有 NaN 或无穷大，请先处理缺失值。")
