"""同一张 64 个学习率的网格：逐个用 torch.optim.SGD 训练，与 sweep_gd 一起训练，各要多久。

手写数字 digits 上的 64-64-10 多层感知机，批量 16，600 步，float32，两边都记下每一步的损失。
时间是墙上时钟：先各热身一次，再交替各量三次，取最短的（别的程序只会让它变长）。曲线之差取所有学习率、
所有步的最大值；激活函数用光滑的 Tanh，因为 ReLU 的折点会把 1e-7 的舍入差放大成看得见的差别。

两边都用两个线程。机器上还有别的程序在算时，两个线程会互相等待，结果没有意义：请在空闲时量。
"""

import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

from utils import sweep_gd

RATES = np.logspace(-3, -0.5, 64).tolist()
BATCH_SIZE, N_STEPS, REPEATS = 16, 600, 3


def make_model(seed: int) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))


def loop(x: torch.Tensor, y: torch.Tensor, rates: list[float]) -> np.ndarray:
    """读者自己会写的循环：每个学习率从头训练一次。返回损失，形状 ``(len(rates), N_STEPS + 1)``。"""
    curves = np.empty((len(rates), N_STEPS + 1))
    for curve, lr in zip(curves, rates, strict=True):
        torch.manual_seed(0)
        model = make_model(0)
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        generator = torch.Generator().manual_seed(0)
        batches = iter(())
        for step in range(N_STEPS + 1):
            batch = next(batches, None)
            if batch is None:
                batches = iter(torch.randperm(len(x), generator=generator).split(BATCH_SIZE))
                batch = next(batches)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[batch]), y[batch])
            curve[step] = loss.item()
            loss.backward()
            optimizer.step()
    return curves


def together(x: torch.Tensor, y: torch.Tensor, rates: list[float]) -> np.ndarray:
    runs = sweep_gd(
        make_model, F.cross_entropy, x, y, lr=rates, batch_size=BATCH_SIZE, n_steps=N_STEPS
    )
    return runs["loss"].values


def run() -> list[dict]:
    """返回两行：加速比，与曲线之差。每行的键是 what、budget、figure、ok。"""
    threads = torch.get_num_threads()
    torch.set_num_threads(min(2, os.cpu_count() or 1))
    images, digits = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(digits)
    loop(x, y, RATES[:2]), together(x, y, RATES[:2])
    seconds: dict[str, list[float]] = {"loop": [], "together": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        expected = loop(x, y, RATES)
        middle = time.perf_counter()
        actual = together(x, y, RATES)
        seconds["loop"].append(middle - start)
        seconds["together"].append(time.perf_counter() - middle)
    torch.set_num_threads(threads)
    slow, fast = (min(times) for times in seconds.values())
    difference = float(np.abs(actual - expected).max())
    return [
        {
            "what": "64 个学习率的扫描，对比逐个 torch.optim.SGD",
            "budget": "至少快 8 倍",
            "figure": f"{slow / fast:.1f} 倍（{slow:.1f} s → {fast:.2f} s）",
            "ok": slow / fast >= 8,
        },
        {
            "what": "同上，曲线的最大差",
            "budget": "1e-5",
            "figure": f"{difference:.1e}",
            "ok": difference <= 1e-5,
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
