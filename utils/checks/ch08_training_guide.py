"""第 8 章《训练攻略：诊断、过拟合与模型选择》的练习检查。"""

import math

import numpy as np
import torch

from utils.checks import case, exercise

# ---------------------------------------------------------------- 练习 1：验证集要多大


def _samples_cases(rng):
    yield case(10, 0.05, 0.1)
    yield case(1, 0.1, 0.05, note="只有一个候选")
    yield case(2000, 0.02, 0.01)


@exercise("ch08.samples", title="验证集要多少样本", cases=_samples_cases)
def samples_needed(k, epsilon, delta):
    return math.ceil(math.log(2 * k / delta) / (2 * epsilon**2))


@samples_needed.mistake("对数里少了 2：偏高与偏低两侧都要算，上界是 2k·exp(−2Nε²)。")
def _(k, epsilon, delta):
    return math.ceil(math.log(k / delta) / (2 * epsilon**2))


@samples_needed.mistake("指数里是 −2Nε²，移项时分母上的 2 别丢。")
def _(k, epsilon, delta):
    return math.ceil(math.log(2 * k / delta) / epsilon**2)


@samples_needed.mistake("没有用到候选的个数 k：要求每一个候选都准，用 union bound 乘上 k。")
def _(k, epsilon, delta):
    return math.ceil(math.log(2 / delta) / (2 * epsilon**2))


@samples_needed.mistake("样本数要取整数，而且要向上取整，不等式才成立。")
def _(k, epsilon, delta):
    return math.floor(math.log(2 * k / delta) / (2 * epsilon**2))


# ---------------------------------------------------------------- 练习 2：猜平均值的交叉验证


def _folds_cases(rng):
    yield case(rng.normal(size=12), 3)
    yield case(rng.normal(size=11) + 5, 4, note="除不尽，前面的份多一个")
    yield case(rng.normal(size=6), 6, note="留一法")


def _mean_cv(y, n_folds, predict, combine=np.mean):
    scores = []
    for held in np.array_split(np.arange(len(y)), n_folds):
        scores.append(((y[held] - predict(y, held)) ** 2).mean())
    return combine(scores)


@exercise("ch08.folds", title="N 折交叉验证", cases=_folds_cases)
def mean_cv(y, n_folds):
    return _mean_cv(y, n_folds, lambda y, held: np.delete(y, held).mean())


@mean_cv.mistake("预测用了全部样本的平均，验证的那一份也参与了训练。只能用其余样本的平均。")
def _(y, n_folds):
    return _mean_cv(y, n_folds, lambda y, held: y.mean())


@mean_cv.mistake("用验证那一份自己的平均去预测它自己，等于没有留出验证。")
def _(y, n_folds):
    return _mean_cv(y, n_folds, lambda y, held: y[held].mean())


@mean_cv.mistake("只算了第一折。每一份都要轮流当验证集，再取平均。")
def _(y, n_folds):
    return _mean_cv(y, n_folds, lambda y, held: np.delete(y, held).mean(), lambda s: s[0])


@mean_cv.mistake("各折的分数要取平均，不是加起来。")
def _(y, n_folds):
    return _mean_cv(y, n_folds, lambda y, held: np.delete(y, held).mean(), np.sum)


# ---------------------------------------------------------------- 练习 3：弹性网的近端步骤


def _elastic_cases(rng):
    yield case(torch.tensor(rng.normal(size=8)), 0.3, 0.5)
    yield case(torch.tensor(rng.normal(size=5) * 3), 1.0, 0.0, note="只有 L1")
    yield case(torch.tensor(rng.normal(size=5)), 0.0, 2.0, note="只有 L2")


def _soft(v, t):
    return v.sign() * (v.abs() - t).clamp(min=0)


@exercise("ch08.elastic", title="弹性网的近端步骤", cases=_elastic_cases)
def elastic_step(v, a, b):
    return _soft(v, a) / (1 + 2 * b)


@elastic_step.mistake("b·w² 的导数是 2bw，分母是 1+2b，不是 1+b。")
def _(v, a, b):
    return _soft(v, a) / (1 + b)


@elastic_step.mistake("先缩小再软阈值，次序反了：由 w−v+a+2bw=0，是先减 a，再除以 1+2b。")
def _(v, a, b):
    return _soft(v / (1 + 2 * b), a)


@elastic_step.mistake("不够减的分量应当变成零，你让它变号了：别忘了截到零。")
def _(v, a, b):
    return (v - a * v.sign()) / (1 + 2 * b)


# ---------------------------------------------------------------- 练习 4：带门槛的早停


def _stop_cases(rng):
    yield case([3.0, 2.0, 1.95, 1.94, 1.93, 1.0], 3, 0.1, note="慢慢下降，但都不到门槛")
    yield case([3.0, 2.0, 1.0, 0.5], 2, 0.1, note="没有触发")
    yield case([1.0, 1.2, 0.8, 0.9, 0.95, 0.7], 2, 0.0)
    yield case([2.0, 2.0, 2.0], 1, 0.0, note="一样高不算新低")
    yield case([1.0, 3.0, 2.0, 1.5, 1.4, 1.3], 2, 0.0, note="比前一轮低，没有低过最好的")
    yield case([2.0, 1.93, 1.86, 1.79, 1.7], 4, 0.1, note="几轮加起来才低出门槛")


def _stop(losses, patience, delta, strict=True, wait=0):
    best = 0
    for epoch, loss in enumerate(losses):
        if (loss < losses[best] - delta) if strict else (loss <= losses[best] - delta):
            best = epoch
        if epoch - best >= patience + wait:
            return epoch, best
    return len(losses) - 1, best


@exercise("ch08.early_stop", title="带门槛的早停", cases=_stop_cases)
def stop_with_threshold(val_losses, patience, min_delta):
    return _stop(val_losses, patience, min_delta)


@stop_with_threshold.mistake("没有用到 min_delta：要比目前最好的低出 min_delta 以上，才算新低。")
def _(val_losses, patience, min_delta):
    return _stop(val_losses, patience, 0.0)


@stop_with_threshold.mistake("晚停了一轮：连续 patience 轮没有新低，就在这一轮停。")
def _(val_losses, patience, min_delta):
    return _stop(val_losses, patience, min_delta, wait=1)


@stop_with_threshold.mistake("一样高不算新低：要严格低于。")
def _(val_losses, patience, min_delta):
    return _stop(val_losses, patience, min_delta, strict=False)


# ---------------------------------------------------------------- 练习 5：dropout 的方差


def _dropout_cases(rng):
    for d, p, note in [(6, 0.3, ""), (4, 0.8, "丢得多"), (3, 0.0, "不丢，方差是零")]:
        yield case(torch.tensor(rng.normal(size=d)), torch.tensor(rng.normal(size=d)), p, note=note)


@exercise("ch08.dropout", title="dropout 带来的方差", cases=_dropout_cases)
def dropout_variance(w, h, p):
    return p / (1 - p) * ((w * h) ** 2).sum()


@dropout_variance.mistake("忘了除以 (1−p)²：倒置的写法里，输出先放大了 1/(1−p) 倍。")
def _(w, h, p):
    return p * (1 - p) * ((w * h) ** 2).sum()


@dropout_variance.mistake("独立变量之和的方差是各自方差之和：先平方再求和，不是先求和再平方。")
def _(w, h, p):
    return p / (1 - p) * (w * h).sum() ** 2


@dropout_variance.mistake("放大了 1/(1−p) 倍，方差要除以 (1−p) 的平方，你只除了一次。")
def _(w, h, p):
    return p * ((w * h) ** 2).sum()
