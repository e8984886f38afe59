"""第 2 章的练习检查：对的要过，典型的错误要说中。"""

import math

import pytest
import torch

from utils.checks import check, exercises


def mse_gradient(X, y, theta):
    return 2 / len(y) * X.T @ (X @ theta - y)


def central(f, theta, h):
    gradient = torch.empty_like(theta)
    for i in range(len(theta)):
        step = torch.zeros_like(theta)
        step[i] = h
        gradient[i] = (f(theta + step) - f(theta - step)) / (2 * h)
    return gradient


def minibatch(X, y, theta, lr, order, batch_size):
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        theta = theta - lr * mse_gradient(X[rows], y[rows], theta)
    return theta


def standardize(train, test):
    mean, std = train.mean(dim=0), train.std(dim=0, unbiased=False)
    std = torch.where(std == 0, torch.ones_like(std), std)
    return (train - mean) / std, (test - mean) / std


RIGHT = {
    "ch02.updates": lambda n_samples, batch_size, n_epochs: n_epochs * -(-n_samples // batch_size),
    "ch02.gradient": lambda X, y, theta: 2 * ((X @ theta - y)[:, None] * X).mean(dim=0),
    "ch02.central_difference": central,
    "ch02.max_lr": lambda X: len(X) / torch.linalg.svdvals(X)[0] ** 2,
    "ch02.minibatch": minibatch,
    "ch02.standardize": standardize,
    "ch02.line_search": lambda H, g: (g**2).sum() / (g * (H @ g)).sum(),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_passes(name):
    result = check(name, RIGHT[name])
    assert result.passed, result


def test_every_exercise_is_tested():
    names = {name for name in exercises() if name.startswith("ch02.")}
    assert names == set(RIGHT) == {name for name, _, _ in WRONG}


def update_in_place(X, y, theta, lr, order, batch_size):
    for rows in order.split(batch_size):
        theta -= lr * mse_gradient(X[rows], y[rows], theta)
    return theta


def batch_without_update(X, y, theta, lr, order, batch_size):
    steps = [mse_gradient(X[rows], y[rows], theta) for rows in order.split(batch_size)]
    return theta - lr * torch.stack(steps).sum(0)


def batch_drop_last(X, y, theta, lr, order, batch_size):
    for i in range(len(y) // batch_size):
        rows = order[i * batch_size : (i + 1) * batch_size]
        theta = theta - lr * mse_gradient(X[rows], y[rows], theta)
    return theta


def batch_wrong_divisor(X, y, theta, lr, order, batch_size):
    for rows in order.split(batch_size):
        r = X[rows] @ theta - y[rows]
        theta = theta - lr * 2 / batch_size * X[rows].T @ r
    return theta


def batch_in_table_order(X, y, theta, lr, order, batch_size):
    return minibatch(X, y, theta, lr, torch.arange(len(y)), batch_size)


def batch_sum(X, y, theta, lr, order, batch_size):
    for rows in order.split(batch_size):
        theta = theta - lr * 2 * X[rows].T @ (X[rows] @ theta - y[rows])
    return theta


def difference_in_place(f, theta, h):
    gradient = torch.empty_like(theta)
    for i in range(len(theta)):
        theta[i] += h
        up = f(theta)
        theta[i] -= 2 * h
        gradient[i] = (up - f(theta)) / (2 * h)
    return gradient


def difference_forward(f, theta, h):
    eye = torch.eye(len(theta)) * h
    return torch.stack([(f(theta + row) - f(theta)) / h for row in eye.to(theta.dtype)])


def difference_all_at_once(f, theta, h):
    return ((f(theta + h) - f(theta - h)) / (2 * h)) * torch.ones_like(theta)


def scaled(mean, std):
    """用给定的统计量标准化；常数列不缩放。"""

    def f(train, test):
        m, s = mean(train, test), std(train, test)
        s = torch.where(s > 0, s, torch.ones_like(s))
        return (train - m) / s, (test - m) / s

    return f


def own_statistics(train, test):
    return standardize(train, train)[0], standardize(test, test)[0]


def column_mean(train, test):
    return train.mean(0)


def hessian(X):
    return 2 / len(X) * X.T @ X


WRONG = [
    ("ch02.updates", lambda n_samples, batch_size, n_epochs: n_epochs * (n_samples // batch_size),
     "向上取整"),
    ("ch02.updates", lambda n_samples, batch_size, n_epochs: math.ceil(
        n_epochs * n_samples / batch_size), "先对一个 epoch 取整"),
    ("ch02.updates", lambda n_samples, batch_size, n_epochs: n_samples * n_epochs, "多少个样本"),
    ("ch02.gradient", lambda X, y, theta: X.T @ (X @ theta - y) / len(y), "系数 2"),
    ("ch02.gradient", lambda X, y, theta: 2 * X.T @ (X @ theta - y), "X.shape[0]"),
    ("ch02.gradient", lambda X, y, theta: -mse_gradient(X, y, theta), "符号反了"),
    ("ch02.gradient", lambda X, y, theta: 2 * (X @ theta - y).mean() * X.mean(0), "自己的特征"),
    ("ch02.gradient", lambda X, y, theta: mse_gradient(X, y, theta)[:, None], "形状"),
    ("ch02.gradient", lambda X, y, theta: mse_gradient(X, y[:, None], theta), "形状"),
    ("ch02.central_difference", difference_forward, "前向差分"),
    ("ch02.central_difference", lambda f, theta, h: 2 * central(f, theta, h), "2h"),
    ("ch02.central_difference", difference_all_at_once, "只动一个参数"),
    ("ch02.central_difference", difference_in_place, "改动了输入"),
    ("ch02.max_lr", lambda X: 1 / torch.linalg.eigvalsh(hessian(X))[-1], "一步到底"),
    ("ch02.max_lr", lambda X: 2 / torch.linalg.eigvalsh(X.T @ X)[-1], "2/N"),
    ("ch02.max_lr", lambda X: 2 / torch.linalg.eigvalsh(hessian(X))[0], "最大的特征值"),
    ("ch02.max_lr", lambda X: len(X) / torch.linalg.svdvals(X)[0], "平方"),
    ("ch02.max_lr", lambda X: 2 / hessian(X).trace(), "迹"),
    ("ch02.max_lr", lambda X: 2 / torch.linalg.eigvalsh(hessian(X)), "形状"),
    ("ch02.minibatch", batch_drop_last, "丢掉"),
    ("ch02.minibatch", batch_wrong_divisor, "真正的样本数"),
    ("ch02.minibatch", batch_in_table_order, "order"),
    ("ch02.minibatch", batch_without_update, "马上更新"),
    ("ch02.minibatch", batch_sum, "总和"),
    ("ch02.minibatch", update_in_place, "改动了输入"),
    ("ch02.standardize", own_statistics, "训练集的 μ 和 σ"),
    ("ch02.standardize", scaled(lambda a, b: -a.mean(0), lambda a, b: a.std(0, unbiased=False)),
     "减去均值"),
    ("ch02.standardize", scaled(column_mean, lambda a, b: a.var(0, unbiased=False)), "方差"),
    ("ch02.standardize", scaled(column_mean, lambda a, b: a.std(0)), "N−1"),
    ("ch02.standardize", scaled(lambda a, b: torch.cat([a, b]).mean(0),
                                lambda a, b: torch.cat([a, b]).std(0, unbiased=False)), "漏进"),
    ("ch02.standardize", scaled(lambda a, b: a.mean(), lambda a, b: a.std(unbiased=False)),
     "各算各的"),
    ("ch02.standardize", lambda train, test: (
        (train - train.mean(0)) / train.std(0, unbiased=False),
        (test - train.mean(0)) / train.std(0, unbiased=False)), "常数"),
    ("ch02.standardize", lambda train, test: standardize(train, test)[0], "2 个值"),
    ("ch02.line_search", lambda H, g: 2 * (g @ g) / (g @ H @ g), "一半"),
    ("ch02.line_search", lambda H, g: 1 / torch.linalg.eigvalsh(H)[-1], "保守"),
    ("ch02.line_search", lambda H, g: (g @ H @ g) / (g @ g), "写反"),
    ("ch02.line_search", lambda H, g: g.norm() / (g @ H @ g), "长度的平方"),
    ("ch02.line_search", lambda H, g: torch.linalg.solve(H, g), "形状"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_typical_mistake_gets_its_hint(name, answer, hint):
    result = check(name, answer)
    assert not result.passed
    assert hint in result.message, result


def not_started(*args):
    raise NotImplementedError


@pytest.mark.parametrize("name", RIGHT)
def test_unfinished_stub_is_told_kindly(name):
    result = check(name, not_started)
    assert result.status == "unfinished"
