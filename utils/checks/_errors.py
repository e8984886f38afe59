"""读者的代码抛出的异常：是没写完，还是出错了；出错在哪一行，常见的原因是什么。"""

from __future__ import annotations

import dis
import os
import re
import sysconfig
import traceback
from functools import cache


class TimeIsUp(BaseException):
    """答案运行得太久，等了 seconds 秒。不是 Exception：读者的 `except Exception` 接不住它。"""

    seconds = 0.0


class RuleBroken(Exception):
    """答案违反了题目的规则；信息就是给读者的说明。"""


@cache
def in_library(filename: str) -> bool:
    """这一帧是否在 Python、第三方包或 `utils` 里，而不是读者自己的代码。"""
    paths = sysconfig.get_paths()
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    roots = [paths["stdlib"], paths["purelib"], paths["platlib"], ours]
    filename = os.path.normcase(filename)
    return filename.startswith(("<frozen", *(os.path.normcase(r) + os.sep for r in roots)))


def is_stub(error: BaseException | None) -> bool:
    """还没写完：读者自己的那一行 `raise NotImplementedError`，或者拿 `...` 去计算。"""
    if isinstance(error, NotImplementedError):
        return _raised_by_reader(error)
    if not isinstance(error, (TypeError, AttributeError)):
        return False
    return "ellipsis" in _message(error).lower() and "indices" not in _message(error)


def _message(error: BaseException) -> str:
    """异常的信息，排成一行；读者自己写的异常也许连信息都给不出来。"""
    try:
        return " ".join(str(error).split())[:300]
    except Exception:
        return ""


def _raised_by_reader(error: BaseException) -> bool:
    """异常是不是由读者代码里的 `raise` 语句抛出的（PyTorch 的 C++ 代码也会抛同样的异常）。"""
    tb = error.__traceback__
    while tb.tb_next:
        tb = tb.tb_next
    code = tb.tb_frame.f_code
    at = next((i.opname for i in dis.get_instructions(code) if i.offset == tb.tb_lasti), "")
    return at == "RAISE_VARARGS" and not in_library(code.co_filename)


_ERRORS = {  # 异常信息里的特征（正则）: 说明
    r"mat1 and mat2 shapes|matmul: Input operand|not aligned|size mismatch|inconsistent tensor"
    r"|expected scalar or vector|both arguments to matmul|batch2 tensor to be": (
        "矩阵乘法两边的形状接不上：左边的最后一维要等于右边的倒数第二维，看看要不要转置。"
    ),
    r"1D tensors expected|vector @ vector": "`dot` 只能用于两个一维向量；矩阵用 `@`。",
    r"must match the (size of tensor|existing size)|could not be broadcast|broadcast together": (
        "两个数组的形状不能广播到一起：从后往前数，每一维要么相等，要么有一个是 1。"
    ),
    r"same dtype|expected scalar type|expected m1 and m2|data type": (
        "两个张量的 dtype 不同：新建张量时写上 `dtype=x.dtype`。"
    ),
    r"result type .* can't be cast": (
        "原地运算的结果放不进原来的类型（例如把小数写进整数张量）：新建一个张量，不要写 `+=`。"
    ),
    r"Can't call numpy\(\) on Tensor that requires grad": "要求梯度的张量不能直接转成 NumPy。",
    r"does not require grad": "反向传播的起点不在计算图里：检查 `requires_grad` 和 `.detach()`。",
    r"grad can be implicitly created only for scalar": "`backward()` 要从一个数出发：先求和。",
    r"Boolean value of Tensor|truth value of an array": (
        "`if` 和 `and` 要的是一个真假值，不是一整个张量：用 `.any()`、`.all()`，"
        "或者用 `torch.where`、`&`、`|` 逐个元素地选。"
    ),
    r"must be Tensor, not|must be tensor|Expected .* Tensor|expected Tensor as element"
    r"|received an invalid combination": (
        "这个函数要的是张量（或者别的参数），你给的类型不对：普通的数用 `math` 里的函数，"
        "或者先变成张量 `torch.tensor(...)`；下面的英文列出了它收到的类型。"
    ),
    r"must be real number, not|only (one element|length-1|integer) ?(tensors|arrays)?|size-1 arrays"
    r"|a Tensor with \d+ elements cannot be converted": (
        "这里要的是一个数，你给的是好几个数的张量：`math` 里的函数、`float()`、`int()` 只收一个数，"
        "张量用 `torch` 里同名的函数。"
    ),
    r"(too many|not enough) values to unpack": (
        "等号左边的变量个数与右边的值的个数不同：对张量解包会沿第 0 维拆开。"
    ),
    r"stack expects each tensor to be equal size|[Ss]izes of tensors must match except|all input ar"
    r"rays must have the same shape|array dimensions .* must match": (
        "要拼起来的几个张量形状不同：`stack` 要完全一样，`cat` 只许沿拼接的那一维不同。"
    ),
    r"non-empty (list|TensorList)|need at least one array": "拼接的列表是空的：循环一次也没有跑。",
    r"[Ee]xpected (a )?\d-D|must be at least 2-D|must have at least 2 dimensions|[Ee]xpected .* dim"
    r"ension|must be 2-dimensional|is only supported for|expects? .* 2-?[dD]": (
        "张量的维数与这个函数要的不同：打印一下 `x.shape`。"
    ),
    r"empty (sequence|iterable|dimension|collection)|zero-size array|numel\(\) == 0": (
        "对空的一列求最大、最小：可能有一组输入没有满足条件的元素。"
    ),
    r"float' object cannot be interpreted as an integer|must be tuple of ints|type must be tuple"
    r"|slice indices must be integers|integer argument expected|must be int(eger)?s?,? (or|not)": (
        "这里要的是整数，你给的是小数：整除用 `//`，不用 `/`。"
    ),
    r"Dimension out of range|axis .* is out of bounds": "没有这一维：输入的维数比你想的少。",
    r"shape .* is invalid for input|cannot reshape|unflatten": "`reshape` 前后的元素个数不相等。",
    r"view size is not compatible": "转置以后的张量不能 `view`：改用 `reshape`。",
    r"[Ii]ndex(ing)? .*(bounds|out of range)|out of (range|bounds)": "下标超出了范围。",
    r"too many indices": "下标的个数比维数还多：打印一下 `x.shape`。",
    r"tensors used as indices|indices must be integers|only integers, slices": (
        "下标要是整数、切片或布尔张量：检查它的类型。"
    ),
    r"bitwise|lshift|rshift": (
        "浮点张量不能做位运算：乘方写 `**`，不写 `^`；`&`、`|`、`~` 只用于真假值。"
    ),
    r"not implemented for '?Complex": (
        "复数没有大小，不能求最小、最大、截断：对称矩阵的特征值用 `eigvalsh`，它给出实数。"
    ),
    r"not implemented for": (
        "这个运算不能用于这种类型的张量：看看 `x.dtype`，整数要先变成浮点才能求平均、开方。"
    ),
    r"singular|not positive.definite": "矩阵不可逆（或者不正定）：检查它是怎样建的。",
    r"modified by an inplace operation": "反向传播要用到的值被原地改掉了：不要写 `+=`、`x[i] = `。",
    r"positional argument|missing .* required|unexpected keyword|missing \d+": "调用时参数对不上。",
    r"is not defined": "用到了一个没有定义的名字：检查拼写，或者先运行定义它的单元格。",
    r"cannot access local variable|referenced before": "这个变量在赋值之前就用到了。",
    r"has no attribute": "这个对象没有这个属性或方法：检查拼写，以及它是 Tensor 还是 ndarray。",
    r"object is not callable": "把一个值当成函数来调用了：是不是少了运算符，或者名字被盖住了？",
    r"unsupported operand|bad operand": "两边的类型不能这样运算：打印 `type(...)` 看看各是什么。",
    r"not subscriptable|not iterable|has no len": "它只是一个数，不能取下标、循环或取长度。",
    r"division by zero": "除以了零。",
    r"math domain error": "对负数开方，或者对零、负数取对数。",
    r"math range error|too large|overflow": "数太大，溢出了。",
    r"recursion": "函数不停地调用自己，没有停下来的条件。",
}


def explain_error(error: BaseException) -> str:
    """异常的类型与信息、读者自己代码里出错的那一行、常见的原因。"""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.line and not in_library(f.filename)]
    where = [f"的是第 {own[-1].lineno} 行：", f"    {own[-1].line}"] if own else []
    if isinstance(error, TimeIsUp):
        first = (
            f"等了 {error.seconds:.3g} 秒还没有结束，已经停下。检查 `while` 的条件会不会变成假，"
            "循环的次数是不是太多。"
        )
        return "\n".join([first, *("停下时正在执行" * (i == 0) + w for i, w in enumerate(where))])
    if isinstance(error, SystemExit):
        return "你的代码调用了 `exit()`：函数应当用 `return` 交出结果，不要退出程序。"
    message = _message(error)
    lines = [f"你的代码运行时报错：`{type(error).__name__}: {message}`"]
    lines += ["出错" * (i == 0) + w for i, w in enumerate(where)]
    lines += [hint for pattern, hint in _ERRORS.items() if re.search(pattern, message)][:1]
    return "\n".join(lines)
