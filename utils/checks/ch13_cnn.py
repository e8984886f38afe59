"""第 13 章《卷积神经网络 CNN》的练习检查。"""

from torch.nn import functional as F

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：空洞卷积的输出


def _dilated_cases(rng):
    yield case(7, 3, 1, 0, 1, note="普通的卷积")
    yield case(16, 3, 2, 1, 3)
    yield case(15, 5, 3, 4, 2, note="除不尽")
    yield case(9, 1, 2, 0, 4, note="1×1 的核")
    yield case(32, 4, 1, 2, 5)


def _dilated(n, span, s, p):
    return (n + 2 * p - span) // s + 1


@exercise("ch13.dilated", title="空洞卷积的输出", cases=_dilated_cases)
def dilated(n, k, s, p, d):
    return _dilated(n, d * (k - 1) + 1, s, p)


@dilated.mistake("撑开的核占 d(k − 1) + 1 格，不是 dk 格：最后一个权重后面没有空隙。")
def _(n, k, s, p, d):
    return _dilated(n, d * k, s, p)


@dilated.mistake("没有用到间隔 d：核撑开以后占的格子更多。")
def _(n, k, s, p, d):
    return _dilated(n, k, s, p)


@dilated.mistake("填充是两边各补 p 格，一共 2p。")
def _(n, k, s, p, d):
    return (n + p - d * (k - 1) - 1) // s + 1


@dilated.mistake("漏了最后的加 1：第 0 个窗口也算一个。")
def _(n, k, s, p, d):
    return (n + 2 * p - d * (k - 1) - 1) // s


# ---------------------------------------------------------------- 练习 2：乘法的次数


def _multiplication_cases(rng):
    yield case(1, 6, 1, 3, 1, 0, note="单通道")
    yield case(3, 32, 64, 5, 1, 2)
    yield case(20, 14, 30, 3, 2, 1)
    yield case(8, 9, 4, 2, 3, 0)


@exercise("ch13.multiplications", title="乘法的次数", cases=_multiplication_cases)
def multiplications(C, n, c_out, k, s, p):
    return c_out * _dilated(n, k, s, p) ** 2 * C * k * k


@multiplications.mistake("这是参数的个数：每个输出位置都要做一遍这些乘法。")
def _(C, n, c_out, k, s, p):
    return c_out * C * k * k


@multiplications.mistake("每个核要看全部输入通道，漏乘了 C。")
def _(C, n, c_out, k, s, p):
    return c_out * _dilated(n, k, s, p) ** 2 * k * k


@multiplications.mistake("输出是二维的，位置有 n_out² 个，不是 n_out 个。")
def _(C, n, c_out, k, s, p):
    return c_out * _dilated(n, k, s, p) * C * k * k


@multiplications.mistake("位置的个数要用输出的边长算，不是输入的边长。")
def _(C, n, c_out, k, s, p):
    return c_out * n * n * C * k * k


# ---------------------------------------------------------------- 练习 3：看到的是哪几格


def _seen_cases(rng):
    yield case([3], [1], [0], 2, note="一层")
    yield case([4, 2], [3, 1], [1, 0], 5)
    yield case([3, 2, 3], [1, 2, 1], [1, 0, 1], 0, note="落进填充")
    yield case([5, 3, 3], [2, 2, 1], [2, 1, 0], 3)
    yield case([2, 2, 1], [2, 2, 1], [0, 0, 0], 4)
    yield case([3, 5], [2, 1], [0, 2], 1, note="次序要紧")


def _seen(layers, i, *, padded=True, reach=1):
    first = last = i
    for k, s, p in layers:
        p = p if padded else 0
        first, last = first * s - p, last * s - p + k - reach
    return first, last


def _backwards(k, s, p):
    return list(zip(k, s, p, strict=True))[::-1]


@exercise("ch13.seen", title="看到的是哪几格", cases=_seen_cases)
def seen(k, s, p, i):
    return _seen(_backwards(k, s, p), i)


@seen.mistake("要从最后一层往前推：先问它要上一层的哪几个，再问那几个要更前面的哪几个。")
def _(k, s, p, i):
    return _seen(_backwards(k, s, p)[::-1], i)


@seen.mistake("漏了填充：补上去的 p 格把整个窗口往前推了 p 格。")
def _(k, s, p, i):
    return _seen(_backwards(k, s, p), i, padded=False)


@seen.mistake("last 要包含在内：窗口的最后一格是起点加 k − 1。")
def _(k, s, p, i):
    return _seen(_backwards(k, s, p), i, reach=0)


# ---------------------------------------------------------------- 练习 4：卷积的反向


def _backward_cases(rng):
    for H, W, k, note in [
        (5, 6, 3, ""),
        (4, 4, 2, ""),
        (3, 7, 1, "1×1 的核"),
        (3, 3, 3, "一个输出"),
    ]:
        upstream = normal(rng, H - k + 1, W - k + 1)
        yield case(normal(rng, H, W), normal(rng, k, k), upstream, note=note)


def _correlate(x, w):
    return F.conv2d(x[None, None], w[None, None])[0, 0]


def _backward(x, w, upstream, *, flip=True, flip_w=False):
    padded = F.pad(upstream, (len(w) - 1,) * 4)
    dw = _correlate(x, upstream)
    return _correlate(padded, w.flip(0, 1) if flip else w), dw.flip(0, 1) if flip_w else dw


@exercise("ch13.backward", title="卷积的反向", cases=_backward_cases, forbid=("autograd",))
def backward(x, w, upstream):
    return _backward(x, w, upstream)


@backward.mistake("对 x 的梯度要用翻转的核：x[i+u, j+v] 通过 w[u, v] 影响 y[i, j]，下标是相减的。")
def _(x, w, upstream):
    return _backward(x, w, upstream, flip=False)


@backward.mistake("对 w 的梯度不用翻转：它是 x 与上游梯度的互相关。")
def _(x, w, upstream):
    return _backward(x, w, upstream, flip_w=True)


# ---------------------------------------------------------------- 练习 5：两层并成一层


def _compose_cases(rng):
    yield case(normal(rng, 3, 3), normal(rng, 3, 3), note="一样大")
    yield case(normal(rng, 2, 2), normal(rng, 4, 4))
    yield case(normal(rng, 5, 5), normal(rng, 1, 1), note="第二层是 1×1")
    yield case(normal(rng, 1, 1), normal(rng, 3, 3))


def _compose(w1, w2, flip):
    padded = F.pad(w1, (len(w2) - 1,) * 4)
    return _correlate(padded, w2.flip(0, 1) if flip else w2)


@exercise("ch13.compose", title="两层并成一层", cases=_compose_cases)
def compose(w1, w2):
    return _compose(w1, w2, True)


@compose.mistake("合成要用翻转的那种卷积：x[i+m] 的系数是 Σ w2[u]·w1[m−u]，下标相加得 m。")
def _(w1, w2):
    return _compose(w1, w2, False)


@compose.mistake("整个反了过来：不必再翻转合成以后的核。")
def _(w1, w2):
    return _compose(w1, w2, True).flip(0, 1)
