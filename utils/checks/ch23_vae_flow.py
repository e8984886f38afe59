"""第 23 章《变分自编码器与流模型》的练习检查。"""

import math

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：两个高斯之间的 KL


def _kl_cases(rng):
    for B, K, note in [(4, 3, ""), (1, 5, "只有一个样本"), (6, 1, "只有一维"), (3, 2, "")]:
        yield case(*(normal(rng, B, K) for _ in range(4)), note=note)


def _kl(mu1, log_var1, mu2, log_var2):
    return 0.5 * (
        (log_var1.exp() + (mu1 - mu2) ** 2) / log_var2.exp() - 1 - log_var1 + log_var2
    ).sum(-1)


@exercise("ch23.kl_two", title="两个高斯之间的 KL", cases=_kl_cases)
def kl_two(mu1, log_var1, mu2, log_var2):
    return _kl(mu1, log_var1, mu2, log_var2)


@kl_two.mistake("两个分布的次序反了：KL(q‖p) 是按 q 取平均，除的是 p 的方差。")
def _(mu1, log_var1, mu2, log_var2):
    return _kl(mu2, log_var2, mu1, log_var1)


@kl_two.mistake("log_var 是方差的对数，方差是 exp(log_var)；你把它当成了标准差的对数。")
def _(mu1, log_var1, mu2, log_var2):
    return _kl(mu1, 2 * log_var1, mu2, 2 * log_var2)


@kl_two.mistake("中心之差的平方也要除以 p 的方差。")
def _(mu1, log_var1, mu2, log_var2):
    return 0.5 * ((log_var1 - log_var2).exp() + (mu1 - mu2) ** 2 - 1 - log_var1 + log_var2).sum(-1)


@kl_two.mistake("各维要相加，不是平均。")
def _(mu1, log_var1, mu2, log_var2):
    return _kl(mu1, log_var1, mu2, log_var2) / mu1.shape[-1]


# ---------------------------------------------------------------- 练习 2：最好的 τ


def _tau_cases(rng):
    for B, D, note in [(5, 4, ""), (1, 6, "只有一张图"), (7, 1, "只有一个像素"), (3, 2, "")]:
        yield case(normal(rng, B, D), normal(rng, B, D), note=note)


@exercise("ch23.best_tau2", title="最好的 τ", cases=_tau_cases)
def best_tau2(x, x_hat):
    return ((x - x_hat) ** 2).mean()


@best_tau2.mistake("平方误差要对像素也平均：ln N 里有 D/2 · ln τ²，不是 1/2 · ln τ²。")
def _(x, x_hat):
    return ((x - x_hat) ** 2).sum(1).mean()


@best_tau2.mistake("题目要的是 τ²，不是 τ。")
def _(x, x_hat):
    return ((x - x_hat) ** 2).mean().sqrt()


@best_tau2.mistake("用了残差减去自己平均的方差；这里的平均就是 x̂，残差直接平方。")
def _(x, x_hat):
    return (x - x_hat).var(correction=0)


# ---------------------------------------------------------------- 练习 3：共用一个方差的 M 步


def _m_step_cases(rng):
    for N, M, note in [(8, 3, ""), (6, 2, ""), (5, 1, "只有一个分量"), (12, 4, "")]:
        yield case(3 * normal(rng, N), torch.softmax(2 * normal(rng, N, M), -1), note=note)


def _m_step(x, r):
    n = r.sum(0)
    mu = r.T @ x / n
    return n, mu, r * (x[:, None] - mu) ** 2


@exercise("ch23.shared_m_step", title="共用一个方差的 M 步", cases=_m_step_cases)
def shared_m_step(x, r):
    n, mu, square = _m_step(x, r)
    return n / len(x), mu, square.sum() / len(x)


@shared_m_step.mistake("先求各分量的方差再直接平均，点少的分量就占了便宜；要全部的点一起平均。")
def _(x, r):
    n, mu, square = _m_step(x, r)
    return n / len(x), mu, (square.sum(0) / n).mean()


@shared_m_step.mistake("方差要绕各分量自己的平均算，不是绕全部数据的平均。")
def _(x, r):
    n, mu, _ = _m_step(x, r)
    return n / len(x), mu, x.var(correction=0)


@shared_m_step.mistake("μ 是加权平均：除以这个分量分到的 n，不是除以 N。")
def _(x, r):
    n = r.sum(0)
    mu = r.T @ x / len(x)
    return n / len(x), mu, (r * (x[:, None] - mu) ** 2).sum() / len(x)


# ---------------------------------------------------------------- 练习 4：平面流的密度


def _planar_cases(rng):
    for B, D, c, note in [(5, 3, 0.4, ""), (1, 2, -0.7, "只有一个样本"), (6, 1, 1.1, "一维")]:
        u, w = 0.8 * normal(rng, D), 0.8 * normal(rng, D)
        u = u * torch.sign(u @ w)  # wᵀu > 0，G 一定可逆
        yield case(normal(rng, B, D), u, w, c, note=note)
    u, w = normal(rng, 4), normal(rng, 4)
    yield case(normal(rng, 7, 4), u - w * (u @ w + 0.6) / (w @ w), w, 0.2, note="wᵀu 是负的")


def _planar(z, u, w, c, sign=-1, slope=lambda t: 1 - torch.tanh(t) ** 2):
    log_det = torch.log(torch.abs(1 + slope(z @ w + c) * (w @ u)))
    return -0.5 * (z**2).sum(-1) - z.shape[1] / 2 * math.log(2 * math.pi) + sign * log_det


@exercise(
    "ch23.planar_log_density", title="平面流的密度", cases=_planar_cases, forbid=("autograd",)
)
def planar_log_density(z, u, w, c):
    return _planar(z, u, w, c)


@planar_log_density.mistake("ln|det J| 的符号反了：G 把那里拉大，密度变小。")
def _(z, u, w, c):
    return _planar(z, u, w, c, sign=1)


@planar_log_density.mistake("det 里要的是 tanh 的导数 1 − tanh²，不是 tanh 本身。")
def _(z, u, w, c):
    return _planar(z, u, w, c, slope=torch.tanh)


@planar_log_density.mistake("忘了减 ln|det J|：这只是 z 的密度。")
def _(z, u, w, c):
    return _planar(z, u, w, c, sign=0)


@planar_log_density.mistake("代进 N(0, I) 的应当是 z，不是 G(z)。")
def _(z, u, w, c):
    x = z + u * torch.tanh(z @ w + c)[:, None]
    return _planar(z, u, w, c) + 0.5 * (z**2).sum(-1) - 0.5 * (x**2).sum(-1)
