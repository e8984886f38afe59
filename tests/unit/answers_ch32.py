"""第 32 章的练习检查：对的要过，典型的错误要说中。"""

import torch


def n_step_returns(r, V, gamma, n):
    """递推：看 n 步，就是往前走一步，再看 n - 1 步。"""
    ahead = V.clone()
    for _ in range(n):
        moved = ahead.clone()
        moved[:-1] = r + gamma * ahead[1:]
        ahead = moved
    return ahead[:-1]


def entropy_gradient(logits):
    """整个 softmax 的导数矩阵，一行一行地乘。"""
    rows = []
    for z in logits:
        p = z.softmax(0)
        jacobian = torch.diag(p) - torch.outer(p, p)
        rows.append(-jacobian @ (p.log() + 1))
    return torch.stack(rows)


def ppo_objective(log_p, old_log_p, A, c):
    """分两种情形：A 为正截上面，A 为负截下面。"""
    ratio = torch.exp(log_p) / torch.exp(old_log_p)
    bounded = torch.where(A > 0, ratio.clamp(max=1 + c), ratio.clamp(min=1 - c))
    return (bounded * A).sum() / len(A)


RIGHT = [
    ("ch32.n_step_returns", n_step_returns),
    ("ch32.entropy_gradient", entropy_gradient),
    ("ch32.ppo_objective", ppo_objective),
]

WRONG = [
    ("ch32.n_step_returns", lambda r, V, gamma, n: -n_step_returns(r, V, gamma, n), "符号"),
    ("ch32.entropy_gradient", lambda logits: -entropy_gradient(logits), "符号"),
    ("ch32.ppo_objective", lambda p, q, A, c: 2 * ppo_objective(p, q, A, c), "2"),
]

BREAKS = []
