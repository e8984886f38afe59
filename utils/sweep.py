"""参数扫描：把一次训练放到一张超参数网格上重复，收成带名字的数组。

- :func:`sweep` 接受任意训练过程（一个生成器函数），各次运行互相独立，可以用 joblib 分到多个进程。
- :func:`sweep_gd` 专做梯度下降：用 ``torch.func`` 把整张网格当作一个程序同时训练。

两者返回同样结构的 ``xarray.Dataset``，交给 ``explore`` 就成了可拖动的图。
"""

import contextlib
import copy
import functools
import inspect
import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import joblib
import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

Run = tuple[dict[str, np.ndarray], bool]
"""一次运行的记录：``{键: 形状 (步数, *每步的形状) 的数组}``，以及是否发散。"""

RESERVED = ("step", "length", "diverged")


def sweep(
    train: Callable[..., Iterator[Mapping[str, Any]]], /, *, n_jobs: int | None = None, **grid
) -> xr.Dataset:
    """对 ``grid`` 里超参数的每一种组合运行一次 ``train``，把产出收成带名字的数组。

    >>> def train(lr):
    ...     w = 1.0
    ...     for _ in range(50):
    ...         yield {"w": w, "loss": w**2}
    ...         w -= lr * 2 * w
    >>> runs = sweep(train, lr=[0.01, 0.1, 1.1])
    >>> runs.sel(lr=0.1)["loss"]  # 形状 (step,)

    参数
    ----
    train : 生成器函数。以关键字接收超参数，每隔若干步 ``yield`` 一个字典，值是标量或小数组
        （NumPy、PyTorch 都行），每次的键和形状要相同。需要随机数时请在 ``train`` 里自己定种子，
        结果才与运行的先后无关。
    n_jobs : 同时运行几个；``None`` 听从 ``joblib.parallel_config``，没有设置就依次运行。
        把 ``with joblib.parallel_config("dask"):`` 写在外面，就换成 Dask 集群，这里不用改。
    grid : 每个超参数取的一列值：数、字符串或布尔值。固定不变的参数请用 ``functools.partial`` 填好。

    返回
    ----
    Dataset，维度依次是各个超参数、``step``，以及数组自己的维度 ``<键>_0``、``<键>_1``……
    变量是 ``train`` 产出的各个键（float64），加上每次运行的 ``length``（有效步数）和
    ``diverged``（是否发散）。
    出现 NaN 或无穷大，或者 ``train`` 抛出 OverflowError、FloatingPointError 的运行记为发散，
    截到出事之前；短的运行用 NaN 补齐。``attrs["live"]`` 保存现场训练要用的：``train``、网格和步数。

    异常
    ----
    TypeError, ValueError : 网格为空、取值重复或类型不对；``train`` 不是生成器函数、
        不接受某个超参数、什么都没有产出，或者产出的键、形状前后不一致。
        ``train`` 自己抛出的其他异常原样上抛，附注里写明是哪一组超参数。
    """
    if n_jobs is not None and (not _is_int(n_jobs) or n_jobs == 0):
        raise ValueError(f"n_jobs 应当是非零整数（-1 用上所有核）或 None，收到的是 {n_jobs!r}。")
    if not grid:
        raise ValueError("网格是空的。请至少给一个超参数，例如 sweep(train, lr=[0.01, 0.1])。")
    hint = "固定不变的参数请先用 functools.partial 填好。"
    axes = {name: _axis(name, values, hint) for name, values in grid.items()}
    _check_signature(train, list(axes))
    combos = _combinations(axes)
    # 普通 pickle 带不走笔记本里定义的函数，包上 cloudpickle 以后任何一种进程池都行
    portable = joblib.wrap_non_picklable_objects(lambda **hyper: train(**hyper))
    runs = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_record)(portable, hyper) for hyper in combos
    )
    dataset = _assemble(axes, combos, runs)
    dataset.attrs["live"] = {"train": train, "grid": axes, "steps": dataset["step"].values}
    return dataset


# ---------------------------------------------------------------------------- 网格


def _is_int(value) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _axis(name: str, values, hint: str = "") -> list:
    """检查一个超参数的取值，返回由 Python 的数、字符串、布尔值组成的列表。"""
    if name in RESERVED:
        raise ValueError(f"超参数不能叫 {name}：这个名字留给结果里的同名变量。请换一个名字。")
    if isinstance(values, np.ndarray | torch.Tensor) and values.ndim == 1:
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise TypeError(
            f"{name} 应当是一列值，例如 [0.01, 0.1]，"
            f"收到的是 {type(values).__name__}：{values!r}。{hint}"
        )
    if len(values) == 0:
        raise ValueError(f"{name} 是空的，至少要有一个值。")
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    for value in values:
        if not isinstance(value, bool | int | float | str):
            raise TypeError(
                f"{name} 的取值应当是数、字符串或布尔值，收到 {type(value).__name__}：{value!r}。"
                "别的东西请用字符串代表，到 train 里再换成它，例如用 '全部' 代表 None。"
            )
        if value != value:
            raise ValueError(f"{name} 的取值里有 NaN。请换成确定的数。")
    if len(set(values)) < len(values):
        raise ValueError(f"{name} 的取值有重复：{values}。1、1.0 和 True 算同一个，只留一个。")
    return values


def _combinations(axes: dict[str, list]) -> list[dict]:
    """网格的所有组合，行优先：最后一个超参数变得最快。"""
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values())]


def _coordinate(values: list) -> np.ndarray:
    """一列取值变成坐标数组。数和字符串混用、或转换会丢精度时，用 object 保存原样。"""
    array = np.array(values)
    same_kind = len({float if type(v) is int else type(v) for v in values}) == 1
    if not same_kind or array.tolist() != values:
        array = np.empty(len(values), dtype=object)
        array[:] = values
    return array


def _check_signature(train, names: list[str]) -> None:
    if not callable(train):
        raise TypeError(f"train 应当是生成器函数，收到的是 {type(train).__name__}：{train!r}。")
    try:
        parameters = inspect.signature(train).parameters.values()
    except (TypeError, ValueError):  # 少数内建函数没有签名可查
        return
    accepted = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for name in names:
            if name not in accepted:
                raise TypeError(
                    f"train 没有名叫 {name} 的参数。它接受的是：{', '.join(accepted) or '无'}。"
                )
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for p in parameters:
        if p.default is p.empty and p.kind not in optional and p.name not in names:
            raise TypeError(
                f"train 的参数 {p.name} 没有默认值，网格里也没有给。"
                f"请加上 {p.name}=[...]，或先用 functools.partial(train, {p.name}=...) 填好。"
            )


# ---------------------------------------------------------------------------- 记录一次运行


def _record(train, hyper: dict) -> Run:
    """跑完一次 ``train(**hyper)``，记下每步的产出，截到第一个非有限的值之前。"""
    rows: dict[str, list[np.ndarray]] | None = None
    shapes: dict[str, tuple[int, ...]] = {}
    diverged = False
    try:
        with np.errstate(all="ignore"):  # 发散的运行会记下来，不必再刷警告
            run = train(**hyper)
            if not isinstance(run, Iterator):
                raise TypeError(
                    "train 应当是生成器函数（用 yield 逐步产出字典），"
                    f"它却返回了 {type(run).__name__}。"
                )
            for step, payload in enumerate(run):
                arrays = _arrays(payload, step, hyper)
                if rows is None:
                    shapes = {key: array.shape for key, array in arrays.items()}
                    rows = {key: [] for key in arrays}
                _check_same(
                    {k: a.shape for k, a in arrays.items()}, shapes, f"第 {step} 次产出", "第 0 次"
                )
                if not all(np.isfinite(array).all() for array in arrays.values()):
                    diverged = True
                    break
                for key, array in arrays.items():
                    rows[key].append(array)
    except (OverflowError, FloatingPointError):
        diverged = True
    except Exception as error:
        error.add_note(f"发生在 {_call(hyper)} 这次运行里。")
        raise
    if rows is None:
        if not diverged:
            raise ValueError(f"{_call(hyper)} 什么都没有产出。请至少 yield 一个字典。")
        return {}, True
    return {
        key: np.array(rows[key]).reshape(len(rows[key]), *shapes[key]) for key in rows
    }, diverged


def _call(hyper: dict) -> str:
    return f"train({', '.join(f'{name}={value!r}' for name, value in hyper.items())})"


def _arrays(payload, step: int, hyper: dict) -> dict[str, np.ndarray]:
    """把一次产出换成 float64 数组的字典；总是复制，``train`` 之后原地修改也不影响记录。"""
    if not isinstance(payload, Mapping):
        raise TypeError(
            f"train 每次应当产出一个字典，例如 {{'loss': 0.5}}，"
            f"第 {step} 次产出的却是 {type(payload).__name__}：{payload!r}。"
        )
    if not payload:
        raise ValueError(f"train 第 {step} 次产出的字典是空的，至少要有一个键。")
    arrays = {}
    for key, value in payload.items():
        if not isinstance(key, str):
            raise TypeError(f"产出的键应当是字符串，第 {step} 次产出里有 {key!r}。")
        if key in hyper or key in RESERVED:
            raise ValueError(
                f"产出的键 {key!r} 与超参数或保留名（{'、'.join(RESERVED)}）重名，请换一个。"
            )
        arrays[key] = _array(key, value)
    return arrays


def _array(key: str, value) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        wide = torch.complex128 if value.is_complex() else torch.float64
        value = value.detach().to("cpu", wide).numpy()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"产出的 {key!r} 拼不成一个数组：{value!r}。各行的长度要相同。") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"产出的 {key!r} 应当是实数或实数数组，收到的是 {type(value).__name__}"
            f"（dtype {array.dtype}）：{value!r}。"
        )
    return array.astype(np.float64)


def _check_same(shapes: dict, expected: dict, what: str, reference: str) -> None:
    """检查两份 ``{键: 形状}`` 相同。"""
    if shapes.keys() != expected.keys():
        raise ValueError(
            f"{what}的键是 {sorted(shapes)}，{reference}却是 {sorted(expected)}。"
            "各次产出的键要相同。"
        )
    for key, shape in shapes.items():
        if shape != expected[key]:
            raise ValueError(
                f"{what}里 {key!r} 的形状是 {shape}，{reference}却是 {expected[key]}。"
                "各次产出的形状要相同。"
            )


# ---------------------------------------------------------------------------- 合成结果


def _assemble(axes: dict[str, list], combos: list[dict], runs: list[Run]) -> xr.Dataset:
    """把各次运行（按网格的行优先次序）补齐、叠成一个 Dataset。"""
    shapes: dict[str, tuple[int, ...]] = {}
    first = ""
    for hyper, (record, _) in zip(combos, runs, strict=True):
        if record:
            own = {key: array.shape[1:] for key, array in record.items()}
            if not shapes:
                shapes, first = own, _call(hyper)
            _check_same(own, shapes, f"{_call(hyper)} 产出", first)
    if not shapes:
        raise ValueError(
            "每一次运行都在第一次产出之前就溢出了，没有可以记录的东西。请检查 train 或换小步长。"
        )
    payload_dims = {k: [f"{k}_{i}" for i in range(len(shape))] for k, shape in shapes.items()}
    for key, dims in payload_dims.items():
        for dim in dims:
            if dim in shapes or dim in axes:
                raise ValueError(
                    f"{key!r} 是数组，它的维度要叫 {dim}，与另一个产出或超参数重名。"
                    "请给其中一个换名字。"
                )

    lengths = [len(next(iter(record.values()), [])) for record, _ in runs]
    n_steps = max(1, *lengths)
    grid_shape = tuple(map(len, axes.values()))
    dims = list(axes)
    variables = {}
    for key, shape in shapes.items():
        data = np.full((len(runs), n_steps, *shape), np.nan)
        for row, length, (record, _) in zip(data, lengths, runs, strict=True):
            if length:
                row[:length] = record[key]
        variables[key] = (
            [*dims, "step", *payload_dims[key]],
            data.reshape(*grid_shape, *data.shape[1:]),
        )
    variables["length"] = (dims, np.reshape(lengths, grid_shape))
    variables["diverged"] = (dims, np.reshape([diverged for _, diverged in runs], grid_shape))
    coords = {name: _coordinate(values) for name, values in axes.items()}
    return xr.Dataset(variables, coords | {"step": np.arange(n_steps)})


# ---------------------------------------------------------------------------- 梯度下降的扫描


def sweep_gd(
    make_model: Callable[[int], nn.Module],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    x: Tensor | np.ndarray,
    y: Tensor | np.ndarray,
    *,
    lr: float | Sequence[float],
    momentum: float | Sequence[float] = 0.0,
    weight_decay: float | Sequence[float] = 0.0,
    seed: int | Sequence[int] = 0,
    batch_size: int | None = None,
    n_steps: int,
    record_every: int = 1,
    metrics: Mapping[str, Callable[[Tensor, Tensor], Tensor]] | None = None,
) -> xr.Dataset:
    """用梯度下降同时训练网格上的所有模型，曲线与逐个用 ``torch.optim.SGD`` 训练的相同。

    所有模型的参数叠成一个张量，每一步只做一次批量计算，省下的是逐个模型、逐个算子的调度开销：
    模型越小、网格越大，快得越多。

    >>> def make_model(seed):
    ...     return nn.Linear(1, 1)
    >>> x = torch.linspace(-1, 1, 20)[:, None]
    >>> runs = sweep_gd(make_model, F.mse_loss, x, 3 * x, lr=[0.1, 0.5], seed=[0, 1], n_steps=99)
    >>> runs["loss"].mean("seed")  # 形状 (lr, step)

    参数
    ----
    make_model : ``make_model(seed)`` 返回初始的模型；调用前已经执行过 ``torch.manual_seed(seed)``。
    loss_fn : ``loss_fn(output, y)`` 返回标量张量。
    x, y : 训练数据，第 0 维是样本。浮点数据的类型要与模型参数相同。
    lr, momentum, weight_decay, seed : 一个数，或一列值；一列值成为结果的一个维度。
        动量和权重衰减的定义同 ``torch.optim.SGD``：g ← g + λw，v ← μv + g，w ← w − ηv。
    batch_size : 每步的样本数；``None`` 用全部数据。小批量的次序由 ``seed`` 决定：每一轮用
        ``torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))`` 打乱
        （同一个 generator 接着用），再 ``split(batch_size)``，最后不满的一批照常使用。
    n_steps : 更新的次数。
    record_every : 每隔几次更新记录一次。
    metrics : ``{名字: 函数}``，``函数(output, y)`` 返回标量张量，在全部数据上计算。

    返回
    ----
    Dataset，结构同 :func:`sweep`。坐标 ``step`` 是已经做过的更新次数：从 0（初始模型）到 n_steps，
    间隔 record_every。``loss`` 是接着要用的那一批数据上、更新之前的损失，也就是平常训练循环里
    打印的那个；小批量时它有噪声，想看全部数据上的损失，把 ``loss_fn`` 也放进 ``metrics``。
    ``attrs["train"]`` 是用 ``torch.optim.SGD`` 逐步训练一个模型的生成器，产出与这里相同。

    异常
    ----
    TypeError, ValueError : 学习率不是正数、批量比数据多、数据里有 NaN、类型或形状不对、
        模型里有随机的层（Dropout）或训练时会改变的状态（BatchNorm）。

    来源：PyTorch 教程 *Model ensembling*（``torch.func``）；更新式见 ``torch.optim.SGD`` 的文档。
    """
    given = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "seed": seed}
    values = {name: _hyper(name, value) for name, value in given.items()}
    axes = {name: values[name] for name in given if not np.isscalar(given[name])}
    x, y = _tensor("x", x), _tensor("y", y)
    if len(x) != len(y):
        raise ValueError(f"x 有 {len(x)} 个样本，y 有 {len(y)} 个，两者要一一对应。")
    metrics = _check_metrics(metrics)
    _check_count("n_steps", n_steps)
    _check_count("record_every", record_every, n_steps, "n_steps")
    if batch_size is not None:
        _check_count("batch_size", batch_size, len(x), "样本数")
    models = [_build(make_model, s) for s in values["seed"]]
    _rehearse(models[0], loss_fn, metrics, x[:batch_size], y[:batch_size])

    schedule = {"batch_size": batch_size, "n_steps": n_steps, "record_every": record_every}
    with _explained():
        curves = _descend(models, loss_fn, metrics, x, y, **values, **schedule)
    dataset = _assemble(axes, _combinations(axes), _cut(curves))
    fixed = {name: values[name][0] for name in given if name not in axes}
    dataset.attrs["train"] = functools.partial(
        _train_one, make_model, loss_fn, metrics, x, y, **fixed, **schedule
    )
    return dataset.assign_coords(step=dataset["step"] * record_every)


def _descend(
    models: list[nn.Module],
    loss_fn: Callable,
    metrics: Mapping[str, Callable],
    x: Tensor,
    y: Tensor,
    *,
    lr: list,
    momentum: list,
    weight_decay: list,
    seed: list,
    batch_size: int | None,
    n_steps: int,
    record_every: int,
) -> dict[str, np.ndarray]:
    """同时训练 R = len(lr)·len(momentum)·len(weight_decay)·len(seed) 个模型。

    返回 ``{名字: 形状 (R, 记录次数) 的数组}``，R 个模型按行优先排列，``seed`` 变得最快。
    """
    points = itertools.product(lr, momentum, weight_decay, range(len(seed)))
    rates, momenta, decays, owner = map(list, zip(*points, strict=True))
    weights, constants = stack_module_state(models)  # 每个张量 (S, ...)，S 是种子的个数
    constants |= {k: v for k, v in weights.items() if not v.requires_grad}
    # 每个模型拿一份自己那颗种子的初始参数：(S, ...) -> (R, ...)
    weights = {k: v.detach()[owner] for k, v in weights.items() if v.requires_grad}
    constants = {k: v.detach()[owner] for k, v in constants.items()}
    velocity = {k: torch.zeros_like(v) for k, v in weights.items()} if any(momenta) else None

    def column(numbers: list, like: Tensor) -> Tensor:  # (R,) -> (R, 1, ..., 1)，好与参数逐个相乘
        return like.new_tensor(numbers).view(-1, *[1] * (like.ndim - 1))

    eta = {k: column(rates, v) for k, v in weights.items()}
    mu = {k: column(momenta, v) for k, v in weights.items()}
    decay = {k: column(decays, v) for k, v in weights.items()}

    def forward(w, c, x, y):
        return functional_call(models[0], (w, c), (x,))

    def loss(w, c, x, y):
        return loss_fn(forward(w, c, x, y), y)

    def measure(w, c, x, y):
        output = forward(w, c, x, y)
        return {name: metric(output, y) for name, metric in metrics.items()}

    shared = batch_size is None or len(seed) == 1  # 所有模型看同一批数据，就不必各存一份
    rows = None if shared else 0
    gradient = _flat(vmap(grad_and_value(loss), in_dims=(0, 0, rows, rows)))
    evaluate = _flat(vmap(measure, in_dims=(0, 0, None, None)))
    orders = [_batches(len(x), batch_size, s) for s in seed]
    records: dict[str, list[Tensor]] = {"loss": [], **{name: [] for name in metrics}}
    for step in range(n_steps - n_steps % record_every + 1):
        picks = [next(order) for order in orders]
        pick = picks[0] if shared else torch.stack(picks)[owner]  # (b,) 或 (R, b)
        grads, losses = gradient(weights, constants, x[pick], y[pick])
        if step % record_every == 0:
            measured = evaluate(weights, constants, x, y) if metrics else {}
            for name, value in {"loss": losses, **measured}.items():
                records[name].append(value.clone())  # 有的指标就是参数本身，下面会原地更新
        for name, w in weights.items():
            g = grads[name]
            if any(decays):
                g = g.addcmul(decay[name], w)
            if velocity is not None:
                g = velocity[name].mul_(mu[name]).add_(g)
            w.addcmul_(eta[name], g, value=-1)
    return {name: torch.stack(r, dim=1).double().cpu().numpy() for name, r in records.items()}


def _train_one(
    make_model: Callable,
    loss_fn: Callable,
    metrics: Mapping[str, Callable],
    x: Tensor,
    y: Tensor,
    *,
    lr: float,
    momentum: float,
    weight_decay: float,
    seed: int,
    batch_size: int | None,
    n_steps: int,
    record_every: int,
) -> Iterator[dict[str, float]]:
    """用 ``torch.optim.SGD`` 训练一个模型，记录与 :func:`sweep_gd` 相同，供可拖动的图现场训练。"""
    model = _build(make_model, seed)
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad],
        lr=lr,
        momentum=momentum,
        weight_decay=weight_decay,
    )
    order = _batches(len(x), batch_size, seed)
    for step in range(n_steps - n_steps % record_every + 1):
        pick = next(order)
        loss = loss_fn(model(x[pick]), y[pick])
        if step % record_every == 0:
            with torch.no_grad():
                output = model(x) if metrics else None
                values = {name: metric(output, y).item() for name, metric in metrics.items()}
            yield {"loss": loss.item(), **values}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _batches(n: int, batch_size: int | None, seed: int) -> Iterator[Tensor | slice]:
    """无穷无尽的样本编号：每一轮重新打乱，切成小批量；``None`` 每次都是全部。"""
    if batch_size is None:
        yield from itertools.repeat(slice(None))
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(n, generator=generator).split(batch_size)


def _flat(function: Callable) -> Callable:
    """把 ``function`` 记成一串底层算子再执行，省掉 ``vmap``、``grad`` 每次展开的开销（约快一倍）。

    记录与输入的形状绑定；最后不满的一批形状不同，单独记一份。若有算子的输出形状取决于数据
    （例如 ``output[y > 0]``），记录换一批数据就不对了，这时照原样执行。
    """
    variants: dict[tuple[int, ...], Callable] = {}

    def call(weights, constants, x, y):
        if x.shape not in variants:
            graph = make_fx(function)(weights, constants, x, y)
            tags = [tag for node in graph.graph.nodes for tag in getattr(node.target, "tags", ())]
            dynamic = torch.Tag.dynamic_output_shape in tags
            variants[x.shape] = function if dynamic else graph
        return variants[x.shape](weights, constants, x, y)

    return call


def _cut(curves: dict[str, np.ndarray]) -> list[Run]:
    """把 ``{名字: (R, T)}`` 拆成 R 次运行，各自截到第一个非有限的值之前。"""
    finite = np.logical_and.reduce([np.isfinite(curve) for curve in curves.values()])  # (R, T)
    runs = []
    for row, valid in enumerate(finite):
        length = len(valid) if valid.all() else valid.argmin()
        runs.append(({name: c[row, :length] for name, c in curves.items()}, length < len(valid)))
    return runs


def _build(make_model: Callable, seed: int) -> nn.Module:
    """造一个初始模型。复制一份，于是 ``make_model`` 每次返回同一个模型也不会被训练改动。"""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make_model(seed)
    if not isinstance(model, nn.Module):
        raise TypeError(f"make_model 应当返回 nn.Module，收到的是 {type(model).__name__}。")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("make_model 返回的模型没有可以训练的参数。")
    return copy.deepcopy(model)


# ---------------------------------------------------------------------------- 梯度下降的输入检查


def _hyper(name: str, given) -> list:
    values = _axis(name, [given] if np.isscalar(given) else given)
    for value in values:
        if name == "seed":
            if not _is_int(value):
                raise TypeError(f"seed 应当是整数，收到的是 {type(value).__name__}：{value!r}。")
            if not 0 <= value < 2**32:
                raise ValueError(f"seed 应当在 0 到 2**32 - 1 之间，收到的是 {value}。")
        elif isinstance(value, bool | str):
            raise TypeError(f"{name} 应当是数，收到的是 {type(value).__name__}：{value!r}。")
        elif name == "lr" and not 0 < value < math.inf:
            raise ValueError(f"lr（学习率）应当是正数，收到的是 {value}。试试 0.01。")
        elif not 0 <= value < math.inf:
            raise ValueError(f"{name} 应当是非负的有限数，收到的是 {value}。0 表示不用它。")
    return values


def _check_count(name: str, value, most: float = math.inf, bound: str = "") -> None:
    limit = f"、且不超过{bound}（{most}）" if bound else ""
    if not _is_int(value):
        raise TypeError(f"{name} 应当是正整数{limit}，收到的是 {type(value).__name__}：{value!r}。")
    if not 1 <= value <= most:
        raise ValueError(f"{name} 应当是正整数{limit}，收到的是 {value}。")


def _check_metrics(metrics) -> dict[str, Callable]:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping) or not all(callable(f) for f in metrics.values()):
        raise TypeError(f"metrics 应当是 {{名字: 函数}}，收到的是 {metrics!r}。")
    taken = {"loss", "lr", "momentum", "weight_decay", "seed", *RESERVED}
    for name in metrics:
        if not isinstance(name, str) or name in taken:
            raise ValueError(
                f"metrics 的名字应当是字符串，且不与 {sorted(taken)} 重名，收到 {name!r}。"
            )
    return dict(metrics)


def _tensor(name: str, data) -> Tensor:
    if not isinstance(data, Tensor):
        try:
            data = torch.tensor(np.asarray(data))
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} 应当是数值数组或张量，收到 {type(data).__name__}。") from error
    if data.ndim == 0 or len(data) == 0:
        raise ValueError(
            f"{name} 的第 0 维应当是样本，至少一个；收到的形状是 {tuple(data.shape)}。"
        )
    if not torch.isfinite(data).all():
        raise ValueError(f"{name} 里有 NaN 或无穷大。请先去掉或填补这些样本。")
    return data.detach()


def _rehearse(model: nn.Module, loss_fn, metrics: dict, x: Tensor, y: Tensor) -> None:
    """训练之前先用一个模型试算一批，把常见的错误讲清楚。不改动模型，也不改动随机状态。"""
    dtype = next(p.dtype for p in model.parameters() if p.requires_grad)
    for name, data in {"x": x, "y": y}.items():
        if data.is_floating_point() and data.dtype != dtype:
            raise TypeError(
                f"{name} 的类型是 {data.dtype}，模型参数是 {dtype}，两者要相同。"
                f"请用 {name}.to({dtype}) 转换数据，或在 make_model 里转换模型。"
            )
    functions = {"loss_fn": loss_fn} | {f"metrics[{k!r}]": f for k, f in metrics.items()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
            # 输出 (N, 1) 遇上目标 (N,) 时 PyTorch 只警告一声就广播成 (N, N)，那不是想要的损失
            warnings.filterwarnings("error", message="Using a target size")
            before = torch.get_rng_state()
            output = functional_call(model, buffers, (x,))
            results = {name: function(output, y) for name, function in functions.items()}
            random = not torch.equal(before, torch.get_rng_state())
    except (RuntimeError, TypeError, ValueError, IndexError, UserWarning) as error:
        raise ValueError(
            f"模型或损失在这批数据上算不出来：x 形状 {tuple(x.shape)}、{x.dtype}，"
            f"y 形状 {tuple(y.shape)}、{y.dtype}。请对照检查形状和类型。PyTorch 说：{error}"
        ) from error
    if random:
        raise ValueError(
            "模型里有随机的运算（如 Dropout），没法把许多模型当作一个程序训练。"
            "请去掉它，或改用 sweep 逐个训练。"
        )
    for name, buffer in model.named_buffers():
        if not torch.equal(buffer, buffers[name]):
            raise ValueError(
                f"模型在训练时会改动自己的状态 {name}（如 BatchNorm 的滑动平均），这里不支持。"
                "请换成 LayerNorm、GroupNorm，或改用 sweep 逐个训练。"
            )
    for name, value in results.items():
        if not isinstance(value, Tensor) or value.ndim:
            what = (
                f"形状 {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            )
            raise ValueError(f"{name} 应当返回标量张量（不要 .item()，先求平均），收到的是{what}。")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """``torch.func`` 的警告和报错面向库的作者：关掉与结果无关的，其余换成读者能照着改的话。"""
    try:
        with sdpa_kernel(SDPBackend.MATH), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There is a performance drop")
            yield
    except RuntimeError as error:
        raise ValueError(
            "这些模型没能当作一个程序一起训练。常见的原因：各个种子的模型结构不同，"
            "或者模型、loss_fn、metrics 里用了 .item()、按张量的值走的 if。"
            f"请改掉，或改用 sweep 逐个训练。PyTorch 说：{error}"
        ) from error
