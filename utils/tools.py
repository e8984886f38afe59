"""几章都用到的小工具：讲过一遍之后，别的章直接用。"""

import time
from collections.abc import Callable

import torch
from torch import Tensor


def autograd_gradient(f: Callable[[Tensor], Tensor], theta: Tensor) -> Tensor:
    """``f`` 在 ``theta`` 处的梯度，形状与 ``theta`` 相同，由自动微分算出。``f`` 返回标量。"""
    theta = theta.detach().clone().requires_grad_()
    return torch.autograd.grad(f(theta), theta)[0]


def with_bias(x: Tensor) -> Tensor:
    """右边补一列 1，它乘的是常数项：形状 (N, D) 变成 (N, D + 1)。"""
    return torch.cat([x, x.new_ones(len(x), 1)], dim=1)


def zscore(x: Tensor) -> Tensor:
    """每一列减去均值，除以标准差（除以 N，不是 N − 1）：形状 (N, D) 或 (N,)，不变。"""
    return (x - x.mean(0)) / x.std(0, correction=0)


def seconds_of(action: Callable[[], object], repeats: int = 5) -> float:
    """``action()`` 要几秒：先热身一次，再量 ``repeats`` 次取最快的，少受别的程序干扰。

    实测的时间随机器和负载而变，所以只宜印出来，不宜断言。GPU 上的运算是异步的，量到它真正做完为止。
    """
    action()
    best = float("inf")
    for _ in range(repeats):
        _finish()
        start = time.perf_counter()
        action()
        _finish()
        best = min(best, time.perf_counter() - start)
    return best


def _finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
