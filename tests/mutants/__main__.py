"""``make mutants``：每次改坏一处，看该发现的测试发现不发现；有一处没有发现，退出码就不是 0。

只跑名字里带某个词的：python -m tests.mutants 柱
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tests.mutants.mutants import MUTANTS, ROOT, Mutant

WORKERS = 2


def copy_tree(folder: Path) -> Path:
    """受版本控制的文件抄一份；构建好的网站和网页脚本只读，连过去就行。"""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in ("_build", "theme/vendor"):
        (folder / name).symlink_to((ROOT / name).resolve(), target_is_directory=True)
    return folder


def found_by(mutant: Mutant, tree: Path) -> str:
    """改坏以后失败的测试，连同它报的第一行；仍全部通过则为空串。"""
    path = tree / mutant.file
    original = path.read_text(encoding="utf-8")
    if original.count(mutant.find) != 1:
        raise SystemExit(f"{mutant.file} 里 {mutant.find!r} 不是恰好一处，请改 mutants.py。")
    path.write_text(original.replace(mutant.find, mutant.replace), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    path.write_text(original, encoding="utf-8")
    if done.returncode == 0:
        return ""
    if done.returncode != 1:  # 1 是有测试失败；别的是没有跑起来
        raise RuntimeError(f"{mutant.name}：测试没有跑起来\n{done.stdout}{done.stderr}")
    lines = re.findall(r"^(?:FAILED|ERROR) (\S+)|^E +(.*)", done.stdout, re.M)
    names, reasons = (list(filter(None, column)) for column in zip(*lines, strict=True))
    return f"{names[0]}：{reasons[0][:90] if reasons else ''}"


def main(words: list[str]) -> int:
    chosen = [m for m in MUTANTS if all(word in m.name for word in words)]
    alive = []
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(WORKERS) as pool:
        trees: Queue[Path] = Queue()
        for i in range(WORKERS):
            trees.put(copy_tree(Path(name, str(i))))

        def run(mutant: Mutant) -> str:
            tree = trees.get()
            try:
                return found_by(mutant, tree)
            finally:
                trees.put(tree)

        for mutant, test in zip(chosen, pool.map(run, chosen), strict=True):
            print("发现" if test else "没有发现", mutant.file, mutant.name, test, flush=True)
            alive += [] if test else [mutant]
    print(f"{len(chosen)} 处里发现了 {len(chosen) - len(alive)} 处。")
    return 1 if alive or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
