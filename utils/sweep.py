"""参数扫描：把一次训练放到一张超参数网格上重复，收成带名字的数组。

训练是一个生成器函数，各次运行互相独立；结果是
``xarray.Dataset``，交给 ``explore`` 就成了可拖动的图。
"""

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import joblib
import numpy as np
import torch
import xarray as xr

from utils import validation

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
    train : 生成器函数，收到的是关键字。每隔若干步 ``yield`` 一个字典，值是标量或小数组（NumPy、
        PyTorch 都行），每次的键和形状要相同。个数会变的（逐渐长出的树、还没有出现的点）
        补齐到最多的个数，多出的格子用 ``np.ma.masked_where`` 遮住。
        需要随机数时请在 ``train`` 里自己定种子，结果才与运行的先后无关。
    n_jobs : 同时运行几个；``None`` 听从 ``joblib.parallel_config``，没有设置就依次运行。
        ``with joblib.parallel_config("dask"):`` 写在外面，就换成 Dask 集群。
    grid : 每个超参数取的一列值：数、字符串或布尔值。固定不变的参数请用 ``functools.partial`` 填好。

    返回
    ----
    Dataset，维度依次是各个超参数、``step``，以及数组自己的维度 ``<键>_0``、``<键>_1``……
    变量是 ``train`` 产出的各个键（float64），加上每次运行的 ``length``（有效步数）和
    ``diverged``（是否发散）：出现 NaN 或无穷大，或者 ``train`` 抛出 OverflowError、
    FloatingPointError，就截到出事之前。短的运行用 NaN 补齐；遮住的格子是**缺测**，不算发散，
    也记成 NaN，图上留空。``attrs["live"]`` 保存现场训练要用的：``train``、网格和步数。

    异常
    ----
    TypeError, ValueError : 网格为空、取值重复或类型不对；``train`` 不是生成器函数、
        不接受某个超参数、什么都没有产出，或者产出的键、形状前后不一致。
        ``train`` 自己抛出的其他异常原样上抛，附注里写明是哪一组超参数。
    """
    if n_jobs is not None and (not validation.is_integer(n_jobs) or n_jobs == 0):
        raise ValueError(f"n_jobs 应当是非零整数（-1 用上所有核）或 None，收到的是 {n_jobs!r}。")
    if not grid:
        raise ValueError("网格是空的。请至少给一个超参数，例如 sweep(train, lr=[0.01, 0.1])。")
    axes = {name: _axis(name, values) for name, values in grid.items()}
    _check_signature(train, list(axes))
    combos = _combinations(axes)
    portable = _portable(train)
    jobs = [joblib.delayed(_record)(portable, hyper) for hyper in combos]
    try:
        runs = joblib.Parallel(n_jobs=n_jobs)(jobs)
    except UnicodeEncodeError:  # joblib 用 ASCII 登记临时文件夹，名字里有汉字就开不了进程
        warnings.warn(
            "临时文件夹的名字里有汉字，joblib 开不了多个进程，改为依次运行，结果相同。"
            "要并行，请把环境变量 JOBLIB_TEMP_FOLDER 设成名字全是英文的文件夹。",
            stacklevel=2,
        )
        runs = joblib.Parallel(n_jobs=1)(jobs)
    dataset = _assemble(axes, combos, runs)
    dataset.attrs["live"] = {"train": train, "grid": axes, "steps": dataset["step"].values}
    return dataset


# ---------------------------------------------------------------------------- 网格


def _axis(name: str, values) -> list:
    """检查一个超参数的取值，返回由 Python 的数、字符串、布尔值组成的列表。"""
    if name in RESERVED:
        raise ValueError(f"超参数不能叫 {name}：这个名字留给结果里的同名变量。请换一个名字。")
    if isinstance(values, np.ndarray | torch.Tensor) and values.ndim == 1:
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise TypeError(
            f"{name} 应当是一列值，例如 [0.01, 0.1]，"
            f"收到的是 {validation.describe(values)}。"
            "固定不变的参数请先用 functools.partial 填好。"
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


def _portable(train):
    """可以送进别的进程的 ``train``：普通 pickle 带不走笔记本里定义的函数，cloudpickle 可以。

    新进程不知道 ``setup`` 定的默认精度，一起带过去，分出去的结果才与在这里运行的相同。
    """
    dtype = torch.get_default_dtype()

    def run(**hyper):
        torch.set_default_dtype(dtype)
        return train(**hyper)

    return joblib.wrap_non_picklable_objects(run)


def _record(train, hyper: dict) -> Run:
    """跑完一次 ``train(**hyper)``，记下每步的产出，截到第一个非有限的值之前。"""
    first: dict[str, np.ndarray] = {}
    rows: list[dict[str, np.ndarray]] = []
    diverged = False
    try:
        with np.errstate(all="ignore"):  # 发散的运行会记下来，不必再刷警告
            for arrays in _payloads(train, hyper):
                first = first or arrays
                # 遮住的格子是缺测，不算发散；记下来都是 NaN
                if not all(np.isfinite(np.ma.filled(a, 0.0)).all() for a in arrays.values()):
                    diverged = True
                    break
                rows.append({key: np.ma.filled(a, np.nan) for key, a in arrays.items()})
    except (OverflowError, FloatingPointError):
        diverged = True
    except Exception as error:
        error.add_note(f"发生在 {_call(hyper)} 这次运行里。")
        raise
    if not first and not diverged:
        raise ValueError(f"{_call(hyper)} 什么都没有产出。请至少 yield 一个字典。")
    return {
        key: np.array([row[key] for row in rows]).reshape(len(rows), *array.shape)
        for key, array in first.items()
    }, diverged


def _payloads(train, hyper: dict) -> Iterator[dict[str, np.ndarray]]:
    """``train(**hyper)`` 的一次次产出，换成数组；键和形状都与第 0 次的相同。"""
    run = train(**hyper)
    if not isinstance(run, Iterator):
        raise TypeError(
            f"train 应当是生成器函数（用 yield 逐步产出字典），它却返回了 {type(run).__name__}。"
        )
    first: dict[str, tuple[int, ...]] = {}
    for step, payload in enumerate(run):
        arrays = _arrays(payload, step, hyper)
        shapes = {key: array.shape for key, array in arrays.items()}
        first = first or shapes
        _check_same(shapes, first, f"第 {step} 次产出", "第 0 次")
        yield arrays


def _call(hyper: dict) -> str:
    return f"train({', '.join(f'{name}={value!r}' for name, value in hyper.items())})"


def _arrays(payload, step: int, hyper: dict) -> dict[str, np.ndarray]:
    """把一次产出换成 float64 数组的字典，遮住的格子仍然遮住。

    总是复制，``train`` 之后原地修改也不影响记录。
    """
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
        # 一列遮住的数组拼起来，遮住的仍然遮住；np.asarray 会悄悄丢掉它
        masked = isinstance(value, np.ma.MaskedArray | list | tuple)
        array = np.ma.array(value) if masked else np.asarray(value)
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
    shapes = _common_shapes(combos, runs)
    inner = _inner_dims(shapes, axes)
    lengths = [len(next(iter(record.values()), [])) for record, _ in runs]
    n_steps = max(1, *lengths)
    grid, dims = tuple(map(len, axes.values())), list(axes)
    variables = {}
    for key, shape in shapes.items():
        data = np.full((len(runs), n_steps, *shape), np.nan)
        for row, length, (record, _) in zip(data, lengths, runs, strict=True):
            if length:
                row[:length] = record[key]
        variables[key] = ([*dims, "step", *inner[key]], data.reshape(*grid, n_steps, *shape))
    variables["length"] = (dims, np.reshape(lengths, grid))
    variables["diverged"] = (dims, np.reshape([diverged for _, diverged in runs], grid))
    coords = {name: _coordinate(values) for name, values in axes.items()}
    return xr.Dataset(variables, coords | {"step": np.arange(n_steps)})


def _common_shapes(combos: list[dict], runs: list[Run]) -> dict[str, tuple[int, ...]]:
    """每个键在一步里的形状，各次运行都相同。"""
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
    return shapes


def _inner_dims(shapes: dict[str, tuple[int, ...]], axes: dict[str, list]) -> dict[str, list[str]]:
    """数组自己的各维叫什么。"""
    inner = {key: [f"{key}_{i}" for i in range(len(shape))] for key, shape in shapes.items()}
    for key, dims in inner.items():
        for dim in dims:
            if dim in shapes or dim in axes:
                raise ValueError(
                    f"{key!r} 是数组，它的维度要叫 {dim}，与另一个产出或超参数重名。"
                    "请给其中一个换名字。"
                )
    return inner
