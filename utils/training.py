"""几份结构相同的模型一起训练：不同的种子、不同的学习率，叠成一个程序来算。

小网络的时间主要花在一个个算子的调度上。把 N 份模型的同一个参数叠成一个张量，前面多出一维，
一次调度就算完 N 份，每一份的曲线仍与单独训练它时相同。
"""

import contextlib
import copy
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from utils import validation


class Copies:
    """N 份结构相同、初值不同的模型。

    >>> nets = Copies(lambda: nn.Linear(64, 10), seeds=range(5))
    >>> optimizer = nets.optimizer(torch.optim.SGD, lr=0.1)
    >>> for step, losses in nets.train(x, y, optimizer, n_steps=100, batch_size=32, every=10):
    ...     accuracy = (nets.predict(x).argmax(-1) == y).double().mean(-1)  # (5,)

    学习率与种子的各种组合也是一样，一份模型一个：

    >>> rates, seeds = zip(*itertools.product([0.01, 0.1], range(5)))
    >>> nets = Copies(make_model, seeds)  # 10 份
    >>> optimizer = nets.optimizer(torch.optim.Adam, lr=list(rates))

    循环也可以自己写（例如 GAN 的两组模型轮流训练）：``nets(x)`` 带着梯度，各份的损失加起来
    ``backward``，再 ``optimizer.step()``，与普通的 PyTorch 一样。

    参数
    ----
    make_model : 不带参数的函数，返回一个 ``nn.Module``；每次调用之前执行
        ``torch.manual_seed(种子)``，外面的随机状态不受影响。
    seeds : 每份模型一个种子，决定它的初值和小批量的次序。

    属性
    ----
    seeds : N 个种子。
    weights, buffers : ``{名字: 形状 (N, ...) 的张量}``，训练会原地更新它们。
        ``nets[i]`` 取出第 i 份，是普通的 ``nn.Module``。

    异常
    ----
    TypeError, ValueError : 种子不对；``make_model`` 返回的不是模型，或各份的结构不同。

    来源：PyTorch 教程 *Model ensembling*（``torch.func``）。
    """

    def __init__(self, make_model: Callable[[], nn.Module], seeds: Iterable[int]) -> None:
        self.seeds = [validation.seed(s, "seeds 里的种子") for s in seeds]
        if not self.seeds:
            raise ValueError("seeds 是空的，至少要有一个种子。")
        models = [_build(make_model, s) for s in self.seeds]
        try:
            self.weights, self.buffers = stack_module_state(models)
        except (RuntimeError, KeyError) as error:
            raise ValueError(
                f"各份模型的参数叠不起来：它们的结构、形状要相同。PyTorch 说：{error}"
            ) from error
        self._skeleton = models[0]  # 只用它的结构，它自己的参数不会改变

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, i: int) -> nn.Module:
        """第 i 份模型，抄成普通的 ``nn.Module``（eval 模式），以后的训练不影响它。"""
        state = self.weights | self.buffers
        model = copy.deepcopy(self._skeleton)
        model.load_state_dict({name: value[i] for name, value in state.items()}, strict=False)
        return model.eval()

    def __call__(self, x: Tensor, **options) -> Tensor:
        """训练模式的输出：x 形状 (N, B, ...)，每份看自己的一批。``options`` 交给 ``forward``。"""
        if x.ndim == 0 or len(x) != len(self):
            raise ValueError(
                f"x 的第 0 维应当是 {len(self)} 份模型，收到的是 {validation.describe(x)}。"
                f"都看同一批数据时，写 x.expand({len(self)}, *x.shape)。"
            )
        return self._run(lambda model, x: model(x, **options), True, 0, x)

    @torch.no_grad()
    def predict(self, x: Tensor, **options) -> Tensor:
        """eval 模式的输出，不带梯度：x 形状 (B, ...)，大家看同一批；返回 (N, B, ...)。"""
        return self._run(lambda model, x: model(x, **options), False, None, x)

    def optimizer(
        self, make: Callable[..., torch.optim.Optimizer], **hyper: Any
    ) -> torch.optim.Optimizer:
        """造一个管着全部 N 份模型的优化器，每一份的更新与它单独用 ``make`` 时相同。

        参数
        ----
        make : ``torch.optim`` 里的类，或 ``make(params, **hyper)`` 这样的函数；更新要逐个元素独立。
        hyper : 它的超参数，例如 ``lr``、``momentum``。一列（list、一维数组）N 个值是每份模型一个；
            单个的值（数，或 ``betas=(0.9, 0.99)`` 这样的元组）大家相同。相邻而取值相同的几份归进
            同一个参数组一起更新，所以把种子排在最里层最快。

        异常
        ----
        TypeError, ValueError : 值的个数不对；优化器不接受这些超参数；优化器会把各份模型混在一起
            （如 Muon、Adafactor、LBFGS，它们要看整个矩阵或全部参数）。
        """
        weights = [w for w in self.weights.values() if w.requires_grad]
        runs = itertools.groupby(range(len(self)), _settings(hyper, len(self)).__getitem__)
        groups, spans = [], []
        for setting, members in runs:
            _check_elementwise(make, setting)
            members = list(members)
            spans.append(slice(members[0], members[-1] + 1))
            # 与 weights 共用内存的一段：更新它，就是更新 weights
            groups.append({"params": [w.detach()[spans[-1]] for w in weights], **setting})
        optimizer = make(groups, **setting)  # 各组自己的值优先

        def hand_over_gradients(*_) -> None:
            for span, group in zip(spans, optimizer.param_groups, strict=True):
                for part, w in zip(group["params"], weights, strict=True):
                    part.grad = None if w.grad is None else w.grad[span]

        def zero_grad(set_to_none: bool = True) -> None:
            for w in weights:
                w.grad = None

        optimizer.register_step_pre_hook(hand_over_gradients)
        optimizer.zero_grad = zero_grad  # 梯度记在 weights 上，不在那些段上
        return optimizer

    def train(
        self,
        x: Tensor,
        y: Tensor,
        optimizer: torch.optim.Optimizer,
        *,
        n_steps: int,
        batch_size: int | None = None,
        every: int = 1,
        loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    ) -> Iterator[tuple[int, Tensor]]:
        """训练 ``n_steps`` 步；在第 0、every、2·every……步和最后一步交出 ``(步数, 损失)``。

        参数
        ----
        x, y : 全部训练数据，第 0 维是样本，各份模型共用。
        batch_size : 每步的样本数；``None`` 用全部数据。每份模型的次序由它的种子决定：每一轮用
            ``torch.randperm(len(x), generator=seeded(种子))`` 打乱（发生器接着用），
            再 ``split(batch_size)``，最后不满的一批照常使用。
        loss_fn : 返回标量，一批样本的平均损失。

        产出的步数是已经做过几次更新；损失的形状是 (N,)，接着要用的那一批上、更新之前的。

        异常
        ----
        TypeError, ValueError : 个数不对；模型或损失在这些数据上算不出来。
        """
        if len(x) != len(y):
            raise ValueError(f"x 有 {len(x)} 个样本，y 有 {len(y)} 个，两者要一一对应。")
        n_steps = validation.integer("n_steps", n_steps)
        every = validation.integer("every", every, 1)
        for step, rows in enumerate(self._batches(len(x), batch_size)):
            where = None if rows is None else 0
            batch = (x, y) if rows is None else (x[rows.to(x.device)], y[rows.to(y.device)])
            losses = self._run(lambda model, x, y: loss_fn(model(x), y), True, where, *batch)
            if losses.ndim != 1:
                raise ValueError(
                    "loss_fn 应当返回标量（先对一批样本求平均），"
                    f"收到的形状是 {tuple(losses.shape[1:])}。"
                )
            if step % every == 0 or step == n_steps:
                yield step, losses.detach()
            if step == n_steps:
                return
            optimizer.zero_grad()
            losses.sum().backward()  # 各份互不相干，加起来一次求导
            optimizer.step()

    def _run(self, function: Callable, training: bool, where: int | None, *data: Tensor) -> Tensor:
        """对每份模型算 ``function(模型, *data)``，叠成 (N, ...)。where：data 的哪一维是模型。"""
        skeleton = self._skeleton.train(training)

        def one(weights, buffers, *data):
            def model(*args, **options):
                return functional_call(skeleton, (weights, buffers), args, options)

            return function(model, *data)

        dims = (0, 0, *[where] * len(data))
        with _explained():
            return vmap(one, dims, randomness="different")(self.weights, self.buffers, *data)

    def _batches(self, n: int, batch_size: int | None) -> Iterator[Tensor | None]:
        """无穷无尽的样本编号，形状 (N, B)；``None`` 是全部样本，不用挑。"""
        if batch_size is None:
            yield from itertools.repeat(None)
        batch_size = validation.integer("batch_size", batch_size, 1, n, "样本数")
        generators = [torch.Generator().manual_seed(s) for s in self.seeds]
        while True:
            order = torch.stack([torch.randperm(n, generator=g) for g in generators])  # (N, n)
            yield from order.split(batch_size, dim=1)


def _build(make_model: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = make_model()
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"make_model 应当返回 nn.Module 的实例，收到的是 {validation.describe(model)}。"
        )
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("make_model 返回的模型没有可以训练的参数。")
    return copy.deepcopy(model)  # make_model 每次返回同一个模型时，各份也不相干


def _settings(hyper: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """把 ``{名字: 值或一列值}`` 排成每份模型一个 ``{名字: 值}``。"""
    columns = {}
    for name, value in hyper.items():
        if isinstance(value, np.ndarray | Tensor) and value.ndim == 1:
            value = value.tolist()
        if not isinstance(value, list):
            value = [value] * n
        if len(value) != n:
            raise ValueError(f"{name} 有 {len(value)} 个值，模型有 {n} 份，要一份一个。")
        columns[name] = value
    return [{name: column[i] for name, column in columns.items()} for i in range(n)]


def _check_elementwise(make: Callable, setting: dict[str, Any]) -> None:
    """试两步：第 1 份的梯度不同，第 0 份的更新应当一点不变。"""
    ends = []
    for other in (1.0, -3.0):
        w = torch.tensor([[[2.0, 1.0], [1.0, 0.5]], [[other, 1.0], [1.0, 1.0]]])
        try:
            optimizer = make([w], **setting)
            for gradient in (1.0, 0.5):
                w.grad = torch.full_like(w, gradient)
                w.grad[1] *= other
                optimizer.step()
        except (TypeError, ValueError, RuntimeError) as error:
            raise type(error)(
                f"优化器不接受 {setting}，或者不能只靠梯度更新。它说：{error}"
            ) from error
        ends.append(w[0])
    if not torch.equal(*ends):
        raise ValueError(
            f"{getattr(make, '__name__', make)} 会把各份模型混在一起：一份的更新取决于别的几份。"
            "请换成逐个元素更新的（SGD、Adam、RMSprop 等），或者用循环一份一份地训练。"
        )


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """``torch.func`` 的警告和报错面向库的作者：关掉与结果无关的，其余换成读者能照着改的话。"""
    try:
        with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There is a performance drop")
            # 输出 (B, 1) 遇上目标 (B,) 时 PyTorch 只警告一声就广播成 (B, B)，那不是想要的损失
            warnings.filterwarnings("error", message="Using a target size")
            yield
    except (RuntimeError, ValueError, IndexError, UserWarning) as error:
        raise ValueError(
            "模型或损失在这些数据上算不出来。先用一份模型试：make_model()(x) 和 loss_fn(输出, y)。"
            "单份没有问题时，多半是模型里用了 .item()、按张量的值走的 if，"
            "或 nn.LSTM 这样成块的循环层，它们没法几份一起算。"
            f"PyTorch 说：{error}"
        ) from error
