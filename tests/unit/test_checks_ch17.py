"""第 17 章的练习检查：对的要过，典型的错误要说中。"""

import math

import pytest
import torch
import torch.nn.functional as F

from utils.checks import check, exercises


def sinusoid(n, d_model, base):
    table = torch.zeros(n, d_model)
    for p in range(n):
        for m in range(d_model // 2):
            angle = p / base ** (2 * m / d_model)
            table[p, 2 * m], table[p, 2 * m + 1] = math.sin(angle), math.cos(angle)
    return table


def softmax_backward(p, g):
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
    return (jacobian @ g[..., None]).squeeze(-1)


def column_form(X, W_q, W_k, W_v):
    q, k, v = ((W @ X).T for W in (W_q, W_k, W_v))
    return F.scaled_dot_product_attention(q, k, v, scale=1.0).T


def split_heads(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


def additive_score(q, k, w):
    return torch.stack([torch.stack([w @ torch.tanh(a + b) for b in k]) for a in q])


def causal_window(n, window):
    full = torch.ones(n, n, dtype=torch.bool)
    return full.tril() & full.triu(-window)


def flops(n, d_model, n_heads):
    projections = 4 * 2 * n * d_model * d_model
    per_head = 2 * (2 * n * n * (d_model // n_heads))
    return projections + n_heads * per_head


RIGHT = {
    "ch17.attention": F.scaled_dot_product_attention,
    "ch17.column_form": column_form,
    "ch17.additive_score": additive_score,
    "ch17.split_heads": split_heads,
    "ch17.causal_window": causal_window,
    "ch17.sinusoid": sinusoid,
    "ch17.softmax_backward": softmax_backward,
    "ch17.flops": flops,
}


def attention(scale=lambda q: q.shape[-1] ** -0.5, dim=-1, transpose=lambda k: k.mT):
    return lambda q, k, v: ((q @ transpose(k)) * scale(q)).softmax(dim) @ v


def scores(q, k):
    return q @ k.mT / math.sqrt(q.shape[-1])


def offsets(n):
    return torch.arange(n)[:, None] - torch.arange(n)


WRONG = [
    ("ch17.attention", "忘了缩放", attention(scale=lambda q: 1.0)),
    ("ch17.attention", "√d_k，你除以了 d_k", attention(scale=lambda q: 1 / q.shape[-1])),
    ("ch17.attention", "方向错了", attention(dim=-2)),
    ("ch17.attention", "批次维", lambda q, k, v: (q @ k.mT / q.shape[-1] ** 0.5).softmax(1) @ v),
    ("ch17.attention", "之前", lambda q, k, v: (q @ k.mT).softmax(-1) / q.shape[-1] ** 0.5 @ v),
    ("ch17.attention", "漏了 softmax", lambda q, k, v: scores(q, k) @ v),
    ("ch17.attention", "加权 v", lambda q, k, v: scores(q, k).softmax(-1)),
    ("ch17.attention", "计算图", lambda q, k, v: RIGHT["ch17.attention"](q, k, v).detach()),
    (
        "ch17.attention",
        "改动了输入",
        lambda q, k, v: (q.div_(q.shape[-1] ** 0.5) @ k.mT).softmax(-1) @ v,
    ),
    (
        "ch17.column_form",
        "每一列的和",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X)).softmax(1),
    ),
    (
        "ch17.column_form",
        "换了位置",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_q @ X).T @ (W_k @ X)).softmax(0),
    ),
    (
        "ch17.column_form",
        "不要再转置",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X)).softmax(0).T,
    ),
    (
        "ch17.column_form",
        "不除以",
        lambda X, W_q, W_k, W_v: W_v @ X @ ((W_k @ X).T @ (W_q @ X) / len(W_q) ** 0.5).softmax(0),
    ),
    ("ch17.column_form", "转置", lambda *args: column_form(*args).T),
    ("ch17.additive_score", "少了 tanh", lambda q, k, w: (q @ w)[:, None] + k @ w),
    ("ch17.additive_score", "放错了地方", lambda q, k, w: ((q[:, None] + k) @ w).tanh()),
    ("ch17.additive_score", "点积", lambda q, k, w: (q[:, None] + k).tanh()),
    ("ch17.additive_score", "用 w 加权", lambda q, k, w: (q[:, None] + k).tanh().sum(-1)),
    ("ch17.additive_score", "不能广播", lambda q, k, w: (q + k).tanh() @ w),
    (
        "ch17.split_heads",
        "混进同一个向量",
        lambda x, h: x.reshape(len(x), h, x.shape[1], -1),
    ),
    ("ch17.split_heads", "交换", lambda x, h: x.reshape(*x.shape[:2], h, -1)),
    (
        "ch17.split_heads",
        "连续的一段",
        lambda x, h: torch.stack([x[..., i::h] for i in range(h)], dim=1),
    ),
    ("ch17.causal_window", "未来", lambda n, w: causal_window(n, w).T),
    ("ch17.causal_window", "等号", lambda n, w: (offsets(n) >= 0) & (offsets(n) < w)),
    ("ch17.causal_window", "反了", lambda n, w: ~causal_window(n, w)),
    ("ch17.causal_window", "两边都能看", lambda n, w: offsets(n).abs() <= w),
    ("ch17.causal_window", "没有起作用", lambda n, w: torch.ones(n, n).tril().bool()),
    (
        "ch17.sinusoid",
        "对调",
        lambda n, d, b: sinusoid(n, d, b).unflatten(-1, (-1, 2)).flip(-1).flatten(-2),
    ),
    (
        "ch17.sinusoid",
        "交错",
        lambda n, d, b: torch.cat([sinusoid(n, d, b)[:, 0::2], sinusoid(n, d, b)[:, 1::2]], 1),
    ),
    ("ch17.sinusoid", "系数 2", lambda n, d, b: sinusoid(n, d, b**0.5)),
    ("ch17.sinusoid", "符号反了", lambda n, d, b: sinusoid(n, d, 1 / b)),
    ("ch17.softmax_backward", "对角线", lambda p, g: (p - p**2) * g),
    ("ch17.softmax_backward", "少减了一项", lambda p, g: p * g),
    ("ch17.softmax_backward", "普通的平均", lambda p, g: p * (g - g.mean(-1, keepdim=True))),
    ("ch17.softmax_backward", "各自求和", lambda p, g: p * (g - torch.sum(p * g))),
    ("ch17.flops", "乘加", lambda n, d, h: flops(n, d, h) // 2),
    ("ch17.flops", "权重乘 V", lambda n, d, h: 8 * n * d * d + 2 * n * n * d),
    ("ch17.flops", "四个线性变换", lambda n, d, h: 4 * n * n * d),
    ("ch17.flops", "W^O", lambda n, d, h: 6 * n * d * d + 4 * n * n * d),
    ("ch17.flops", "乘重", lambda n, d, h: 8 * n * d * d + 4 * h * n * n * d),
]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_passes(name):
    result = check(name, RIGHT[name])
    assert result.passed, result


@pytest.mark.parametrize(("name", "hint", "answer"), WRONG)
def test_typical_mistake_gets_its_hint(name, hint, answer):
    result = check(name, answer)
    assert not result.passed
    assert hint in result.message, result


def test_every_exercise_has_two_wrong_answers():
    names = [name for name, _, _ in WRONG]
    known = {name for name in exercises() if name.startswith("ch17.")}
    assert known == set(RIGHT) == set(names)
    assert all(names.count(name) >= 2 for name in known)


@pytest.mark.parametrize("name", RIGHT)
def test_unfinished_stub_is_told_kindly(name):
    def stub(*args):
        raise NotImplementedError

    assert check(name, stub).status == "unfinished"
    assert check(name, ...).status == "unfinished"
