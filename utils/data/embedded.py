"""不用下载的数据集：scikit-learn 自带的五个，MNIST-1D，合成的宝可梦 CP 表，本书的文字。"""

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, resources
from typing import Any

import numpy as np

from utils.data.dataset import Dataset, Texts, names
from utils.validation import integer
from utils.validation import seed as check_seed


@dataclass(frozen=True)
class _Bundled:
    """scikit-learn 安装包里自带的数据集：``loader`` 是 ``sklearn.datasets`` 里的函数名。"""

    loader: str
    title: str
    source: str
    target_names: tuple[str, ...]
    feature_labels: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    image_shape: tuple[int, int, int] | None = None
    white: float = 1.0  # 图像里最亮的灰度，除以它得到 0 到 1

    def __call__(self) -> Dataset:
        from sklearn import datasets

        bunch = getattr(datasets, self.loader)(**self.options)
        image = self.image_shape is not None
        y = bunch.target
        return Dataset(
            x=bunch.data.astype(np.float32 if image else np.float64) / self.white,
            y=y.astype(np.int64 if np.issubdtype(y.dtype, np.integer) else np.float64),
            title=self.title,
            source=self.source,
            feature_names=() if image else tuple(str(name) for name in bunch.feature_names),
            feature_labels=self.feature_labels,
            target_names=self.target_names,
            image_shape=self.image_shape,
        )


_SPECIES = {
    # 名字: (CP 的上限, 进化后 CP 的倍率 k, 平均体重 kg)
    "波波": (680, 1.95, 1.8),
    "独角虫": (450, 1.10, 3.2),
    "绿毛虫": (440, 1.05, 2.9),
    "伊布": (1070, 2.60, 6.5),
}


def _pokemon(*, n: int = 75, seed: int = 0) -> Dataset:
    """合成一张宝可梦 CP 表：由进化前的属性预测进化后的 CP。不是游戏里的真实数值。

    四个种类各占四分之一，进化前的 CP 从 10 到该种类的上限均匀分布。设 c 为进化前的 CP，则

        进化后的 CP = k · c · (1 + c / 5000) + ε，    ε ~ N(0, 15²)，

    倍率 k 由种类决定（见 ``_SPECIES``）。于是一条直线不够，分种类才准。另外三列是干扰：
    HP = (10 + 2.2 √c)(1 + 0.06 ζ) 只通过 c 与目标有关；体重 = 种类的平均值 · (1 + 0.15 ζ) kg、
    身高 = 0.3 (1 + 0.1 ζ) m 在种类之内与目标无关；ζ ~ N(0, 1)，各列独立。

    参数
    ----
    n : 行数，不小于 1。
    seed : 非负的随机种子，相同则表格相同。

    返回
    ----
    ``x`` 的五列是 cp、hp、weight、height、species，最后一列是种类编号，名字在
    ``categories["species"]``；``y`` 是进化后的 CP。CP 和 HP 取整。
    """
    n, seed = integer("n", n, 1), integer("seed", seed)
    rng = np.random.default_rng(seed)
    limit, k, mean_weight = np.array(list(_SPECIES.values())).T  # 各 (种类数,)
    species = rng.permutation(np.arange(n) % len(_SPECIES))  # (n,)
    cp = np.round(rng.uniform(10, limit[species]))
    evolved = k[species] * cp * (1 + cp / 5000) + rng.normal(0, 15, n)
    hp = np.round((10 + 2.2 * np.sqrt(cp)) * (1 + 0.06 * rng.normal(size=n)))
    weight = np.round(mean_weight[species] * (1 + 0.15 * rng.normal(size=n)), 2)
    height = np.round(0.3 * (1 + 0.1 * rng.normal(size=n)), 2)
    return Dataset(
        x=np.column_stack([cp, hp, weight, height, species]),
        y=np.maximum(np.round(evolved), 10),
        title="宝可梦 CP（合成）",
        source="本书合成，公式见 utils/data/embedded.py；题目来自李宏毅《机器学习》课程的例子",
        feature_names=("cp", "hp", "weight", "height", "species"),
        feature_labels=("进化前的 CP", "HP", "体重（kg）", "身高（m）", "种类"),
        target_names=("进化后的 CP",),
        categories={"species": tuple(_SPECIES)},
    )


def _mnist1d(*, n: int = 5000, seed: int = 42) -> Dataset:
    """用作者的 ``mnist1d`` 包在本机生成 MNIST-1D，不下载任何东西。

    默认的参数即论文公布的那一份：4000 个训练样本、1000 个测试样本，每个是 40 个点的信号，
    整体减去均值、除以标准差。``n`` 是两者的总数，按 4:1 划分。
    """
    n, seed = integer("n", n, 10), check_seed(seed)
    if n % 10:
        raise ValueError(f"n 应当是 10 的倍数（十类一样多），收到的是 {n}。可以用 {n - n % 10}。")
    made = _make_mnist1d(n, seed)
    return Dataset(
        x=made["x"].astype(np.float32),
        y=made["y"].astype(np.int64),
        x_test=made["x_test"].astype(np.float32),
        y_test=made["y_test"].astype(np.int64),
        title="MNIST-1D",
        source="Greydanus & Kobak, Scaling Down Deep Learning with MNIST-1D, ICML 2024",
        target_names=tuple("0123456789"),
    )


@functools.lru_cache(maxsize=4)  # 生成默认的 5000 个约需半秒
def _make_mnist1d(n: int, seed: int) -> dict[str, np.ndarray]:
    from mnist1d.data import get_dataset_args, make_dataset

    transform = import_module("mnist1d.transform")  # 包里同名的函数挡住了这个模块
    args = get_dataset_args()
    args.num_samples, args.seed = n, seed
    state = random.getstate(), np.random.get_state()  # noqa: NPY002
    interpolate, transform.interpolate = transform.interpolate, _interpolate
    try:
        return make_dataset(args)
    finally:  # 生成器会重设全局的随机种子，还给读者原来的
        transform.interpolate = interpolate
        random.setstate(state[0])
        np.random.set_state(state[1])  # noqa: NPY002


def _interpolate(x: np.ndarray, n: int) -> np.ndarray:
    """与 ``mnist1d`` 的同名函数数值相同；它每次另建一个插值对象，占去生成时间的四分之三。"""
    return np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(x)), x)


def _prose() -> Texts:
    """本书自己的文字：不联网也有的中文语料，许可证与本书相同。

    只收不含公式和代码的句子，每段文字属于一章，类别就是它来自哪一章。文件由 ``make prose``
    从前三部各章的正文里取出；它是取出那一刻的样子，以后改动正文不会改变用到它的实验。

    返回
    ----
    Texts，类别的名字是各章的标题。
    """
    file = resources.files(__package__) / "prose.txt"
    titles, texts, labels = [], [], []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            titles.append(line.removeprefix("# "))
        else:
            texts.append(line)
            labels.append(len(titles) - 1)
    return Texts(
        texts, np.array(labels), tuple(titles), "本书的文字", "本书各章的正文，许可证与本书相同"
    )


SETS: dict[str, Callable[..., Dataset | Texts]] = {
    "diabetes": _Bundled(
        loader="load_diabetes",
        options={"scaled": False},  # 保留原始单位，特征缩放要靠它来讲
        title="糖尿病",
        source="Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression, "
        "Annals of Statistics 32(2), 2004",
        target_names=("一年后的病情进展",),
        # 原始数据没有写单位；这里的单位由数值的范围判断，是临床上的常用单位
        feature_labels=names(
            "年龄（岁） / 性别（编码 1、2） / 体重指数（kg/m²） / 平均血压（mmHg） / "
            "总胆固醇（mg/dL） / 低密度脂蛋白（mg/dL） / 高密度脂蛋白（mg/dL） / "
            "总胆固醇与高密度脂蛋白之比 / 甘油三酯的对数 / 血糖（mg/dL）"
        ),
    ),
    "digits": _Bundled(
        loader="load_digits",
        title="手写数字 8×8",
        source="Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
        target_names=tuple("0123456789"),
        image_shape=(1, 8, 8),
        white=16,
    ),
    "breast_cancer": _Bundled(
        loader="load_breast_cancer",
        title="乳腺肿瘤",
        source="Wolberg, Mangasarian, Street & Street, "
        "Breast Cancer Wisconsin (Diagnostic), UCI, 1995",
        target_names=("恶性", "良性"),
        feature_labels=tuple(
            f"{measure}（{statistic}）"
            for statistic in ("均值", "标准误", "最差值")
            for measure in names(
                "半径 / 纹理 / 周长 / 面积 / 光滑度 / 紧致度 / 凹度 / 凹点数 / 对称性 / 分形维数"
            )
        ),
    ),
    "wine": _Bundled(
        loader="load_wine",
        title="葡萄酒",
        source="Aeberhard & Forina, Wine, UCI, 1992",
        target_names=("品种 1", "品种 2", "品种 3"),
        feature_labels=names(
            "酒精 / 苹果酸 / 灰分 / 灰分的碱度 / 镁 / 总酚 / 黄酮 / 非黄酮酚 / 原花青素 / "
            "颜色强度 / 色调 / 稀释后的 OD280 与 OD315 之比 / 脯氨酸"
        ),
    ),
    "iris": _Bundled(
        loader="load_iris",
        title="鸢尾花",
        source="Fisher, The Use of Multiple Measurements in Taxonomic Problems, "
        "Annals of Eugenics 7(2), 1936",
        target_names=("山鸢尾", "变色鸢尾", "维吉尼亚鸢尾"),
        feature_labels=("花萼长（cm）", "花萼宽（cm）", "花瓣长（cm）", "花瓣宽（cm）"),
    ),
    "pokemon": _pokemon,
    "mnist1d": _mnist1d,
    "prose": _prose,
}
