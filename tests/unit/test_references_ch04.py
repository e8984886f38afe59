"""第 4 章批改用的参考实现自身的性质。"""

import torch
from answers_ch04 import bce
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.checks.ch04_logistic_regression import change_priors, kl_of_logits, weighted_bce

logits = st.lists(st.floats(-1000, 1000), min_size=3, max_size=3)


def row(values):
    return torch.tensor([values], dtype=torch.float64)


@settings(max_examples=50, deadline=None)
@given(logits, logits)
def test_reference_kl_is_finite_and_not_negative(s, t):
    value = kl_of_logits(row(s), row(t))
    assert torch.isfinite(value) and value > -1e-9


@settings(max_examples=50, deadline=None)
@given(st.floats(-1000, 1000), st.floats(0, 1), st.floats(0.1, 10))
def test_reference_bce_agrees_with_torch(z, y, c):
    z, y = (torch.tensor([v], dtype=torch.float64) for v in (z, y))
    torch.testing.assert_close(weighted_bce(z, y, c), bce(z, y, c), rtol=1e-9, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(logits, logits, logits)
def test_changing_priors_there_and_back_changes_nothing(a, b, c):
    p, old, new = (torch.softmax(row(v) / 200, 1) for v in (a, b, c))
    there = change_priors(p, old[0], new[0])
    torch.testing.assert_close(change_priors(there, new[0], old[0]), p, rtol=1e-9, atol=1e-12)
