"""一张标本页：每种图层、每种刻度、发散的和提前结束的运行都有，不依赖哪一章写了什么。

图由当前的 utils 画，页面的其余部分（脚本、样式、主题）就是构建好的首页。
"""

import functools
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from ipywidgets.embed import embed_data

from utils import Bars, Image, Line, Path, Points, Segments, Text, explore, setup, sweep
from utils.explorer import Explorer

T = 12
PLACES = np.linspace(-1, 1, 9)
WORDS = ["我", "爱", "自然", "语言", "<eos>"]
EDGES = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (4, 5), (5, 0)]
TURNS = ["不转", *(f"转 {k} 份" for k in range(1, 8))]  # 多到成为一个下拉框
LABELS = {"lr": "学习率", "mode": "长短", "bias": "偏置"}
ALT = "标本：各种图层。"
GRAPHS = "标本：线段、类别轴、对数轴。"


def train(lr, mode, bias):
    """小抛物线上的下降；lr=3 时溢出，mode="短" 时提前结束。"""
    w = np.array([1.0, -0.5, 0.25])
    for t in range(T // 2 if mode == "短" else T):
        grid = np.outer(np.cos(w[0] + PLACES), np.sin(PLACES * (1 + t / T) + bias))
        yield {
            "w": w,
            "loss": np.inf if lr == 3 and t > 4 else (w**2).sum() + 1e-6,
            # 打开时的那个学习率，也要走到远远离开画框的地方：在对数轴下面不是发散，别处是
            "gap": 10.0 ** (-120 * lr * t / T),
            "signed": 1e30 if lr == 0.5 and t == T - 1 else w[0] - 0.3 * bias,
            "a": w[0] + bias,
            "b": w[1],
            "now": min(lr, 2) - 0.9,  # 可拖的点与横线
            "half": 0.8 * bias - 0.5,
            "wall": np.full(2, 1.2 - 0.6 * lr),
            "curves": np.stack([np.sin(3 * PLACES * w[0]), np.cos(PLACES + w[1])]),
            "map": grid,
            "xs": PLACES + 0.1 * w[0],
            "ys": np.tanh(PLACES * (1 + t)) + 0.2 * bias,
            "heat": PLACES * w[0],
            "numbers": 20 * w * w.clip(-1, 1) ** 2 - bias,  # 衰减到零，也有负的
            "seen": np.arange(3) <= t,
            "kernels": np.stack([grid[:4, :3] * k for k in range(1, 6)]),
            "photo": np.abs(np.stack([grid[:5, :6], grid[2:7, :6], grid[4:9, :6]], axis=-1)),
            "kind": (np.arange(12).reshape(3, 4) + t) % 3,
            "token": (np.arange(6) + t) % len(WORDS),
        }
        w = w - lr * w * np.array([1.0, 0.5, 0.1])


def turning(lr, turn):
    """线段、类别和对数轴用的一小份；不转的时候，学习率不起作用。"""
    for t in range(T):
        angle = TURNS.index(turn) * (1 + lr * t)
        yield {
            "w": np.cos(angle + np.arange(3)),
            "weight": np.ma.masked_less(np.abs(np.cos(np.arange(7) + angle)), 0.2),  # 缺的边
            "costs": 10.0 ** (np.arange(4) - angle / T),
        }


@functools.cache
def page(home: str) -> str:
    """把首页的 HTML 里的图换成标本；画一次要几秒，所以只画一次。"""
    setup(seed=0)
    runs = sweep(train, lr=[0.1, 0.5, 1.9, 3], mode=["全", "短"], bias=[False, True])
    runs = with_holes(runs)
    views = [histories(runs), shapes(runs), texts(runs), tiles(runs)]
    views.append(graphs(sweep(turning, lr=[0.1, 0.5], turn=TURNS)))
    embedded = embed_data(views=views, drop_defaults=False)
    state = json.dumps(embedded["manager_state"]).replace("</", "<\\/")
    script = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'.format
    scripts = "".join(script(json.dumps(view)) for view in embedded["view_specs"])
    for pattern, content in {
        r'(<script type="[^"]*widget-state\+json")[^>]*>.*?(</script>)': f">{state}",
        r"(<article [^>]*>).*(</article>)": f"<h1>标本</h1>{scripts}",
    }.items():
        # 用函数替换：内容里的反斜杠原样放进去
        home, count = re.subn(
            pattern, lambda m, c=content: m[1] + c + m[2], home, count=1, flags=re.DOTALL
        )
        assert count == 1, f"首页里没有 {pattern}"
    return home


def with_holes(runs: xr.Dataset) -> xr.Dataset:
    """每种图层都有缺的数。"""
    runs = runs.copy(deep=True)
    early = runs["step"] < 3
    for name in ("w", "signed", "curves", "ys", "heat", "map", "numbers", "token"):
        inner = runs[name].dims[4:]
        hole = np.zeros([runs.sizes[d] for d in inner], dtype=bool)
        hole[(1,) * len(inner)] = True
        runs[name] = runs[name].where(~(early & xr.DataArray(hole, dims=inner)))
    return runs


def histories(runs: xr.Dataset) -> Explorer:
    fig, (first, second, third) = plt.subplots(1, 3, figsize=(9, 3))
    first.set(xlim=(-2, 2), ylim=(-1, 1), title="轨迹")
    second.set(yscale="log", ylim=(1e-7, 10), title="损失")
    third.set(yscale="symlog", ylim=(-10, 10), title="正负")
    layers = [
        Path("a", "b", ax=first, label="走过的路", drag="bias"),
        Line("loss", ax=second, label="损失"),
        Line("gap", ax=second, label="差距"),
        Line("w", ax=third, history=True, label="三个参数"),
        Line("signed", ax=third, label="有正有负", dash=True),
    ]
    steps, start = range(0, 10 * T, 10), {"lr": 0.5}
    return explore(runs, fig, layers, labels=LABELS, start=start, steps=steps, alt=ALT)


def shapes(runs: xr.Dataset) -> Explorer:
    fig, axes = plt.subplots(1, 4, figsize=(11, 3))
    axes[0].set(title="矩阵")
    axes[1].set(xlim=(-1, 1), ylim=(-1, 1), title="区域")
    axes[2].set(ylim=(-1.5, 1.5), title="柱")
    axes[3].set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), title="散点")
    plane = {"extent": (-1, 1, -1, 1), "origin": "lower", "alpha": 0.6}
    warm = {"cmap": "coolwarm", "vmin": -1, "vmax": 1, "size": 7}
    layers = [
        Image("map", ax=axes[0], cmap="RdBu", vmin=-1, vmax=1, label="权重"),
        Image("map", ax=axes[1], vmin=0, vmax=1, **plane),
        Points(PLACES, PLACES**2, ax=axes[1], label="数据"),
        Bars("w", ax=axes[2], label="参数"),
        Line("curves", PLACES, ax=axes[3], label="曲线"),
        Points("xs", "ys", ax=axes[3], values="heat", **warm),
        Points("now", "half", ax=axes[3], drag=("lr", "bias")),
        Line("wall", [-1.5, 1.5], ax=axes[3], dash=True, drag="lr"),
    ]
    return explore(runs, fig, layers, labels=LABELS, alt=ALT)


def texts(runs: xr.Dataset) -> Explorer:
    fig, (first, second, third) = plt.subplots(1, 3, figsize=(9, 2.5))
    first.set(xlim=(0, 4), ylim=(-1, 1), title="数")
    second.set(xlim=(0, 4), ylim=(-1.5, 1.5), title="数和点")
    third.set(xlim=(-1, 6), ylim=(-1, 2), title="词")
    blues = {"cmap": "Blues", "vmin": 0, "vmax": 1}
    layers = [
        Text([1, 2, 3], [0, 0.5, -0.5], "numbers", ax=first, label="三个数"),
        Text([1, 2, 3], "w", "w", ax=second, shown="seen", decimals=3, size=8, color="#2F7FC1"),
        Points([1, 2, 3], "w", ax=second, size=4),
        Text(np.arange(6), np.zeros(6), "token", vocabulary=WORDS, ax=third),
        Text([1, 2, 3], [1, 1, 1], ["猫", "狗", "鸟"], background="w", ax=third, **blues),
    ]
    return explore(runs, fig, layers, labels=LABELS, alt="标本：写出来的数和词。")


def tiles(runs: xr.Dataset) -> Explorer:
    fig, (first, second, third) = plt.subplots(1, 3, figsize=(9, 3))
    first.axis("off")
    second.set_xlim(5.5, -0.5)  # 横轴是反的
    gray = {"cmap": "gray", "vmin": -1, "vmax": 1}
    layers = [
        Image("kernels", ax=first, label="卷积核", **gray),
        Image("photo", rgb=True, ax=second, label="照片"),
        Image("kind", cmap=["white", "#2F7FC1", "#D55E00"], rows=list("甲乙丙"), ax=third),
    ]
    return explore(runs, fig, layers, labels=LABELS, alt="标本：一组小图、彩色图、分类。")


def graphs(runs: xr.Dataset) -> Explorer:
    fig, (first, second, third) = plt.subplots(1, 3, figsize=(9, 3))
    first.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), title="图")
    second.set(title="类别轴")
    third.set(xscale="log", yscale="log", title="对数轴上的柱")
    angles = np.arange(6) * np.pi / 3
    colors = {"values": "weight", "vmin": 0, "vmax": 1}
    layers = [
        Segments(np.cos(angles), np.sin(angles), EDGES, ax=first, arrows=True, gap=7, **colors),
        Segments(np.cos(angles) / 2, np.sin(angles) / 2, EDGES, width="weight", ax=first),
        Points(np.cos(angles), np.sin(angles), ax=first, size=12),
        Bars("w", x=["猫", "狗", "鸟"], ax=second, label="参数"),
        Bars("costs", x=[1, 3, 10, 30], width=0.9, ax=third, label="代价"),
    ]
    return explore(runs, fig, layers, labels={"lr": "学习率", "turn": "转多少"}, alt=GRAPHS)
