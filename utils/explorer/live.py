"""现场训练：读者按下按钮，内核用同一个生成器训练，网页一次要几步，内核就往前走一小会儿。

没有线程：网页发来“接着走”，内核在处理这条消息的过程中训练大约 0.1 秒、当场答复，网页再要下一批；
不再要就是停止。每条答复都属于它回答的那条请求（Colab 只送达这样的消息），内核重启也不留下什么。
"""

import asyncio
import contextvars
import math
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from utils.explorer.encode import STEP, Encoder
from utils.explorer.layers import Layer

_SLICE_S = 0.1  # 每次请求训练多久：够短，停得住；够长，来回的开销可以不计
_PATIENCE_S = 1.0  # 内核在运行别的单元格时，等多久就先答复“正忙”
_REACH, _REACH_INTEGER = 10, 4  # 现场可以填到网格两端之外多少倍；整数（层数、宽度）贵得快，收紧些


def offered(runs: xr.Dataset) -> Callable[..., Any] | None:
    """这份结果能不能现场训练：能就返回生成器函数，不能就返回 ``None``。

    ``sweep`` 记下的 ``train`` 只在网格和步数还是原来那些时才算数：取过 ``sel(seed=0)``、
    ``mean("seed")``、``isel(step=[0, 2, 4])`` 的结果，现场训练出来的是另一回事。给步数换一套数字
    （``assign_coords``）不要紧。
    """
    live = runs.attrs.get("live")
    if live is None:
        return None
    same_grid = set(runs["length"].dims) == set(live["grid"]) and all(
        set(runs[name].values.tolist()) <= set(values) for name, values in live["grid"].items()
    )
    steps = np.asarray(runs[STEP].values, dtype=float)
    same_steps = len(steps) == len(live["steps"]) and (np.diff(steps) > 0).all()
    return live["train"] if same_grid and same_steps else None


def payload_shapes(runs: xr.Dataset) -> dict[str, tuple[int, ...]]:
    """每个变量在一步里的形状：``w`` 的各维叫 ``w_0``、``w_1``……"""
    return {
        str(key): tuple(
            array.sizes[d] for i in range(array.ndim) if (d := f"{key}_{i}") in array.dims
        )
        for key, array in runs.data_vars.items()
    }


@dataclass(frozen=True)
class Hyperparameter:
    """一个可以现场填写的超参数；``slider`` 是它的滑块序号，只有一个取值时没有滑块。"""

    name: str
    label: str
    values: tuple[Any, ...]
    slider: int | None

    @property
    def numeric(self) -> bool:
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)

    @property
    def integer(self) -> bool:
        return all(isinstance(v, int) and not isinstance(v, bool) for v in self.values)

    @property
    def bounds(self) -> tuple[float, float]:
        """现场可以填的范围：都是正数时，两端各放宽若干倍；否则按网格的宽度放宽。"""
        low, high = min(self.values), max(self.values)
        reach = _REACH_INTEGER if self.integer else _REACH
        if low > 0:
            return (-(-low // reach) if self.integer else low / reach), high * reach
        margin = reach * ((high - low) or 1)
        return (0 if self.integer and low == 0 else low - margin), high + margin

    def parse(self, raw: Any) -> Any:
        """把浏览器送来的数变成传给 ``train`` 的值；不合适就用中文说清楚。"""
        if not self.numeric:
            if isinstance(raw, int | float) and raw in range(len(self.values)):
                return self.values[int(raw)]
            raise ValueError(f"{self.label}没有第 {raw!r} 个选项。")
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
            raise ValueError(f"{self.label}要填一个数。")
        if self.integer and raw != int(raw):
            raise ValueError(f"{self.label}要填整数，收到的是 {raw:g}。")
        low, high = self.bounds
        if not low <= raw <= high:
            raise ValueError(f"{self.label}要在 {low:g} 到 {high:g} 之间，收到的是 {raw:g}。")
        return int(raw) if self.integer else raw


class Ended(Exception):
    """训练到此为止。``outcome``：完成 done、发散 diverged、被中断 stopped、出错 failed。"""

    def __init__(self, outcome: str, text: str = "") -> None:
        super().__init__(text)
        self.outcome = outcome


class Run:
    """一次现场训练：每次 ``advance`` 走一小会儿。

    两次之间，内核的全局状态（随机数、求不求梯度、溢出要不要警告）与训练前一样；训练自己的那一份
    收起来，下次接着用。所以几幅图同时训练互不打扰，也不打扰读者自己的单元格。
    """

    def __init__(
        self,
        train: Callable[..., Any],
        values: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._train, self._values, self._shapes = train, values, shapes
        self._context = contextvars.copy_context()  # NumPy 2 的 errstate 记在这里
        self._resume: Callable[[], None] = _global_state()
        self._records: Iterator[Any] | None = None

    def advance(self, take: Callable[[dict[str, np.ndarray]], bool]) -> None:
        """把走出的每一步交给 ``take``，直到它返回假；训练结束了就抛出 ``Ended``。"""
        restore = _global_state()
        try:
            with _interruptible(), np.errstate(all="ignore"):  # 发散会告诉读者，不必再刷警告
                self._resume()
                while take(self._context.run(self._next)):
                    pass
        except (OverflowError, FloatingPointError):
            raise Ended("diverged") from None
        except KeyboardInterrupt:
            raise Ended("stopped") from None
        except Ended:
            raise
        except (Exception, SystemExit) as error:  # train 由读者写：什么错都要说给读者听
            raise Ended("failed", f"训练出错（{type(error).__name__}）：{error}") from error
        finally:
            self._resume = _global_state()
            restore()

    def _next(self) -> dict[str, np.ndarray]:
        if self._records is None:
            np.seterr(all="ignore")
            self._records = self._train(**self._values)
            if not isinstance(self._records, Iterator):
                raise TypeError("train 应当是生成器函数（用 yield 逐步产出字典）。")
        record = next(self._records, None)
        if record is None:
            raise Ended("done")
        if not isinstance(record, Mapping) or not record:
            raise TypeError(f"train 每次应当产出一个字典，收到的是 {record!r}。")
        return {key: self._array(key, value) for key, value in record.items()}

    def _array(self, key: str, value: Any) -> np.ndarray:
        """复制一个产出（``train`` 可能原地修改它）：遮住的是缺，没遮住的 NaN 和无穷大是发散。"""
        if isinstance(value, torch.Tensor):
            value = value.detach().to("cpu", torch.float64).numpy()
        array, missing = np.array(np.ma.getdata(value), dtype=float), np.ma.getmaskarray(value)
        if not np.isfinite(array[~missing]).all():
            raise FloatingPointError(key)
        if array.shape != self._shapes.get(key, array.shape):
            raise ValueError(
                f"{key} 的形状是 {array.shape}，录好的是 {self._shapes[key]}，这幅画框装不下。"
            )
        array[missing] = np.nan
        return array


class Trainer:
    """回答浏览器的消息，一问一答。``send(消息, 缓冲区)`` 把答复送回去。

    ========== =============================== ==========================================
    问          字段                             答
    ========== =============================== ==========================================
    ``hello``  ``view``                        ``ready``
    ``start``  ``id``、``values``               ``started``；值不合适是 ``ended``
    ``next``   ``id``                          ``steps``：走出的几步，结束时附上结局；
                                               内核在忙是 ``busy``，不是这次训练是 ``ended``
    别的                                        ``unknown``
    ========== =============================== ==========================================
    """

    def __init__(
        self,
        train: Callable[..., Any],
        hyperparameters: Sequence[Hyperparameter],
        layers: Sequence[Layer],
        steps: np.ndarray,
        step_label: str,
        send: Callable[[dict, list[bytes]], None],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.train = train
        self.hyperparameters = hyperparameters
        self.layers = layers
        self.steps = steps
        self.step_label = step_label
        self.send = send
        self.shapes = shapes
        self._loop = _running_loop()
        self._run: Run | None = None
        self._id, self._done = "", 0

    def receive(self, message: Any) -> None:
        """处理一条消息，当场答复一条。"""
        match message:
            case {"type": "hello", "view": str(view)}:
                reply, data = {"type": "ready", "view": view}, b""
            case {"type": "start", "id": str(run_id), "values": dict(values)}:
                reply, data = self._start(run_id, values), b""
            case {"type": "next", "id": str(run_id)} if run_id == self._id and self._run:
                reply, data = self._on_main_thread(self._advance)
            case {"type": "next", "id": str(run_id)}:
                text = "这次训练已经不在内核里了：另开了一次，或者已经结束。请重新开始。"
                reply, data = _ended(run_id, "failed", text), b""
            case _:
                reply, data = {"type": "unknown", "text": f"看不懂这条消息：{message!r:.200}"}, b""
        self.send(reply, [data] if data else [])

    def _start(self, run_id: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        self._id, self._run, self._done = run_id, None, 0
        try:
            values = {h.name: h.parse(raw.get(h.name)) for h in self.hyperparameters}
        except ValueError as error:
            return _ended(run_id, "failed", str(error))
        self._run = Run(self.train, values, self.shapes)
        return {"type": "started", "id": run_id}

    def _advance(self) -> tuple[dict[str, Any], bytes]:
        """走一小会儿；至少走一步，走满录好的步数就结束。"""
        encoder, steps = Encoder(), []
        deadline = time.monotonic() + _SLICE_S

        def take(record: dict[str, np.ndarray]) -> bool:
            steps.append(self._encode(encoder, record))
            self._done += 1
            return time.monotonic() < deadline and self._done < len(self.steps)

        reply = {"type": "steps", "id": self._id, "steps": steps}
        try:
            self._run.advance(take)
            if self._done == len(self.steps):
                raise Ended("done")
        except Ended as end:
            self._run = None
            reply |= {"outcome": end.outcome, "text": str(end) or self._ending(end.outcome)}
        return reply, encoder.tobytes()

    def _ending(self, outcome: str) -> str:
        here = self.steps[min(self._done, len(self.steps) - 1)]
        last = self.steps[max(self._done - 1, 0)]
        return {
            "done": "训练完成",
            "diverged": f"发散：从{self.step_label} {here:g} 起数值溢出",
            "stopped": f"内核被中断，停在{self.step_label} {last:g}",
        }[outcome]

    def _on_main_thread(
        self, work: Callable[[], tuple[dict[str, Any], bytes]]
    ) -> tuple[dict[str, Any], bytes]:
        """训练只在内核的主线程里、单元格之间进行。

        JupyterLab 会把小部件的消息交给内核的另一个线程（subshell），那时单元格可能正在运行：
        两边同时训练会搅乱彼此的随机数。等不到主线程有空，就先答复“正忙”。
        """
        if self._loop is None or threading.current_thread() is threading.main_thread():
            return work()
        future: Future[tuple[dict[str, Any], bytes]] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        try:
            return future.result(_PATIENCE_S)
        except TimeoutError:
            if future.cancel():
                return {"type": "busy", "id": self._id}, b""
            return future.result()  # 已经在走了

    def _encode(self, encoder: Encoder, record: Mapping[str, np.ndarray]) -> list[dict]:
        """把一步的记录编成与录好的运行相同的样子，只含随步变化的通道。"""
        run = xr.Dataset(
            {
                key: ((STEP, *(f"{key}_{i}" for i in range(value.ndim))), value[None])
                for key, value in record.items()
            }
        )
        run["length"] = ((), 1)
        return [layer.encode(encoder, layer.resolve(run, [])) for layer in self.layers]


def _ended(run_id: str, outcome: str, text: str) -> dict[str, Any]:
    return {"type": "ended", "id": run_id, "outcome": outcome, "text": text}


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """内核主线程的事件循环；不在内核里（脚本、测试）就没有。"""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _global_state() -> Callable[[], None]:
    """记下此刻的全局状态，返回把它放回去的函数。"""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    cpu, gradient = torch.get_rng_state(), torch.is_grad_enabled()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(cpu)
        torch.set_grad_enabled(gradient)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    return restore


@contextmanager
def _interruptible() -> Iterator[None]:
    """训练期间“中断内核”有效：内核平时（不在运行单元格时）不理会中断信号。"""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
