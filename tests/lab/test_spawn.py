"""Windows 的新进程从头开始（spawn），看不见笔记本里的变量：单元格里定义的训练照样能分出去。"""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("p*/ch*.ipynb"))
# 训练用到单元格里的函数、张量和导入；进程号说明它真的换了进程
DEFINE = """
import os
from utils import sweep

target = torch.arange(4.0)
def loss(w):
    return ((w - target) ** 2).mean()

def train(lr):
    w = torch.zeros(4, requires_grad=True)
    for _ in range(5):
        value = loss(w)
        yield {"loss": value, "process": os.getpid()}
        (gradient,) = torch.autograd.grad(value, w)
        w = (w - lr * gradient).requires_grad_()

rates = [0.1, 0.2, 0.3, 0.4]
here = sweep(train, lr=rates)
"""
SPREAD = """
import joblib
with joblib.parallel_config("{}", n_jobs=2):
    there = sweep(train, lr=rates)
assert (there["loss"] == here["loss"]).all()
assert os.getpid() not in there["process"]
"""


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_sweep_defined_in_a_cell_runs_in_spawned_processes(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLIB_START_METHOD", "spawn")
    chapter = nbformat.read(CHAPTERS[0], as_version=4)
    setup = next(cell for cell in chapter.cells if cell.cell_type == "code")
    notebook = nbformat.v4.new_notebook()
    for source in (setup.source, "import torch", DEFINE, SPREAD.format(backend)):
        notebook.cells.append(nbformat.v4.new_code_cell(source))
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # 任何一格出错都会抛出 CellExecutionError
