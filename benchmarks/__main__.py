"""``make bench``：量一遍各项预算，打印成表，写进 benchmarks/results.json（不提交）。

同一个文件夹里的每个 ``bench_*.py`` 有一个 ``run()``，返回几行；键是 what、budget、figure、ok。
"""

import importlib
import json
import os
import platform
import sys
import unicodedata
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent


def width(text: str) -> int:
    """终端里占几格：汉字占两格。"""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: list[dict]) -> str:
    lines = [["项目", "预算", "这台机器", ""]]
    lines += [[r["what"], r["budget"], r["figure"], "达到" if r["ok"] else "超出"] for r in rows]
    widths = [max(width(line[i]) for line in lines) for i in range(4)]
    return "\n".join(
        "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(line, widths, strict=True))
        for line in lines
    )


def main() -> int:
    machine = f"{platform.machine()}，{os.cpu_count()} 核，Python {platform.python_version()}"
    rows: list[dict] = []
    for path in sorted(HERE.glob("bench_*.py")):
        print(f"正在量 {path.stem} ……", file=sys.stderr)
        rows += importlib.import_module(f"benchmarks.{path.stem}").run()
    print(f"\n{machine}\n\n{table(rows)}")
    results = {
        "machine": machine,
        "date": datetime.now().isoformat(timespec="minutes"),
        "rows": rows,
    }
    text = json.dumps(results, ensure_ascii=False, indent=2) + "\n"
    (HERE / "results.json").write_text(text, encoding="utf-8")
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
