"""参数扫描：网格、记录、并行；向量化的梯度下降与 torch.optim 逐点相同。"""

import functools
import os
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from utils.sweep import sweep, sweep_gd


def descend(lr, start=1.0, n_steps=4):
    """f(w) = w² 上的梯度下降：w_k = (1 - 2·lr)^k · start。"""
    w = start
    for _ in range(n_steps):
        yield {"w": w, "loss": w**2}
        w -= lr * 2 * w


# ---------------------------------------------------------------------------- sweep：结果的结构


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


# ---------------------------------------------------------------------------- sweep：发散


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


# ---------------------------------------------------------------------------- sweep：往返


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


# ---------------------------------------------------------------------------- sweep：并行


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
import joblib, os
from utils import sweep
def train(lr):
    yield {"x": lr, "pid": os.getpid()}
with joblib.parallel_config("multiprocessing", n_jobs=2):
    runs = sweep(train, lr=[1, 2, 3])
assert runs["x"].values.ravel().tolist() == [1, 2, 3], runs
assert os.getpid() not in runs["pid"].values
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


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_other_exceptions_name_the_hyperparameters(n_jobs):
    def train(lr, kind):
        yield {"x": 1.0}
        if lr == 2:
            raise KeyError("坏了")

    with pytest.raises(KeyError, match="坏了") as caught:
        sweep(train, lr=[1, 2], kind=["甲"], n_jobs=n_jobs)
    assert "train(lr=2, kind='甲')" in caught.value.__notes__[0]


# ---------------------------------------------------------------------------- sweep：坏输入


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


# ---------------------------------------------------------------------------- sweep_gd：曲线


def mlp(seed):
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def classification(n=50, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 6, generator=generator, dtype=torch.float64)
    return x.to(dtype), torch.randint(0, 3, (n,), generator=generator)


def reference(model, loss_fn, x, y, *, seed, batch_size, n_steps, **options):
    """独立的参照：教科书式的 torch.optim.SGD 循环。返回每一步的损失和全部数据上的输出。"""
    optimizer = torch.optim.SGD(model.parameters(), **options)
    generator = torch.Generator().manual_seed(seed)
    queue, losses, outputs = [], [], []
    for _ in range(n_steps + 1):
        if batch_size is None:
            xb, yb = x, y
        else:
            if not queue:
                order = torch.randperm(len(x), generator=generator).tolist()
                queue = [order[i : i + batch_size] for i in range(0, len(x), batch_size)]
            batch = queue.pop(0)
            xb, yb = x[batch], y[batch]
        outputs.append(model(x).detach())
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return np.array(losses), outputs


@pytest.mark.parametrize("batch_size", [None, 16, 50])
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_same_curves_as_torch_optim(batch_size, dtype, atol):
    x, y = classification(dtype=dtype)
    runs = sweep_gd(
        lambda seed: mlp(seed).to(dtype),
        F.cross_entropy,
        x,
        y,
        lr=[0.01, 0.1, 0.3],
        momentum=[0.0, 0.9],
        weight_decay=[0.0, 0.01],
        seed=[0, 7],
        batch_size=batch_size,
        n_steps=30,
        metrics={"accuracy": lambda output, y: (output.argmax(1) == y).float().mean()},
    )
    assert runs["loss"].dims == ("lr", "momentum", "weight_decay", "seed", "step")
    for point, losses in (
        runs["loss"]
        .stack(run=("lr", "momentum", "weight_decay", "seed"))
        .groupby("run", squeeze=False)
    ):
        lr, momentum, weight_decay, seed = point
        torch.manual_seed(seed)
        expected, outputs = reference(
            mlp(seed).to(dtype),
            F.cross_entropy,
            x,
            y,
            seed=seed,
            batch_size=batch_size,
            n_steps=30,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
        )
        np.testing.assert_allclose(losses.squeeze(), expected, rtol=0, atol=atol)
        accuracy = [(output.argmax(1) == y).double().mean().item() for output in outputs]
        actual = runs["accuracy"].sel(
            lr=lr, momentum=momentum, weight_decay=weight_decay, seed=seed
        )
        np.testing.assert_allclose(actual, accuracy, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    lr=st.lists(st.floats(1e-4, 0.2), min_size=1, max_size=3, unique=True),
    momentum=st.floats(0, 0.95),
    weight_decay=st.floats(0, 0.1),
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 12),
    batch=st.one_of(st.none(), st.integers(1, 12)),
    n_steps=st.integers(1, 12),
    every=st.integers(1, 12),
)
def test_linear_regression_agrees_to_1e_10(
    lr, momentum, weight_decay, seed, n, batch, n_steps, every
):
    batch_size, every = batch and min(batch, n), min(every, n_steps)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 2)), rng.normal(size=(n, 1))
    runs = sweep_gd(
        lambda seed: nn.Linear(2, 1).double(),
        F.mse_loss,
        x,
        y,
        lr=lr,
        momentum=momentum,
        weight_decay=weight_decay,
        seed=seed,
        batch_size=batch_size,
        n_steps=n_steps,
        record_every=every,
    )
    assert runs["loss"].dims == ("lr", "step")
    assert runs["step"].values.tolist() == list(range(0, n_steps + 1, every))
    for rate in lr:
        torch.manual_seed(seed)
        expected, _ = reference(
            nn.Linear(2, 1).double(),
            F.mse_loss,
            torch.tensor(x),
            torch.tensor(y),
            seed=seed,
            batch_size=batch_size,
            n_steps=n_steps,
            lr=rate,
            momentum=momentum,
            weight_decay=weight_decay,
        )
        np.testing.assert_allclose(
            runs.sel(lr=rate)["loss"], expected[::every], rtol=1e-10, atol=1e-10
        )


class Scalar(nn.Module):
    """一个参数的模型：输出就是 w，与输入无关。"""

    def __init__(self, start=1.0):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return self.w.expand(len(x))


def half_square(output, y):
    return (output**2).mean() / 2


ONE = torch.zeros(1, 1, dtype=torch.float64)


def test_quadratic_follows_its_closed_form():
    """f(w) = w²/2：每步 w 乘上 1 - lr，lr > 2 时发散。不借助任何优化器的参照。"""
    rates = [0.1, 1.0, 1.9, 2.5]
    runs = sweep_gd(lambda seed: Scalar(), half_square, ONE, ONE, lr=rates, n_steps=40)
    steps = np.arange(41)
    for lr in rates:
        expected = (1 - lr) ** (2 * steps) / 2
        np.testing.assert_allclose(runs.sel(lr=lr)["loss"], expected, rtol=1e-10, atol=1e-14)


def test_diverged_runs_are_recorded_and_do_not_stop_the_rest():
    runs = sweep_gd(
        lambda seed: Scalar(),
        half_square,
        ONE,
        ONE,
        lr=[1e200, 0.5, 1e5],
        n_steps=60,
        record_every=2,
        metrics={"w": lambda output, y: output[0]},
    )
    assert runs["diverged"].values.tolist() == [True, False, True]
    assert runs["length"].values[1] == 31 and (runs["length"].values[[0, 2]] < 31).all()
    np.testing.assert_allclose(runs["w"].values[1], 0.5 ** np.arange(0, 61, 2), rtol=1e-10)
    for row, length in enumerate(runs["length"].values):
        for key in ("loss", "w"):
            assert np.isfinite(runs[key].values[row, :length]).all()
            assert np.isnan(runs[key].values[row, length:]).all()


def test_scalars_add_no_dimension_and_record_every_thins_the_steps():
    x, y = classification()
    full = sweep_gd(mlp, F.cross_entropy, x, y, lr=0.1, n_steps=10, batch_size=7)
    thin = sweep_gd(mlp, F.cross_entropy, x, y, lr=0.1, n_steps=10, batch_size=7, record_every=4)
    assert full["loss"].dims == ("step",) and full["diverged"].dims == ()
    assert thin["step"].values.tolist() == [0, 4, 8]
    np.testing.assert_allclose(thin["loss"], full["loss"].sel(step=[0, 4, 8]), atol=1e-6)


def test_attached_generator_trains_one_model_with_the_same_record():
    x, y = classification()
    runs = sweep_gd(
        mlp,
        F.cross_entropy,
        x,
        y,
        lr=[0.1, 0.2],
        seed=[1, 2],
        momentum=0.5,
        batch_size=16,
        n_steps=9,
        record_every=3,
        metrics={"all": F.cross_entropy},
    )
    live = sweep(runs.attrs["train"], lr=[0.1, 0.2], seed=[1, 2])
    for key in ("loss", "all"):
        np.testing.assert_allclose(live[key], runs[key], atol=1e-5)
    assert runs["all"].sel(lr=0.1, seed=1)[0] != runs["loss"].sel(lr=0.1, seed=1)[0]


# ---------------------------------------------------------------------------- sweep_gd：各种模型


class Attention(nn.Module):
    """嵌入、注意力、层归一化；一部分参数冻结，另有随种子而变的缓冲区。"""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)
        self.embed.weight.requires_grad_(False)
        self.register_buffer("noise", torch.randn(8))

    def forward(self, tokens):
        h = self.embed(tokens) + self.noise
        h = self.norm(h + self.attention(h, h, h, need_weights=False)[0])
        return self.head(h.mean(dim=1))


class Tied(nn.Module):
    """输入输出共用一个嵌入矩阵。"""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 8)
        self.head = nn.Linear(8, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        return self.head(self.embed(tokens).mean(dim=1))


def convolution():
    return nn.Sequential(
        nn.Conv1d(1, 4, 2), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    )


@pytest.mark.parametrize("make", [Attention, Tied, convolution])
def test_other_architectures_agree_too(make):
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(0, 7, (20, 5), generator=generator)
    x = x[:, None].float() if make is convolution else x
    y = torch.randint(0, 3, (20,), generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # 笔记本里不该冒出 torch.func 的警告
        runs = sweep_gd(
            lambda seed: make(), F.cross_entropy, x, y, lr=[0.01, 0.2], seed=[0, 1], batch_size=8,
            momentum=0.9, n_steps=10,
        )  # fmt: skip
    for lr in (0.01, 0.2):
        for seed in (0, 1):
            torch.manual_seed(seed)
            expected, _ = reference(
                make(), F.cross_entropy, x, y, seed=seed, batch_size=8, n_steps=10,
                lr=lr, momentum=0.9,
            )  # fmt: skip
            actual = runs.sel(lr=lr, seed=seed)["loss"]
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_loss_whose_shapes_depend_on_the_batch():
    """损失只看 y > 0 的样本：各批的个数不同，不能照第一批的形状回放。"""

    def masked(output, y):
        return (output[y > 0] - 1).square().mean()

    x = torch.linspace(-1, 1, 12, dtype=torch.float64)[:, None]
    y = torch.tensor([1.0, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1], dtype=torch.float64)
    make = lambda seed: nn.Linear(1, 1).double()  # noqa: E731
    runs = sweep_gd(make, masked, x, y, lr=[0.1, 0.5], batch_size=4, n_steps=20)
    torch.manual_seed(0)
    expected, _ = reference(make(0), masked, x, y, seed=0, batch_size=4, n_steps=20, lr=0.5)
    np.testing.assert_allclose(runs.sel(lr=0.5)["loss"], expected, rtol=1e-10)


def test_neither_the_model_nor_the_data_nor_the_random_state_is_touched():
    x, y = classification()
    model = mlp(0)
    before = [p.detach().clone() for p in model.parameters()], x.clone(), torch.get_rng_state()
    runs = sweep_gd(lambda seed: model, F.cross_entropy, x, y, lr=[0.5], n_steps=3, batch_size=9)
    list(runs.attrs["train"](lr=0.5))
    after = list(model.parameters()), x, torch.get_rng_state()
    assert all(map(torch.equal, before[0], after[0]))
    assert torch.equal(before[1], after[1]) and torch.equal(before[2], after[2])


def test_layers_switched_to_evaluation_are_fine():
    def make_model(seed):
        parts = nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3)
        return nn.Sequential(*parts).eval()

    x, y = classification()
    runs = sweep_gd(make_model, F.cross_entropy, x, y, lr=[0.1], n_steps=5)
    assert (np.diff(runs["loss"].values) < 0).all()


# ---------------------------------------------------------------------------- sweep_gd：坏输入


def linear(seed):
    return nn.Linear(2, 1)


X, Y = torch.zeros(8, 2), torch.zeros(8, 1)
NAN = torch.tensor([[float("nan"), 1.0]] * 8)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"lr": 0.0}, ValueError, ["lr", "正数", "0"]),
        ({"lr": [0.1, -0.1]}, ValueError, ["lr", "正数", "-0.1"]),
        ({"lr": float("inf")}, ValueError, ["lr", "inf"]),
        ({"lr": float("nan")}, ValueError, ["lr", "NaN"]),
        ({"lr": []}, ValueError, ["lr", "空"]),
        ({"lr": [0.1, 0.1]}, ValueError, ["lr", "重复"]),
        ({"lr": "快"}, TypeError, ["lr", "str"]),
        ({"lr": None}, TypeError, ["lr", "NoneType"]),
        ({"lr": True}, TypeError, ["lr", "bool"]),
        ({"momentum": -0.1}, ValueError, ["momentum", "-0.1"]),
        ({"weight_decay": [-1]}, ValueError, ["weight_decay", "-1"]),
        ({"seed": 0.5}, TypeError, ["seed", "float"]),
        ({"seed": -1}, ValueError, ["seed", "-1"]),
        ({"n_steps": 0}, ValueError, ["n_steps", "0"]),
        ({"n_steps": 2.0}, TypeError, ["n_steps", "float"]),
        ({"record_every": 9}, ValueError, ["record_every", "9", "n_steps", "3"]),
        ({"batch_size": 9}, ValueError, ["batch_size", "9", "样本数", "8"]),
        ({"batch_size": 0}, ValueError, ["batch_size", "0"]),
        ({"batch_size": "全部"}, TypeError, ["batch_size", "str"]),
        ({"x": NAN}, ValueError, ["x", "NaN"]),
        ({"y": NAN[:, :1]}, ValueError, ["y", "NaN"]),
        ({"x": X[:0]}, ValueError, ["x", "(0, 2)"]),
        ({"x": 1.0}, ValueError, ["x", "第 0 维"]),
        ({"x": ["一", "二"]}, TypeError, ["x", "list"]),
        ({"y": Y[:7]}, ValueError, ["8", "7"]),
        ({"x": X.double()}, TypeError, ["x", "float64", "float32"]),
        ({"y": Y.double()}, TypeError, ["y", "float64", "float32"]),
        ({"x": X[:, :1]}, ValueError, ["x", "(8, 1)", "shapes"]),
        ({"y": Y[:, 0]}, ValueError, ["(8,)", "[8, 1]"]),
        ({"loss_fn": F.nll_loss}, ValueError, ["y", "torch.float32"]),
        ({"loss_fn": lambda o, y: (o - y).square()}, ValueError, ["loss_fn", "标量", "(8, 1)"]),
        ({"loss_fn": lambda o, y: 0.5}, ValueError, ["loss_fn", "标量", "float"]),
        ({"metrics": {"m": lambda o, y: o}}, ValueError, ["metrics['m']", "标量"]),
        ({"metrics": {"loss": F.mse_loss}}, ValueError, ["metrics", "loss", "重名"]),
        ({"metrics": [F.mse_loss]}, TypeError, ["metrics", "名字"]),
        ({"make_model": lambda seed: None}, TypeError, ["make_model", "NoneType"]),
        ({"make_model": lambda seed: nn.ReLU()}, ValueError, ["make_model", "参数"]),
        (
            {"make_model": lambda seed: nn.Linear(2, 1 + seed), "seed": [0, 1]},
            ValueError,
            ["结构不同"],
        ),
        (
            {"make_model": lambda seed: nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.5))},
            ValueError,
            ["Dropout", "sweep"],
        ),
        (
            {"make_model": lambda seed: nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))},
            ValueError,
            ["running_", "LayerNorm"],
        ),
        (
            {"loss_fn": lambda o, y: o.mean() if o.mean() > 0 else o.square().mean()},
            ValueError,
            ["if", "sweep"],
        ),
    ],
)
def test_bad_arguments(change, error, words):
    arguments = {"make_model": linear, "loss_fn": F.mse_loss, "x": X, "y": Y, "lr": [0.1]}
    with pytest.raises(error) as caught:
        sweep_gd(**{**arguments, "n_steps": 3, **change})
    assert all(word in str(caught.value) for word in words), caught.value
