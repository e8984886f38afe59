"""每一章的练习批改：正确的答案通过，典型的错误得到相应的提示，没写完的不算错。

答案在 ``answers_chNN.py``：``RIGHT`` 是 {编号: 正确答案}，``WRONG`` 是 [(编号, 错误答案, 提示)]。
"""

from importlib import import_module
from pathlib import Path

import pytest

from utils.checks import check, exercises

ANSWERS = [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_*.py"))]
RIGHT = {name: answer for module in ANSWERS for name, answer in module.RIGHT.items()}
WRONG = [wrong for module in ANSWERS for wrong in module.WRONG]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answer_passes(name):
    result = check(name, RIGHT[name])
    assert result.passed, result


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_typical_mistake_gets_its_hint(name, answer, hint):
    result = check(name, answer)
    assert not result.passed
    assert hint in result.message, result


def test_every_exercise_has_a_right_answer_and_two_wrong_ones():
    assert set(exercises()) == set(RIGHT)
    for name in RIGHT:
        assert sum(wrong[0] == name for wrong in WRONG) >= 2, name


def not_started(*args):
    raise NotImplementedError


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("stub", [not_started, ...], ids=["raises", "ellipsis"])
def test_unfinished_stub_is_told_kindly(name, stub):
    assert check(name, stub).status == "unfinished"
