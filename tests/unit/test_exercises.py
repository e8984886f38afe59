"""每一章的练习：正确的答案通过，典型的错误得到相应的提示，题目的例子是真的。

答案在 ``answers_chNN.py``：``RIGHT`` 是 [(编号, 正确答案)]；``BREAKS`` 是数值对、但用了题目不许用
的办法的答案；``WRONG`` 是 [(编号, 错误答案, 提示)]，只写没有登记在批改里的错误，登记过的典型错误在
这里自动当作错误的答案试一遍。
"""

import inspect
import itertools
import json
import re
from importlib import import_module
from numbers import Number
from pathlib import Path

import numpy as np
import pytest
import torch

from utils.checks import check, exercises
from utils.checks._comparison import as_array, compare

ANSWERS = [import_module(path.stem) for path in sorted(Path(__file__).parent.glob("answers_*.py"))]
RIGHT = [pair for module in ANSWERS for pair in module.RIGHT]
WRONG = [wrong for module in ANSWERS for wrong in module.WRONG]
BREAKS = [pair for module in ANSWERS for pair in getattr(module, "BREAKS", [])]
REGISTERED = [(name, hint, f) for name, e in exercises().items() for hint, f in e.mistakes]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answer_passes(name, answer):
    result = check(name, answer)
    assert result.passed, result


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_wrong_answer_is_told_why(name, answer, hint):
    result = check(name, answer)
    assert not result.passed
    assert hint in result.message, result
    assert result.message not in [h for h, _ in exercises()[name].mistakes], "已经登记过，不必再写"


@pytest.mark.parametrize(("name", "answer"), BREAKS)
def test_right_value_got_in_a_forbidden_way_is_refused(name, answer):
    assert check(name, answer).message.startswith("数值对了，可是题目不许")


@pytest.mark.parametrize(
    ("name", "hint", "mistake"),
    REGISTERED,
    ids=[f"{n}-{i}" for i, (n, *_) in enumerate(REGISTERED)],
)
def test_registered_mistake_gets_its_hint(name, hint, mistake):
    assert check(name, mistake).message == hint


def test_every_exercise_has_an_answer_of_its_own_and_two_mistakes():
    """每道题至少有一个与参考无关的正确答案；参考自己也通过。"""
    assert set(exercises()) == {name for name, _ in RIGHT}
    for name, e in exercises().items():
        assert e.check(e.reference).passed, name
        assert len(e.mistakes) >= 2, f"{name}：典型错误至少写两个"


def not_started(*args):
    raise NotImplementedError


@pytest.mark.parametrize("name", exercises())
@pytest.mark.parametrize("stub", [not_started, ...], ids=["raises", "ellipsis"])
def test_unfinished_stub_is_told_kindly(name, stub):
    assert check(name, stub).status == "unfinished"


# ---------------------------------------------------------------- 隐藏的输入


def numbers_and_sizes(e):
    """练习的每个标量参数和每个输入的每一维，在各组输入里的值。"""
    found = {}
    for name, values in zip(e.names, zip(*(c.args for c in e.inputs), strict=True), strict=True):
        if all(isinstance(v, Number) for v in values):
            found[name] = values
            continue
        shapes = [() if (a := as_array(v)) is None else a.shape for v in values]
        for d in range(min(map(len, shapes))):
            found[f"{name}.shape[{d}]"] = [shape[d] for shape in shapes]
    return found


@pytest.mark.parametrize("name", exercises())
def test_every_number_and_every_ratio_varies_over_the_hidden_cases(name):
    """写死一个参数、一个大小，或者两者之比（例如一组几个通道），总有一组输入会露馅。"""
    found = numbers_and_sizes(exercises()[name])
    for label, values in found.items():
        assert len(set(values)) > 1, f"{label} 总是 {values[0]}"
    for (a, x), (b, y) in itertools.combinations(found.items(), 2):
        if ("." in a and "." in b) or not all(x) or not all(y):
            continue
        assert len({round(p / q, 9) for p, q in zip(x, y, strict=True)}) > 1, f"{a} / {b} 不变"


# ---------------------------------------------------------------- 笔记本里的题目


NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "book").glob("*/*.ipynb"))
KINDS = "改一行|实现|推导|推导并实现|证明|诊断|设计|动手|思考"
HEADING = re.compile(rf"### 练习 \d+　.+（({KINDS}) · \d+ 分钟( · 没有自动检查)?）")
EXAMPLE = re.compile(r"\*\*例\*\*：`([^`]+)` 得 `([^`]+)`。")


def texts(path):
    """练习的题目 [(标题, 正文)] 与代码格的全文。"""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    kinds = {kind: [] for kind in ("markdown", "code")}
    for cell in cells:
        kinds[cell["cell_type"]].append("".join(cell["source"]))
    parts = re.split(r"^(### 练习 \d+.*)$", "\n".join(kinds["markdown"]), flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True)), "\n".join(kinds["code"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_exercise_headings_and_examples(path):
    """标题写明种类和分钟数；批改的题目有一个例子，例子说的是真话。"""
    markdown, code = texts(path)
    stubs = dict(re.findall(r'\bcheck\("([^"]+)", (\w+)\)', code)[::-1])  # 先出现的是学生的
    names = {f: name for name, f in stubs.items()}
    shown = set()
    for heading, body in markdown:
        match = HEADING.fullmatch(heading)
        assert match, heading
        example = EXAMPLE.search(body.split("<details>")[0])
        assert (example is None) == bool(match[2]), f"{heading}：例子与“没有自动检查”只能有一个"
        if not example:
            continue
        f = example[1].split("(")[0]
        e = exercises()[names[f]]
        assert f"　{e.title}（" in heading
        tools = {"torch": torch, "np": np}
        got, want = eval(example[1], {**tools, f: e.reference}), eval(example[2], tools)
        assert compare(got, want, 6e-4, either=True) is None, (example[1], got)
        shown.add(e.name)
    assert shown == {n for n in exercises() if n.startswith(path.stem[:4])}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_stubs_have_the_parameters_of_the_reference_and_a_docstring(path):
    code = texts(path)[1]
    for name, e in exercises().items():
        if not name.startswith(path.stem[:4]):
            continue
        stub = re.search(rf'check\("{name}", (\w+)\)', code)[1]
        definition = re.search(rf"def {stub}\((.*)\):\n    \"\"\"", code)
        assert definition, f"{stub} 没有文档字符串"
        parameters = list(inspect.signature(e.reference).parameters)
        assert definition[1].split(", ") == parameters, name
