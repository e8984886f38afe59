"""第二次执行的准备：Colab 那样的旧环境，网站给读者下载的笔记本，各自单独放进一个空文件夹。

每一格带上第一次执行（建网站时）的输出，由 nbval 在旧环境的内核里重跑一遍，逐格比较；
最后一格是探针，每幅图现场训练一遍。首页没有可以下载的笔记本，只运行它的图和探针。
计时之类每次都不同的单元格标着 ``nbval-ignore-output``。全部放在 ``_build/second``；
环境只在要装的版本变了时重建。
"""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from myst_nb.core.read import read_myst_markdown_notebook

from theme.downloads import helper_wheel
from theme.first_cell import download_cell

ROOT = Path(__file__).parents[2]
HERE = ROOT / "_build" / "second"
NOTEBOOKS, KERNEL = HERE / "notebooks", "colab"
# Colab 预装的版本；ipywidgets 7 靠 notebook 6 显示
COLAB = {
    "ipykernel": "6.17.1",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "jupyter-client": "7.4.9",
    "notebook": "6.5.7",
    "traitlets": "5.7.1",
}
PROBE = (Path(__file__).parent / "live_probe.py").read_text(encoding="utf-8")
MODELS = ["gguf", "safetensors"]  # load 读真实的模型（第 22 章）才用得到，辅助包不依赖它们


def packages() -> dict[str, str]:
    """Colab 的旧版本，加上笔记本用到的各个包：那些用本书自己的版本，打印出来的数才应当一样。"""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=!~\[; ]", wanted)[0] for wanted in project["dependencies"]]
    names += MODELS
    return {name: version(name).partition("+")[0] for name in names} | COLAB


def environment() -> Path:
    """装着那些包、没有本书辅助包的环境；返回它的 Python。"""
    folder, wanted = HERE / "environment", json.dumps([sys.version, packages()])
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".stamp"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pins = [f"{name}=={number}" for name, number in packages().items()]
        install = [python, "-I", "-m", "pip", "install", "-q", "--no-compile", *pins]
        subprocess.run(install, check=True)
        # pip 一个一个地编译，占去安装的一大半；这里每核一个进程。编译不了的文件，导入时自会报错
        compileall.compile_dir(folder, quiet=2, workers=0)
        stamp.write_text(wanted, encoding="utf-8")
    return python


def register_kernel(python: Path) -> None:
    """内核看不到这个仓库，也看不到别的环境。"""
    kernel = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Colab",
        "language": "python",
        "env": {"IPYTHONDIR": str(HERE / "ipython"), "PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
    }
    folder = HERE / "jupyter" / "kernels" / KERNEL
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")


def live_probe() -> nbformat.NotebookNode:
    """在自己的命名空间里运行：笔记本里可能有同名的函数。"""
    return nbformat.v4.new_code_cell(f"exec({PROBE!r}, {{}})")


def home_page() -> nbformat.NotebookNode:
    """首页的图：网页不给它做笔记本，带上辅助包的一格在这里加上。"""
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    cells = [c for c in read_myst_markdown_notebook(text).cells if c.cell_type == "code"]
    first = nbformat.v4.new_code_cell(download_cell(helper_wheel(ROOT)))
    for cell in (first, *cells):
        cell.metadata.tags = ["nbval-ignore-output"]
    return nbformat.v4.new_notebook(cells=[first, *cells, live_probe()])


def with_outputs(source: Path) -> nbformat.NotebookNode:
    """网站上下载的那一份，带着第一次执行的输出。"""
    original = nbformat.read(source, as_version=4)
    _, executed = get_cache(ROOT / "_build" / "cache").merge_match_into_notebook(original)
    first = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
    offered = ROOT / "_build" / "html" / "_sources" / source.relative_to(ROOT)
    notebook = nbformat.read(offered, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in cells] == list(first), f"{offered} 与 {source} 的单元格不同"
    for cell in cells:
        cell.outputs = first[cell.id].outputs
        cell.execution_count = first[cell.id].execution_count
    tags = cells[0].metadata.setdefault("tags", [])
    tags.append("nbval-ignore-output")  # 安装辅助包的一格：pip 可以说话
    notebook.cells.append(live_probe())
    return notebook


def main() -> None:
    register_kernel(environment())
    shutil.rmtree(NOTEBOOKS, ignore_errors=True)
    for source in sorted((ROOT / "book").glob("p*/ch*.ipynb")):
        folder = NOTEBOOKS / source.stem
        folder.mkdir(parents=True)
        nbformat.write(with_outputs(source), folder / source.name)
    (NOTEBOOKS / "index").mkdir()
    nbformat.write(home_page(), NOTEBOOKS / "index" / "index.ipynb")


if __name__ == "__main__":
    main()
