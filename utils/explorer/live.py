"""现场训练：读者按下按钮，内核用同一个生成器训练，边训练边把每一步送到浏览器。

训练在后台线程里跑，所以“停止”按得动，别的单元格也照常能运行；中断内核不会伤到它。
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr

from utils.explorer.encode import STEP, Encoder
from utils.explorer.layers import Layer

_INTERVAL = 1 / 30  # 最多每秒送 30 次，别把浏览器淹没


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

    def parse(self, raw: Any) -> Any:
        """把浏览器送来的数变成传给 ``train`` 的值；不合适就用中文说清楚。"""
        if not self.numeric:
            return self.values[int(raw)]
        if raw is None or not math.isfinite(raw):
            raise ValueError(f"{self.label}要填一个数。")
        if self.integer:
            if raw != int(raw):
                raise ValueError(f"{self.label}要填整数，收到的是 {raw:g}。")
            raw = int(raw)
        if min(self.values) > 0 and raw <= 0:
            raise ValueError(f"{self.label}要大于 0，收到的是 {raw:g}。")
        return raw


class Trainer:
    """接收浏览器的消息，开始或停止训练。``send(消息, 缓冲区)`` 把结果送回去。"""

    def __init__(
        self,
        train: Callable[..., Any],
        hyperparameters: Sequence[Hyperparameter],
        layers: Sequence[Layer],
        steps: np.ndarray,
        step_label: str,
        send: Callable[[dict, list[bytes]], None],
    ) -> None:
        self.train = train
        self.hyperparameters = hyperparameters
        self.layers = layers
        self.steps = steps
        self.step_label = step_label
        self.send = send
        self._stop = threading.Event()

    def receive(self, message: Mapping[str, Any]) -> None:
        """处理一条消息：``hello`` 答 ``ready``；``train`` 开始；``stop`` 停止。"""
        if message["type"] == "hello":
            self.send({"type": "ready", "view": message["view"]}, [])
        elif message["type"] == "stop":
            self._stop.set()
        elif message["type"] == "train":
            self._stop.set()  # 上一次还没停，就先停
            self._stop = threading.Event()
            threading.Thread(
                target=self._run, args=(message["id"], message["values"], self._stop), daemon=True
            ).start()

    def _run(self, run_id: str, raw: Mapping[str, Any], stop: threading.Event) -> None:
        self.send({"type": "started", "id": run_id}, [])
        outcome, text = "done", "训练完成"
        try:
            values = {h.name: h.parse(raw[h.name]) for h in self.hyperparameters}
        except ValueError as error:
            outcome, text = "failed", str(error)
        else:
            try:
                with np.errstate(all="ignore"):  # 发散会告诉读者，不必再刷警告
                    outcome, text = self._train(run_id, values, stop)
            except Exception as error:  # train 由读者写：什么错都要说给读者听
                outcome, text = "failed", f"训练出错（{type(error).__name__}）：{error}"
        self.send({"type": "done", "id": run_id, "outcome": outcome, "text": text}, [])

    def _train(
        self, run_id: str, values: Mapping[str, Any], stop: threading.Event
    ) -> tuple[str, str]:
        """训练到底、被停止或发散为止；返回结局和说给读者听的一句话。"""
        run = self.train(**values)
        batch: list[dict[str, np.ndarray]] = []
        sent_at = -math.inf
        outcome, text = "done", "训练完成"
        for t, step in enumerate(self.steps):
            if stop.is_set():
                outcome = "stopped"
                text = f"已停止在第 {self.steps[max(t - 1, 0)]:g} {self.step_label}"
                break
            try:
                record = {key: _copy(value) for key, value in next(run, {}).items()}
                diverged = not all(np.isfinite(value).all() for value in record.values())
            except (OverflowError, FloatingPointError):
                diverged = True
            if diverged:
                outcome, text = "diverged", f"发散：从{self.step_label} {step:g} 起数值溢出"
                break
            if not record:  # 提前结束
                break
            batch.append(record)
            if time.monotonic() - sent_at >= _INTERVAL:
                self._send_steps(run_id, batch)
                batch, sent_at = [], time.monotonic()
        if batch:
            self._send_steps(run_id, batch)
        return outcome, text

    def _send_steps(self, run_id: str, records: list[dict[str, np.ndarray]]) -> None:
        encoder = Encoder()
        steps = [self._encode(encoder, record) for record in records]
        self.send({"type": "steps", "id": run_id, "steps": steps}, [encoder.tobytes()])

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


def _copy(value: Any) -> np.ndarray:
    """``train`` 之后可能原地修改它产出的数组，所以总是复制。"""
    if isinstance(value, torch.Tensor):
        value = value.detach().to("cpu", torch.float64).numpy()
    return np.array(value, dtype=float)
