"""写满 32 章以后 make test 要多久：由最近一次 make test 各部分的用时推算。

一章的分量以 80 个代码单元格、12 幅可拖动的图为一个单位，两者各占一半。每一部分的墙上时间分成两份：
与某一章有关的测试（名字里有它的编号）随分量增长，其余不变。构建的用时由 bench_site 从零量得。
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from theme.build import ROOT
from theme.pages import finished_chapters

CELLS, EXPLORERS, CHAPTERS, BUDGET_MIN = 80, 12, 32, 35
TIMES = ROOT / "_build" / "times"
PARTS = {
    "unit": "辅助包与结构",
    "site": "网页与浏览器",
    "second": "第二次执行（nbval）",
    "lab": "JupyterLab 与旧内核",
}


@dataclass(frozen=True)
class Part:
    """一部分测试：墙上时间（秒），其中与各章有关的一份。"""

    name: str
    seconds: float
    share: float  # 与各章有关的测试占多少

    def at(self, growth: float) -> float:
        """各章的总分量变成 ``growth`` 倍以后的秒数。"""
        return self.seconds * (1 - self.share + self.share * growth)


def units() -> float:
    """现有各章合起来是几个单位。"""
    total = 0.0
    for name in finished_chapters(ROOT).values():
        text = (ROOT / f"{name}.ipynb").read_text(encoding="utf-8")
        n_cells, n_explorers = (
            text.count('"cell_type": "code"'),
            len(re.findall(r"\bexplore\(", text)),
        )
        total += (n_cells / CELLS + n_explorers / EXPLORERS) / 2
    return total


def measured(name: str) -> Part:
    path = TIMES / f"{name}.xml"
    if not path.exists():
        raise RuntimeError(f"没有 {path.relative_to(ROOT)}：请先运行 make test，再推算。")
    (suite,) = ET.parse(path).getroot().iter("testsuite")
    cases = [
        (f"{case.get('classname')}.{case.get('name')}", float(case.get("time")))
        for case in suite.iter("testcase")
    ]
    total = sum(seconds for _, seconds in cases)
    chapters = sum(seconds for name, seconds in cases if re.search(r"ch\d\d", name))
    return Part(PARTS[name], float(suite.get("time")), chapters / total)


def rows(build_seconds: float) -> list[dict]:
    """各部分现在与写满以后的分钟数；最后一行是总数和它的预算。"""
    growth = CHAPTERS / units()
    parts = [Part("执行并构建网站", build_seconds, 1.0), *map(measured, PARTS)]
    out = [
        {
            "what": f"make test：{part.name}",
            "budget": "",
            "figure": f"{part.seconds / 60:.1f} min → {part.at(growth) / 60:.1f} min（32 章）",
            "ok": True,
        }
        for part in parts
    ]
    now, full = (sum(part.at(g) for part in parts) / 60 for g in (1.0, growth))
    what = f"make test 写满 {CHAPTERS} 章（现在 {units():.1f} 个单位，{now:.1f} min）"
    figure = f"{full:.1f} min"
    return [
        *out,
        {"what": what, "budget": f"{BUDGET_MIN} min", "figure": figure, "ok": full <= BUDGET_MIN},
    ]
