"""第 7 章《为什么能学会、为什么要深：学习理论》的练习检查。"""

import math

import numpy as np
import torch

from utils.checks import case, exercise

# ---------------------------------------------------------------- 练习 1：差距的保证


def _gap_cases(rng):
    yield case(100, 10_000, 0.1)
    yield case(20, 10_000, 0.1, note="差距超过 1，界什么也没说")
    yield case(2000, 10_000, 0.1)
    yield case(500, 1, 0.05, note="只有一个候选")
    yield case(800, 37, 0.01)


@exercise("ch07.gap", title="能保证的差距", cases=_gap_cases)
def gap_guarantee(n_train, n_hypotheses, delta):
    return 2 * math.sqrt(math.log(2 * n_hypotheses / delta) / (2 * n_train))


@gap_guarantee.mistake(
    "这是每个 h 的偏差 ε。现实与理想的差距是 2ε：训练上低估一次，理想上高估一次。"
)
def _(n_train, n_hypotheses, delta):
    return math.sqrt(math.log(2 * n_hypotheses / delta) / (2 * n_train))


@gap_guarantee.mistake("对数里少了 2：偏高和偏低两侧都要算，上界是 2|H|exp(−2Nε²)。")
def _(n_train, n_hypotheses, delta):
    return 2 * math.sqrt(math.log(n_hypotheses / delta) / (2 * n_train))


@gap_guarantee.mistake("忘了开方：不等式里是 ε²，解出 ε 要开平方。")
def _(n_train, n_hypotheses, delta):
    return math.log(2 * n_hypotheses / delta) / n_train


@gap_guarantee.mistake("对数是自然对数 `math.log`，因为界里是 e 的指数；你用的是以 10 为底的。")
def _(n_train, n_hypotheses, delta):
    return 2 * math.sqrt(math.log10(2 * n_hypotheses / delta) / (2 * n_train))


@gap_guarantee.mistake("指数里是 2Nε²，移项时分母上的 2 别丢。")
def _(n_train, n_hypotheses, delta):
    return 2 * math.sqrt(math.log(2 * n_hypotheses / delta) / n_train)


# ---------------------------------------------------------------- 练习 2：双向的门槛


def _stump_cases(rng):
    for n, flip, note in [(30, False, ""), (25, True, "大的多半是 0，要用反向的门槛")]:
        e = rng.normal(size=n).round(1)
        y = ((e + rng.normal(scale=0.7, size=n) > 0) != flip).astype(int)
        yield case(e, y, note=note)
    yield case(np.array([3.0, 1.0, 2.0, 0.5]), np.array([0, 0, 0, 0]), note="全是 0")
    yield case(np.array([3.0, 1.0, 2.0]), np.array([1, 1, 1]), note="全是 1")
    yield case(np.array([1.0, 1.0, 1.0, 2.0]), np.array([0, 1, 1, 0]), note="有相同的值")
    yield case(np.array([1.0, 1.0]), np.array([0, 1]), note="两个值相同，标签不同")


def _forward_errors(e, y, cuts):
    return ((e >= cuts[:, None]) != y).mean(1)


@exercise("ch07.stump", title="双向门槛的最小错误率", cases=_stump_cases)
def best_stump(e, y):
    errors = _forward_errors(e, y, np.append(np.unique(e), np.inf))
    return float(min(errors.min(), 1 - errors.max()))


@best_stump.mistake("只试了“e ≥ h 判 1”。反向的门槛每个样本的对错都倒过来，错误率是 1 减去它。")
def _(e, y):
    return float(_forward_errors(e, y, np.append(np.unique(e), np.inf)).min())


@best_stump.mistake(
    "相同的值分不开：门槛只能落在两个不同的值之间，不能把 e 相同的样本一半判 0、一半判 1。"
)
def _(e, y):
    ordered = y[np.lexsort((y, e))]
    errors = [((np.arange(len(y)) >= i).astype(int) != ordered).mean() for i in range(len(y) + 1)]
    return float(min(min(errors), 1 - max(errors)))


@best_stump.mistake("返回的是错了几个，题目要的是错误率：除以样本数。")
def _(e, y):
    errors = _forward_errors(e, y, np.append(np.unique(e), np.inf))
    return float(min(errors.min(), 1 - errors.max()) * len(y))


# ---------------------------------------------------------------- 练习 3：k 个区间的标注数


def _interval_cases(rng):
    yield case(5, 1, note="一个区间")
    yield case(6, 2)
    yield case(4, 2, note="点数等于 VC 维")
    yield case(7, 0, note="没有区间，只能全判 0")
    yield case(12, 3)


@exercise("ch07.intervals", title="k 个区间能做到的标注数", cases=_interval_cases)
def interval_dichotomies(n_points, k):
    return sum(math.comb(n_points + 1, 2 * j) for j in range(k + 1))


@interval_dichotomies.mistake(
    "区间有两个端点：每一段 1 要挑两个变色的间隙，组合数的下标是 2j，不是 j。"
)
def _(n_points, k):
    return sum(math.comb(n_points + 1, j) for j in range(k + 1))


@interval_dichotomies.mistake("间隙的个数是 n+1（最左、最右的外面也算），你用了 n 个。")
def _(n_points, k):
    return sum(math.comb(n_points, 2 * j) for j in range(k + 1))


@interval_dichotomies.mistake("“至多 k 个”要把 0、1、…、k 段都加起来，你只算了恰好 k 段。")
def _(n_points, k):
    return math.comb(n_points + 1, 2 * k)


@interval_dichotomies.mistake("漏了“一个区间也不用”的那一种：全判 0。")
def _(n_points, k):
    return sum(math.comb(n_points + 1, 2 * j) for j in range(1, k + 1))


@interval_dichotomies.mistake("全部 2ⁿ 种标注只有在 n ≤ 2k 时才都做得到。")
def _(n_points, k):
    return 2**n_points


# ---------------------------------------------------------------- 练习 4：三项各估各的


def _split_cases(rng):
    for m, r, t, note in [(6, 4, 5, ""), (3, 9, 2, ""), (2, 2, 4, "各只有两份")]:
        yield case(rng.normal(size=(m, t)), rng.normal(size=(r, t)) + 1, note=note)


def _split(fits, y, ddof=1, from_fits=True, from_noise=True):
    variance, noise = fits.var(0, ddof=ddof).mean(), y.var(0, ddof=ddof).mean()
    bias2 = ((fits.mean(0) - y.mean(0)) ** 2).mean()
    return bias2 - from_fits * variance / len(fits) - from_noise * noise / len(y), variance, noise


@exercise("ch07.split", title="三项各估各的", cases=_split_cases)
def split_error(fits, y):
    return _split(fits, y)


@split_error.mistake(
    "两个平均数的差里还有它们自己的抖动：期望比偏差²多出 方差/M 和 噪声/R，两样都要减掉。"
)
def _(fits, y):
    return _split(fits, y, from_fits=False, from_noise=False)


@split_error.mistake("ȳ 也是 R 次观测的平均，它自己在抖：还要减掉 噪声/R。")
def _(fits, y):
    return _split(fits, y, from_noise=False)


@split_error.mistake("f̄ 也是 M 份的平均，它自己在抖：还要减掉 方差/M。")
def _(fits, y):
    return _split(fits, y, from_fits=False)


@split_error.mistake("方差和噪声要无偏：除以 M−1 与 R−1，你除以的是 M 与 R。")
def _(fits, y):
    return _split(fits, y, ddof=0)


@split_error.mistake("每个点上先各算各的，再对 T 个点取平均；不要把 T 个点混在一起算方差。")
def _(fits, y):
    variance, noise = fits.var(ddof=1), y.var(ddof=1)
    bias2 = ((fits.mean(0) - y.mean(0)) ** 2).mean()
    return bias2 - variance / len(fits) - noise / len(y), variance, noise


# ---------------------------------------------------------------- 练习 5：留一误差


def _loo_cases(rng):
    for n, d, lam, note in [(12, 3, 0.5, ""), (8, 5, 2.0, ""), (6, 9, 0.3, "参数比样本多")]:
        yield case(rng.normal(size=(n, d)), rng.normal(size=n), lam, note=note)


def _smoother(phi, lam):
    return phi @ np.linalg.solve(phi.T @ phi + lam * np.eye(phi.shape[1]), phi.T)


@exercise("ch07.loo", title="岭回归的留一误差", cases=_loo_cases, forbid=("loop",))
def loo_errors(phi, y, lam):
    S = _smoother(phi, lam)
    return (y - S @ y) / (1 - np.diag(S))


@loo_errors.mistake("这是训练残差：第 i 个样本还在训练集里。要除以 1 − Sᵢᵢ 才是留一误差。")
def _(phi, y, lam):
    return y - _smoother(phi, lam) @ y


@loo_errors.mistake("分母是每个样本自己的 1 − Sᵢᵢ，你用了它们的平均（那是广义交叉验证 GCV）。")
def _(phi, y, lam):
    S = _smoother(phi, lam)
    return (y - S @ y) / (1 - np.trace(S) / len(y))


@loo_errors.mistake("分子分母都对，多乘了一次：影响越大，残差越要放大，是除以 1 − Sᵢᵢ，不是乘。")
def _(phi, y, lam):
    S = _smoother(phi, lam)
    return (y - S @ y) * (1 - np.diag(S))


@loo_errors.mistake("S 里漏了 λ：岭回归的平滑矩阵是 Φ(ΦᵀΦ + λI)⁻¹Φᵀ。")
def _(phi, y, lam):
    S = phi @ np.linalg.pinv(phi)
    return (y - S @ y) / np.maximum(1 - np.diag(S), 1e-12)


# ---------------------------------------------------------------- 练习 6：一层折 m 段


def _zigzag_cases(rng):
    for m, shape, note in [
        (2, (4, 3), "就是对折"),
        (3, (5, 2), ""),
        (5, (2, 7), ""),
        (1, (6, 1), "不折，原样返回"),
    ]:
        yield case(torch.as_tensor(rng.uniform(0, 1, size=shape)), m, note=note)


def _zigzag(x, m, first, change, sign=-1):
    out = first * torch.relu(x)
    for i in range(1, m):
        out = out + sign**i * change * torch.relu(x - i / m)
    return out


@exercise("ch07.zigzag", title="一层折 m 段", cases=_zigzag_cases, grad=("x",))
def zigzag(x, m):
    return _zigzag(x, m, m, 2 * m)


@zigzag.mistake("斜率要从 +m 变成 −m，变化量是 2m。只变 m 就成了平的。")
def _(x, m):
    return _zigzag(x, m, m, m)


@zigzag.mistake("每段宽 1/m，要从 0 升到 1，斜率是 m，不是 1。")
def _(x, m):
    return _zigzag(x, m, 1, 2)


@zigzag.mistake("符号要轮流：第一个转折处斜率减 2m，第二个加 2m。全是减，就一路往下掉了。")
def _(x, m):
    out = m * torch.relu(x)
    for i in range(1, m):
        out = out - 2 * m * torch.relu(x - i / m)
    return out
