"""画图样式：颜色的对比度、中文字形、不合适的输入。"""

import random
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import utils
from utils import plot


def luminance(color):
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", plot.COLORS)
@pytest.mark.parametrize("paper", ["#ffffff", "#1c1c1e"])
def test_colors_stand_out_on_light_and_dark(name, paper):
    light, dark = sorted([luminance(plot.COLORS[name]), luminance(paper)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def test_chinese_and_math_have_glyphs():
    plot.use_style()
    fig, ax = plt.subplots()
    ax.set(title="学习率 η 与损失 $L(\\theta)$：从 −1 到 1", xlabel="更新次数")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig.canvas.draw()
    plt.close(fig)


def test_setup_makes_double_precision_the_default():
    utils.setup()
    assert torch.zeros(1).dtype == torch.float64


def test_setup_fixes_every_seed():
    def draws():
        utils.setup(seed=3)
        return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002

    assert draws() == draws()


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**32, ValueError), (0.5, TypeError), (True, TypeError)]
)
def test_setup_refuses_bad_seeds(seed, error):
    with pytest.raises(error, match="seed"):
        utils.setup(seed=seed)
    with pytest.raises(error, match="seed"):
        utils.seeded(seed)


def test_seeded_repeats_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    first, again, other = (torch.rand(3, generator=utils.seeded(s)) for s in (1, np.int64(1), 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_contour_fixes_the_limits():
    fig, ax = plt.subplots()
    plot.contour(ax, lambda x, y: x**2 + y**2, (-1, 2), (-3, 4), levels=5)
    assert ax.get_xlim() == (-1, 2) and ax.get_ylim() == (-3, 4)
    plt.close(fig)


@pytest.mark.parametrize(
    ("f", "xlim", "message"),
    [
        (lambda x, y: x, (1, -1), "从小到大"),
        (lambda x, y: (x**2).sum(), (-1, 1), "逐元素"),
        (lambda x, y: np.sqrt(x), (-1, 1), "NaN"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_contour_explains_bad_input(f, xlim, message):
    fig, ax = plt.subplots()
    with pytest.raises(ValueError, match=message):
        plot.contour(ax, f, xlim, (-1, 1))
    plt.close(fig)


def test_heatmap_writes_numbers_and_names():
    fig, ax = plt.subplots()
    plot.heatmap(ax, np.eye(2), rows=["我", "你"], columns=["a", "b"], numbers=True)
    assert [t.get_text() for t in ax.texts] == ["1.00", "0.00", "0.00", "1.00"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["我", "你"]
    plt.close(fig)


def test_heatmap_explains_bad_input():
    fig, ax = plt.subplots()
    with pytest.raises(ValueError, match="二维"):
        plot.heatmap(ax, np.zeros(3))
    with pytest.raises(ValueError, match="rows 有 1 个名字"):
        plot.heatmap(ax, np.zeros((2, 2)), rows=["我"])
    plt.close(fig)
