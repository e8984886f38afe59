"""第 4 章的练习检查：对的要过，典型的错误要说中。"""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.checks import check, exercises
from utils.checks.ch04_logistic_regression import change_priors, kl_of_logits, weighted_bce


def bce(z, y, c):
    weight = torch.as_tensor(c, dtype=z.dtype)
    return F.binary_cross_entropy_with_logits(z, y, pos_weight=weight)


def bce_with_exp(z, y, c):
    p = 1 / (1 + torch.exp(-z))
    return -(c * y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def newton(theta, X, y, *, factor=1.0, curvature=None, residual=None):
    p = torch.sigmoid(X @ theta)
    S = torch.diag(p * (1 - p) if curvature is None else curvature(p))
    r = p - y if residual is None else residual(X @ theta, y)
    return theta - factor * torch.linalg.inv(X.T @ S @ X) @ (X.T @ r)


def smoothing(z, labels, epsilon):
    z = z.clone().requires_grad_()
    loss = F.cross_entropy(z, labels, label_smoothing=epsilon)
    return torch.autograd.grad(loss, z)[0]


def smoothed(z, target, dim=1):
    return (torch.softmax(z, dim) - target) / len(z)


def hot(z, labels):
    return F.one_hot(labels, z.shape[1]).to(z.dtype)


def priors(p, old, new):
    return torch.softmax(p.log() - old.log() + new.log(), dim=1)


def kl(s, t):
    return F.kl_div(
        torch.log_softmax(s, 1), torch.log_softmax(t, 1), log_target=True, reduction="batchmean"
    )


def kl_with_log_of_softmax(s, t):
    p, q = torch.softmax(t, 1), torch.softmax(s, 1)
    return (p * (p.log() - q.log())).sum(1).mean()


RIGHT = {
    "ch04.threshold": lambda b, t: b + math.log(1 / t - 1),
    "ch04.weighted_bce": bce,
    "ch04.newton": newton,
    "ch04.smoothing": smoothing,
    "ch04.priors": priors,
    "ch04.kl": kl,
}

WRONG = [
    ("ch04.threshold", lambda b, t: b + math.log(t / (1 - t)), "方向反了"),
    ("ch04.threshold", lambda b, t: b - t, "不能直接相减"),
    ("ch04.threshold", lambda b, t: b - t + 0.5, "概率之差"),
    ("ch04.threshold", lambda b, t: b - math.log(t), "1−t"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, 1.0), "没有用到 c"),
    ("ch04.weighted_bce", lambda z, y, c: c * bce(z, y, 1.0), "整个样本"),
    ("ch04.weighted_bce", lambda z, y, c: c * bce(z, y, 1 / c), "负类"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c) * len(y) / (c * y + 1 - y).sum(),
     "权重之和"),
    ("ch04.weighted_bce", lambda z, y, c: bce(-z, y, c), "写反"),
    ("ch04.weighted_bce", bce_with_exp, "logit 到了 ±1000"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c) * len(y), "z.shape[0]"),
    ("ch04.weighted_bce", lambda z, y, c: bce(z, y, c).detach(), "计算图"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=-1.0), "方向反了"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, curvature=torch.ones_like), "p(1−p)"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=len(y)), "除以了 N"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, factor=1 / len(y)), "除以了 N"),
    ("ch04.newton", lambda theta, X, y: theta - newton(theta, X, y), "还要从 theta 里减去"),
    ("ch04.newton", lambda theta, X, y: newton(theta, X, y, residual=torch.sub), "不是 p|而不是 p"),
    ("ch04.newton", lambda theta, X, y: theta - X.T @ (torch.sigmoid(X @ theta) - y) / len(y),
     "普通的梯度下降"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, hot(z, c)), "没有平滑"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, (1 - e) * hot(z, c) + e), "没有除以 K"),
    ("ch04.smoothing", lambda z, c, e: smoothed(
        z, (1 - e) * hot(z, c) + e * (1 - hot(z, c)) / (z.shape[1] - 1)), "另外 K−1"),
    ("ch04.smoothing", lambda z, c, e: smoothed(z, hot(z, c) + e / z.shape[1]), "忘了乘 1−ε"),
    ("ch04.smoothing", lambda z, c, e: smoothed(
        z, (1 - e) * hot(z, c) + e / z.shape[1], dim=0), "dim=1"),
    ("ch04.smoothing", lambda z, c, e: (z - (1 - e) * hot(z, c) - e / z.shape[1]) / len(z),
     "softmax"),
    ("ch04.smoothing", lambda z, c, e: smoothing(z, c, e) * len(z), "z.shape[0]"),
    ("ch04.smoothing", lambda z, c, e: -smoothing(z, c, e), "符号反了"),
    ("ch04.priors", lambda p, old, new: p / old * new, "归一化"),
    ("ch04.priors", lambda p, old, new: priors(p, torch.ones_like(old), new), "旧先验"),
    ("ch04.priors", lambda p, old, new: priors(p, new, old), "新旧反了"),
    ("ch04.priors", lambda p, old, new: p / old * new / (p / old * new).sum(0), "每一行"),
    ("ch04.priors", lambda p, old, new: p - old + new, "乘除"),
    ("ch04.kl", lambda s, t: kl(t, s), "反了"),
    ("ch04.kl", lambda s, t: F.cross_entropy(s, t.softmax(1)), "交叉熵"),
    ("ch04.kl", lambda s, t: kl(s, t) / s.shape[1], "类别也平均"),
    ("ch04.kl", lambda s, t: -kl(s, t), "减反"),
    ("ch04.kl", kl_with_log_of_softmax, "±1000"),
]  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_passes(name):
    result = check(name, RIGHT[name])
    assert result.passed, result


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_typical_mistake_gets_its_hint(name, answer, hint):
    result = check(name, answer)
    assert not result.passed
    assert any(part in result.message for part in hint.split("|")), result


def test_every_exercise_has_a_right_answer_and_two_wrong_ones():
    names = {name for name in exercises() if name.startswith("ch04.")}
    assert names == set(RIGHT)
    for name in names:
        assert sum(wrong[0] == name for wrong in WRONG) >= 2, name


def not_started(*args):
    raise NotImplementedError


@pytest.mark.parametrize("name", RIGHT)
def test_unfinished_stub_is_told_kindly(name):
    assert check(name, not_started).status == "unfinished"


logits = st.lists(st.floats(-1000, 1000), min_size=3, max_size=3)


def row(values):
    return torch.tensor([values], dtype=torch.float64)


@settings(max_examples=50, deadline=None)
@given(logits, logits)
def test_reference_kl_is_finite_and_not_negative(s, t):
    value = kl_of_logits(row(s), row(t))
    assert torch.isfinite(value) and value > -1e-9


@settings(max_examples=50, deadline=None)
@given(st.floats(-1000, 1000), st.floats(0, 1), st.floats(0.1, 10))
def test_reference_bce_agrees_with_torch(z, y, c):
    z, y = (torch.tensor([v], dtype=torch.float64) for v in (z, y))
    torch.testing.assert_close(weighted_bce(z, y, c), bce(z, y, c), rtol=1e-9, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(logits, logits, logits)
def test_changing_priors_there_and_back_changes_nothing(a, b, c):
    p, old, new = (torch.softmax(row(v) / 200, 1) for v in (a, b, c))
    there = change_priors(p, old[0], new[0])
    torch.testing.assert_close(change_priors(there, new[0], old[0]), p, rtol=1e-9, atol=1e-12)
