"""第 27 章《对抗攻击与防御》的练习检查。"""

import torch
from torch.nn import functional as F

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：翻过来要多大


def _flip_cases(rng):
    for n, d, b, note in [(5, 3, 0.5, ""), (1, 6, -1.0, "只有一个样本"), (7, 1, 2.0, "一维")]:
        yield case(normal(rng, d), b, normal(rng, n, d), note=note)


@exercise("ch27.smallest_eps", title="翻过来要多大", cases=_flip_cases)
def smallest_eps(w, b, x):
    return (x @ w + b).abs() / w.abs().sum()


@smallest_eps.mistake("你除的是 ‖w‖₂，那是最小的 L2 扰动；L∞ 的扰动要除以 ‖w‖₁。")
def _(w, b, x):
    return (x @ w + b).abs() / w.norm()


@smallest_eps.mistake("扰动的大小没有正负：s < 0 的样本也要翻，先取绝对值。")
def _(w, b, x):
    return (x @ w + b) / w.abs().sum()


@smallest_eps.mistake("你只动了一个像素；L∞ 的限制里，每个像素都可以挪 ε。")
def _(w, b, x):
    return (x @ w + b).abs() / w.abs().max()


# ---------------------------------------------------------------- 练习 2：有目标攻击的梯度


def _targeted_cases(rng):
    for n, K, note in [(4, 3, ""), (1, 5, "只有一个样本"), (6, 2, "两类"), (3, 7, "")]:
        y = torch.as_tensor(rng.integers(0, K, size=n))
        target = (y + torch.as_tensor(rng.integers(1, K, size=n))) % K
        yield case(3 * normal(rng, n, K), y, target, note=note)


@exercise(
    "ch27.targeted_gradient",
    title="有目标攻击的梯度",
    cases=_targeted_cases,
    forbid=("autograd",),
)
def targeted_gradient(logits, y, target):
    K = logits.shape[1]
    return (F.one_hot(y, K) - F.one_hot(target, K)).to(logits.dtype)


@targeted_gradient.mistake("只有有目标的一项 e(p, y_target)；还有一项 −e(p, y)。")
def _(logits, y, target):
    return logits.softmax(-1) - F.one_hot(target, logits.shape[1])


@targeted_gradient.mistake("只有无目标的一项 −e(p, y)；还有一项 e(p, y_target)。")
def _(logits, y, target):
    return F.one_hot(y, logits.shape[1]) - logits.softmax(-1)


# ---------------------------------------------------------------- 练习 3：L1 的球里怎样走


def _l1_cases(rng):
    for n, d, eps, note in [(4, 5, 0.5, ""), (1, 3, 2.0, "只有一个样本"), (6, 2, 0.1, "")]:
        yield case(normal(rng, n, d), eps, note=note)


@exercise("ch27.l1_step", title="L1 的球里怎样走", cases=_l1_cases)
def l1_step(g, eps):
    largest = F.one_hot(g.abs().argmax(-1), g.shape[1])
    return -eps * g.sign() * largest


@l1_step.mistake("这是 FGSM，它的 L1 是 d 倍的 ε，出界了；总量只有 ε，放在哪一个分量最划算？")
def _(g, eps):
    return -eps * g.sign()


@l1_step.mistake("按 |g| 的比例分，没有出界，可是不是最好的：全放在 |g| 最大的分量上更多。")
def _(g, eps):
    return -eps * g / g.abs().sum(-1, keepdim=True)


@l1_step.mistake("你按 g 最大的分量挑；负的也可以很大，要看 |g|。")
def _(g, eps):
    largest = F.one_hot(g.argmax(-1), g.shape[1])
    return -eps * g.sign() * largest
