"""第 30 章《终身学习》的练习检查。"""

import torch

from utils.checks import case, exercise, normal

# ---------------------------------------------------------------- 练习 1：忘掉了多少


def _matrix_cases(rng):
    for T, note in [(2, "两个任务"), (3, ""), (5, "五个任务"), (4, "")]:
        yield case(torch.as_tensor(rng.uniform(0, 1, size=(T, T))), note=note)


@exercise("ch30.forgetting_measure", title="忘掉了多少", cases=_matrix_cases)
def forgetting_measure(R):
    T = len(R)
    return torch.stack([R[j : T - 1, j].max() - R[-1, j] for j in range(T - 1)]).mean()


@forgetting_measure.mistake("你比的是刚学完时的成绩 R[j, j]，那是后向迁移；这里要学会以后最好的。")
def _(R):
    return (R.diagonal() - R[-1])[:-1].mean()


@forgetting_measure.mistake("还没有学任务 j 时的成绩不算：从第 j 行开始取最大。")
def _(R):
    return (R[:-1].max(0).values - R[-1])[:-1].mean()


@forgetting_measure.mistake("最后一行不能算进“以前最好的”里：只看到第 T - 1 行。")
def _(R):
    return torch.stack([R[j:, j].max() - R[-1, j] for j in range(len(R) - 1)]).mean()


# ---------------------------------------------------------------- 练习 2：几根橡皮筋并成一根


def _anchor_cases(rng):
    for T, P, note in [
        (2, 3, ""),
        (4, 5, "四个旧任务"),
        (1, 4, "只有一个旧任务"),
        (3, 1, "一个参数"),
    ]:
        yield case(torch.as_tensor(rng.uniform(0.1, 3, size=(T, P))), normal(rng, T, P), note=note)


@exercise("ch30.merge_anchors", title="几根橡皮筋并成一根", cases=_anchor_cases)
def merge_anchors(b, anchors):
    B = b.sum(0)
    return B, (b * anchors).sum(0) / B


@merge_anchors.mistake("A 不是锚的普通平均：拴得紧的锚分量大，要按 b 加权。")
def _(b, anchors):
    return b.sum(0), anchors.mean(0)


@merge_anchors.mistake("A 还没有除以 B：你返回的是 Σ b θ^t。")
def _(b, anchors):
    return b.sum(0), (b * anchors).sum(0)


@merge_anchors.mistake("只用最近的锚是 30.5 节的近似；这里要与各根橡皮筋之和恰好相等。")
def _(b, anchors):
    return b.sum(0), anchors[-1].clone()


# ---------------------------------------------------------------- 练习 3：留一点余地的投影


def _margin_cases(rng):
    for P, gamma, note in [(3, 0.5, ""), (5, 4.0, "要改的"), (4, -9.0, "不用改的"), (6, 2.0, "")]:
        yield case(normal(rng, P), normal(rng, P), gamma, note=note)
    old = normal(rng, 7)  # 内积大约是 -2 |old|²，比 gamma 还小
    yield case(normal(rng, 7) - 2 * old, old, -1.0, note="gamma 是负的，也要改")


@exercise("ch30.project_with_margin", title="留一点余地的投影", cases=_margin_cases)
def project_with_margin(g, g_old, gamma):
    short = (gamma - g @ g_old).clamp(min=0)
    return g + short / (g_old @ g_old) * g_old


@project_with_margin.mistake("约束已经满足时不要动 g：差额是负的要截成 0。")
def _(g, g_old, gamma):
    return g + (gamma - g @ g_old) / (g_old @ g_old) * g_old


@project_with_margin.mistake("你投影到了 g'·g₁ ≥ 0，没有用到 gamma。")
def _(g, g_old, gamma):
    return g + (-(g @ g_old)).clamp(min=0) / (g_old @ g_old) * g_old


@project_with_margin.mistake("gamma 是负的时候约束也可能不满足：g·g₁ 比 gamma 还小，照样要改。")
def _(g, g_old, gamma):
    return g if gamma < 0 else g + (gamma - g @ g_old).clamp(min=0) / (g_old @ g_old) * g_old


@project_with_margin.mistake("差额要除以 g₁ 长度的平方 g₁·g₁，不是长度。")
def _(g, g_old, gamma):
    return g + (gamma - g @ g_old).clamp(min=0) / g_old.norm() * g_old
