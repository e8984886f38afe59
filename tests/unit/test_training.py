"""训练循环：与手写的循环逐位相同；停下的每一种方式；用错时的中文说明。"""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from utils import fit
from utils.training import History

N, D = 50, 3


@pytest.fixture
def data():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(N, D, generator=g)
    return x, x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1 * torch.randn(N, 1, generator=g)


def net(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(D, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))


def sgd(model, lr=0.1, **options):
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


def run(model, data, loss_fn=F.mse_loss, optimizer=None, **options):
    options = {"n_epochs": 3, "progress": False, **options}
    return fit(model, data, loss_fn, optimizer or sgd(model), **options)


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# ---------------------------------------------------------------- 与手写的循环相同


@pytest.mark.parametrize("batch_size", [1, 7, 50, None])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_same_parameters_as_a_hand_written_loop(data, batch_size, dropout):
    x, y = data
    ours, theirs = net(1, dropout), net(1, dropout)
    optimizer = sgd(ours, lr=0.02, momentum=0.9)
    history = run(ours, data, optimizer=optimizer, batch_size=batch_size, seed=3)

    generator = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    optimizer = sgd(theirs, lr=0.02, momentum=0.9)
    losses = []
    for _ in range(3):
        total = 0.0
        for i in torch.randperm(N, generator=generator).split(batch_size or N):
            loss = F.mse_loss(theirs(x[i]), y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(i)
        losses.append(total / N)

    assert torch.equal(parameters(ours), parameters(theirs))
    assert history.train["loss"] == pytest.approx(losses, rel=1e-12)


def test_a_data_loader_gives_the_same_as_its_own_loop(data):
    def loader():
        g = torch.Generator().manual_seed(5)
        return DataLoader(TensorDataset(*data), batch_size=8, shuffle=True, generator=g)

    ours, theirs = net(), net()
    run(ours, loader(), n_epochs=2)
    optimizer, batches = sgd(theirs), loader()
    for _ in range(2):
        for x, y in batches:
            optimizer.zero_grad()
            F.mse_loss(theirs(x), y).backward()
            optimizer.step()
    assert torch.equal(parameters(ours), parameters(theirs))


def test_seed_decides_everything_and_leaves_the_outside_alone(data):
    def train(seed):
        model = net(0, dropout=0.3)
        run(model, data, seed=seed)
        return parameters(model)

    assert torch.equal(train(1), train(1))
    assert not torch.equal(train(1), train(2))
    shuffled = DataLoader(TensorDataset(*data), batch_size=8, shuffle=True)
    a, b = net(), net()
    torch.manual_seed(11)
    run(a, shuffled, seed=1)
    torch.manual_seed(22)
    state = torch.get_rng_state()
    run(b, shuffled, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(parameters(a), parameters(b))


def test_numpy_arrays_take_the_dtype_of_the_model(data):
    x, y = (v.numpy().astype(np.float64) for v in data)
    ours, theirs = net(), net()
    run(ours, (x[::-1], y[::-1]))  # 负步长的视图也可以
    run(theirs, tuple(v.flip(0) for v in data))
    assert torch.equal(parameters(ours), parameters(theirs))
    labels = (y[:, 0] > 0).astype(np.int32)
    run(nn.Linear(D, 2), (x, labels), F.cross_entropy)
    run(net().double(), (x, y))


# ---------------------------------------------------------------- 记录


@given(
    n=st.integers(1, 40),
    n_validation=st.integers(1, 40),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=25, deadline=None)
def test_records_are_means_over_samples(n, n_validation, batch_size, seed):
    """学习率为零时，各批的加权平均就是全体的平均，与批的大小无关。"""
    g = torch.Generator().manual_seed(seed)
    x, y = torch.randn(n, D, generator=g), torch.randn(n, 1, generator=g)
    v = torch.randn(n_validation, D, generator=g), torch.randn(n_validation, 1, generator=g)
    model = net()
    history = run(
        model,
        (x, y),
        optimizer=sgd(model, lr=0.0),
        n_epochs=2,
        batch_size=min(batch_size, n),
        validation=v,
        metrics={"MAE": lambda out, y: (out - y).abs().mean()},
    )
    with torch.no_grad():
        for table, (a, b) in [(history.train, (x, y)), (history.validation, v)]:
            assert table["loss"] == pytest.approx([F.mse_loss(model(a), b).item()] * 2, rel=1e-5)
            assert table["MAE"] == pytest.approx([F.l1_loss(model(a), b).item()] * 2, rel=1e-5)


def test_history_is_easy_to_plot_and_to_read(data):
    history = run(net(), data, validation=data, metrics={"最大误差": lambda a, b: (a - b).max()})
    assert len(history) == 3 and list(history.epochs) == [1, 2, 3]
    assert history.status == "finished" and history.stopped == "跑完了 3 轮。"
    assert history.train["loss"][-1] < history.train["loss"][0]
    assert history.best_epoch == int(np.argmin(history.validation["loss"])) + 1
    text = repr(history)
    assert "3 轮" in text and "训练损失" in text and "验证 最大误差" in text
    assert "验证" not in repr(run(net(), data))
    assert History().best_epoch is None and len(History()) == 0


def test_more_than_one_evaluation_batch_and_loaders_as_validation(data):
    x = torch.randn(2500, D)
    validation = x, x.sum(1, keepdim=True)
    model = net()
    a = run(model, data, validation=validation)
    with torch.no_grad():
        expected = F.mse_loss(model(x), validation[1]).item()
    assert a.validation["loss"][-1] == pytest.approx(expected, rel=1e-5)
    b = run(net(), data, validation=DataLoader(TensorDataset(*validation), batch_size=100))
    assert b.validation["loss"] == pytest.approx(a.validation["loss"], rel=1e-5)


def test_streaming_loader_without_a_length(data):
    class Stream(IterableDataset):
        def __iter__(self):
            yield from zip(*data, strict=True)

    history = run(net(), DataLoader(Stream(), batch_size=8), progress=True)
    assert len(history) == 3


def test_modes_dropout_is_on_in_training_and_off_in_validation_and_after(data):
    modes = []

    class Spy(nn.Linear):
        def forward(self, x):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(x)

    model = Spy(D, 1)
    run(model, data, batch_size=None, validation=data, n_epochs=2)
    assert modes == [(True, True), (False, False)] * 2
    assert not model.training


def test_metrics_see_detached_outputs(data):
    history = run(net(), data, metrics={"在计算图里": lambda out, y: out.requires_grad})
    assert history.train["在计算图里"] == [0, 0, 0]


# ---------------------------------------------------------------- 停下


def test_early_stop_restores_the_best_weights(data):
    x, y = data
    model = net()
    validation = x, -y  # 学得越好，验证损失越高
    states = []

    def remember(out, target):
        if not model.training:
            states.append(parameters(model).clone())
        return 0.0

    history = run(
        model, data, n_epochs=50, validation=validation, patience=4, metrics={"m": remember}
    )
    assert history.status == "early_stopped" and "连续 4 轮" in history.stopped
    assert len(history) == history.best_epoch + 4 < 50
    assert torch.equal(parameters(model), states[history.best_epoch - 1])
    assert not torch.equal(parameters(model), states[-1])


def test_patience_also_keeps_the_best_weights_of_a_full_run(data):
    model = net()
    history = run(model, data, n_epochs=5, validation=data, patience=5)
    assert history.status == "finished"
    with torch.no_grad():
        loss = F.mse_loss(model(data[0]), data[1]).item()
    assert loss == pytest.approx(min(history.validation["loss"]), rel=1e-5)


def test_divergence_stops_with_advice_instead_of_an_exception(data, capsys):
    model = nn.Linear(D, 1)
    history = run(model, data, optimizer=sgd(model, lr=1e6), n_epochs=100, progress=True)
    assert history.status == "diverged" and 0 < len(history) < 100
    assert all(math.isfinite(v) for v in history.train["loss"])
    for text in ("变成了", "学习率（现在是 1e+06）", "标准化", "裁剪"):
        assert text in history.stopped
    assert history.stopped in capsys.readouterr().out
    assert not model.training
    model = nn.Linear(D, 1)
    assert run(model, data, optimizer=sgd(model, lr=1e6), n_epochs=100).status == "diverged"
    assert capsys.readouterr().out == ""


def test_divergence_on_the_validation_set_and_with_patience(data):
    model = net()
    calls = []

    def loss_fn(out, y):
        loss = F.mse_loss(out, y)
        if not torch.is_grad_enabled():
            calls.append(parameters(model).clone())
        return loss * (float("nan") if len(calls) == 3 else 1)

    history = run(model, data, loss_fn, n_epochs=9, validation=data, patience=9)
    assert history.status == "diverged" and "验证集" in history.stopped
    assert len(history) == len(history.validation["loss"]) == 2
    assert torch.equal(parameters(model), calls[history.best_epoch - 1])


@pytest.mark.parametrize("epoch", [1, 3])
def test_interrupt_leaves_history_and_model_usable(data, epoch, capsys):
    model, calls = net(), []

    def stop(out, y):
        calls.append(1)
        if len(calls) == 3 * (epoch - 1) + 2:  # 每轮 3 批：在这一轮的第 2 批按停止键
            raise KeyboardInterrupt
        return 0.0

    history = run(model, data, batch_size=20, n_epochs=9, metrics={"m": stop}, progress=True)
    assert history.status == "interrupted" and "中断" in history.stopped
    assert len(history) == len(history.train["m"]) == epoch - 1
    assert "中断" in capsys.readouterr().out and repr(history)
    assert not model.training and torch.isfinite(parameters(model)).all()
    assert len(run(model, data)) == 3  # 接着训练


def test_an_error_in_the_readers_own_function_is_raised(data):
    def broken(out, y):
        raise LookupError("我的错")

    model = net()
    with pytest.raises(LookupError, match="我的错"):
        run(model, data, metrics={"m": broken})
    assert not model.training


# ---------------------------------------------------------------- 进度条与设备


def test_progress_is_shown_or_quiet(data, capfd):
    run(net(), data, progress=True, validation=data)
    captured = capfd.readouterr()
    assert "第 3/3 轮" in captured.err and "验证损失" in captured.err and captured.out == ""
    run(net(), data)
    captured = capfd.readouterr()
    assert captured.err == "" and captured.out == ""


def test_no_warnings(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(net(), data, progress=True, validation=data, patience=2)


def test_device(data):
    model = net()
    run(model, data, device="cpu")
    run(model, data, device=torch.device("cpu"))
    assert next(model.parameters()).device.type == "cpu"
    with pytest.raises(ValueError, match="device='gpu' 不是一个设备"):
        run(model, data, device="gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="没有可用的 cuda"):
            run(model, data, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="需要 NVIDIA 显卡")
def test_trains_on_the_accelerator_and_comes_back(data):
    seen = []

    def spy(out, y):
        seen.append((out.device.type, y.device.type))
        return 0.0

    model = net(dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters())
    state = torch.get_rng_state(), torch.cuda.get_rng_state()
    run(model, data, optimizer=optimizer, metrics={"m": spy}, validation=data, patience=2)
    assert set(seen) == {("cuda", "cuda")}
    assert {p.device.type for p in model.parameters()} == {"cpu"}
    assert optimizer.state[model[0].weight]["exp_avg"].device.type == "cpu"
    assert torch.equal(torch.get_rng_state(), state[0])
    assert torch.equal(torch.cuda.get_rng_state(), state[1])
    run(model, data, optimizer=optimizer, device="cpu")  # 接着在 CPU 上训练
    run(model, data, optimizer=optimizer)
    loader = DataLoader(TensorDataset(*data), batch_size=8)
    run(model.cuda(), loader)
    assert next(model.parameters()).device.type == "cuda"  # 原来在哪里就回到哪里
    cpu, gpu = net(), net()
    run(cpu, data, device="cpu")
    run(gpu, data, device="cuda")
    assert torch.allclose(parameters(cpu), parameters(gpu), atol=1e-4)


# ---------------------------------------------------------------- 用错


X, Y = torch.randn(10, D), torch.randn(10, 1)


class Fussy(torch.autograd.Function):
    """像旧版 PyTorch 那样，到反向传播才发现 y 的 dtype 不对。"""

    @staticmethod
    def forward(ctx, output, y):
        return ((output - y) ** 2).mean()

    @staticmethod
    def backward(ctx, grad):
        raise RuntimeError("Found dtype Long but expected Float")


def fussy_mse(output, y):
    return Fussy.apply(output, y)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n_epochs": 0}, ValueError, ["n_epochs", "0", "不小于 1"]),
        ({"n_epochs": -3}, ValueError, ["n_epochs", "-3"]),
        ({"n_epochs": 2.5}, TypeError, ["n_epochs", "2.5", "float"]),
        ({"n_epochs": True}, TypeError, ["n_epochs", "bool"]),
        ({"batch_size": 11}, ValueError, ["batch_size=11", "10", "None"]),
        ({"batch_size": 0}, ValueError, ["batch_size", "不小于 1"]),
        ({"batch_size": "全部"}, TypeError, ["batch_size", "全部"]),
        ({"seed": -1}, ValueError, ["seed"]),
        ({"patience": 3}, ValueError, ["patience", "validation="]),
        ({"patience": 0, "validation": (X, Y)}, ValueError, ["patience"]),
        ({"data": X}, TypeError, ["data", "(x, y)", "(10, 3)"]),
        ({"data": (X, Y, Y)}, TypeError, ["data", "3 个元素"]),
        ({"data": (X, Y[:9])}, ValueError, ["data", "10", "9"]),
        ({"data": (X[:0], Y[:0])}, ValueError, ["data 的 x", "没有样本"]),
        ({"data": (torch.tensor(1.0), Y)}, ValueError, ["data 的 x", "没有样本"]),
        ({"data": ([[1.0]], Y)}, TypeError, ["data 的 x", "torch.tensor"]),
        ({"data": (np.array(["a"] * 10), Y)}, TypeError, ["data 的 x", "<U1"]),
        ({"data": (X / (X > -9e9).logical_not(), Y)}, ValueError, ["data 的 x", "30 个", "[0, 0]"]),
        ({"data": (X, torch.full((10, 1), math.nan))}, ValueError, ["data 的 y", "NaN"]),
        ({"validation": (X, Y[:4])}, ValueError, ["validation", "4"]),
        ({"validation": 0.2}, TypeError, ["validation", "0.2"]),
        ({"model": nn.Linear}, TypeError, ["model", "类 Linear"]),
        ({"model": nn.ReLU()}, ValueError, ["model", "没有可以训练的参数"]),
        ({"loss_fn": nn.MSELoss}, TypeError, ["loss_fn", "类 MSELoss", "括号"]),
        ({"loss_fn": "mse"}, TypeError, ["loss_fn", "'mse'"]),
        ({"optimizer": torch.optim.SGD}, TypeError, ["optimizer", "类 SGD", "model.parameters()"]),
        ({"optimizer": sgd(net())}, ValueError, ["optimizer", "没有一个属于这个 model"]),
        ({"metrics": [len]}, TypeError, ["metrics", "字典"]),
        ({"metrics": {"a": 1}}, TypeError, ["metrics['a']"]),
        ({"metrics": {"loss": len}}, ValueError, ["metrics", '"loss"']),
        ({"metrics": {"a": lambda o, y: o - y}}, ValueError, ["metrics['a']", ".mean()"]),
        # 到第一批才看得出来的
        ({"data": (X.double(), Y)}, TypeError, ["data 的 x", "float64", "float32"]),
        ({"data": (X.long(), Y)}, TypeError, ["data 的 x", "int64", "float32"]),
        ({"data": (X[:, :2], Y)}, ValueError, ["data 的 x", "(10, 2)", "第一层"]),
        ({"data": (X, Y[:, 0])}, ValueError, ["(10, 1)", "(10,)", "广播", "y[:, None]"]),
        ({"loss_fn": fussy_mse, "data": (X, Y.long())}, TypeError, ["int64", "y.float()"]),
        ({"data": (X, Y), "loss_fn": F.cross_entropy, "out": 4}, None, ["loss_fn", "(10, 4)"]),
        ({"data": (X, Y[:, 0]), "loss_fn": F.cross_entropy, "out": 4}, None, ["y.long()"]),
        (
            {"data": (X, torch.full((10,), 7)), "loss_fn": F.cross_entropy, "out": 4},
            ValueError,
            ["到 7", "4 类", "0 到 3"],
        ),
        ({"loss_fn": nn.MSELoss(reduction="none")}, ValueError, ["loss_fn", "(10, 1)", ".mean()"]),
        ({"loss_fn": lambda o, y: 0.5}, ValueError, ["loss_fn", "0.5"]),
        ({"loss_fn": lambda o, y: o.detach().mean()}, ValueError, ["loss_fn", "计算图"]),
        ({"validation": (X, Y[:, 0])}, ValueError, ["validation 的 y", "广播"]),
    ],
)
def test_bad_input_names_the_argument_and_what_would_work(options, error, words):
    options = {"model": net(), "data": (X, Y), "batch_size": None, **options}
    if n := options.pop("out", None):
        options["model"] = nn.Linear(D, n)
    model, data = options.pop("model"), options.pop("data")
    if isinstance(model, nn.Module) and list(model.parameters()):
        options.setdefault("optimizer", sgd(model))
    else:
        options.setdefault("optimizer", sgd(net()))
    with pytest.raises(error or (TypeError, ValueError)) as caught:
        run(model, data, options.pop("loss_fn", F.mse_loss), **options)
    assert type(caught.value) in (TypeError, ValueError)
    for word in words:
        assert word in str(caught.value)


def test_a_model_that_diverged_before_is_refused(data):
    model = net()
    with torch.no_grad():
        model[0].weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="上一次训练发散"):
        run(model, data)


def test_bad_data_loaders(data):
    with pytest.raises(TypeError, match=r"\(x, y\) 两个张量"):
        run(net(), DataLoader(TensorDataset(data[0]), batch_size=8))
    with pytest.raises(ValueError, match="一批也没有"):
        run(net(), DataLoader(TensorDataset(*data), batch_size=99, drop_last=True))


def test_bad_input_leaves_the_parameters_alone(data):
    model = net()
    before = parameters(model).clone()
    for bad in [(data[0].double(), data[1]), (data[0], data[1][:, 0]), (data[0][:9], data[1])]:
        with pytest.raises((TypeError, ValueError)):
            run(model, bad)
    assert torch.equal(parameters(model), before)


@given(st.integers(-5, 60), st.integers(-5, 5))
@settings(max_examples=40, deadline=None)
def test_any_integers_either_train_or_are_explained(batch_size, n_epochs):
    model = nn.Linear(D, 1)
    valid = 1 <= batch_size <= 10 and n_epochs >= 1
    try:
        history = run(model, (X, Y), batch_size=batch_size, n_epochs=n_epochs)
    except ValueError as error:
        assert not valid and ("batch_size" in str(error) or "n_epochs" in str(error))
    else:
        assert valid and len(history) == n_epochs
