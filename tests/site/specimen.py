"""一张标本页：每种图层、每种刻度、发散的和提前结束的运行都有，不依赖哪一章写了什么。

图由当前的 utils 画，页面的其余部分（脚本、样式、主题）就是构建好的首页。
"""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets.embed import embed_data

from utils import Bars, Image, Line, Path, Points, Text, explore, setup, sweep

T = 12
PLACES = np.linspace(-1, 1, 9)


def train(lr, mode, bias):
    """小抛物线上的下降；lr=3 时溢出，mode="短" 时提前结束。"""
    w = np.array([1.0, -0.5, 0.25])
    for t in range(T // 2 if mode == "短" else T):
        grid = np.outer(np.cos(w[0] + PLACES), np.sin(PLACES * (1 + t / T) + bias))
        yield {
            "w": w,
            "loss": np.inf if lr == 3 and t > 4 else (w**2).sum() + 1e-6,
            "gap": 10.0 ** (-60 * lr * t / T),  # 落到对数轴下面很远：这不是发散
            "signed": w[0] - 0.3 * bias,
            "a": w[0] + bias,
            "b": w[1],
            "curves": np.stack([np.sin(3 * PLACES * w[0]), np.cos(PLACES + w[1])]),
            "map": grid,
            "xs": PLACES + 0.1 * w[0],
            "ys": np.tanh(PLACES * (1 + t)) + 0.2 * bias,
            "heat": PLACES * w[0],
            "numbers": 20 * w - bias,  # 衰减到零，也有负的
            "seen": np.arange(3) <= t,
        }
        w = w - lr * w * np.array([1.0, 0.5, 0.1])


def page(home: str) -> str:
    """把首页的 HTML 里的图换成标本。"""
    setup(seed=0)
    runs = sweep(train, lr=[0.1, 0.5, 1.9, 3], mode=["全", "短"], bias=[False, True])
    labels = {"lr": "学习率", "mode": "长短", "bias": "偏置"}
    alt = "标本：各种图层。"
    fig, (first, second, third) = plt.subplots(1, 3, figsize=(9, 3))
    first.set(xlim=(-2, 2), ylim=(-1, 1), title="轨迹")
    second.set(yscale="log", ylim=(1e-7, 10), title="损失")
    third.set(yscale="symlog", ylim=(-10, 10), title="正负")
    histories = explore(
        runs,
        fig,
        [
            Path("a", "b", ax=first, label="走过的路"),
            Line("loss", ax=second, label="损失"),
            Line("gap", ax=second, label="差距"),
            Line("w", ax=third, history=True, label="三个参数"),
            Line("signed", ax=third, label="有正有负", dash=True),
        ],
        labels=labels,
        start={"lr": 0.5},
        steps=range(0, 10 * T, 10),
        alt=alt,
    )
    fig, axes = plt.subplots(1, 4, figsize=(11, 3))
    axes[0].set(title="矩阵")
    axes[1].set(xlim=(-1, 1), ylim=(-1, 1), title="区域")
    axes[2].set(ylim=(-1.5, 1.5), title="柱")
    axes[3].set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), title="散点")
    shapes = explore(
        runs,
        fig,
        [
            Image("map", ax=axes[0], cmap="RdBu", vmin=-1, vmax=1, label="权重"),
            Image(
                "map", ax=axes[1], vmin=0, vmax=1, extent=(-1, 1, -1, 1), origin="lower", alpha=0.6
            ),
            Points(PLACES, PLACES**2, ax=axes[1], label="数据"),
            Bars("w", ax=axes[2], label="参数"),
            Line("curves", PLACES, ax=axes[3], label="曲线"),
            Points("xs", "ys", ax=axes[3], values="heat", cmap="coolwarm", vmin=-1, vmax=1, size=7),
        ],
        labels=labels,
        alt=alt,
    )
    fig, (first, second) = plt.subplots(1, 2, figsize=(7, 2.5))
    first.set(xlim=(0, 4), ylim=(-1, 1), title="数")
    second.set(xlim=(0, 4), ylim=(-1.5, 1.5), title="数和点")
    texts = explore(
        runs,
        fig,
        [
            Text([1, 2, 3], [0, 0.5, -0.5], "numbers", ax=first, label="三个数"),
            Text([1, 2, 3], "w", "w", ax=second, shown="seen", decimals=3, size=8, color="#2F7FC1"),
            Points([1, 2, 3], "w", ax=second, size=4),
        ],
        labels=labels,
        alt="标本：写出来的数。",
    )
    embedded = embed_data(views=[histories, shapes, texts], drop_defaults=False)
    state = json.dumps(embedded["manager_state"]).replace("</", "<\\/")
    script = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'.format
    views = "".join(script(json.dumps(view)) for view in embedded["view_specs"])
    for pattern, content in {
        r'(<script type="[^"]*widget-state\+json">).*?(</script>)': state,
        r"(<article [^>]*>).*(</article>)": f"<h1>标本</h1>{views}",
    }.items():
        # 用函数替换：内容里的反斜杠原样放进去
        home, count = re.subn(
            pattern, lambda m, c=content: m[1] + c + m[2], home, count=1, flags=re.DOTALL
        )
        assert count == 1, f"首页里没有 {pattern}"
    return home
