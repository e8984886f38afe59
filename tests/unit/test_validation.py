"""检查输入：什么算整数，越界时怎样说。"""

import numpy as np
import pytest
import torch

from utils import validation


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_integers_of_every_library_become_python_integers(value):
    result = validation.integer("n", value)
    assert result == 3 and type(result) is int


@pytest.mark.parametrize("value", [True, np.bool_(True), 3.0, "3", None, torch.tensor([3])])
def test_what_is_no_integer_is_named(value):
    with pytest.raises(TypeError, match=r"^n 应当是整数，收到的是 .+。$"):
        validation.integer("n", value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "^n 应当不小于 1，收到的是 0。$"),
        ((9, 1, 8), "^n 应当在 1 到 8 之间，收到的是 9。$"),
        ((0, 1, 8, "样本数"), "^n 应当在 1 到 样本数 8 之间，收到的是 0。$"),
    ],
)
def test_the_range_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        validation.integer("n", *arguments)


def test_both_ends_of_the_range_are_allowed():
    assert [validation.integer("n", n, 1, 8) for n in (1, 8)] == [1, 8]
    assert [validation.seed(s) for s in (0, 2**32 - 1)] == [0, 2**32 - 1]
    for bad in (-1, 2**32):
        with pytest.raises(ValueError, match="seed"):
            validation.seed(bad)


def test_descriptions_are_short_and_say_the_shape():
    assert validation.describe(np.zeros((2, 3))) == "形状 (2, 3)、类型 float64 的 ndarray"
    assert validation.describe(torch.zeros(4)) == "形状 (4,)、类型 torch.float32 的 Tensor"
    assert "而不是它的实例" in validation.describe(torch.nn.MSELoss)
    assert len(validation.describe("长" * 1000)) < 100
