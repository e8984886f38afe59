"""数据集：内置的内容，下载的镜像与缓存（对着本机的真实 HTTP 服务器），以及文件格式的解析。"""

import _thread
import ast
import dataclasses
import gzip
import hashlib
import io
import pickle
import random
import signal
import socket
import struct
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_web import (
    Mirror,
    corrupted,
    cut_without_length,
    dead_url,
    honest,
    interrupted,
    labelled_as_encoded,
    login_page,
    not_found,
)

from utils import data, load
from utils.data import Dataset, DownloadError, download, embedded, remote

EMBEDDED = {
    # 名字: (n, d, 类别数；回归为 0, 测试样本数)
    "diabetes": (442, 10, 0, 0),
    "digits": (1797, 64, 10, 0),
    "breast_cancer": (569, 30, 2, 0),
    "wine": (178, 13, 3, 0),
    "iris": (150, 4, 3, 0),
    "pokemon": (75, 5, 0, 0),
    "mnist1d": (4000, 40, 10, 1000),
}
DOWNLOADS = ("mnist", "fashion_mnist", "cifar10")

# ---------------------------------------------------------------- 内置的


@pytest.fixture
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("内置的数据集不应当联网")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_set(name, offline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    n, d, n_classes, n_test = EMBEDDED[name]
    dataset = load(name)
    assert dataset.x.shape == (n, d)
    assert dataset.y.shape == (n,)
    assert dataset.is_classification == (n_classes > 0)
    if n_classes:
        assert len(dataset.target_names) == n_classes
        assert set(dataset.y) == set(range(n_classes))
    assert (0 if dataset.x_test is None else len(dataset.x_test)) == n_test
    assert dataset.title in repr(dataset) and str(n) in repr(dataset)
    assert "\n" not in repr(dataset) and len(repr(dataset)) < 80
    assert any(ch.isdigit() for ch in dataset.source) or name == "pokemon"
    assert not list(tmp_path.iterdir()), "内置的数据集不应当往磁盘上写"


@pytest.mark.parametrize("name", EMBEDDED)
def test_changing_a_set_does_not_change_the_next_one(name):
    first = load(name)
    expected = first.x.copy()
    first.x[:] = -1
    first.y[:] = 0
    again = load(name)
    np.testing.assert_array_equal(again.x, expected)
    assert again.y.any()


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "wine", "iris"])
def test_tables_are_those_of_sklearn_in_raw_units(name):
    from sklearn import datasets

    options = {"scaled": False} if name == "diabetes" else {}
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    dataset = load(name)
    np.testing.assert_array_equal(dataset.x, x)
    np.testing.assert_array_equal(dataset.y, y)
    assert len(dataset.feature_labels) == len(dataset.feature_names) == x.shape[1]


def test_diabetes_keeps_units_so_that_scaling_can_be_taught():
    bmi, age = load("diabetes").column("bmi"), load("diabetes").column("age")
    assert 15 < bmi.min() < bmi.max() < 50
    assert 18 <= age.min() < age.max() < 100


def test_digits_are_images_between_0_and_1():
    from sklearn.datasets import load_digits

    dataset = load("digits")
    assert dataset.images.shape == (1797, 1, 8, 8)
    assert dataset.images.base is not None and dataset.x.dtype == np.float32
    np.testing.assert_array_equal(dataset.images[:, 0] * 16, load_digits().images)


def test_pokemon_follows_its_documented_formula():
    dataset = load("pokemon", n=20_000, seed=3)
    cp = dataset.column("cp")
    species = dataset.column("species").astype(int)
    assert set(dataset.categories) == {"species"}
    for i, name in enumerate(dataset.categories["species"]):
        limit, k, mean_weight = embedded._SPECIES[name]
        rows = species == i
        assert rows.sum() == 5000
        noise = dataset.y[rows] - k * cp[rows] * (1 + cp[rows] / 5000)
        large = cp[rows] > 60  # 小的 CP 会碰到下限 10
        assert abs(noise[large].mean()) < 1
        assert abs(noise[large].std() - 15) < 0.5
        assert cp[rows].min() >= 10 and cp[rows].max() <= limit
        assert abs(dataset.column("weight")[rows].mean() / mean_weight - 1) < 0.01
        assert abs(np.corrcoef(dataset.column("weight")[rows], dataset.y[rows])[0, 1]) < 0.05
    assert abs(dataset.column("height").mean() - 0.3) < 0.001
    assert np.corrcoef(dataset.column("hp"), cp)[0, 1] > 0.9


def test_pokemon_is_deterministic():
    first, again, other = load("pokemon"), load("pokemon"), load("pokemon", seed=1)
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.y, again.y)
    assert not np.array_equal(first.x, other.x)
    assert first.x[0].tolist() == [188, 37, 3.09, 0.31, 1] and first.y[0] == 220


@given(n=st.integers(1, 300), seed=st.integers(0, 2**64))
@settings(max_examples=30, deadline=None)
def test_pokemon_is_valid_for_any_size_and_seed(n, seed):
    dataset = load("pokemon", n=n, seed=seed)
    assert dataset.x.shape == (n, 5)
    assert dataset.y.min() >= 10
    assert (dataset.x[:, :4] > 0).all()


def test_mnist1d_is_the_published_one_and_leaves_the_random_state_alone():
    from mnist1d.data import get_dataset_args, make_dataset

    embedded._make_mnist1d.cache_clear()
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    dataset = load("mnist1d")
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002
    published = make_dataset(get_dataset_args())
    np.testing.assert_array_equal(dataset.x, published["x"].astype(np.float32))
    np.testing.assert_array_equal(dataset.y_test, published["y_test"])


def test_mnist1d_options():
    dataset = load("mnist1d", n=100, seed=1)
    assert dataset.x.shape == (80, 40) and dataset.x_test.shape == (20, 40)
    assert not np.array_equal(dataset.x, load("mnist1d", n=100, seed=2).x)


# ---------------------------------------------------------------- 名字与选项


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("mnist-1d", "mnist1d"),
        ("Fashion-MNIST", "fashion_mnist"),
        ("CIFAR10", "cifar10"),
        ("diabets", "diabetes"),
        ("breast cancer", "breast_cancer"),
    ],
)
def test_unknown_name_suggests_the_closest(wrong, right):
    with pytest.raises(ValueError, match=f"{wrong}.*你要找的是不是 '{right}'.*可用的有"):
        load(wrong)


def test_unknown_name_without_a_neighbour_lists_all():
    with pytest.raises(ValueError, match=r"没有名叫 '股票' 的数据集。可用的有：diabetes.*smollm2"):
        load("股票")


@pytest.mark.parametrize(
    ("name", "options", "error", "match"),
    [
        (3, {}, TypeError, "name 应当是数据集的名字，收到的是 int"),
        ("iris", {"n": 3}, TypeError, "iris 没有名叫 'n' 的选项。它没有任何选项"),
        ("pokemon", {"sed": 3}, TypeError, "你要找的是不是 'seed'"),
        ("mnist", {"cache": "."}, TypeError, "你要找的是不是 'cache_dir'"),
        ("pokemon", {"n": 0}, ValueError, "n 应当不小于 1，收到的是 0"),
        ("pokemon", {"n": 7.5}, TypeError, "n 应当是整数，收到的是 float：7.5"),
        ("pokemon", {"n": True}, TypeError, "n 应当是整数，收到的是 bool"),
        ("pokemon", {"seed": -1}, ValueError, "seed 应当不小于 0，收到的是 -1"),
        ("mnist1d", {"n": 42}, ValueError, "10 的倍数.*收到的是 42.*可以用 40"),
        ("mnist1d", {"seed": 2**32}, ValueError, "seed 应当在 0 到 4294967295 之间"),
        ("mnist", {"n": 0}, ValueError, "n 应当不小于 1"),
        ("mnist", {"n_test": "3"}, TypeError, "n_test 应当是整数，收到的是 str"),
        ("mnist", {"progress": 1}, TypeError, "progress 应当是 True 或 False，收到的是 1"),
        ("mnist", {"cache_dir": 3}, TypeError, "cache_dir 应当是文件夹的路径，收到的是 int"),
    ],
)
def test_bad_options(name, options, error, match, offline):
    with pytest.raises(error, match=match):
        load(name, **options)


X, Y = np.ones((3, 2)), np.array([0, 1, 1])
VALID = {"x": X, "y": Y, "title": "例", "source": "例", "target_names": ("甲", "乙")}


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"x": [[1.0]]}, TypeError, "x 应当是 NumPy 数组，收到的是 list"),
        ({"x": np.ones(3)}, ValueError, "x 应当是非空的 2 维数组"),
        ({"x": np.ones((0, 2)), "y": Y[:0]}, ValueError, "x 应当是非空的 2 维数组"),
        ({"x": np.ones((3, 2), int)}, TypeError, "x 应当是 float32 或 float64，收到的是 int64"),
        ({"y": Y.astype(np.int8)}, TypeError, "y 应当是 int64"),
        ({"y": Y[:2]}, ValueError, "x 有 3 行，y 有 2 个"),
        ({"x": X * np.nan}, ValueError, "x 里有 NaN"),
        ({"y": Y + 1}, ValueError, "y 的类别编号应当在 0 到 1 之间.*收到的是 1 到 2"),
        ({"y": Y.astype(float)}, ValueError, "回归的 target_names 应当是一个名字"),
        ({"x_test": X}, ValueError, "要么都给，要么都不给"),
        ({"x_test": X, "y_test": Y[:2]}, ValueError, "x_test 有 3 行，y_test 有 2 个"),
        ({"x_test": np.ones((3, 4)), "y_test": Y}, ValueError, "收到的是 4 个特征"),
        ({"x_test": X, "y_test": Y - 1}, ValueError, "y_test 的类别编号"),
        ({"feature_names": ("a",)}, ValueError, "feature_names 应当是 2 个互不相同的名字"),
        ({"feature_names": ("a", "a")}, ValueError, "互不相同"),
        ({"categories": {"c": ("a",)}}, ValueError, "categories 里的 c 不是列名"),
        ({"image_shape": (1, 2, 2)}, ValueError, "image_shape .* 之积应当等于特征数 2"),
    ],
)
def test_dataset_refuses_what_does_not_fit(change, error, match):
    Dataset(**VALID)
    with pytest.raises(error, match=match):
        Dataset(**VALID | change)


def test_dataset_is_frozen_and_says_what_is_missing():
    dataset = load("iris")
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.x = X
    with pytest.raises(ValueError, match="你要找的是不是 'petal length"):
        dataset.column("petal length")
    with pytest.raises(ValueError, match="鸢尾花不是图像"):
        _ = dataset.images


# ---------------------------------------------------------------- 真实格式的小文件


def idx_gz(array: np.ndarray) -> bytes:
    """MNIST 的 IDX 格式：高位在前的文件头，加上 uint8 数据。"""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


class Python2Pickler(pickle._Pickler):
    """像 CIFAR-10 的作者那样，用 Python 2 的 protocol 2 写：bytes 存成 Python 2 的 str。"""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def save_bytes(self, obj):
        short = len(obj) < 256
        self.write(b"U" + bytes([len(obj)]) if short else b"T" + struct.pack("<i", len(obj)))
        self.write(obj)
        self.memoize(obj)

    dispatch[bytes] = save_bytes


def python2_pickle(obj) -> bytes:
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(obj)
    raw = buffer.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")
    return raw.replace(b"\x89\x88\x87", b"K\x00K\x01\x87")  # 当年的 dtype("u1", 0, 1)


def cifar_batch(rng, n=4) -> dict:
    return {
        b"batch_label": b"training batch",
        b"labels": [int(label) for label in rng.integers(0, 10, n)],
        b"data": rng.integers(0, 256, (n, 3072), dtype=np.uint8),
        b"filenames": [b"x.png"] * n,
    }


def cifar_tar(pickles: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in pickles.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


CIFAR_MEMBERS = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


@pytest.fixture(scope="module")
def files():
    """三个数据集的小文件，``{数据集: {文件名: 内容}}``；MNIST 有 30 个训练样本、10 个测试样本。"""
    rng = np.random.default_rng(0)
    result = {}
    for name in ("mnist", "fashion_mnist"):
        parts = []
        for n in (30, 10):
            parts.append(idx_gz(rng.integers(0, 256, (n, 28, 28))))
            parts.append(idx_gz(rng.integers(0, 10, n)))
        result[name] = dict(zip(data._SETS[name].files, parts, strict=True))
    batches = {name: python2_pickle(cifar_batch(rng)) for name in CIFAR_MEMBERS}
    result["cifar10"] = {"cifar-10-python.tar.gz": cifar_tar(batches)}
    return result


def test_idx_is_read_as_written(tmp_path):
    rng = np.random.default_rng(1)
    for array in (rng.integers(0, 256, (5, 3, 2)), rng.integers(0, 10, 7)):
        path = tmp_path / "a.gz"
        path.write_bytes(idx_gz(array))
        np.testing.assert_array_equal(remote._read_idx(path, array.ndim), array)


GOOD_IDX = idx_gz(np.arange(24).reshape(2, 3, 4))
RAW_IDX = gzip.decompress(GOOD_IDX)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param(b"", "文件头是 ，应当是 00 00 08 03", id="空文件"),
        pytest.param(GOOD_IDX[:-9], "不是完整的 gzip 文件", id="截断"),
        pytest.param(b"<html>login</html>", "不是完整的 gzip 文件", id="网页"),
        pytest.param(
            GOOD_IDX[:15] + b"\xff\xff\xff" + GOOD_IDX[18:], "不是完整的 gzip 文件", id="坏字节"
        ),
        pytest.param(
            gzip.compress(RAW_IDX[:-1]), r"形状是 \(2, 3, 4\)，数据却有 23 个字节", id="少一字节"
        ),
        pytest.param(gzip.compress(RAW_IDX + b"x"), "数据却有 25 个字节", id="多一字节"),
        pytest.param(gzip.compress(RAW_IDX[:9]), "数据却有 0 个字节", id="没有数据"),
        pytest.param(gzip.compress(RAW_IDX[:3]), "文件头是 00 00 08，应当是", id="文件头不全"),
        pytest.param(
            gzip.compress(b"\0\0\x0d\x03" + RAW_IDX[4:]), "文件头是 00 00 0d 03", id="类型不对"
        ),
        pytest.param(
            idx_gz(np.arange(4)), "文件头是 00 00 08 01，应当是 00 00 08 03", id="维数不对"
        ),
        pytest.param(
            gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12 + b"x"), "4294967295", id="大得没边"
        ),
    ],
)
def test_damaged_idx(content, match, tmp_path):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        remote._read_idx(path, 3)
    assert "重新下载" in str(caught.value) and str(path) in str(caught.value)


@given(position=st.integers(0, len(GOOD_IDX) - 1), value=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_of_idx_is_harmless_or_reported(position, value, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(GOOD_IDX[:position] + bytes([value]) + GOOD_IDX[position + 1 :])
    try:
        array = remote._read_idx(path, 3)
    except ValueError as error:
        assert "重新下载" in str(error)
    else:  # 只有文件头里无关紧要的字节（时间、操作系统）
        np.testing.assert_array_equal(array, np.arange(24).reshape(2, 3, 4))


def test_cifar_is_read_as_written(tmp_path):
    rng = np.random.default_rng(2)
    batches = {name: cifar_batch(rng, n=3 + i) for i, name in enumerate(CIFAR_MEMBERS)}
    raw = {name: python2_pickle(batch) for name, batch in batches.items()}
    assert b"K\x00K\x01\x87" in raw["test_batch"] and b"_codecs" not in raw["test_batch"]
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(cifar_tar(raw))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (images, labels), (images_test, labels_test) = remote._parse_cifar(tmp_path)
    np.testing.assert_array_equal(
        images, np.concatenate([batches[name][b"data"] for name in CIFAR_MEMBERS[:5]])
    )
    np.testing.assert_array_equal(
        labels, np.concatenate([batches[name][b"labels"] for name in CIFAR_MEMBERS[:5]])
    )
    np.testing.assert_array_equal(images_test, batches["test_batch"][b"data"])
    np.testing.assert_array_equal(labels_test, batches["test_batch"][b"labels"])


class Evil:
    """pickle.load 它就会在 ``path`` 建一个文件。"""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_cifar_never_runs_code_from_the_file(protocol, tmp_path):
    target = tmp_path / "pwned"
    evil = pickle.dumps({b"data": Evil(target), b"labels": []}, protocol=protocol)
    good = python2_pickle(cifar_batch(np.random.default_rng(0)))
    archive = cifar_tar(dict.fromkeys(CIFAR_MEMBERS, good) | {"data_batch_1": evil})
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(archive)
    with pytest.raises(ValueError, match="不允许的内容"):
        remote._parse_cifar(tmp_path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("os", "system"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy", "_core"),
        ("numpy.core.multiarray", "fromfile"),
        ("codecs", "encode"),
    ],
)
def test_unpickler_knows_arrays_only(module, name):
    raw = f"c{module}\n{name}\n.".encode()
    with pytest.raises(pickle.UnpicklingError, match=f"不允许的内容 {module}.{name}"):
        remote._ArrayUnpickler(io.BytesIO(raw)).load()


def damaged_cifar(kind: str) -> bytes:
    rng = np.random.default_rng(0)
    good = {name: python2_pickle(cifar_batch(rng)) for name in CIFAR_MEMBERS}

    def with_first(**change):
        batch = cifar_batch(rng) | {key.encode(): value for key, value in change.items()}
        return cifar_tar(good | {"data_batch_1": python2_pickle(batch)})

    match kind:
        case "截断":
            return cifar_tar(good)[:-500]
        case "空文件":
            return b""
        case "不是压缩包":
            return b"<html>login</html>"
        case "中间坏了":
            raw = cifar_tar(good)
            return raw[:5000] + bytes(200) + raw[5200:]
        case "缺一个":
            return cifar_tar({name: good[name] for name in CIFAR_MEMBERS[1:]})
        case "pickle 截断":
            return cifar_tar(good | {"data_batch_1": good["data_batch_1"][:-40]})
        case "不是 pickle":
            return cifar_tar(good | {"data_batch_1": b"\xff\xffabc"})
        case "不是字典":
            return cifar_tar(good | {"data_batch_1": python2_pickle([1, 2])})
        case "形状不对":
            return with_first(data=np.zeros((4, 3071), np.uint8))
        case "类型不对":
            return with_first(data=np.zeros((4, 3072), np.int16))
        case "标签不对":
            return with_first(labels=[0, 1, 2, 10])
        case "标签不是数":
            return with_first(labels=[b"a", b"b", b"c", b"d"])


@pytest.mark.parametrize(
    "kind",
    [
        *("截断", "空文件", "不是压缩包", "中间坏了", "缺一个", "pickle 截断", "不是 pickle"),
        *("不是字典", "形状不对", "类型不对", "标签不对", "标签不是数"),
    ],
)
def test_damaged_cifar(kind, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(damaged_cifar(kind))
    with pytest.raises(ValueError, match=r"读不出 CIFAR-10.*重新下载"):
        remote._parse_cifar(tmp_path)


# ---------------------------------------------------------------- 下载


@pytest.fixture
def mirrors(monkeypatch, files, tmp_path):
    """``mirrors(名字, 回答方式, ...)`` 让这个数据集改用本机的镜像和小文件，缓存在 tmp_path。"""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path))
    running = []

    def start(name, *serves):
        content = files[name]
        new = [None if serve == "dead" else Mirror(content, serve) for serve in serves]
        running.extend(mirror for mirror in new if mirror)
        local = dataclasses.replace(
            data._SETS[name],
            mirrors=tuple(mirror.url if mirror else dead_url() for mirror in new),
            files={f: (len(c), hashlib.md5(c).hexdigest()) for f, c in content.items()},
        )
        monkeypatch.setitem(data._SETS, name, local)
        return new

    yield start
    for mirror in running:
        mirror.close()


def cached(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", DOWNLOADS)
def test_download_then_cache(name, mirrors, files, tmp_path, capfd):
    (mirror,) = mirrors(name, honest)
    first = load(name)
    assert "←" in capfd.readouterr().err  # 进度条
    assert cached(tmp_path / name) == files[name]
    assert mirror.requests == list(files[name])
    again = load(name, progress=False)
    assert mirror.requests == list(files[name]), "第二次应当只用缓存"
    assert capfd.readouterr().err == ""
    np.testing.assert_array_equal(first.x, again.x)
    assert first.x.dtype == np.float32 and first.x.min() >= 0 and first.x.max() == 1
    assert first.y.dtype == np.int64 and len(first.target_names) == 10
    assert first.images.shape == (len(first.x), *first.image_shape)


def test_images_are_in_the_right_order(mirrors, files):
    mirrors("mnist", honest)
    mirrors("cifar10", honest)
    raw = gzip.decompress(files["mnist"]["train-images-idx3-ubyte.gz"])
    mnist = load("mnist", progress=False)
    assert np.round(mnist.images[2, 0, 3, 4] * 255) == raw[16 + (2 * 28 + 3) * 28 + 4]
    cifar = load("cifar10", progress=False)
    # 一行依次是红、绿、蓝三个平面
    assert cifar.images[1, 2, 5, 6] == cifar.x[1, 2 * 1024 + 5 * 32 + 6]


def test_only_the_first_ones(mirrors):
    mirrors("mnist", honest)
    full, part = load("mnist", progress=False), load("mnist", n=7, n_test=3, progress=False)
    np.testing.assert_array_equal(part.x, full.x[:7])
    np.testing.assert_array_equal(part.y_test, full.y_test[:3])
    with pytest.raises(ValueError, match="n 最大是 30，收到的是 31"):
        load("mnist", n=31, progress=False)


@pytest.mark.parametrize(
    "bad", [corrupted, login_page, interrupted, cut_without_length, not_found, "dead"]
)
def test_a_bad_mirror_is_replaced_by_the_next(bad, mirrors, files, tmp_path):
    first, second = mirrors("mnist", bad, honest)
    load("mnist", progress=False)
    assert cached(tmp_path) == files["mnist"], "缓存里只有完整的文件，没有半截的"
    assert second.requests == list(files["mnist"])
    if first:
        assert first.requests == list(files["mnist"])[:1], "失败过的镜像排到后面，不再先试"


def test_a_mirror_that_labels_gz_as_an_encoding(mirrors, files, tmp_path):
    mirrors("mnist", labelled_as_encoded)
    load("mnist", progress=False)
    assert cached(tmp_path) == files["mnist"]


def test_all_mirrors_fail(mirrors, tmp_path):
    mirrors("mnist", corrupted, interrupted, not_found, "dead")
    with pytest.raises(DownloadError) as caught:
        load("mnist", progress=False)
    message = str(caught.value)
    for reason in ("校验和不符", "传输中断", "服务器回答 404", "连接不上"):
        assert reason in message
    for advice in ("train-images-idx3-ubyte.gz", 'load("digits")', 'load("mnist1d")'):
        assert advice in message
    assert str(tmp_path / "mnist" / "train-images-idx3-ubyte.gz") in message
    assert message.count("http://127.0.0.1") == 4
    assert cached(tmp_path) == {}


def test_files_already_complete_survive_a_failure(mirrors, files, tmp_path):
    good_until = list(files["mnist"])[2]

    def flaky(handler, content):
        bad = handler.path.endswith(good_until)
        (not_found if bad else honest)(handler, content)

    mirrors("mnist", flaky)
    with pytest.raises(DownloadError, match=good_until):
        load("mnist", progress=False)
    (mirror,) = mirrors("mnist", honest)
    load("mnist", progress=False)
    assert mirror.requests == list(files["mnist"])[2:]


@pytest.fixture
def interruptible():
    """在后台启动的进程忽略 Ctrl+C；内核不忽略，测试里也不忽略。"""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupting_the_kernel_leaves_nothing_behind(mirrors, tmp_path, interruptible):
    def interrupt(handler, content):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:100])
        handler.wfile.flush()
        _thread.interrupt_main()  # 与 Ctrl+C、“中断内核”相同
        handler.wfile.write(content[100:])

    mirrors("mnist", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load("mnist", progress=False)
    assert cached(tmp_path) == {}
    mirrors("mnist", honest)
    assert len(load("mnist", progress=False).x) == 30


@pytest.mark.parametrize("damage", [lambda raw: raw[:50], lambda raw: raw + b"x", lambda raw: b""])
def test_a_damaged_cache_is_downloaded_again(damage, mirrors, files, tmp_path):
    (mirror,) = mirrors("mnist", honest)
    load("mnist", progress=False)
    name = "t10k-images-idx3-ubyte.gz"
    (tmp_path / "mnist" / name).write_bytes(damage(files["mnist"][name]))
    mirror.requests.clear()
    with pytest.warns(UserWarning, match=rf"{name} 与公布的校验和不符.*改名为 {name}.mismatch"):
        load("mnist", progress=False)
    assert mirror.requests == [name]
    kept = {f"{name}.mismatch": damage(files["mnist"][name])}
    assert cached(tmp_path) == files["mnist"] | kept, "坏了的文件还在，只是改了名"


def test_wrong_files_put_there_by_hand_are_all_kept(mirrors, tmp_path):
    mirrors("cifar10", "dead")
    name = "cifar-10-python.tar.gz"
    (tmp_path / "cifar10").mkdir()
    for content in (b"1", b"2", b"3"):
        (tmp_path / "cifar10" / name).write_bytes(content)
        with (
            pytest.warns(UserWarning, match="有 1 字节，应当是"),
            pytest.raises(DownloadError, match="连接不上"),
        ):
            load("cifar10", progress=False)
    suffixes = {b"1": ".mismatch", b"2": ".mismatch2", b"3": ".mismatch3"}
    assert cached(tmp_path) == {name + suffix: content for content, suffix in suffixes.items()}


@pytest.mark.parametrize(
    ("variables", "match"),
    [
        (
            {"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"},
            "证书文件用不了.*nowhere/ca.pem.*CA_BUNDLE",
        ),
        ({"REQUESTS_CA_BUNDLE": __file__}, "证书文件里没有证书.*REQUESTS_CA_BUNDLE"),
        ({}, "加密连接没有建立"),
        ({"HTTPS_PROXY": "socks5://127.0.0.1:9"}, "SOCKS.*(pip install pysocks|代理连接不上)"),
        ({"HTTPS_PROXY": "socks://127.0.0.1:9"}, "SOCKS.*(pip install pysocks|代理连接不上)"),
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, "代理连接不上.*HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://a:b:c"}, "代理的写法不对.*HTTPS_PROXY"),
        ({"HTTPS_PROXY": "ftp://127.0.0.1:9"}, "代理的写法不对.*HTTPS_PROXY"),
    ],
)
def test_faults_of_proxy_and_certificates_say_so(variables, match, mirrors, tmp_path, monkeypatch):
    mirrors("cifar10", honest)
    local = data._SETS["cifar10"]
    secure = tuple(url.replace("http:", "https:") for url in local.mirrors)
    monkeypatch.setitem(data._SETS, "cifar10", dataclasses.replace(local, mirrors=secure))
    for name in ("CURL_CA_BUNDLE", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DownloadError, match=match) as caught:
        load("cifar10", progress=False)
    assert "缓存文件夹" not in str(caught.value)
    assert cached(tmp_path) == {}


def test_an_untrusted_certificate_says_so(mirrors, monkeypatch):
    def refuse(*args, **kwargs):
        raise download.requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED")

    mirrors("cifar10", honest)
    monkeypatch.setattr(download.requests, "get", refuse)
    with pytest.raises(DownloadError, match=r"验证不了服务器的证书.*REQUESTS_CA_BUNDLE"):
        load("cifar10", progress=False)


def test_folders_with_blanks_and_chinese(mirrors, files, tmp_path, monkeypatch):
    monkeypatch.setenv(data.CACHE_VARIABLE, str(tmp_path / "我的 数据" / "缓存"))
    mirrors("mnist", honest)
    load("mnist", progress=False)
    assert cached(tmp_path / "我的 数据" / "缓存" / "mnist") == files["mnist"]


def test_a_file_put_into_the_cache_by_hand_is_used(mirrors, files, tmp_path):
    mirrors("cifar10", "dead")
    (tmp_path / "cifar10").mkdir()
    for name, content in files["cifar10"].items():
        (tmp_path / "cifar10" / name).write_bytes(content)
    assert load("cifar10").x.shape == (20, 3072)


def test_cache_folder(mirrors, tmp_path, monkeypatch):
    mirrors("cifar10", honest)
    load("cifar10", cache_dir=tmp_path / "a" / "b", progress=False)
    assert list(cached(tmp_path / "a" / "b" / "cifar10")) == ["cifar-10-python.tar.gz"]
    assert not (tmp_path / "cifar10").exists(), "参数优先于环境变量"
    monkeypatch.delenv(data.CACHE_VARIABLE)
    assert download.cache_folder(None).name == "draggable-ml"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert download.cache_folder("~/x") == tmp_path / "x"


def test_cache_folder_that_cannot_be_written(mirrors, tmp_path):
    mirrors("cifar10", honest)
    (tmp_path / "file").write_text("不是文件夹")
    with pytest.raises(OSError, match=r"没法写入缓存文件夹.*cache_dir=") as caught:
        load("cifar10", cache_dir=tmp_path / "file", progress=False)
    assert not isinstance(caught.value, DownloadError)


def test_read_only_home_says_what_to_do(mirrors, tmp_path, monkeypatch):
    mirrors("cifar10", honest)
    monkeypatch.delenv(data.CACHE_VARIABLE)
    (tmp_path / "home").write_text("写不进去：它不是文件夹")
    monkeypatch.setattr(download.pooch, "os_cache", lambda name: tmp_path / "home" / name)
    with pytest.raises(OSError, match=f"没法写入缓存文件夹.*{data.CACHE_VARIABLE}"):
        load("cifar10", progress=False)


def test_full_disk_is_not_taken_for_a_bad_mirror(mirrors, tmp_path, monkeypatch):
    first, second = mirrors("cifar10", honest, honest)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.tqdm, "update", full)
    with pytest.raises(OSError, match="磁盘空间"):
        load("cifar10", progress=False)
    assert first.requests and not second.requests
    assert cached(tmp_path) == {}


def test_files_that_contradict_each_other(mirrors, files, monkeypatch):
    changed = files["mnist"] | {"train-labels-idx1-ubyte.gz": idx_gz(np.zeros(29))}
    monkeypatch.setitem(files, "mnist", changed)
    mirrors("mnist", honest)
    with pytest.raises(ValueError, match=r"图像 \(30, 28, 28\)，标签 \(29,\)"):
        load("mnist", progress=False)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_declared_downloads(name):
    declared = data._SETS[name]
    assert declared.name == name
    assert len(declared.mirrors) >= 3 and len(set(declared.mirrors)) == len(declared.mirrors)
    assert all(url.startswith("http") and url.endswith("/") for url in declared.mirrors)
    assert declared.mirrors[0].startswith("https://")
    for size, md5 in declared.files.values():
        assert size > 0 and len(md5) == 32 and int(md5, 16)
    assert len({md5 for _, md5 in declared.files.values()}) == len(declared.files)


def test_downloaded_pickles_are_never_loaded_unrestricted():
    tree = ast.parse(Path(remote.__file__).read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "pickle"
    }
    assert used == {"Unpickler", "UnpicklingError"}
