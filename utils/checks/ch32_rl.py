"""第 32 章《强化学习入门》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：n 步回报


def _step_cases(rng):
    for T, n, gamma, note in [
        (6, 2, 0.9, ""),
        (4, 1, 0.5, "只看一步"),
        (5, 7, 0.8, "n 比一局还长"),
        (1, 3, 1.0, "一局只有一步，不打折"),
    ]:
        yield case(normal(rng, T), normal(rng, T + 1), gamma, n, note=note)


def _n_step(r, V, gamma, n, bootstrap=True, power=None):
    T, rows = len(r), []
    for t in range(T):
        end = min(t + n, T)
        steps = torch.arange(end - t, dtype=r.dtype)
        tail = gamma ** (end - t if power is None else power) * V[end] if bootstrap else 0.0
        rows.append((gamma**steps * r[t:end]).sum() + tail)
    return torch.stack(rows)


@exercise("ch32.n_step_returns", title="n 步回报", cases=_step_cases)
def n_step_returns(r, V, gamma, n):
    return _n_step(r, V, gamma, n)


@n_step_returns.mistake("后面没有接上 critic：n 步以后的回报由 V 代替，别忘了它。")
def _(r, V, gamma, n):
    return _n_step(r, V, gamma, n, bootstrap=False)


@n_step_returns.mistake("最后的 V 没有打折：它在几步以后，就乘几次 γ。")
def _(r, V, gamma, n):
    return _n_step(r, V, gamma, n, power=0)


@n_step_returns.mistake("快结束时走不满 n 步：只走到 T，V[T] 乘的是 γ 的 T − t 次方，不是 n 次方。")
def _(r, V, gamma, n):
    return _n_step(r, V, gamma, n, power=n)


# ---------------------------------------------------------------- 练习 2：鼓励犹豫


def _entropy_cases(rng):
    for n, K, note in [(4, 3, ""), (1, 5, "只有一行"), (3, 2, "两个动作"), (6, 7, "")]:
        yield case(2 * normal(rng, n, K), note=note)


@exercise("ch32.entropy_gradient", title="鼓励犹豫", cases=_entropy_cases, forbid=("autograd",))
def entropy_gradient(logits):
    p = logits.softmax(-1)
    H = -(p * p.log()).sum(-1, keepdim=True)
    return -p * (p.log() + H)


@entropy_gradient.mistake("这是熵对 p 的导数；p 由 logit 得到，还要再乘 softmax 的导数。")
def _(logits):
    return -(logits.log_softmax(-1) + 1)


@entropy_gradient.mistake("少了 H 那一项：softmax 的各个分量互相牵连，每一行的梯度加起来应当是 0。")
def _(logits):
    p = logits.softmax(-1)
    return -p * p.log()


@entropy_gradient.mistake("少了 H 那一项：softmax 的各个分量互相牵连，每一行的梯度加起来应当是 0。")
def _(logits):
    p = logits.softmax(-1)
    return -p * (p.log() + 1)


# ---------------------------------------------------------------- 练习 3：一次别改太多


def _ppo_cases(rng):
    for n, c, note in [(6, 0.2, ""), (1, 0.1, "只有一个样本"), (9, 0.3, "")]:
        old = -normal(rng, n).abs() - 0.1
        yield case(old + 0.5 * normal(rng, n), old, normal(rng, n), c, note=note)


@exercise("ch32.ppo_objective", title="一次别改太多", cases=_ppo_cases, grad=("log_p",))
def ppo_objective(log_p, old_log_p, A, c):
    ratio = (log_p - old_log_p).exp()
    return torch.minimum(ratio * A, ratio.clamp(1 - c, 1 + c) * A).mean()


@ppo_objective.mistake("你只用了截断的一项；取两项里小的，变坏的时候才不会被截掉梯度。")
def _(log_p, old_log_p, A, c):
    return ((log_p - old_log_p).exp().clamp(1 - c, 1 + c) * A).mean()


@ppo_objective.mistake("没有截断：ρ 离 1 太远时要截住。")
def _(log_p, old_log_p, A, c):
    return ((log_p - old_log_p).exp() * A).mean()


@ppo_objective.mistake("取的是大的一边；要取小的：好处到头就截住，坏处照算。")
def _(log_p, old_log_p, A, c):
    ratio = (log_p - old_log_p).exp()
    return torch.maximum(ratio * A, ratio.clamp(1 - c, 1 + c) * A).mean()


@ppo_objective.mistake("ρ 是概率的比：两个 ln π 相减以后还要取 exp。")
def _(log_p, old_log_p, A, c):
    ratio = log_p - old_log_p
    return torch.minimum(ratio * A, ratio.clamp(1 - c, 1 + c) * A).mean()
