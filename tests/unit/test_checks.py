"""练习检查的引擎：每一类答案得到怎样的回答。"""

import math
import random
import re
import sys
import threading
import time

import numpy as np
import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from hypothesis import given, settings
from hypothesis import strategies as st

from utils import check
from utils.checks import (
    _REGISTRY,
    Exercise,
    Result,
    RuleBroken,
    _chapters,
    _errors,
    _running,
    case,
    exercise,
)


@pytest.fixture(autouse=True)
def clean_registry():
    yield
    for name in [n for n in _REGISTRY if n.startswith("ch99.")]:
        del _REGISTRY[name]


def regression_cases(rng):
    for n, d, note in [(7, 3, ""), (1, 3, "只有一个样本"), (5, 1, "只有一个特征")]:
        yield case(rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=d), note=note)


@pytest.fixture
def gradient():
    @exercise("ch99.gradient", title="均方误差的梯度", cases=regression_cases)
    def gradient(X, y, w):
        return 2 / len(y) * X.T @ (X @ w - y)

    @gradient.mistake("残差写反了。")
    def _(X, y, w):
        return 2 / len(y) * X.T @ (y - X @ w)

    return gradient


def make(reference, *inputs, **options):
    """用参考实现和几组输入建一道临时的练习。"""

    def cases(rng):
        yield from (x if hasattr(x, "note") else case(*x) for x in inputs)

    return Exercise("ch99.temp", "临时", reference, cases, **options)


# ---------------------------------------------------------------- 对的答案


def test_right_answer_passes(gradient):
    result = check("ch99.gradient", lambda X, y, w: -2 * (X.T @ y - X.T @ (X @ w)) / y.shape[0])
    assert result.passed and result
    assert result.status == "passed" and "3 组" in result.message


def test_exercise_is_still_the_reference(gradient):
    X, y, w = np.ones((2, 1)), np.zeros(2), np.ones(1)
    assert gradient(X, y, w) == pytest.approx([2.0])


def test_argument_names_are_free(gradient):
    assert check("ch99.gradient", lambda a, b, c, extra=1: gradient(a, b, c)).passed


def test_small_rounding_errors_pass_and_large_ones_do_not(gradient):
    assert check("ch99.gradient", lambda *a: gradient(*a) * (1 + 1e-9)).passed
    assert not check("ch99.gradient", lambda *a: gradient(*a) * (1 + 1e-3)).passed


@given(scale=st.floats(1e-2, 1e6), noise=st.floats(1e-12, 1e-7))
@settings(max_examples=30, deadline=None)
def test_tolerance_follows_the_scale_of_the_answer(scale, noise):
    x = np.linspace(0, 1, 5) * scale
    e = make(lambda x: x**2, (x,))
    assert e.check(lambda x: x**2 * (1 + noise)).passed
    assert not e.check(lambda x: x**2 + 0.01 * np.abs(x**2).max()).passed


def test_tolerance_can_be_given():
    assert make(lambda x: np.exp(x), (1.0,), rtol=0.1).check(lambda x: np.exp(x) * 1.05).passed
    assert not make(lambda x: np.exp(x), (1.0,), rtol=0.01).check(lambda x: np.exp(x) * 1.05).passed


def test_scalars_of_any_type_are_equal():
    e = make(lambda x: torch.tensor(x * 2), (3.0,))
    for f in (lambda x: x * 2, lambda x: np.float64(x * 2), lambda x: torch.tensor(6.0)):
        assert e.check(f).passed


def test_several_outputs_dicts_lists_and_infinities():
    nan = make(lambda x: np.where(x > 0, x, np.nan), (np.arange(3.0),))
    assert nan.check(lambda x: np.array([np.nan, 1, 2])).passed
    assert "应该是 nan" in nan.check(lambda x: x).message
    e = make(lambda x: (x, {"a": x + 1, "b": [1.0, 2.0]}, -np.inf), (np.arange(3.0),))
    assert e.check(lambda x: [x, {"b": np.array([1, 2]), "a": x + 1}, float("-inf")]).passed
    assert "[1]['a']" in e.check(lambda x: (x, {"a": x, "b": [1.0, 2.0]}, -np.inf)).message
    assert "3 个值" in e.check(lambda x: (x, x)).message
    assert "3 个值" in e.check(lambda x: x).message
    assert "字典" in e.check(lambda x: (x, x, -np.inf)).message
    assert "这些键" in e.check(lambda x: (x, {"a": x}, -np.inf)).message
    assert not e.check(lambda x: (x, {"a": x + 1, "b": [1.0, 2.0]}, np.inf)).passed


def test_lower_precision_passes_with_a_remark():
    x = torch.linspace(0, 1, 4, dtype=torch.float64)
    result = make(lambda x: torch.sin(x), (x,)).check(lambda x: torch.sin(x.float()))
    assert result.passed and "float32" in result.message
    assert "顺带" not in make(lambda x: torch.sin(x), (x,)).check(torch.sin).message


def test_random_answers_are_reproducible_and_leave_the_seeds_alone():
    def draw(n):
        return torch.rand(n).numpy() + np.random.rand(n) + random.random()  # noqa: NPY002

    seen = []
    for outer in (1, 2):
        torch.manual_seed(outer)
        make(lambda n: 0, (2,)).check(lambda n: seen.append(draw(n).tolist()))
    assert seen[0] == seen[1]

    torch.manual_seed(3)  # 与检查结束时不同的状态
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    assert make(draw, (3,), (2,)).check(lambda n: draw(n)).passed
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[2])


def test_call_lets_an_answer_be_a_class_or_an_update_in_place():
    def step(w, g):
        w -= 0.1 * g

    def call(f, w, g):
        w = w.copy()
        f(w, g)
        return w

    e = make(step, (np.ones(3), np.arange(3.0)), call=call)
    assert e.check(lambda w, g: np.subtract(w, 0.1 * g, out=w)).passed
    assert not e.check(lambda w, g: w + 0.1 * g).passed

    class Square:
        def __call__(self, x):
            return x * x

    assert make(Square, (3.0,), call=lambda c, x: c()(x)).check(Square).passed


# ---------------------------------------------------------------- 没写完


def stub_dots(X, y, w): ...


def stub_raise(X, y, w):
    raise NotImplementedError


def stub_forgot_return(X, y, w):
    2 / len(y) * X.T @ (X @ w - y)


def stub_hole(X, y, w):
    residual = ...
    return 2 * residual


@pytest.mark.parametrize(
    "answer", [None, ..., stub_dots, stub_raise, stub_forgot_return, stub_hole]
)
def test_unfinished_is_kind_and_not_an_error(gradient, answer):
    result = check("ch99.gradient", answer)
    assert result.status == "unfinished" and not result.passed
    assert "再运行一次" in result.message


def test_not_implemented_raised_by_torch_is_not_a_stub():
    result = make(lambda x: x, (torch.ones(3),)).check(lambda x: x ^ 2)
    assert result.status == "error" and "乘方写 `**`" in result.message
    eigenvalues = make(lambda x: x, (torch.eye(3),)).check(lambda x: torch.linalg.eigvals(x).min())
    assert "eigvalsh" in eigenvalues.message


def test_not_implemented_inside_a_library_is_not_a_stub(gradient):
    result = check("ch99.gradient", lambda X, y, w: torch.nn.Module()(X))
    assert result.status == "error" and "NotImplementedError" in result.message


def test_one_branch_without_return(gradient):
    def answer(X, y, w):
        if len(y) > 1:
            return gradient(X, y, w)

    result = check("ch99.gradient", answer)
    assert result.status == "wrong" and "分支" in result.message
    assert "只有一个样本" in result.message


# ---------------------------------------------------------------- 交错了东西


def test_value_instead_of_function(gradient):
    message = check("ch99.gradient", np.ones(3)).message
    assert "不要加括号" in message and "ch99.gradient" in message


def test_wrong_number_of_parameters(gradient):
    message = check("ch99.gradient", lambda X, y: 0).message
    assert "`f(X, y, w)`" in message and "`(X, y)`" in message


def test_wrong_type(gradient):
    assert "字符串" in check("ch99.gradient", lambda X, y, w: "0.5").message
    assert "torch.Tensor" in check("ch99.gradient", lambda *a: torch.tensor(gradient(*a))).message
    e = make(lambda x: x, (torch.ones(3),))
    assert "torch.stack" in e.check(lambda x: list(x)).message
    assert "torch.stack" in e.check(lambda x: x.numpy()).message
    assert "`generator`" in e.check(lambda x: (v for v in x)).message
    assert "空值" in make(lambda x: (x, x), (1.0,)).check(lambda x: (x, None)).message


# ---------------------------------------------------------------- 报错


def test_exception_is_explained_with_the_own_line(gradient):
    def answer(X, y, w):
        residual = X @ w - y
        return np.dot(X, residual)  # 忘了转置

    result = check("ch99.gradient", answer)
    assert result.status == "error" and not result.passed
    assert "ValueError" in result.message
    assert "    return np.dot(X, residual)  # 忘了转置" in result.message
    assert "矩阵乘法" in result.message
    assert "`X` 的形状是 `(7, 3)`" in result.message


def test_the_line_shown_is_the_deepest_of_the_readers_own():
    def helper(x):
        return torch.nn.Linear(2, 2)(x)  # 里面还有库的好几层

    def answer(x):
        return helper(x)

    message = make(lambda x: x, (torch.ones(5),)).check(answer).message
    assert "    return torch.nn.Linear(2, 2)(x)  # 里面还有库的好几层" in message
    assert f"第 {helper.__code__.co_firstlineno + 1} 行" in message
    assert "矩阵乘法" in message


def unpack(a):
    return a


def unpack_two(x):
    a, b = x
    return a + b


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda x: x @ x, "矩阵乘法"),
        (lambda x: x.double() @ x.T, "dtype"),
        (lambda x: x + torch.ones(5), "广播"),
        (lambda x: x.numpy() + np.ones(5), "广播"),
        (lambda x: x.sum(dim=7), "没有这一维"),
        (lambda x: x.reshape(5, 5), "元素个数"),
        (lambda x: undefined_name, "没有定义"),  # noqa: F821
        (lambda x: x.no_such_method(), "没有这个属性"),
        (lambda x: 1 / 0, "除以了零"),
        (lambda x: x[9], "下标"),
        (lambda x: [][1], "下标"),
        (lambda x: torch.sum(), "参数对不上"),
        (lambda x: x.clone().requires_grad_().numpy(), "NumPy"),
        (lambda x: x.sum().backward(), "计算图"),
        (lambda x: {}["missing"], "KeyError"),
        (lambda x: x if x > 0 else -x, "真假值"),
        (lambda x: torch.exp(2), "要的是张量"),
        (lambda x: math.exp(x), "要的是一个数"),
        (lambda x: float(x), "要的是一个数"),
        (lambda x: np.float64(1).reshape(2.5), "要的是整数"),
        (lambda x: x.reshape(2, x.shape[0] / 2), "要的是整数"),
        (lambda x: unpack(*x), "参数对不上"),
        (lambda x: (lambda a, b: a)(*divmod(7, 2), 1), "参数对不上"),
        (lambda x: unpack_two(x), "变量个数"),
        (lambda x: torch.stack([x, x[0]]), "形状不同"),
        (lambda x: torch.cat([x, x.T]), "形状不同"),
        (lambda x: torch.stack([]), "空的"),
        (lambda x: max([]), "空的一列"),
        (lambda x: torch.zeros(0).max(), "空的一列"),
        (lambda x: torch.linalg.inv(torch.zeros(2, 2)), "不可逆"),
        (lambda x: torch.linalg.inv(x[0]), "维数"),
        (lambda x: torch.dot(x, x), "一维向量"),
        (lambda x: torch.outer(x, x), "维数"),
        (lambda x: x.T.view(12), "reshape"),
        (lambda x: x[0, 0, 0], "下标的个数"),
        (lambda x: x[1.5], "下标要是整数"),
        (lambda x: x(2), "少了运算符"),
        (lambda x: x + "1", "不能这样运算"),
        (lambda x: len(3), "只是一个数"),
        (lambda x: math.log(-1), "对负数开方"),
        (lambda x: x.long().mean(), "dtype"),
        (lambda x: x.long().add_(0.5), "放不进"),
    ],
)
def test_common_exceptions_get_a_reason(answer, expected):
    result = make(lambda x: x, (torch.ones(3, 4),)).check(answer)
    assert result.status == "error" and expected in result.message


def test_endless_recursion_is_an_error_too():
    def forever(x):
        return forever(x)

    assert "不停地调用自己" in make(abs, (1.0,)).check(forever).message


def test_interrupt_is_not_swallowed():
    def answer(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(abs, (1.0,)).check(answer)


def test_broken_reference_is_not_blamed_on_the_reader():
    with pytest.raises(ZeroDivisionError):
        make(lambda x: 1 / x, (0,)).check(lambda x: x)


# ---------------------------------------------------------------- 形状


@pytest.mark.parametrize(
    ("got", "want", "expected"),
    [
        ((3,), (5, 3), "批次维"),
        ((5,), (5, 1), "keepdim"),
        ((5, 1), (5,), "squeeze"),
        ((1, 5), (5,), "squeeze"),
        ((5, 5), (5,), "广播"),
        ((5, 5), (5, 1), "广播"),
        ((3, 5), (5, 3), "转置"),
        ((2, 5, 3), (2, 3, 5), "转置"),
        ((15,), (5, 3), "reshape"),
        ((5,), (), "求和"),
        ((5, 3), (5,), "多了一维"),
        ((5,), (5, 3), "少了一维"),
        ((), (5,), "少了一维"),
        ((5, 5), (5, 3), "哪一维"),
    ],
)
def test_wrong_shape_names_the_likely_cause(got, want, expected):
    e = make(lambda x: np.ones(want), (1.0,))
    message = e.check(lambda x: np.ones(got)).message
    assert f"应该是 `{want}`" in message and f"你的是 `{got}`" in message and expected in message


@given(
    st.lists(st.integers(1, 4), max_size=4).map(tuple),
    st.lists(st.integers(1, 4), max_size=4).map(tuple),
)
@settings(max_examples=150, deadline=None)
def test_any_pair_of_shapes_gets_an_answer(got, want):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=got), rng.normal(size=want)
    result = make(lambda x: b, (1.0,)).check(lambda x: a)
    assert result.status == "wrong" and result.message
    assert ("形状应该是" in result.message) == (got != want)


# ---------------------------------------------------------------- 数值


def test_known_mistake_gets_its_own_hint(gradient):
    result = check("ch99.gradient", lambda X, y, w: 2 / len(y) * (y - X @ w) @ X)
    assert (result.status, result.message) == ("wrong", "残差写反了。")


def test_a_mistake_that_raises_is_recognised_by_the_same_exception():
    e = make(lambda x: x / (x + 1), (0.0,), (1.0,))

    @e.mistake("分母可能是零。")
    def _(x):
        return (1 / x) and x / (x + 1)

    assert e.check(lambda x: x / x / (1 + 1 / x)).message == "分母可能是零。"


def test_wrong_sign():
    e = make(lambda x: x**2, (np.array([1.0, 2.0]),))
    assert "符号反了" in e.check(lambda x: -(x**2)).message


def softmax_scores(Q, K, beta):
    return Q @ K.T / np.sqrt(Q.shape[-1]) * beta


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (lambda Q, K, beta: np.sqrt(Q.shape[1]), ["`Q.shape[1]` 的平方根", "忘了除以"]),
        (lambda Q, K, beta: 1 / np.sqrt(Q.shape[1]), ["√`Q.shape[1]`", "多除了一次"]),
        (lambda Q, K, beta: Q.shape[0], ["`Q.shape[0]`", "忘了除以"]),
        (lambda Q, K, beta: 1 / K.shape[0], ["1 / `K.shape[0]`"]),
        (lambda Q, K, beta: 1 / beta, ["1 / `beta`", "忘了乘"]),
        (lambda Q, K, beta: -2 * Q.shape[0], ["符号反了", "两倍", "`Q.shape[0]`"]),
        (lambda Q, K, beta: 2, ["2 倍", "多了一个系数 2"]),
        (lambda Q, K, beta: 0.5, ["少了一个系数 2"]),
        (lambda Q, K, beta: 0.37, ["0.37 倍", "检查系数"]),
    ],
)
def test_constant_factor_is_reported_with_its_origin(factor, expected):
    rng = np.random.default_rng(0)
    inputs = [
        (rng.normal(size=(n, d)), rng.normal(size=(m, d)), beta)
        for n, m, d, beta in [(3, 5, 7, 0.3), (4, 6, 11, 0.9)]
    ]
    e = make(softmax_scores, *inputs)
    message = e.check(lambda *a: softmax_scores(*a) * factor(*a)).message
    assert "倍数" in message
    for text in expected:
        assert text in message


def test_unrelated_scalars_are_not_called_a_factor():
    message = make(lambda x: x**2 + 1, (1.7,), (2.9,)).check(lambda x: x + 0.3).message
    assert "倍" not in message and "应该是" in message


def test_constant_shift():
    e = make(lambda x: x**2, (np.arange(4.0),))
    assert "多 3" in e.check(lambda x: x**2 + 3).message


def test_transposed_values():
    x = np.arange(9.0).reshape(3, 3)
    assert "转置" in make(lambda x: x @ x, (x,)).check(lambda x: (x @ x).T).message


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 除以零正是要看的
def test_non_finite():
    x = np.array([0.0, 1.0, 1000.0])
    e = make(lambda x: x / (x + 1), (x,))
    assert "NaN（3 个数里有 1 个）" in e.check(lambda x: np.exp(x) / np.exp(x) * x).message
    assert "无穷大" in e.check(lambda x: np.exp(x)).message
    assert "无穷大" in e.check(lambda x: -1 / x).message


@pytest.mark.filterwarnings("error")
def test_masks_of_minus_infinity_do_not_disturb_the_diagnosis():
    mask = np.where(np.eye(3) > 0, -np.inf, 0.0)
    e = make(lambda x: x * 2 + mask, (np.arange(9.0).reshape(3, 3),))
    assert e.check(lambda x: mask + x + x).passed
    assert "符号" not in e.check(lambda x: x * 2).message
    assert "[0, 0] 处，你得到 0，应该是 -inf" in e.check(lambda x: x * 2).message
    assert "少了一个系数 2" in e.check(lambda x: x + mask).message
    assert "6 个不对" in e.check(lambda x: x * 2 + mask + 1).message


def test_integer_results_lose_the_fraction():
    e = make(lambda x: x / 2, (torch.tensor([1.0, 2.0, 5.0]),))
    assert "整数类型" in e.check(lambda x: (x / 2).long()).message
    share = make(lambda x: (x > 0).double().mean(), (torch.tensor([1.0, -1.0]),))
    assert "小数部分" not in share.check(lambda x: (x > 0).sum()).message  # 数出来的，没有除以总数


def test_integer_answers_are_exact():
    e = make(lambda n: n * 10**8, (3,))
    assert e.check(lambda n: n * 10**8).passed
    assert not e.check(lambda n: n * 10**8 + 1).passed
    assert "你得到 300000007，应该是 300000000" in e.check(lambda n: n * 10**8 + 7).message


def test_first_wrong_number_is_shown():
    x = np.arange(1.0, 7.0).reshape(2, 3)
    message = make(lambda x: x * x, (x,)).check(lambda x: np.where(x == 5, 0, x * x)).message
    assert "6 个数里有 1 个不对" in message and "[1, 1]" in message
    assert "你得到 0" in message and "应该是 25" in message


# ---------------------------------------------------------------- 改动输入、批次、梯度


def test_modified_input(gradient):
    def answer(X, y, w):
        result = gradient(X, y, w)
        w -= 0.1 * result
        return result

    message = check("ch99.gradient", answer).message
    assert "改动了输入 `w`" in message and "`X`" not in message.splitlines()[0]


def test_modified_input_in_torch_lists_and_with_grad():
    def answer(xs, w):
        xs.append(1)
        return w * 2

    assert "`xs`" in make(lambda xs, w: w * 2, ([], torch.ones(2))).check(answer).message

    def fill(table):
        table["w"] += 1
        return 0

    assert "`table`" in make(lambda table: 0, ({"w": np.ones(2)},)).check(fill).message

    def in_place(w):
        w.mul_(2)
        return w

    e = make(lambda w: w * 2, (torch.ones(2),), grad=("w",))
    assert "改动了输入 `w`" in e.check(in_place).message
    assert e.check(lambda w: w.clone().mul_(2)).passed


def test_the_inputs_survive_the_checks(gradient):
    def vandal(X, y, w):
        X[:], y[:], w[:] = 0, 0, 0
        return w

    check("ch99.gradient", vandal)
    assert check("ch99.gradient", gradient.reference).passed


def test_works_on_one_sample_but_not_on_a_batch():
    rng = np.random.default_rng(0)
    e = make(
        lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        case(rng.normal(size=4), note="一个样本"),
        case(rng.normal(size=(3, 4)), note="一批样本"),
    )
    message = e.check(lambda x: np.exp(x) / np.exp(x).sum()).message
    assert "一批样本" in message and "单个样本时是对的" in message
    message = e.check(lambda x: np.exp(x) / sum(float(np.exp(v)) for v in x)).message
    assert "TypeError" in message and "单个样本时是对的" in message


def test_says_which_inputs_were_right(gradient):
    message = check("ch99.gradient", lambda X, y, w: gradient(X, y, w) * X.shape[1]).message
    assert "`X.shape[1]`" in message and "另外 1 组输入是对的（只有一个特征）" in message


def test_gradient_is_compared_when_asked():
    x = torch.linspace(0.1, 1, 5, dtype=torch.float64)
    e = make(lambda x, w: (x * w).sin(), (x, x.flip(0)), grad=("x", "w"))
    assert "梯度也一致" in e.check(lambda x, w: torch.sin(w * x)).message
    assert "计算图断开" in e.check(lambda x, w: torch.sin(w * x).detach()).message
    assert "对 `w` 的梯度不对" in e.check(lambda x, w: torch.sin(w.detach() * x)).message
    assert not e.check(lambda x, w: torch.cos(w * x)).passed
    scalar = make(lambda x: (x * x).sum(), (x,), grad=("x",))
    assert "计算图断开" in scalar.check(lambda x: (x * x).sum().item()).message


# ---------------------------------------------------------------- 答案是一个值


@pytest.fixture
def limit():
    @exercise("ch99.limit", title="临界学习率")
    def limit():
        return 0.25

    @limit.mistake("这是 1/λ。")
    def _():
        return 0.125


def test_value_answers(limit):
    assert check("ch99.limit", 0.25).passed
    assert check("ch99.limit", torch.tensor(0.25)).passed
    assert check("ch99.limit", 0.125).message == "这是 1/λ。"
    assert check("ch99.limit", ...).status == "unfinished"
    assert "先调用它" in check("ch99.limit", lambda: 0.25).message
    assert "字符串" in check("ch99.limit", "0.25").message
    assert "符号" in check("ch99.limit", -0.25).message


def test_a_wrong_value_does_not_give_the_answer_away(limit):
    for wrong in (0.3, 0.07, 4.0):
        message = check("ch99.limit", wrong).message
        assert "0.25" not in message and "倍" not in message


def test_choices():
    @exercise("ch99.choice", title="选一个")
    def choice():
        return "B"

    @choice.mistake("A 只在凸函数上成立。")
    def _():
        return "A"

    assert check("ch99.choice", " b ").passed
    assert check("ch99.choice", "A").message == "A 只在凸函数上成立。"
    assert not check("ch99.choice", "C").passed
    assert not check("ch99.choice", 2).passed


# ---------------------------------------------------------------- 显示与登记


def test_shown_once_as_text_or_html(gradient, capsys):
    result = check("ch99.gradient", lambda X, y, w: undefined_name)  # noqa: F821
    assert capsys.readouterr().out == ""
    assert repr(result).startswith("✗ 运行出错：均方误差的梯度（ch99.gradient）\n")
    page = result._repr_html_()
    assert 'role="status"' in page and "<pre" in page and "<code>" in page
    assert "✓" in repr(check("ch99.gradient", gradient.reference))
    assert "…" in repr(check("ch99.gradient", ...))


def test_html_is_escaped():
    page = Result("ch99.x", "<b>题</b>", "wrong", "a < b `x<y>`\n    if a < b:")._repr_html_()
    assert "<b>" not in page and "<code>x&lt;y&gt;</code>" in page and "if a &lt; b:" in page


def test_unknown_name_suggests_the_nearest(gradient):
    with pytest.raises(ValueError, match=r"没有名为 'ch99.gradent' 的练习.*是不是 'ch99.gradient'"):
        check("ch99.gradent", 1)
    with pytest.raises(ValueError, match=r"没有名为 '第二章' 的练习"):
        check("第二章", 1)
    with pytest.raises(TypeError, match=r"check\(名字, 你的答案\)"):
        check(lambda: 1, "ch99.gradient")


def test_names_are_checked_when_declared(gradient):
    with pytest.raises(ValueError, match="应形如"):
        exercise("gradient", title="梯度")

    with pytest.raises(ValueError, match="登记过"):
        exercise("ch99.gradient", title="梯度")(lambda X, y, w: w)
    exercise("ch99.gradient", title="新题目")(gradient.reference)  # 重新导入同一个文件
    assert check("ch99.gradient", ...).title == "新题目"


def test_chapters_are_found_by_their_file_name():
    for chapter, module in _chapters().items():
        assert module.startswith(f"utils.checks.{chapter}_")


# ---------------------------------------------------------------- 停不下来的、退出的


@pytest.fixture
def short_limit(monkeypatch):
    monkeypatch.setattr(_running, "TIME_LIMIT", 0.3)


def endless(x):
    while True:
        x = x + 0


def endless_with_except(x):
    while True:
        try:
            x = x + 0
        except:  # noqa: E722
            pass


@pytest.mark.parametrize("answer", [endless, endless_with_except])
def test_endless_loop_is_stopped_and_its_line_is_shown(short_limit, answer):
    result = make(lambda x: x, (1.0,), (2.0,)).check(answer)
    assert result.status == "error" and "已经停下" in result.message
    assert f"{answer.__code__.co_firstlineno}" not in result.message.splitlines()[0]
    assert "停下时正在执行的是第" in result.message and result.case == (1.0,)


def test_waiting_follows_the_clock_when_every_wait_is_late(monkeypatch):
    """机器很忙时每一小段都会等过头；一共等多久看钟，不数等了几次。"""
    wait = threading.Event.wait
    monkeypatch.setattr(threading.Event, "wait", lambda self, t: wait(self, 10 * t))
    start = time.monotonic()
    _running._wait(threading.Event(), 0.5)
    assert 0.5 <= time.monotonic() - start < 3


def test_an_error_that_cannot_be_printed_is_still_told():
    class Mute(Exception):
        def __str__(self):
            raise ZeroDivisionError

    def answer(x):
        raise Mute

    assert "`Mute: `" in make(lambda x: x, (1.0,)).check(answer).message


def test_a_thread_stuck_outside_python_is_left_behind(short_limit):
    start = time.monotonic()
    result = make(lambda x: x, (1.0,)).check(lambda x: time.sleep(8))
    waited = time.monotonic() - start
    assert result.status == "error" and "已经停下" in result.message
    # 睡着的答案不用 CPU，等的比时间限制久：读者看到的是真正等了多久
    said = float(re.search(r"等了 (\S+) 秒", result.message)[1])
    assert 3 * _running.TIME_LIMIT <= said == pytest.approx(waited, abs=0.5)


def test_exit_does_not_end_the_notebook():
    for leave in (lambda x: sys.exit(), lambda x: exit(1)):
        assert "exit()" in make(lambda x: x, (1.0,)).check(leave).message


def test_gradients_switched_off_in_the_notebook_do_not_matter():
    e = make(lambda x: x * 2, (torch.ones(2),), grad=("x",))
    with torch.no_grad():
        assert e.check(lambda x: x + x).passed


# ---------------------------------------------------------------- 种类、个数、次序


def test_the_kind_of_the_reference_is_required():
    is_positive = make(lambda x: x > 0, (torch.tensor([1.0, -1.0]),))
    for wrong in (lambda x: (x > 0).float(), lambda x: (x > 0).long()):
        assert "真假值（`bool`）" in is_positive.check(wrong).message
    count = make(lambda n: n // 2, (5,), (9,))
    assert count.check(lambda n: torch.tensor(n) // 2).passed
    assert "题目要整数" in count.check(lambda n: float(n // 2)).message
    assert "真假值" in make(lambda n: 1, (5,)).check(lambda n: True).message
    assert make(lambda n: 2.0, (5,)).check(lambda n: 2).passed
    # 有一组数值也不对，就先讲数值
    assert "类型不对" not in count.check(lambda n: n / 2 if n > 5 else 2.0).message


def test_integers_off_by_one():
    e = make(lambda n: 10 * n, (5,), (9,), (0,))
    assert "多了 1" in e.check(lambda n: 10 * n + 1).message
    assert "少了 1" in e.check(lambda n: 10 * n - (n > 0)).message
    assert "了 1：" not in e.check(lambda n: 10 * n + n // 4).message


def test_complex_results_and_one_value_too_many():
    e = make(lambda x: x.sum(), (torch.ones(2),), (torch.ones(3),))
    assert "复数" in e.check(lambda x: torch.linalg.eigvals(torch.diag(x))[0]).message
    assert "复数" in e.check(lambda x: (-1) ** 0.5).message
    assert "逗号" in e.check(lambda x: (x.sum(),)).message
    assert "不要多返回" in e.check(lambda x: (x.sum(), x)).message


def test_permuted_results_are_named():
    e = make(lambda x: (x, x + 1, x * 7), (2.0,), (3.0,))
    assert "第 3 个、第 1 个、第 2 个" in e.check(lambda x: (x + 1, x * 7, x)).message
    assert "次序" not in e.check(lambda x: (x + 1, x, x)).message

    def in_place(w):
        w += 1
        return w, 1.0

    message = make(lambda w: (w + 1, 1.0), (np.zeros(2),)).check(in_place).message
    assert "改动了输入" in message and "次序" not in message


def test_values_stacked_into_one_array_count_as_several():
    e = make(lambda x: (x.mean(), x.sum()), (torch.arange(3.0),))
    assert e.check(lambda x: torch.stack([x.mean(), x.sum()])).passed
    assert not e.check(lambda x: x).passed


def test_arrays_of_either_library_when_no_input_has_one():
    e = make(lambda n: torch.arange(n).double(), (3,))
    assert e.check(lambda n: np.arange(float(n))).passed
    assert e.check(lambda n: torch.arange(n).double().to_sparse()).passed
    assert not make(lambda x: x * 2, (torch.ones(3),)).check(lambda x: (x * 2).numpy()).passed


def test_allowed_strings_are_listed():
    e = make(lambda x: "升" if x > 0 else "降", (1.0,), (-1.0,))
    assert "升、降" in e.check(lambda x: "up").message
    assert "再想一想" in e.check(lambda x: "升").message


# ---------------------------------------------------------------- 讲哪一组、怎样讲


def test_the_case_with_the_largest_error_is_described_and_can_be_run_again():
    x = [np.array([1.0, v]) for v in (1.0, 3.0, 2.0)]
    e = make(lambda x: x.prod(), *[(v,) for v in x])
    result = e.check(lambda x: x.sum())
    assert "`x = [1, 1]`" in result.message  # 误差 1，以答案的大小 1 为单位
    assert np.array_equal(result.case[0], x[0])
    assert e.reference(*result.case) == 1.0
    assert e.check(e.reference).case is None


def test_values_come_before_gradients():
    x = torch.linspace(0.1, 1, 3, dtype=torch.float64)
    e = make(lambda x: x * 2, (x,), (x * 3,), grad=("x",))
    message = e.check(lambda x: (x * 2).detach() if x[0] < 0.2 else x * 3).message
    assert "数值不对" in message or "倍" in message


def test_only_the_selected_gradients_are_compared():
    x = torch.ones(3, dtype=torch.float64)
    assert make(lambda x, t: x * t, (x, x), grad=("x",)).check(lambda x, t: x * t.detach()).passed


def test_the_tolerance_is_that_of_the_reference():
    e = make(lambda x: torch.sin(x), (torch.linspace(0, 1, 4, dtype=torch.float64),))
    assert "只在舍入" in e.check(lambda x: torch.sin(x).half()).message
    result = e.check(lambda x: (torch.sin(x) * 1.015).half())
    assert not result.passed and "舍入" not in result.message


def test_a_ratio_near_one_or_in_some_cases_only_is_no_factor():
    xs = [(np.array([1.0, 2.0, 4.0]) * k,) for k in (1, 2)]
    e = make(lambda x: x**2, *xs)
    assert "倍" not in e.check(lambda x: x**2 * 1.003).message
    assert "倍" not in e.check(lambda x: x**2 * 3 if x[0] > 1 else x**2 + x).message
    assert "别的输入上没有差" in e.check(lambda x: x**2 * (3 if x[0] > 1 else 1)).message
    assert "随输入变" in e.check(lambda x: x**2 * (3 if x[0] > 1 else 5)).message
    half = make(lambda x: x, (1.0,), (-2.0,))
    assert "弄丢了负号" in half.check(abs).message


def test_reordered_and_unused_parameters_are_named():
    e = make(lambda x, lr, n: x * lr + n, (1.0, 0.3, 2), (2.0, 0.4, 5))
    assert "参数的次序" in e.check(lambda lr, x, n: x * lr - n).message
    assert "没有用到参数 `b`" in e.check(lambda a, b, c: a * 0.3 + c).message
    assert "没有用到" not in e.check(lambda a, b, c: (lambda: a * b)() - c).message


# ---------------------------------------------------------------- 规则


def loop(x):
    return torch.stack([v * 2 for v in x])


def while_loop(x):
    out, i = x.clone(), 0
    while i < len(x):
        out[i] = x[i] * 2
        i += 1
    return out


@pytest.mark.parametrize(
    "answer",
    [loop, while_loop, lambda x: torch.stack(list(map(lambda v: v * 2, x)))],
)
def test_loops_are_refused_where_they_are_forbidden(answer):
    e = make(lambda x: x * 2, (torch.arange(8.0),), forbid=("loop",))
    message = e.check(answer).message
    assert message.startswith("数值对了，可是题目不许用循环")
    assert e.check(lambda x: torch.vmap(lambda v: v * 2)(x)).passed
    assert make(lambda x: x * 2, (torch.arange(8.0),)).check(answer).passed


def backward(x):
    x = x.clone().requires_grad_()
    (x**2).sum().backward()
    return x.grad


@pytest.mark.parametrize(
    "answer",
    [
        backward,
        lambda x: torch.autograd.functional.jacobian(lambda v: (v**2).sum(), x),
        lambda x: torch.func.grad(lambda v: (v**2).sum())(x),
    ],
)
def test_autograd_is_refused_where_it_is_forbidden(answer):
    e = make(lambda x: x * 2, (torch.arange(3.0),), forbid=("autograd",))
    assert "可是题目不许用自动微分" in e.check(answer).message
    assert e.check(lambda x: x + x).passed


@pytest.mark.parametrize("rule", ["autograd", "loop"])
def test_printing_to_find_a_fault_breaks_no_rule(rule, capsys):
    def answer(x):
        print(x, x.shape, f"{x.mean():.3f}", repr(x.clone().requires_grad_()))
        return x + x

    result = make(lambda x: x * 2, (torch.arange(3.0),), forbid=(rule,)).check(answer)
    assert result.passed, result
    assert "tensor([0., 1., 2.])" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_dual_numbers_are_autograd():
    def answer(x):
        with forward_ad.dual_level():
            y = forward_ad.make_dual(x, torch.ones_like(x)) ** 2
            return forward_ad.unpack_dual(y).tangent

    e = make(lambda x: x * 2, (torch.arange(3.0),), forbid=("autograd",))
    assert "可是题目不许用自动微分" in e.check(answer).message


def test_a_forbidden_function_is_named():
    e = make(lambda x: torch.relu(x), (torch.arange(3.0) - 1,), forbid=("relu",))
    assert "`relu`" in e.check(lambda x: torch.nn.functional.relu(x)).message
    assert "`relu`" in e.check(lambda x: torch.relu(x)).message  # C 写的函数
    assert "`relu`" in e.check(lambda x: x.relu()).message
    assert e.check(lambda x: x.clamp(min=0)).passed
    det = make(lambda m: m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0], (torch.eye(2),), forbid=("det",))
    assert "`det`" in det.check(lambda m: torch.linalg.det(m)).message
    assert "规则" in e.check(breaks_a_rule).message


def breaks_a_rule(x):
    raise RuleBroken("规则")


def test_library_frames_are_told_from_the_readers_own():
    assert _errors.in_library(torch.__file__)
    assert _errors.in_library(random.__file__)
    assert not _errors.in_library(__file__)
