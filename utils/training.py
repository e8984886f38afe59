"""训练循环：全书讲过它之后就用这一个。

一轮（epoch）= 打乱数据，逐批算损失、反向传播、更新参数；再在验证集上评估一次。循环本身见
`_run_epoch`，其余是进度条、记录、设备、提前停止，以及把常见的用错翻译成中文。
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

__all__ = ["History", "fit"]


@dataclass(repr=False)
class History:
    """一次训练的记录。每个列表一轮一个数，只含跑完整的轮，长度都等于 `len(history)`。

    train: {"loss": [...], 指标名: [...]}，训练中各批的平均（参数边走边变，所以略高于轮末的损失）。
    validation: 同上，每轮结束时在验证集上（eval 模式）算；没有验证集时是空字典。
    status: "finished"（跑完）、"early_stopped"（提前停止）、"diverged"（发散）、
        "interrupted"（中断）之一。
    stopped: 为什么停下，一句中文。

    画图：`ax.plot(history.epochs, history.train["loss"])`。
    """

    train: dict[str, list[float]] = field(default_factory=dict)
    validation: dict[str, list[float]] = field(default_factory=dict)
    status: str = "finished"
    stopped: str = ""

    def __len__(self) -> int:
        return len(self.train.get("loss", ()))

    @property
    def epochs(self) -> range:
        """轮的编号 1..n，画图时的横轴。"""
        return range(1, len(self) + 1)

    @property
    def best_epoch(self) -> int | None:
        """验证损失最低的一轮（从 1 数起）；没有验证集，或一轮都没跑完时为 None。"""
        losses = self.validation.get("loss")
        return int(np.argmin(losses)) + 1 if losses else None

    def __repr__(self) -> str:
        names = {"训练": self.train, "验证": self.validation}
        parts = [
            f"{where}{'损失' if key == 'loss' else ' ' + key} {values[0]:.4g} → {values[-1]:.4g}"
            for where, table in names.items()
            for key, values in table.items()
            if values
        ]
        return "\n".join([f"History：{len(self)} 轮。{self.stopped}", *parts])


def fit(
    model: nn.Module,
    data: tuple[Any, Any] | DataLoader,
    loss_fn: Callable[[Any, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    n_epochs: int,
    batch_size: int | None = 32,
    validation: tuple[Any, Any] | DataLoader | None = None,
    metrics: Mapping[str, Callable[[Any, Tensor], Any]] | None = None,
    device: str | torch.device | None = None,
    patience: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """用小批量梯度下降训练 model（就地修改），返回 History。

    data: (x, y)，第一维都是样本数 N；Tensor 或 NumPy 数组（浮点数组换成模型参数的 dtype）。也可以是
        产出 (x, y) 的 DataLoader，这时 batch_size 不起作用。
    loss_fn: loss_fn(model(x), y) -> 标量，一批样本的平均损失。
    n_epochs: 轮数。batch_size: 每批的样本数，None 表示全部。
    validation: 验证集，形式同 data。metrics: {名字: f(输出, y) -> 数}，也按样本数对各批平均。
    device: 缺省时，模型已在加速器上就用它，否则依次选 cuda、mps、cpu。
    patience: 验证损失连续这么多轮没有新低就停；无论怎样停下，参数都恢复到验证损失最低的一轮。
    seed: 决定打乱的次序和 dropout，不影响外面的随机数。progress: 显示进度条和停下的原因。

    结束后模型处于 eval 模式，回到原来的设备。损失变成 NaN 或无穷大、按停止键（KeyboardInterrupt）
    都不抛异常：History 保留跑完的各轮，`status` 和 `stopped` 说明原因。没有 patience 而发散时，
    参数停在出事的地方，再训练之前要重新建模型。
    每轮的次序是 `torch.randperm(N, generator=g)`，g 是以 seed 为种子的 torch.Generator。

    参数用错时抛 TypeError 或 ValueError，说明哪个参数、收到了什么、怎样改。
    """
    _check_arguments(model, loss_fn, optimizer, n_epochs, metrics, patience, validation)
    metrics = dict(metrics or {})
    generator = torch.Generator().manual_seed(_integer("seed", seed, minimum=0))
    home = next(model.parameters()).device
    device = _choose_device(device, model, data)
    train_set = _Batches("data", data, model, device, batch_size, generator)
    validation_set = None
    history = History({name: [] for name in ["loss", *metrics]})
    if validation is not None:
        validation_set = _Batches("validation", validation, model, device, None)
        history.validation = {name: [] for name in ["loss", *metrics]}

    best_state = None
    _move(model, optimizer, device)
    total = n_epochs * train_set.n_batches() or None
    bar = tqdm(total=total, unit="批", desc="训练", disable=not progress)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            for epoch in range(1, n_epochs + 1):
                bar.set_description(f"第 {epoch}/{n_epochs} 轮", refresh=False)
                row = _run_epoch(model, train_set, loss_fn, metrics, optimizer, bar)
                if validation_set is not None:
                    _append(history.validation, _run_epoch(model, validation_set, loss_fn, metrics))
                _append(history.train, row)
                bar.set_postfix(_summary(history), refresh=False)
                if patience and history.best_epoch == epoch:
                    best_state = copy.deepcopy(model.state_dict())
                if patience and epoch - history.best_epoch >= patience:
                    history.status, bar.total = "early_stopped", bar.n
                    history.stopped = (
                        f"验证损失连续 {patience} 轮没有新低，提前停止；参数恢复到第 "
                        f"{history.best_epoch} 轮。"
                    )
                    break
            else:
                history.stopped = f"跑完了 {n_epochs} 轮。"
    except _DivergedError as error:
        history.status, history.stopped = "diverged", f"第 {epoch} 轮，{error}"
    except KeyboardInterrupt:
        history.status = "interrupted"
        history.stopped = f"被中断，跑完了 {len(history)} 轮；记录和模型都可以照常使用。"
    finally:
        bar.close()
        if best_state is not None:
            model.load_state_dict(best_state)
        _move(model, optimizer, home)
        model.eval()
    if progress and history.status != "finished":
        print(history.stopped)
    return history


def _run_epoch(model, batches, loss_fn, metrics, optimizer=None, bar=None) -> dict[str, float]:
    """走完一轮，返回按样本数平均的损失与指标。有 optimizer 就训练，没有就只评估。"""
    training = optimizer is not None
    model.train(training)
    totals, count = dict.fromkeys(["loss", *metrics], 0.0), 0
    for i, (x, y) in enumerate(batches, start=1):
        with torch.set_grad_enabled(training):
            output, loss = _forward(model, loss_fn, x, y, batches.name)
        value = loss.item()
        if not math.isfinite(value):
            raise _DivergedError(_advice(value, i, batches.name, optimizer))
        if training:
            optimizer.zero_grad()
            _backward(loss, output, y)
            optimizer.step()
        totals["loss"] += value * len(x)
        with torch.no_grad():
            seen = output.detach() if isinstance(output, Tensor) else output
            for name, metric in metrics.items():
                totals[name] += _number(name, metric(seen, y)) * len(x)
        count += len(x)
        if bar is not None:
            bar.update()
    return {name: total / count for name, total in totals.items()}


class _DivergedError(Exception):
    """损失不是有限的数。"""


def _advice(value: float, i: int, name: str, optimizer: torch.optim.Optimizer | None) -> str:
    where = f"第 {i} 批的损失" if optimizer else f"验证集（{name}）的损失"
    lr = f"（现在是 {optimizer.param_groups[0]['lr']:g}）" if optimizer else ""
    return (
        f"{where}变成了 {value}，训练停止。依次试试：把学习率{lr}缩小到三分之一；把输入标准化；"
        "检查损失里有没有 log(0) 或除以零；检查数据里有没有 NaN；裁剪梯度。"
    )


# ---------------------------------------------------------------- 数据与设备


class _Batches:
    """可以反复迭代的数据，每迭代一遍是一轮 (x, y)，已放到 device 上。有 generator 就每轮打乱。"""

    def __init__(self, name, data, model, device, batch_size, generator=None):
        self.name, self.device, self.generator = name, device, generator
        self.loader = data if isinstance(data, DataLoader) else None
        if self.loader is not None:
            return
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            raise TypeError(
                f"{name} 应该是 (x, y) 或 DataLoader，收到的是 {_describe(data)}。"
                f"例如 {name}=(x, y)，x 和 y 是 Tensor 或 NumPy 数组。"
            )
        dtype = next(model.parameters()).dtype
        x, y = (_tensor(f"{name} 的 {part}", v, dtype) for part, v in zip("xy", data, strict=True))
        if len(x) != len(y):
            raise ValueError(
                f"{name} 的 x 有 {len(x)} 个样本，y 有 {len(y)} 个，两者要一样多（第一维是样本）。"
            )
        if batch_size is not None and _integer("batch_size", batch_size) > len(x):
            raise ValueError(
                f"batch_size={batch_size} 大于样本数 {len(x)}。取 1 到 {len(x)} 的整数，"
                "或用 batch_size=None 表示每批都是全部样本。"
            )
        # 评估时不必存梯度，一批可以大些；平均值与批的大小无关。
        self.batch_size = batch_size or (len(x) if generator else min(len(x), 1024))
        self.x, self.y = x.to(device), y.to(device)

    def n_batches(self) -> int:
        """一轮有几批；事先不知道（流式的 DataLoader）时为 0。"""
        if self.loader is None:
            return math.ceil(len(self.x) / self.batch_size)
        try:
            return len(self.loader)
        except TypeError:
            return 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if self.loader is None:
            n = len(self.x)
            order = torch.randperm(n, generator=self.generator) if self.generator else None
            for i in range(0, n, self.batch_size):
                batch = slice(i, i + self.batch_size)
                if order is not None:
                    batch = order[batch].to(self.device)
                yield self.x[batch], self.y[batch]
            return
        batch = None
        for batch in self.loader:
            pair = isinstance(batch, (tuple, list)) and len(batch) == 2
            if not pair or not all(isinstance(v, Tensor) for v in batch):
                raise TypeError(
                    f"{self.name} 这个 DataLoader 每次应给出 (x, y) 两个张量，收到的是 "
                    f"{_describe(batch)}。"
                )
            yield batch[0].to(self.device), batch[1].to(self.device)
        if batch is None:
            raise ValueError(
                f"{self.name} 这个 DataLoader 一批也没有：检查数据集是否为空，drop_last 是否丢掉了"
                "仅有的一批；生成器只能用一次，应该传可以反复迭代的数据集。"
            )


def _tensor(name: str, value: Any, dtype: torch.dtype) -> Tensor:
    """换成张量，并检查有样本、全部有限。浮点的 NumPy 数组换成 dtype。"""
    if not isinstance(value, (Tensor, np.ndarray)):
        raise TypeError(
            f"{name} 应该是 Tensor 或 NumPy 数组，收到的是 {_describe(value)}。"
            "用 torch.tensor(...) 或 np.asarray(...) 转换。"
        )
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise TypeError(
                f"{name} 的 dtype 是 {value.dtype}，训练只能用数字：先把它编码成浮点数或整数。"
            )
        target = {"f": dtype, "b": torch.bool}.get(value.dtype.kind, torch.int64)
        value = torch.tensor(np.ascontiguousarray(value), dtype=target)
    if value.ndim == 0 or len(value) == 0:
        raise ValueError(
            f"{name} 的形状是 {tuple(value.shape)}，里面没有样本：第一维应是样本数，至少为 1。"
        )
    bad = ~torch.isfinite(value)
    if bad.any():
        first = tuple(bad.nonzero()[0].tolist())
        raise ValueError(
            f"{name} 里有 {int(bad.sum())} 个 NaN 或无穷大，第一个在下标 {list(first)} 处："
            "先删去这些样本或填补缺失值。"
        )
    return value


def _choose_device(device: Any, model: nn.Module, data: Any) -> torch.device:
    parameter = next(model.parameters())
    available = {"cpu": True, "cuda": torch.cuda.is_available()}
    available["mps"] = torch.backends.mps.is_available()
    if device is None:
        if parameter.device.type != "cpu":
            return parameter.device
        parts = data if isinstance(data, (tuple, list)) else ()
        tensors = [parameter, *(v for v in parts if isinstance(v, Tensor))]
        if any(t.dtype == torch.float64 for t in tensors):
            available["mps"] = False  # mps 没有 float64
        return torch.device(next(k for k in ("cuda", "mps", "cpu") if available[k]))
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f'device={device!r} 不是一个设备。可以写 "cpu"、"cuda"、"mps"，或省略，自动选择。'
        ) from error
    if not available.get(chosen.type, True):
        raise ValueError(
            f"device={device!r}，但这台机器上没有可用的 {chosen.type}。省略 device 即自动选择。"
        )
    return chosen


def _move(model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """把模型和优化器的状态（动量等）一起移到 device。"""
    if next(model.parameters()).device != device:
        model.to(device)
        optimizer.load_state_dict(optimizer.state_dict())  # 状态跟着参数走


# ---------------------------------------------------------------- 检查参数


def _check_arguments(model, loss_fn, optimizer, n_epochs, metrics, patience, validation) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model 应该是 nn.Module 的实例，收到的是 {_describe(model)}。")
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("model 没有可以训练的参数：检查 requires_grad，或者有没有登记子模块。")
    if not all(torch.isfinite(p).all() for p in parameters):
        raise ValueError(
            "model 的参数里已经有 NaN 或无穷大，多半是上一次训练发散了：重新建模型和优化器再训练。"
        )
    if not callable(loss_fn) or isinstance(loss_fn, type):
        raise TypeError(
            f"loss_fn 应该是函数 loss_fn(输出, y)，收到的是 {_describe(loss_fn)}。"
            "例如 nn.MSELoss()（要加括号）或 F.cross_entropy（不加括号）。"
        )
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer 应该是优化器的实例，收到的是 {_describe(optimizer)}。"
            "例如 torch.optim.SGD(model.parameters(), lr=0.1)。"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in held for p in parameters):
        raise ValueError(
            "optimizer 管的参数里没有一个属于这个 model，训练不会改变它。重建模型之后，"
            "要用新的 model.parameters() 重建优化器。"
        )
    _integer("n_epochs", n_epochs)
    if metrics is not None and not isinstance(metrics, Mapping):
        raise TypeError(f"metrics 应该是字典 {{名字: 函数}}，收到的是 {_describe(metrics)}。")
    for name, metric in (metrics or {}).items():
        if name == "loss":
            raise ValueError('metrics 里不能用名字 "loss"，它是损失自己的名字。换一个名字。')
        if not callable(metric):
            raise TypeError(
                f"metrics[{name!r}] 应该是函数 f(输出, y) -> 数，收到的是 {_describe(metric)}。"
            )
    if patience is not None:
        _integer("patience", patience)
        if validation is None:
            raise ValueError("patience 看的是验证损失，要同时给出 validation=(x_val, y_val)。")


def _integer(name: str, value: Any, minimum: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} 应该是不小于 {minimum} 的整数，收到的是 {_describe(value)}。")
    if value < minimum:
        raise ValueError(f"{name} 应该是不小于 {minimum} 的整数，收到的是 {value}。")
    return int(value)


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"metrics[{name!r}] 应返回一个数，返回的是 {_describe(value)}。是不是少了 .mean()？"
        ) from error


def _describe(value: Any) -> str:
    if isinstance(value, (Tensor, np.ndarray)):
        return f"形状 {tuple(value.shape)}、dtype {value.dtype} 的 {type(value).__name__}"
    if isinstance(value, type):
        return f"类 {value.__name__}（而不是它的实例）"
    if isinstance(value, (tuple, list)):
        return f"{len(value)} 个元素的 {type(value).__name__}"
    return f"{value!r}（{type(value).__name__}）"


# ---------------------------------------------------------------- 一批样本


_SAME_SHAPE = (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss)
_SAME_SHAPE_FUNCTIONS = (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)


def _forward(model, loss_fn, x: Tensor, y: Tensor, name: str) -> tuple[Any, Tensor]:
    """(输出, 损失)；把最常见的用错（形状、dtype）翻译成中文。"""
    try:
        output = model(x)
    except RuntimeError as error:
        dtype = next(model.parameters()).dtype
        if x.dtype != dtype and "dtype" in str(error):
            raise TypeError(
                f"{name} 的 x 是 {x.dtype}，模型的参数是 {dtype}，两者要一致："
                f"用 x.to({dtype})，或把模型换成 x 的类型。"
            ) from error
        if "shape" in str(error) or "size" in str(error):
            raise ValueError(
                f"模型不接受 {name} 的 x，它一批的形状是 {tuple(x.shape)}：检查第一层的输入维数。"
                f"（PyTorch：{error}）"
            ) from error
        raise
    same_shape = isinstance(loss_fn, _SAME_SHAPE) or loss_fn in _SAME_SHAPE_FUNCTIONS
    if same_shape and isinstance(output, Tensor) and output.shape != y.shape:
        raise ValueError(
            f"模型的输出形状是 {tuple(output.shape)}，{name} 的 y 是 {tuple(y.shape)}；相减会悄悄"
            "广播，损失就错了。让两者形状相同，例如 y[:, None]，或在模型末尾 squeeze(-1)。"
        )
    try:
        loss = loss_fn(output, y)
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise _loss_error(error, output, y) from error
    if not isinstance(loss, Tensor) or loss.ndim:
        raise ValueError(
            f"loss_fn 应返回标量张量，返回的是 {_describe(loss)}：对一批样本求平均，"
            '例如 .mean()，或不写 reduction="none"。'
        )
    if torch.is_grad_enabled() and not loss.requires_grad:
        raise ValueError(
            "loss_fn 的结果不在计算图里，无法反向传播：检查 .detach()、.item()、.numpy()、argmax。"
        )
    return output, loss


def _backward(loss: Tensor, output: Any, y: Tensor) -> None:
    try:
        loss.backward()
    except RuntimeError as error:
        if "dtype" in str(error):  # 旧版 PyTorch 的 MSE 配整数的 y，到这里才报错
            raise _loss_error(error, output, y) from error
        raise


def _loss_error(error: Exception, output: Any, y: Tensor) -> Exception:
    if isinstance(error, IndexError) and "out of bounds" in str(error):
        classes = output.shape[1] if output.ndim > 1 else len(output)
        return ValueError(
            f"y 里的类别编号从 {int(y.min())} 到 {int(y.max())}，模型只输出 {classes} 类："
            f"编号应在 0 到 {classes - 1} 之间。"
        )
    message = (
        f"loss_fn 不接受这样的输入：模型的输出是{_describe(output)}，y 是{_describe(y)}。"
        "分类（cross_entropy）要 int64 的类别编号，形状 (N,)，用 y.long()；"
        "回归（mse_loss）要和输出同形状的浮点数，用 y.float()。"
        f"（PyTorch：{error}）"
    )
    is_dtype = any(word in str(error) for word in ("dtype", "scalar type", "not implemented for"))
    return TypeError(message) if is_dtype else ValueError(message)


def _append(table: dict[str, list[float]], row: dict[str, float]) -> None:
    for name, value in row.items():
        table[name].append(value)


def _summary(history: History) -> dict[str, str]:
    """进度条末尾的数字。"""
    tables = {"": history.train, "验证": history.validation}
    return {
        f"{where}{'损失' if name == 'loss' else name}": f"{values[-1]:.4g}"
        for where, table in tables.items()
        for name, values in table.items()
    }
