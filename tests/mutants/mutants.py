"""把辅助包一处处改坏：每一处是一小段原文、改成什么、应当由哪些测试发现。"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

EXPLORER = ("tests/unit/test_explorer.py",)
FRAME = (*EXPLORER, "-k", "limits or axes or panel or figures or bars")
CODE = (
    *EXPLORER,
    "-k",
    "encoding or stored or recorded or holes or written or numbers or fraction",
)
PICTURE = (*EXPLORER, "-k", "picture or controls or opens or image or tiles")
LIVE = ("tests/unit/test_explorer_live.py",)
SWEEP = ("tests/unit/test_sweep.py",)
CHECKS = ("tests/unit/test_checks.py",)
PIXELS = ("tests/site/test_oracle.py",)  # 画布上的像素，不看说明
WALK = ("tests/site/test_walk.py", "-k", "specimen")  # 标本页走遍每个位置
MOVES = ("tests/site/test_explorers.py", "-k", "moves")
HANDS = ("tests/site/test_explorers.py", "-k", "specimen")  # 标本页上的鼠标和键盘


@dataclass(frozen=True)
class Mutant:
    """``file`` 里恰好出现一次的 ``find`` 换成 ``replace``，``tests`` 里应当有失败的。"""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]


def _mutants(file: str, tests: tuple[str, ...], *changes: tuple) -> list[Mutant]:
    return [
        Mutant(name, file, find, replace, *(own or (tests,)))
        for name, find, replace, *own in changes
    ]


EX = "utils/explorer"
MUTANTS = [
    # ---------- Python：范围、画框、编码 ----------
    *_mutants(
        f"{EX}/layers/bars.py",
        FRAME,
        ("柱子只占到中心", "x - self.width / 2, x + self.width / 2", "x, x", PIXELS),
        ("柱子的范围不从 0 起", 'np.append(arrays["y"].ravel(), 0.0)', 'arrays["y"].ravel()'),
        (
            "对数轴上的柱子从 0 画起",
            'self.ax.get_ylim()[0] if self.ax.get_yscale() == "log"',
            "1.0 if False",
        ),
        ("柱子的范围只算中心", 'self._sides(arrays["x"])])', '[arrays["x"]]])'),
    ),
    *_mutants(
        f"{EX}/frame.py",
        FRAME,
        ("定范围不看画框里已有的东西", "[*arrays, *drawn]", "[*arrays]"),
        ("对数轴的范围不去掉零和负数", "values[values > 0] if log", "values if log"),
        ("导出时布局没有固定", "fig.set_layout_engine(None)", "pass"),
        (
            "共用一条轴的坐标系各定各的",
            "for owner, reach in reaches if owner in together",
            "for owner, reach in reaches if owner is ax",
        ),
        ("看不见的坐标系也导出", "ax not in owner and ax.get_visible()", "ax not in owner"),
        (
            "双轴不拒绝",
            "if np.allclose(one.bounds, other.bounds):",
            "if False:",
        ),
    ),
    *_mutants(
        f"{EX}/__init__.py",
        PICTURE,
        ("PNG 里的历史画到头", "end = step + 1 if layer.history else None", "end = None"),
        ("滑块总从第一个取值开始", "return values.index(wanted)", "return 0"),
    ),
    *_mutants(
        f"{EX}/encode.py",
        CODE,
        (
            "缺的数成了最大的数",
            "np.where(np.isnan(array), top + 1, levels)",
            "np.where(np.isnan(array), top, levels)",
        ),
        ("量化时向下取整", "levels = np.round((np.clip", "levels = np.floor((np.clip"),
        ("不变的轴照样存许多份", "levels.shape[axis] > 1 and (levels == first).all()", "False"),
        ("变的轴只存第一份", "(levels == first).all()", "(levels == first).any()"),
        ("16 位数组不对齐到偶数", 'b"\\0" * (len(block) % 2)', 'b""'),
        ("要写的数太大也不说", "(np.abs(array) > high).any()", "False"),
        ("坐标不经过坐标轴的变换", "low, high = transform.transform(limits)", "low, high = limits"),
    ),
    *_mutants(
        f"{EX}/layers/image.py",
        PICTURE,
        (
            "图像上下颠倒",
            "pixels[..., ::-1, :, :] if upside_down",
            "pixels[..., ::-1, :, :] if not upside_down",
        ),
        ("小图之间不空一格", "i // across * (rows + 1), i", "i // across * rows, i"),
    ),
    # ---------- 浏览器 ----------
    *_mutants(
        f"{EX}/data.js",
        WALK,
        (
            "最后一步取成前一步",
            "Math.min(step, Math.max(this.length - 1, 0))",
            "Math.min(step, Math.max(this.length - 2, 0))",
        ),
        (
            "两个滑块的次序反了",
            "[...index, step].forEach",
            "[...index.slice().reverse(), step].forEach",
        ),
        ("有一档一样就说不起作用", "others.every(same)", "others.some(same)"),
        ("缺的数照样画", "(q === 65535 ? NaN : low + q * scale)", "(low + q * scale)"),
        (
            "对数轴的读数按线性",
            "return low * (high / low) ** fraction;",
            "return low + fraction * (high - low);",
        ),
        ("一步就到另一次运行", "(value - old) * this.share", "(value - old) * 1", MOVES),
    ),
    *_mutants(
        f"{EX}/layers.js",
        PIXELS,
        ("曲线在缺口处连起来", "pen = drawn;", "pen = pen || drawn;"),
        ("散点小一圈", "layer.size / 2, ghost);", "layer.size / 3, ghost);"),
        ("散点颜色缺了照样画", "if (z && z.raw[n] === 255) continue;", ""),
        ("柱子从画框底边画起", "const base = box.y(layer.base);", "const base = box.y(0);"),
        ("图像平滑", "imageSmoothingEnabled = false", "imageSmoothingEnabled = true", WALK),
        ("图像的透明度丢了", "= 255 * layer.alpha;", "= 255;", WALK),
        ("还没走到的部分也画成实的", "ctx.globalAlpha *= GHOST;", "", WALK),
        ("箭头让出结点的距离丢了", "const g = layer.gap;", "const g = 0;"),
        ("没有地方的边也画", "if (length <= 2 * layer.gap) return [];", ""),
    ),
    *_mutants(
        f"{EX}/panel.js",
        WALK,
        (
            "画框偏了一点",
            "box.x = (fraction) => box.left + fraction * box.w;",
            "box.x = (fraction) => box.left + fraction * box.w + 1;",
        ),
        ("数据不裁在画框里", "ctx.clip();", ""),
        ("冲出画框不说发散", "if (clipped(value) && !(log && value < 0)) return true;", ""),
        ("趋于零说成发散", "clipped(value) && !(log && value < 0)", "clipped(value)"),
        ("钉住的曲线不淡", "ghost ? GHOST : 1", "1", HANDS),
        (
            "悬停取最远的",
            "found.distance <= best.distance",
            "found.distance >= best.distance",
            HANDS,
        ),
    ),
    # ---------- 现场训练、扫描、检查 ----------
    *_mutants(
        f"{EX}/live.py",
        LIVE,
        ("缺的数算作发散", "np.isfinite(array[~missing])", "np.isfinite(array)"),
        (
            "train 原地改动的数组没有复制",
            "np.array(np.ma.getdata(value), dtype=float)",
            "np.asarray(np.ma.getdata(value), dtype=float)",
        ),
        ("训练以后随机数变了", "            restore()", "            pass"),
        ("网格之外多少都可以填", "if not low <= raw <= high:", "if False:"),
    ),
    *_mutants(
        "utils/sweep.py",
        SWEEP,
        ("重复的取值不拒绝", "if len(set(values)) < len(values):", "if False:"),
        ("train 缺一个参数也不说", "if name not in accepted:", "if False:"),
        (
            "溢出当作出错",
            "except (OverflowError, FloatingPointError):\n        diverged = True",
            "except FloatingPointError:\n        diverged = True",
        ),
    ),
    *_mutants(
        "utils/checks/_comparison.py",
        CHECKS,
        ("整数的答案差一点也算对", "rtol = 0.0  # 整数", "pass  # 整数"),
        ("形状不同也比数", "if a.shape != b.shape:", "if a.size != b.size:"),
        ("丢了小数部分的答案算对", "if lost else None", "if False else None"),
        ("改动了输入认不出来", "bool(np.array_equal(a, b, equal_nan=True))", "True"),
        ("容差不看参考的精度", "{2: 2e-2, 4: 1e-4}.get(_float_bytes(want), 1e-6)", "2e-2"),
    ),
    *_mutants(
        "utils/checks/_running.py",
        CHECKS,
        ("梯度缺了当作对", "torch.zeros_like(x) if g is None else g", "g"),
        ("检查以后种子变了", "        torch.set_rng_state(states[2])", "        pass"),
        ("不许调用的 C 函数没有看见", 'if event == "c_call" and not', "if False and not"),
        ("答案不可重复", "    torch.manual_seed(0)\n", ""),
    ),
]
