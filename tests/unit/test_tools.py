"""几章都用到的小工具：与独立的写法比较。"""

import time

import numpy as np
import torch
from scipy.stats import zscore as scipy_zscore

from utils import tools


def test_autograd_gradient_is_the_derivative_and_leaves_theta_alone():
    theta = torch.tensor([1.0, -2.0])
    gradient = tools.autograd_gradient(lambda t: t[0] ** 3 + t[0] * t[1], theta)
    assert gradient.tolist() == [1.0, 1.0] and not theta.requires_grad


def test_with_bias_puts_ones_on_the_right_and_keeps_the_dtype():
    x = torch.arange(6, dtype=torch.float16).view(3, 2)
    assert tools.with_bias(x).dtype == torch.float16
    assert tools.with_bias(x).tolist() == [[0, 1, 1], [2, 3, 1], [4, 5, 1]]


def test_zscore_divides_by_n():
    x = np.random.default_rng(0).normal(3, 2, (7, 4))
    np.testing.assert_allclose(tools.zscore(torch.tensor(x)), scipy_zscore(x), rtol=1e-12)


def test_seconds_of_takes_the_fastest_after_a_warm_up(monkeypatch):
    clock = iter([0.0, 3.0, 10.0, 12.0, 20.0, 25.0])  # 三次：3、2、5 秒
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    calls = []
    assert tools.seconds_of(lambda: calls.append(1), repeats=3) == 2.0
    assert len(calls) == 4
