"""参数扫描：网格、记录、缺测、发散、并行。"""

import functools
import os
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.sweep import sweep


def descend(lr, start=1.0, n_steps=4):
    """f(w) = w² 上的梯度下降：w_k = (1 - 2·lr)^k · start。"""
    w = start
    for _ in range(n_steps):
        yield {"w": w, "loss": w**2}
        w -= lr * 2 * w


# ---------------------------------------------------------------------------- 结果的结构


def test_axes_become_named_dimensions_in_order():
    runs = sweep(descend, start=[1.0, -3.0], lr=[0.1, 0.2, 0.3])
    assert runs["w"].dims == ("start", "lr", "step")
    assert runs["length"].dims == runs["diverged"].dims == ("start", "lr")
    expected = -3.0 * (1 - 2 * 0.2) ** np.arange(4)
    np.testing.assert_allclose(runs.sel(start=-3.0, lr=0.2)["w"], expected, rtol=1e-12)
    assert runs["step"].values.tolist() == [0, 1, 2, 3]
    assert (runs["length"] == 4).all() and not runs["diverged"].any()
    live = runs.attrs["live"]
    assert live["train"] is descend
    assert live["grid"] == {"start": [1.0, -3.0], "lr": [0.1, 0.2, 0.3]}
    assert list(live["grid"]) == ["start", "lr"]
    np.testing.assert_array_equal(live["steps"], runs["step"])


def test_mixed_numbers_and_strings_stay_selectable():
    def train(batch_size, shuffle, name):
        yield {"x": 0.0 if batch_size == "全部" else batch_size, "s": shuffle, "n": len(name)}

    runs = sweep(train, batch_size=[1, 16, "全部"], shuffle=[True, False], name=["甲", "乙乙"])
    assert runs["batch_size"].dtype == object
    assert runs.sel(batch_size="全部", shuffle=True, name="甲")["x"].item() == 0
    one = runs.sel(batch_size=16, shuffle=False, name="乙乙")
    assert (one["x"].item(), one["s"].item(), one["n"].item()) == (16, 0, 2)


@pytest.mark.parametrize("values", [[2**53, 2**53 + 1, 0.5], [2**70, -1]])
def test_values_that_numpy_would_merge_stay_apart(values):
    def train(k):
        yield {"x": values.index(k)}

    runs = sweep(train, k=values)
    assert [runs.sel(k=value)["x"].item() for value in values] == list(range(len(values)))


def test_payload_arrays_get_their_own_dimensions():
    def train(lr):
        for step in range(3):
            yield {"map": torch.full((2, 3), lr * step), "v": [1, 2], "flag": np.bool_(step > 0)}

    runs = sweep(train, lr=[1, 2])
    assert runs["map"].dims == ("lr", "step", "map_0", "map_1")
    assert runs["v"].dims == ("lr", "step", "v_0")
    assert {runs[key].dtype for key in ("map", "v", "flag")} == {np.dtype(float)}
    assert (runs.sel(lr=2, step=2)["map"] == 4).all()
    assert runs.sel(lr=1)["flag"].values.tolist() == [0, 1, 1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int8, torch.bool])
def test_any_real_tensor_is_recorded(dtype):
    def train(k):
        yield {"x": torch.tensor([0, 1], dtype=dtype)}

    assert sweep(train, k=[0])["x"].values.tolist() == [[[0.0, 1.0]]]


def test_tensor_that_needs_gradients_and_is_changed_in_place():
    def train(lr):
        w = torch.ones(2, requires_grad=True)
        a = np.zeros(2)
        for _ in range(3):
            yield {"w": w, "a": a}
            a += 1
            with torch.no_grad():
                w -= lr

    runs = sweep(train, lr=[1.0])
    assert runs["w"].values[0, :, 0].tolist() == [1, 0, -1]
    assert runs["a"].values[0, :, 0].tolist() == [0, 1, 2]


def test_shorter_runs_are_padded_with_nan():
    runs = sweep(descend, n_steps=[2, 5], lr=[0.1])
    assert runs["length"].values.ravel().tolist() == [2, 5]
    assert np.isnan(runs.sel(n_steps=2, lr=0.1)["w"]).values.tolist() == [0, 0, 1, 1, 1]
    assert not runs["diverged"].any()


class Countdown:
    """迭代器类也可以当 train。"""

    def __init__(self, start):
        self.left = start

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return {"left": self.left}


def test_train_may_be_a_partial_a_lambda_or_an_iterator_class():
    assert sweep(functools.partial(descend, n_steps=3), lr=[0.1])["w"].shape == (1, 3)
    assert sweep(lambda lr, **rest: descend(lr, **rest), lr=[0.1], n_steps=[2])["w"].shape[2] == 2
    assert sweep(Countdown, start=[2, 3])["left"].values.tolist()[1] == [2, 1, 0]


# ---------------------------------------------------------------------------- 发散


def test_diverged_run_is_cut_before_the_first_non_finite_value_and_the_rest_goes_on():
    def train(bad):
        for step in range(5):
            value = bad if step == 2 else float(step)
            yield {"loss": value, "w": np.array([1.0, value])}

    runs = sweep(train, bad=[2.0, np.inf, -np.inf])
    assert runs["length"].values.tolist() == [5, 2, 2]
    assert runs["diverged"].values.tolist() == [False, True, True]
    assert np.isnan(runs["w"].values[1, 2:]).all()
    assert np.isfinite(runs["w"].values[0]).all()


def test_overflow_counts_as_divergence_and_numpy_stays_silent():
    def python_float(lr):
        w = 1.0
        while True:
            yield {"w": w}
            w = (w * lr) ** 99  # float 乘方溢出时抛 OverflowError

    def numpy_float(lr):
        w = np.float64(1)
        for _ in range(2000):
            yield {"w": w}
            w = w - lr * 4 * w**3

    def strict(lr):
        with np.errstate(all="raise"):
            yield {"w": 1.0}
            yield {"w": np.float64(lr) / 0.0}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for train in (python_float, numpy_float, strict):
            runs = sweep(train, lr=[3.0])
            assert runs["diverged"].item() and 0 < runs["length"].item() < 2000


def test_run_that_diverges_at_once_leaves_an_empty_record():
    def train(lr):
        if lr > 5:
            raise OverflowError
        yield {"w": np.nan if lr > 1 else [1.0, 2.0][0]}

    runs = sweep(train, lr=[9, 0.1, 2])
    assert runs["length"].values.tolist() == [0, 1, 0]
    assert runs["diverged"].values.tolist() == [True, False, True]
    alone = sweep(train, lr=[2])
    assert alone.sizes["step"] == 1 and np.isnan(alone["w"].item()) and alone["diverged"].item()
    with pytest.raises(ValueError, match="第一次产出之前就溢出"):
        sweep(train, lr=[9])


# ---------------------------------------------------------------------------- 缺测


def test_masked_cells_are_holes_and_not_divergence():
    """遮住的格子里放什么都不要紧：NaN、99 都记成 NaN，运行照常走完。"""

    def grow(fill):
        for step in range(4):
            x = np.arange(3.0) + step
            x[step:] = fill
            yield {"x": np.ma.masked_where(np.arange(3) >= step, x), "loss": step}

    runs = sweep(grow, fill=[99.0, float("inf")])
    holes = [[1, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert np.isnan(runs["x"].values).tolist() == [holes, holes]
    assert runs["x"].values[0, 3].tolist() == [3, 4, 5]
    assert runs["length"].values.tolist() == [4, 4] and not runs["diverged"].any()


def test_a_nan_beside_a_hole_still_means_divergence():
    def train(bad):
        yield {"x": np.ma.array([1.0, 2.0], mask=[False, True])}
        yield {"x": np.ma.array([bad, 2.0], mask=[False, True])}

    runs = sweep(train, bad=[0.5, np.inf])
    assert runs["length"].values.tolist() == [2, 1]
    assert runs["diverged"].values.tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "holes"),
    [
        (np.ma.masked, True),
        (np.ma.array([1, 2], mask=[True, False]), [True, False]),
        ([np.ma.array([1, 2], mask=[True, False]), np.ma.array([3, 4])], [[1, 0], [0, 0]]),
        ((1.0, 2.0), [False, False]),
    ],
)
def test_masks_survive_in_scalars_integers_and_lists(value, holes):
    runs = sweep(lambda lr: iter([{"x": value}]), lr=[0.1])
    assert np.isnan(runs["x"].values[0, 0]).tolist() == holes and not runs["diverged"].any()


# ---------------------------------------------------------------------------- 往返


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_characters="\0"), max_size=4),  # NumPy 存字符串时丢掉末尾的 \0
)
AXIS = st.lists(SCALARS, min_size=1, max_size=3, unique=True)


@settings(max_examples=60, deadline=None)
@given(
    grid=st.dictionaries(st.sampled_from(["a", "b", "c"]), AXIS, min_size=1, max_size=3),
    shape=st.sampled_from([(), (2,), (2, 3), (0,)]),
    data=st.data(),
)
def test_every_value_comes_back_where_it_belongs(grid, shape, data):
    """任意取值的网格、任意长短的运行：按位置和按坐标取出来的，都是当初产出的。"""
    lengths, produced = {}, {}

    def train(**hyper):
        point = tuple(hyper.items())
        lengths[point] = length = data.draw(st.integers(1, 4))
        rng = np.random.default_rng(len(produced))
        produced[point] = [rng.normal(size=shape) for _ in range(length)]
        for value in produced[point]:
            yield {"value": value}

    runs = sweep(train, **grid)
    for point, values in produced.items():
        index = {name: grid[name].index(value) for name, value in point}
        one = runs.isel(index)
        assert one["length"].item() == len(values)
        np.testing.assert_array_equal(one["value"][: len(values)], np.array(values))
        assert np.isnan(one["value"][len(values) :]).all()
        for name, value in point:
            assert one[name].item() == value and isinstance(one[name].item(), type(value) | float)


# ---------------------------------------------------------------------------- 并行


def closure(scale):
    """像笔记本里那样定义的函数：普通 pickle 带不走。"""

    def train(lr):
        for step in range(3):
            yield {"x": np.full(2, scale * lr * step), "pid": os.getpid()}

    return train


def test_threads_and_processes_give_the_same_result():
    train = closure(2.0)
    expected = sweep(train, lr=[1, 2, 3])
    assert set(expected["pid"].values.ravel()) == {os.getpid()}  # 默认依次在本进程里运行
    for backend in ("threading", "loky"):
        with joblib.parallel_config(backend, n_jobs=2):
            actual = sweep(train, lr=[1, 2, 3])
        assert actual.drop_vars("pid").equals(expected.drop_vars("pid"))
    assert os.getpid() not in actual["pid"].values


def test_spawned_processes_run_a_function_defined_in_a_notebook():
    """``python -c`` 里的 ``__main__`` 没有文件，与笔记本相同；spawn 是 Windows 唯一的启动方式。"""
    code = """
import joblib, os, torch
from utils import setup, sweep
setup()
def train(lr):
    yield {"x": lr, "pid": os.getpid(), "double": torch.zeros(1).dtype == torch.float64}
with joblib.parallel_config("multiprocessing", n_jobs=2):
    runs = sweep(train, lr=[1, 2, 3])
assert runs["x"].values.ravel().tolist() == [1, 2, 3], runs
assert os.getpid() not in runs["pid"].values
assert runs["double"].values.all()  # 默认的精度也带了过去
print("完成")
"""
    environment = {**os.environ, "JOBLIB_START_METHOD": "spawn", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0 and "完成" in done.stdout, done.stderr


def test_dask_cluster_is_one_line():
    distributed = pytest.importorskip("distributed")
    train = closure(3.0)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        runs = sweep(train, lr=[1, 2, 3, 4])
    assert os.getpid() not in runs["pid"].values
    assert runs.drop_vars("pid").equals(sweep(train, lr=[1, 2, 3, 4]).drop_vars("pid"))


def test_temporary_folder_with_chinese_name(tmp_path, monkeypatch):
    folder = tmp_path / "临时 文件夹"
    folder.mkdir()
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(folder))
    with pytest.warns(UserWarning, match="名字里有汉字.*JOBLIB_TEMP_FOLDER"):
        runs = sweep(descend, lr=[0.1, 0.2], n_jobs=2)
    np.testing.assert_array_equal(runs["w"], sweep(descend, lr=[0.1, 0.2])["w"])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_other_exceptions_name_the_hyperparameters(n_jobs):
    def train(lr, kind):
        yield {"x": 1.0}
        if lr == 2:
            raise KeyError("坏了")

    with pytest.raises(KeyError, match="坏了") as caught:
        sweep(train, lr=[1, 2], kind=["甲"], n_jobs=n_jobs)
    assert "train(lr=2, kind='甲')" in caught.value.__notes__[0]


# ---------------------------------------------------------------------------- 坏输入


@pytest.mark.parametrize(
    ("grid", "error", "words"),
    [
        ({}, ValueError, ["网格是空的"]),
        ({"lr": []}, ValueError, ["lr", "空"]),
        ({"lr": 0.1}, TypeError, ["lr", "float", "partial"]),
        ({"lr": "快"}, TypeError, ["lr", "str"]),
        ({"lr": {0.1, 0.2}}, TypeError, ["lr", "set"]),
        ({"lr": np.ones((2, 2))}, TypeError, ["lr", "ndarray"]),
        ({"lr": [0.1, None]}, TypeError, ["lr", "None", "全部"]),
        ({"lr": [[0.1]]}, TypeError, ["lr", "list"]),
        ({"lr": [1j]}, TypeError, ["lr", "complex"]),
        ({"lr": [0.1, float("nan")]}, ValueError, ["lr", "NaN"]),
        ({"lr": [0.1, 0.1]}, ValueError, ["lr", "重复"]),
        ({"lr": [1, True]}, ValueError, ["lr", "重复"]),
        ({"rate": [0.1]}, TypeError, ["rate", "lr", "start"]),
        ({"start": [0.1]}, TypeError, ["lr", "默认值"]),
        ({"step": [0.1]}, ValueError, ["step", "换一个名字"]),
        ({"lr": [0.1], "n_jobs": 0}, ValueError, ["n_jobs", "0"]),
        ({"lr": [0.1], "n_jobs": 1.5}, ValueError, ["n_jobs", "1.5"]),
    ],
)
def test_bad_grid(grid, error, words):
    with pytest.raises(error) as caught:
        sweep(descend, **grid)
    assert all(word in str(caught.value) for word in words), caught.value


def test_numpy_ranges_and_numpy_scalars_are_fine():
    for values in (np.array([0.1, 0.2]), torch.tensor([0.1, 0.2]), (np.float64(0.1), 0.2)):
        assert sweep(descend, lr=values).sizes["lr"] == 2
    runs = sweep(descend, lr=[0.1], n_steps=range(1, 4))
    assert runs["length"].values.tolist() == [[1, 2, 3]]


def yields(*payloads):
    def train(k):
        yield from payloads

    return train


@pytest.mark.parametrize(
    ("train", "error", "words"),
    [
        (yields(), ValueError, ["train(k=0)", "什么都没有产出"]),
        (yields(1.0), TypeError, ["字典", "float"]),
        (yields({}), ValueError, ["空", "键"]),
        (yields({1: 2.0}), TypeError, ["字符串", "1"]),
        (yields({"k": 2.0}), ValueError, ["'k'", "重名"]),
        (yields({"length": 2.0}), ValueError, ["length", "重名"]),
        (yields({"w": np.ones(2), "w_0": 1.0}), ValueError, ["w_0", "重名"]),
        (yields({"a": 1.0}, {"b": 1.0}), ValueError, ["第 1 次", "['b']", "['a']"]),
        (yields({"a": [1.0]}, {"a": [1.0, 2.0]}), ValueError, ["第 1 次", "(2,)", "(1,)"]),
        (yields({"a": "高"}), TypeError, ["'a'", "str"]),
        (yields({"a": None}), TypeError, ["'a'", "NoneType"]),
        (yields({"a": 1j}), TypeError, ["'a'", "complex"]),
        (yields({"a": torch.ones(1) * 1j}), TypeError, ["'a'", "complex"]),
        (yields({"a": [[1.0], [1.0, 2.0]]}), TypeError, ["'a'", "长度"]),
        (lambda k: [{"a": 1.0}], TypeError, ["生成器", "yield", "list"]),
        (lambda k: {"a": 1.0}, TypeError, ["生成器", "dict"]),
        (None, TypeError, ["train", "NoneType"]),
    ],
)
def test_bad_train(train, error, words):
    with pytest.raises(error) as caught:
        sweep(train, k=[0])
    assert all(word in str(caught.value) for word in words), caught.value


def test_runs_that_disagree_with_each_other():
    def shapes(n):
        yield {"w": np.ones(n)}

    def keys(n):
        yield {"a" if n == 1 else "b": 0.0}

    with pytest.raises(ValueError, match=r"train\(n=2\).*\(2,\).*train\(n=1\).*\(1,\)"):
        sweep(shapes, n=[1, 2])
    with pytest.raises(ValueError, match=r"train\(n=2\).*'b'.*train\(n=1\).*'a'"):
        sweep(keys, n=[1, 2])
