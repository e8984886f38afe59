"""几份模型一起训练：每一份与单独用 torch.optim 训练的逐点相同。"""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from utils.training import Copies

G = torch.Generator().manual_seed(0)
X = torch.randn(50, 6, generator=G, dtype=torch.float32)
TOKENS = torch.randint(7, (50, 6), generator=G)
IMAGES = torch.randn(50, 1, 8, 8, generator=G, dtype=torch.float32)
Y = torch.randint(3, (50,), generator=G)


def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def with_batch_norm():
    return nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))


def convolution():
    layers = [nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(36, 3))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.read = nn.Embedding(7, 8), nn.Linear(8, 3)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, x):
        return self.read(self.layer(self.embed(x)).mean(1))


class Tied(nn.Module):
    """输入与输出共用一份权重。"""

    def __init__(self):
        super().__init__()
        self.embed, self.read = nn.Embedding(7, 8), nn.Linear(8, 7, bias=False)
        self.read.weight = self.embed.weight

    def forward(self, x):
        return self.read(self.embed(x).mean(1))


def alone(make_model, seed, make_optimizer, x, *, n_steps, batch_size, loss_fn=F.cross_entropy):
    """读者自己会写的循环：返回每一步的损失和训练好的模型。"""
    torch.manual_seed(seed)
    model = make_model()
    optimizer = make_optimizer(model.parameters())
    generator, batches, losses = torch.Generator().manual_seed(seed), iter(()), []
    for step in range(n_steps + 1):
        rows = next(batches, None)
        if rows is None:
            batches = iter(torch.randperm(len(x), generator=generator).split(batch_size))
            rows = next(batches)
        loss = loss_fn(model(x[rows]), Y[rows])
        losses.append(loss.detach())
        if step < n_steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return torch.stack(losses), model.eval()


def assert_same_as_alone(make_model, x, make, hyper, *, n_copies=4, **loop):
    """hyper：{名字: 一列值}，每份模型一个。"""
    seeds = [i % 2 for i in range(n_copies)]
    nets = Copies(make_model, seeds)
    curves = [losses for _, losses in nets.train(x, Y, nets.optimizer(make, **hyper), **loop)]
    for i, seed in enumerate(seeds):
        one = {name: values[i] for name, values in hyper.items()}
        expected, model = alone(make_model, seed, lambda p, one=one: make(p, **one), x, **loop)
        torch.testing.assert_close(torch.stack(curves)[:, i], expected, rtol=0, atol=1e-5)
        with torch.no_grad():
            torch.testing.assert_close(nets.predict(x)[i], model(x), rtol=0, atol=1e-4)
            torch.testing.assert_close(nets[i](x), model(x), rtol=0, atol=1e-4)


OPTIMIZERS = {
    "SGD": (torch.optim.SGD, {"lr": [0.03, 0.03, 0.3, 0.3], "momentum": [0.9] * 4}),
    "SGD 各样": (torch.optim.SGD, {"lr": [0.1] * 4, "weight_decay": [0.0, 0.1, 0.1, 0.5]}),
    "Adam": (torch.optim.Adam, {"lr": [0.001, 0.03, 0.01, 0.001], "betas": [(0.8, 0.9)] * 4}),
    "AdamW": (torch.optim.AdamW, {"lr": [0.01, 0.02] * 2, "weight_decay": [0.0, 0.0, 1.0, 1.0]}),
    "RMSprop": (torch.optim.RMSprop, {"lr": [0.001] * 4, "alpha": [0.9, 0.9, 0.99, 0.99]}),
    "Adagrad": (torch.optim.Adagrad, {"lr": [0.1, 0.2, 0.3, 0.4]}),
    "NAdam": (torch.optim.NAdam, {"lr": [0.001, 0.01] * 2}),
    "ASGD": (torch.optim.ASGD, {"lr": [0.1, 0.1, 0.5, 0.5]}),
    "Rprop": (torch.optim.Rprop, {"lr": [0.001, 0.001, 0.01, 0.01]}),
}


@pytest.mark.parametrize(("make", "hyper"), OPTIMIZERS.values(), ids=list(OPTIMIZERS))
def test_each_copy_follows_the_path_it_takes_alone(make, hyper):
    batch = 50 if make is torch.optim.Rprop else 16  # 16：每轮最后一批只有两个样本
    assert_same_as_alone(mlp, X, make, hyper, n_steps=20, batch_size=batch)


@pytest.mark.parametrize(
    ("make_model", "x"),
    [(with_batch_norm, X), (convolution, IMAGES), (Transformer, TOKENS), (Tied, TOKENS)],
)
def test_other_architectures_agree_too(make_model, x):
    hyper = {"lr": [0.1, 0.1, 0.3, 0.3]}
    assert_same_as_alone(make_model, x, torch.optim.SGD, hyper, n_steps=12, batch_size=16)


def test_another_loss_and_all_the_data_at_once():
    nets = Copies(mlp, seeds=[0, 1])
    target = torch.randn(50, 3, generator=torch.Generator().manual_seed(5))
    optimizer = nets.optimizer(torch.optim.SGD, lr=0.1)
    steps = nets.train(X, target, optimizer, n_steps=5, loss_fn=F.mse_loss)
    curve = torch.stack([losses for _, losses in steps])
    for i in range(2):
        torch.manual_seed(i)
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(6):
            loss = F.mse_loss(model(X), target)
            torch.testing.assert_close(curve[step, i], loss.detach(), rtol=0, atol=1e-5)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def test_steps_are_yielded_along_the_way_and_the_end_always():
    nets = Copies(mlp, seeds=range(3))
    start = {name: w.detach().clone() for name, w in nets.weights.items()}
    steps = nets.train(
        X, Y, nets.optimizer(torch.optim.SGD, lr=0.1), n_steps=7, batch_size=16, every=3
    )
    step, losses = next(steps)
    assert step == 0 and losses.shape == (3,) and not losses.requires_grad
    assert all(torch.equal(nets.weights[name], w) for name, w in start.items())
    assert [step for step, _ in steps] == [3, 6, 7]
    assert not any(torch.equal(nets.weights[name], w) for name, w in start.items())


def test_a_loop_of_ones_own_and_gradients_that_are_thrown_away():
    """zero_grad 真的清掉梯度：GAN 里判别器会收到它不用的梯度。"""
    rates = [0.1, 0.5]
    nets, reference = Copies(mlp, [0, 0]), [Copies(mlp, [0])[0].train() for _ in rates]
    optimizer = nets.optimizer(torch.optim.SGD, lr=rates)
    for _ in range(4):
        nets(X.expand(2, *X.shape)).square().sum().backward()  # 这份梯度不要
        optimizer.zero_grad()
        F.cross_entropy(nets(X.expand(2, *X.shape)).flatten(0, 1), Y.repeat(2)).backward()
        optimizer.step()
        for model, lr in zip(reference, rates, strict=True):
            model.zero_grad()
            (F.cross_entropy(model(X), Y) / 2).backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= lr * p.grad
        for i, model in enumerate(reference):
            torch.testing.assert_close(nets.predict(X)[i], model(X).detach(), rtol=0, atol=1e-5)


def test_learning_rate_schedules_work_on_every_group():
    nets = Copies(mlp, [0, 1])
    optimizer = nets.optimizer(torch.optim.SGD, lr=[0.1, 0.2])
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    nets(X.expand(2, *X.shape)).sum().backward()
    optimizer.step()
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.1]


def test_dropout_differs_between_copies_and_predict_switches_it_off():
    nets = Copies(lambda: nn.Sequential(nn.Linear(6, 99), nn.Dropout(0.5)), [0, 0])
    torch.manual_seed(0)
    first, second = nets(X.expand(2, *X.shape))
    assert not torch.equal(first == 0, second == 0) and 0.4 < (first == 0).double().mean() < 0.6
    assert torch.equal(nets.predict(X)[0], nets.predict(X)[1])


def test_the_random_state_and_the_model_given_are_left_alone():
    model, before = mlp(), torch.get_rng_state()
    weights = [p.detach().clone() for p in model.parameters()]
    nets = Copies(lambda: model, [0, 1])
    *_, _ = nets.train(X, Y, nets.optimizer(torch.optim.SGD, lr=1.0), n_steps=3, batch_size=9)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(*pair) for pair in zip(weights, model.parameters(), strict=True))


def test_one_diverging_copy_does_not_touch_the_others():
    nets = Copies(mlp, [0, 0])
    optimizer = nets.optimizer(torch.optim.SGD, lr=[1e20, 0.1])
    *_, (_, losses) = nets.train(X, Y, optimizer, n_steps=10, batch_size=16)
    assert not losses[0].isfinite() or losses[0] > 1e3
    expected, _ = alone(mlp, 0, lambda p: torch.optim.SGD(p, lr=0.1), X, n_steps=10, batch_size=16)
    torch.testing.assert_close(losses[1], expected[-1], rtol=0, atol=1e-5)


# ---------------------------------------------------------------------------- 坏输入


@pytest.mark.parametrize(
    ("make_model", "seeds", "error", "words"),
    [
        (mlp, [], ValueError, "至少要有一个种子"),
        (mlp, [0.5], TypeError, "seeds 里的种子 应当是整数"),
        (mlp, [-1], ValueError, "seeds 里的种子"),
        (lambda: mlp, [0], TypeError, "make_model 应当返回 nn.Module"),
        (lambda: nn.Linear, [0], TypeError, "而不是它的实例"),
        (nn.Tanh, [0], ValueError, "没有可以训练的参数"),
        (lambda: nn.Linear(1, int(torch.randint(2, 99, ()))), [0, 1], ValueError, "叠不起来"),
    ],
)
def test_bad_models(make_model, seeds, error, words):
    with pytest.raises(error, match=words):
        Copies(make_model, seeds)


def coupled(params, lr):
    """一个把整个张量的梯度归一化的优化器（LARS 的做法）。"""

    class Normalised(torch.optim.SGD):
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data.sub_(p.grad / p.grad.norm(), alpha=group["lr"])

    return Normalised(params, lr=lr)


@pytest.mark.parametrize(
    ("make", "hyper", "error", "words"),
    [
        (torch.optim.SGD, {"lr": [0.1]}, ValueError, "lr 有 1 个值，模型有 2 份"),
        (torch.optim.SGD, {"lr": np.ones(3)}, ValueError, "lr 有 3 个值"),
        (torch.optim.SGD, {"lr": [0.1, -1.0]}, ValueError, "优化器不接受.*-1"),
        (torch.optim.SGD, {"rate": 0.1}, TypeError, "优化器不接受.*rate"),
        (torch.optim.LBFGS, {"lr": 0.1}, TypeError, "不能只靠梯度更新"),
        (torch.optim.Muon, {"lr": 0.1}, ValueError, "优化器不接受"),
        (torch.optim.Adafactor, {"lr": 0.1}, ValueError, "混在一起"),
        (coupled, {"lr": 0.1}, ValueError, "coupled 会把各份模型混在一起"),
    ],
)
def test_optimizers_that_cannot_do_it_are_refused(make, hyper, error, words):
    with pytest.raises(error, match=words):
        Copies(mlp, [0, 1]).optimizer(make, **hyper)


class Branching(nn.Linear):
    def forward(self, x):
        return super().forward(x) if x.sum().item() > 0 else x


@pytest.mark.parametrize(
    ("make_model", "change", "error", "words"),
    [
        (mlp, {"n_steps": -1}, ValueError, "n_steps 应当不小于 0"),
        (mlp, {"every": 0}, ValueError, "every 应当不小于 1"),
        (mlp, {"batch_size": 51}, ValueError, "batch_size 应当在 1 到 样本数 50 之间"),
        (mlp, {"batch_size": 2.0}, TypeError, "batch_size 应当是整数"),
        (mlp, {"y": Y[:9]}, ValueError, "x 有 50 个样本，y 有 9 个"),
        (mlp, {"x": X[:, :2]}, ValueError, "算不出来"),
        (mlp, {"y": Y + 9}, ValueError, "算不出来|out of bounds"),
        (mlp, {"loss_fn": F.mse_loss, "y": X[:, :1]}, ValueError, "算不出来"),
        (mlp, {"loss_fn": lambda out, y: out}, ValueError, "应当返回标量"),
        (lambda: Branching(6, 3), {}, ValueError, "按张量的值走的 if"),
    ],
)
def test_bad_data_and_bad_loops(make_model, change, error, words):
    nets = Copies(make_model, [0, 1])
    optimizer = nets.optimizer(torch.optim.SGD, lr=0.1)
    arguments = {"x": X, "y": Y, "n_steps": 2, "batch_size": 16} | change
    with pytest.raises(error, match=words):
        list(nets.train(optimizer=optimizer, **arguments))


def test_a_call_wants_one_batch_per_copy():
    with pytest.raises(ValueError, match="第 0 维应当是 2 份模型"):
        Copies(mlp, [0, 1])(X)


def test_every_pair_of_rates_and_seeds():
    """文档里的写法：学习率与种子的各种组合，种子在最里层，每个学习率一个参数组。"""
    rates, seeds = zip(*itertools.product([0.01, 0.1], range(3)), strict=True)
    optimizer = Copies(mlp, seeds).optimizer(torch.optim.Adam, lr=list(rates))
    assert [group["lr"] for group in optimizer.param_groups] == [0.01, 0.1]
    assert [group["params"][0].shape for group in optimizer.param_groups] == [(3, 8, 6)] * 2
