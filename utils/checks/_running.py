"""运行答案：同样的随机数种子、输入的副本、时间限制，看着它有没有违反题目的规则。"""

from __future__ import annotations

import copy
import ctypes
import dis
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np
import torch

from utils.checks._comparison import unchanged
from utils.checks._errors import RuleBroken, TimeIsUp, in_library

TIME_LIMIT = 10.0
"""一次检查里，答案在全部输入上一共可以运行多少秒；机器很忙时等得久一些，见 `_within`。"""


@dataclass
class Outcome:
    """答案在一组输入上的表现。

    grads: 对各个输入的梯度；不比较梯度，或结果不在计算图里时为 None。
    broken: 违反了哪一条规则的说明；没有违反则为空串。
    """

    value: Any = None
    error: BaseException | None = None
    mutated: list[str] = field(default_factory=list)
    grads: dict[str, torch.Tensor] | None = None
    broken: str = ""

    @property
    def is_empty(self) -> bool:
        nothing = self.value is None or self.value is ...
        return nothing and self.error is None and not self.broken


def run(
    f: Callable,
    inputs: list[tuple],
    names: list[str],
    *,
    call: Callable | None = None,
    grad: tuple[str, ...] = (),
    forbid: tuple[str, ...] = (),
) -> list[Outcome]:
    """在每一组输入的副本上调用 f。随机数种子每次都一样，用完恢复原来的状态。

    f 在另一个线程里运行：死循环、太慢的代码超过 TIME_LIMIT 就停下，那一组和后面各组的 error
    是 TimeIsUp；那个线程有自己的 grad_mode，笔记本里关掉的梯度不影响检查。
    """
    outcomes: list[Outcome] = []

    def work() -> None:
        for args in inputs:
            outcomes.append(_run_once(f, args, names, call, grad, forbid))
            if isinstance(outcomes[-1].error, TimeIsUp | KeyboardInterrupt):
                return

    start = time.monotonic()
    with _same_random_state():
        _within(TIME_LIMIT, work)
    waited = time.monotonic() - start
    if outcomes and isinstance(outcomes[-1].error, KeyboardInterrupt):
        raise outcomes[-1].error
    done = outcomes[: len(inputs)]
    done += [Outcome(error=TimeIsUp()) for _ in inputs[len(done) :]]
    for outcome in done:
        if isinstance(outcome.error, TimeIsUp):
            outcome.error.seconds = waited
    return done


def _run_once(f, args, names, call, grad, forbid) -> Outcome:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    given, leaves = list(copy.deepcopy(args)), {}
    for i, (name, x) in enumerate(zip(names, args, strict=True)):
        if name in grad:
            leaves[name] = x.clone().requires_grad_()
            # 交出去的不是叶子：这样原地修改由下面认出来，而不是让 PyTorch 报错。
            given[i] = leaves[name].clone()
    watcher = Watcher(forbid)
    try:
        with watcher:
            value = call(f, *given) if call else f(*given)
        grads = _gradients(value, leaves) if grad else None
    except RuleBroken as rule:
        return Outcome(broken=str(rule))
    except BaseException as error:  # SystemExit、TimeIsUp 也算；KeyboardInterrupt 由 run 再抛出
        return Outcome(error=error)
    after = zip(names, given, args, strict=True) if args else []
    mutated = [name for name, a, b in after if not unchanged(a, b)]
    return Outcome(value, None, mutated, grads, watcher.broken)


def _gradients(value: Any, leaves: dict[str, torch.Tensor]) -> dict[str, torch.Tensor] | None:
    """结果的每一项乘上固定的随机权重，求和，再对每个输入求梯度。"""
    outputs = list(value) if isinstance(value, (tuple, list)) else [value]
    outputs = [o for o in outputs if isinstance(o, torch.Tensor) and o.requires_grad]
    if not outputs:
        return None
    generator = torch.Generator().manual_seed(0)
    total = sum((o * torch.randn(o.shape, generator=generator).to(o.dtype)).sum() for o in outputs)
    grads = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return {
        name: torch.zeros_like(x) if g is None else g
        for (name, x), g in zip(leaves.items(), grads, strict=True)
    }


@contextmanager
def _same_random_state() -> Iterator[None]:
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])


# ---------------------------------------------------------------- 时间限制


_STACK = 16 * 2**20  # macOS 的线程默认只有 512 KB，递归深一点就会让内核崩溃


def _within(seconds: float, work: Callable[[], None]) -> None:
    """在另一个线程里运行 work，最多 seconds 秒；到时往那个线程里抛 TimeIsUp。

    机器很忙时答案轮不到运行：等到进程也用掉这么多 CPU 时间，最多等三倍。
    信号闹钟在 Windows 上没有，这样做在三种系统上都行。停在 C 代码里、一时醒不过来的线程就
    不再等它，它是守护线程，不会妨碍内核退出。
    """
    done, failures = threading.Event(), []

    def body() -> None:
        try:
            work()
        except BaseException as error:  # 检查自己的毛病，不是答案的
            failures.append(error)
        finally:
            done.set()

    old = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
    finally:
        threading.stack_size(old)
    start = time.process_time()
    try:
        _wait(done, seconds)
        for _ in range(8):
            if time.process_time() - start < seconds:
                _wait(done, seconds / 4)
    finally:  # 到时，或者读者按了“中断”
        give_up = time.monotonic() + 2
        while not done.is_set() and time.monotonic() < give_up:
            # 读者的代码也许用 `except:` 接住了它，所以多抛几次。
            ident = ctypes.c_ulong(thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(TimeIsUp))
            _wait(done, 0.02)
    if failures and not isinstance(failures[0], TimeIsUp):
        raise failures[0]


def _wait(done: threading.Event, seconds: float) -> None:
    """短短地等许多次：Windows 上等锁的时候收不到键盘中断。看钟，不数次数：机器忙时一次会拖长。"""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not done.wait(min(0.05, left)):
        pass


# ---------------------------------------------------------------- 规则


_AUTOGRAD = (
    "torch.autograd.functional",
    "torch.autograd.forward_ad",
    "torch._functorch.eager_transforms",
)
_LOOP_CALLS = 5  # 同一个函数在一次调用里运行了更多次，就是用 map 之类代替循环


class Watcher:
    """答案运行的时候看着它调用了什么；`broken` 是违反的规则。

    rules 里可以有 "autograd"（不许自动微分）、"loop"（不许循环），其余的是不许调用的函数名。
    """

    def __init__(self, rules: tuple[str, ...]):
        self.rules = rules
        self.broken = ""
        self.calls: dict[int, list] = {}  # 代码对象的 id: [代码对象, 调用了几次]

    def __enter__(self) -> None:
        if self.rules:
            sys.setprofile(self._see)

    def __exit__(self, *_: Any) -> None:
        if self.rules:
            sys.setprofile(None)
            if any(_loops(code) or times > _LOOP_CALLS for code, times in self.calls.values()):
                self.broken = "题目不许用循环（推导式、`map` 也算）：让张量自己广播，一次算完。"

    def _see(self, frame: FrameType, event: str, function: Any) -> None:
        code = frame.f_code
        if event == "c_call" and not in_library(code.co_filename):  # torch.linalg.* 的名字有前缀
            self._refuse(getattr(function, "__name__", "").removeprefix("linalg_"))
        if event != "call":
            return
        if "loop" in self.rules and not in_library(code.co_filename):
            self.calls.setdefault(id(code), [code, 0])[1] += 1
        if "autograd" in self.rules and _differentiates(frame):
            self.broken = "题目不许用自动微分：自己推出公式，再写成代码。"
        else:
            self._refuse(code.co_name)

    def _refuse(self, name: str) -> None:
        if name in self.rules:
            self.broken = f"题目不许调用 `{name}`：自己写出它的公式。"


def _differentiates(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    if module == "torch.autograd":
        return frame.f_code.co_name in ("grad", "backward")
    return module in _AUTOGRAD and frame.f_code.co_name != "unpack_dual"  # 打印张量也会调用它


def _loops(code: CodeType) -> bool:
    """字节码里有没有 `for`，或者往回跳（`while`）。"""
    names = [i.opname for i in dis.get_instructions(code)]
    return any("FOR_ITER" in name or "BACKWARD" in name for name in names)
