"""各章里要联网或要很久的那一支（``REAL = True``、``LONG = True``）：整章运行一遍，断言都要成立。

正文引用的真实数据上的数从这里来：每章打印的话留在 ``_build/real``。用时没有预算，只供参考。
"""

import re
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

from theme.build import ROOT
from theme.execution import prepare_kernels, run_cells

SWITCH = re.compile(r"^(REAL|LONG) = False\b", re.M)
PRINTED = ROOT / "_build" / "real"


def switched(path: Path) -> tuple[nbformat.NotebookNode, list[str]]:
    """把开关都打开的笔记本，和开关的名字；没有开关时名字是空的。"""
    notebook, names = nbformat.read(path, as_version=4), []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            names += SWITCH.findall(cell.source)
            cell.source = SWITCH.sub(r"\1 = True", cell.source)
    return notebook, names


def printed(notebook: nbformat.NotebookNode) -> str:
    """各格打印的话，前面是那一格的名字。"""
    parts = []
    for cell in notebook.cells:
        text = "".join(
            o.get("text", "") for o in cell.get("outputs", []) if o.get("name") == "stdout"
        )
        if text:
            parts.append(f"## {cell.id}\n{text}")
    return "\n".join(parts)


def run() -> list[dict]:
    """每章一行。键是 what、budget、figure、ok。"""
    rows = []
    PRINTED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        prepare_kernels(Path(folder))
        for path in sorted((ROOT / "book").glob("p*/ch*.ipynb")):
            notebook, names = switched(path)
            if not names:
                continue
            start, error = time.perf_counter(), ""
            options = {"timeout": None, "resources": {"metadata": {"path": str(path.parent)}}}
            try:
                run_cells(notebook, options)
            except CellExecutionError as reason:  # 出错的那一格和回溯
                error = str(reason).strip().splitlines()[-1]
            seconds = time.perf_counter() - start
            (PRINTED / f"{path.stem}.txt").write_text(printed(notebook), encoding="utf-8")
            what = f"第 {int(path.name[2:4])} 章，{'、'.join(sorted(set(names)))} = True"
            figure = error or f"{seconds:.0f} s"
            rows.append({"what": what, "budget": "断言成立", "figure": figure, "ok": not error})
    return rows
