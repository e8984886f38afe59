"""第 6 章的自动微分引擎：用 hypothesis 造随机的计算图，与 torch.autograd 比较。

引擎的代码只有笔记本里那一份，这里读出那几格来执行。
"""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "book" / "p2_neural_networks" / "ch06_backprop.ipynb"
CELLS = ["ch06-engine-class", "ch06-engine-more", "ch06-engine-functions", "ch06-engine-grad"]


def load_engine() -> dict:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    source = {cell["id"]: "".join(cell["source"]) for cell in cells}
    namespace = {"math": math, "print": lambda *_: None}
    for name in CELLS:
        exec(compile(source[name], name, "exec"), namespace)
    return namespace


ENGINE = load_engine()
Scalar, grad = ENGINE["Scalar"], ENGINE["grad"]
FUNCTIONS = ("exp", "log", "tanh", "sigmoid", "relu")
OURS = {name: ENGINE[name] for name in FUNCTIONS}
TORCH = {name: getattr(torch, name) for name in FUNCTIONS}

# 定义域以外的输入先换成定义域以内的；其余的原样算
OPERATIONS = {
    "add": lambda a, b, k, lib: a + b,
    "sub": lambda a, b, k, lib: a - b,
    "mul": lambda a, b, k, lib: a * b,
    "div": lambda a, b, k, lib: a / (b * b + 0.3),
    "neg": lambda a, b, k, lib: -a,
    "square": lambda a, b, k, lib: a * a,
    "number + a": lambda a, b, k, lib: k + a,
    "number − a": lambda a, b, k, lib: k - a,
    "number · a": lambda a, b, k, lib: k * a,
    "number ÷ a": lambda a, b, k, lib: k / (a * a + 0.3),
    "number ^ a": lambda a, b, k, lib: (abs(k) + 0.5) ** lib["tanh"](a),
    "a + number": lambda a, b, k, lib: a + k,
    "a − number": lambda a, b, k, lib: a - k,
    "a · number": lambda a, b, k, lib: a * k,
    "a ÷ number": lambda a, b, k, lib: a / (abs(k) + 0.5),
    "a ^ number": lambda a, b, k, lib: (a * a + 0.3) ** k,
    "a ^ 3": lambda a, b, k, lib: a**3,
    "a ^ b": lambda a, b, k, lib: (a * a + 0.3) ** lib["tanh"](b),
    "exp": lambda a, b, k, lib: lib["exp"](lib["tanh"](a)),
    "log": lambda a, b, k, lib: lib["log"](a * a + 0.3),
    "tanh": lambda a, b, k, lib: lib["tanh"](a),
    "sigmoid": lambda a, b, k, lib: lib["sigmoid"](a),
    "relu": lambda a, b, k, lib: lib["relu"](a),
}
numbers = st.floats(-2, 2).filter(lambda x: x == 0 or abs(x) > 1e-3)
steps = st.tuples(
    st.sampled_from(sorted(OPERATIONS)), st.integers(0, 10**6), st.integers(0, 10**6), numbers
)


def torch_grads(out, leaves):
    if not out.requires_grad:
        return torch.zeros(len(leaves), dtype=torch.float64)
    grads = torch.autograd.grad(out, leaves, allow_unused=True)
    return torch.stack([torch.zeros_like(out) if g is None else g for g in grads]).detach()


@settings(max_examples=400, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=4), st.lists(steps, min_size=1, max_size=40))
def test_random_graphs_agree_with_torch(values, program):
    mine = [Scalar(v) for v in values]
    theirs = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    for name, i, j, k in program:
        pair = []
        for nodes, lib in ((mine, OURS), (theirs, TORCH)):
            pair.append(OPERATIONS[name](nodes[i % len(nodes)], nodes[j % len(nodes)], k, lib))
        if abs(pair[0].value) > 30:
            pair = [OURS["tanh"](pair[0]), torch.tanh(pair[1])]
        mine.append(pair[0])
        theirs.append(pair[1])
    out, reference = sum(mine[1:], mine[0]), sum(theirs[1:], theirs[0])
    torch.testing.assert_close(
        torch.tensor(out.value, dtype=torch.float64), reference.detach(), rtol=1e-9, atol=1e-9
    )
    got, want = torch.tensor(grad(out, mine), dtype=torch.float64), torch_grads(reference, theirs)
    torch.testing.assert_close(got, want, rtol=1e-7, atol=1e-9 * max(1.0, want.abs().max().item()))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(x=st.floats(0.01, 300))
def test_functions_agree_with_torch_far_out(name, x):
    for value in [x, -x] if name != "log" else [x]:
        mine, theirs = Scalar(value), torch.tensor(value, dtype=torch.float64, requires_grad=True)
        out, reference = OURS[name](mine), TORCH[name](theirs)
        assert math.isclose(out.value, reference.item(), rel_tol=1e-9, abs_tol=1e-15)
        want = torch.autograd.grad(reference, theirs)[0].item()
        assert math.isclose(grad(out, [mine])[0], want, rel_tol=1e-9, abs_tol=1e-15)


@pytest.mark.parametrize(
    ("base", "power"), [(0.0, 0), (0.0, 1), (0.0, 2), (-2.0, 3), (-2.0, -1), (-1.5, 0), (4.0, 0.5)]
)
def test_constant_powers_at_the_edges(base, power):
    mine, theirs = Scalar(base), torch.tensor(base, dtype=torch.float64, requires_grad=True)
    want = torch.autograd.grad(theirs**power, theirs)[0].item()
    assert (mine**power).value == (theirs**power).item()
    assert grad(mine**power, [mine])[0] == pytest.approx(want, rel=1e-12)


def test_powers_outside_the_domain_are_explained():
    with pytest.raises(ValueError, match="不是实数"):
        Scalar(-2.0) ** 0.5
    with pytest.raises(ValueError, match="不能对指数求导"):
        Scalar(0.0) ** Scalar(2.0)


def test_deep_chains_and_wide_fans():
    n = 50_000
    x = Scalar(1.0)
    deep, wide = x, Scalar(0.0)
    for k in range(n):
        deep = deep * 1.00001
        wide = x * k + wide
    assert math.isclose(grad(deep, [x])[0], 1.00001**n, rel_tol=1e-9)
    assert grad(wide, [x]) == [n * (n - 1) / 2]
    del deep  # 释放一条很长的链也不能撞上递归深度


def test_every_path_counts_once():
    x = Scalar(3.0)
    y = x
    for _ in range(100):
        y = y + y
    assert grad(y, [x]) == [2.0**100]
    assert grad(x, [x, Scalar(1.0)]) == [1.0, 0.0]


def test_asking_twice_gives_the_same_answer():
    a, b = Scalar(2.0), Scalar(-0.5)
    u = a * b
    out = u * u + u / a
    assert grad(out, [a, b]) == grad(out, [a, b])
    assert grad(u, [a, b]) == [-0.5, 2.0]
