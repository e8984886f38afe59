"""像在 Colab 上一样：干净的环境、当年的 ipywidgets 7，文件夹里只有笔记本自己。

第一格自己装上由这份代码做成的 wheel，笔记本一直运行到底，留下的小部件完整可用；
最后每张图现场训练一次，与录好的对照。
"""

import base64
import json
import math
import os
import re
import shutil
import subprocess
import sys
import venv
import zlib
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("p*/ch*.ipynb"))
# Colab 预装的版本；ipywidgets 7 靠 notebook 6 显示
COLAB = {
    "ipykernel": "6.17.1",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "jupyter-client": "7.4.9",
    "notebook": "6.5.7",
    "traitlets": "5.7.1",
}
SAME = ["matplotlib", "numpy", "torch"]  # Colab 也预装，版本用本书自己的
MODULES = {  # 模块和它的版本
    "@jupyter-widgets/base": r"1\.2\.0",
    "@jupyter-widgets/controls": r"1\.5\.0",
    "anywidget": r"~0\.\d+\.\*",
}
LIVE = (Path(__file__).parent / "live_probe.py").read_text(encoding="utf-8")
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="session")
def colab(tmp_path_factory):
    """一个装着 Colab 那些包、没有本书辅助包的环境；返回它的 Python。"""
    folder = tmp_path_factory.mktemp("colab")
    source, wheels, environment = (folder / n for n in ("source", "wheels", "environment"))
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "utils", source / "utils", ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _python(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, source)
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = COLAB | {name: version(name).partition("+")[0] for name in SAME}
    _python(python, "-m", "pip", "install", "-q", *(f"{n}=={v}" for n, v in packages.items()))

    kernel = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Colab",
        "language": "python",
        "env": {
            "IPYTHONDIR": str(folder / "ipython"),
            "PIP_FIND_LINKS": f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}",
            "PYTHONPATH": "",
        },
    }
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(kernel))
    return python


def _python(python, *arguments):
    """运行一条 Python 命令，返回 (退出码, 输出)；-I：不看当前文件夹和 PYTHONPATH。"""
    command = [str(part) for part in (python, "-I", *arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    assert "pip" not in arguments or done.returncode == 0, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_notebook_alone_runs_to_its_end(chapter, colab, tmp_path):
    _python(colab, "-m", "pip", "uninstall", "-q", "-y", "draggable-ml")
    assert "No module named 'utils'" in _python(colab, "-c", "import utils")[1]

    shutil.copy(chapter, tmp_path)
    notebook = nbformat.read(chapter, as_version=4)
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    # 填了仓库地址的书从仓库安装；这里要装的是眼前这份代码
    setup.source, n = re.subn(r"%pip install -q \S+", "%pip install -q draggable-ml", setup.source)
    assert n == 1

    notebook.cells.append(nbformat.v4.new_code_cell(LIVE))
    specs = KernelSpecManager(
        kernel_dirs=[str(colab.parents[2] / "kernels")], ensure_native_kernel=False
    )
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs),
        timeout=900,  # 只防卡死；机器忙的时候，一格也可能要几分钟
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.owns_km = True  # 跑完就关掉内核，不然各章的内核一直留在内存里
    client.execute()  # 任何一格出错都会抛出 CellExecutionError

    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    assert [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    check_widgets(outputs, notebook.metadata.widgets[STATE]["state"])
    code = "from importlib.metadata import version; import sys; print(*map(version, sys.argv[1:]))"
    installed = _python(colab, "-c", code, *COLAB)[1].split()
    assert installed == list(COLAB.values())  # 装辅助包没有动它们


def check_widgets(outputs, models):
    """笔记本里存下的小部件：版本是 ipywidgets 7 的，互相引用的都在，每张图都完整。"""
    for model in models.values():
        assert re.fullmatch(MODULES[model["model_module"]], model["model_module_version"])
        assert set(_references(model["state"])) <= models.keys()
    links = [m["state"] for m in models.values() if m["model_name"] == "LinkModel"]
    shown = [o.data for o in outputs if VIEW in o.get("data", {})]
    root = {data[VIEW]["model_id"]: models[data[VIEW]["model_id"]]["state"] for data in shown}
    explorers = [d for d in shown if "explorer" in root[d[VIEW]["model_id"]]["_dom_classes"]]
    assert explorers
    for data in explorers:
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
        assert data["text/plain"].strip()
        controls, view = _references(root[data[VIEW]["model_id"]]["children"])
        n_controls = len(models[controls]["state"]["children"])
        linked = {
            link["target"][1]: models[_references(link["source"])[0]]["state"]
            for link in links
            if _references(link["target"]) == [view]
        }
        assert len(linked) == n_controls
        check_view(models[view], linked)


def check_view(model, linked):
    """图的状态：脚本、样式、画框、数据都在，滑块与它的位置一致，每个通道都取得到。"""
    state = model["state"]
    (buffer,) = model["buffers"]
    assert buffer["path"] == ["payload"]
    payload = zlib.decompress(base64.b64decode(buffer["data"]))
    end = 4 + int.from_bytes(payload[:4], "little")
    spec, size = json.loads(payload[4:end]), len(payload) - end
    assert "export default" in state["_esm"]
    assert ".explorer" in state["_css"]
    assert spec["alt"]
    assert all(panel["svg"].startswith("<svg") for panel in spec["panels"])
    for name, slider in linked.items():
        assert state[name] == slider["index"]
        options = spec["sliders"][int(name[5:])]["options"] if name != "step" else spec["steps"]
        assert len(slider["_options_labels"]) == len(options)
    ends = [
        channel["at"] + channel["bits"] // 8 * math.prod(channel["dims"])
        for layer in spec["layers"]
        for channel in layer["channels"].values()
    ]
    assert size - max(ends) in (0, 1)  # 补齐到偶数


def _references(state):
    """状态里对别的小部件的引用。"""
    if isinstance(state, str):
        return [state.removeprefix("IPY_MODEL_")] if state.startswith("IPY_MODEL_") else []
    if isinstance(state, dict):
        state = list(state.values())
    return [r for part in state for r in _references(part)] if isinstance(state, list) else []
