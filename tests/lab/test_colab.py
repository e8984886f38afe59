"""Colab 那样的旧环境里的可拖动的图：标本里的每一种图层都画得出，小部件完整，现场训练与录好的一样。

各章的笔记本在同一个环境里由 nbval 重跑一遍（见 second.py），这里只看小部件本身。
"""

import base64
import json
import math
import re
import zlib
from pathlib import Path

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from tests.lab import second
from theme.downloads import helper_wheel
from theme.first_cell import download_cell

MODULES = {  # 模块和它的版本
    "@jupyter-widgets/base": r"1\.2\.0",
    "@jupyter-widgets/controls": r"1\.5\.0",
    "anywidget": r"~0\.\d+\.\*",
}
LIVE = (Path(__file__).parent / "live_probe.py").read_text(encoding="utf-8")
SPECIMEN = (second.ROOT / "tests" / "site" / "specimen.py").read_text(encoding="utf-8")
RUNS = """
setup(seed=0)
runs = sweep(train, lr=[0.1, 0.5, 1.9, 3], mode=["全", "短"], bias=[False, True])
turns = sweep(turning, lr=[0.1, 0.5], turn=TURNS)
"""
FIGURES = ("histories(runs)", "shapes(runs)", "texts(runs)", "tiles(runs)", "graphs(turns)")
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> nbformat.NotebookNode:
    """自带辅助包的第一格、标本的每一幅图、最后是现场训练的探针：在旧环境的内核里运行到底。"""
    second.register_kernel(second.environment())
    folder = tmp_path_factory.mktemp("colab")
    first = download_cell(helper_wheel(second.ROOT))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in (first, SPECIMEN, RUNS, *FIGURES, LIVE)]
    )
    kernels = str(second.HERE / "jupyter" / "kernels")
    specs = KernelSpecManager(kernel_dirs=[kernels], ensure_native_kernel=False)
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name=second.KERNEL, kernel_spec_manager=specs),
        timeout=900,  # 只防卡死；机器忙的时候，一格也可能要几分钟
        resources={"metadata": {"path": str(folder)}},
    )
    client.owns_km = True  # 跑完就关掉内核，不然它一直留在内存里
    client.execute()  # 任何一格出错都会抛出 CellExecutionError
    return notebook


def outputs_of(notebook) -> list:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_nothing_is_written_to_stderr(executed):
    texts = [o.text for o in outputs_of(executed) if o.get("name") == "stderr"]
    assert texts == []


def test_the_widgets_are_complete(executed):
    """版本是 ipywidgets 7 的，互相引用的都在，每张图都完整。"""
    check_widgets(outputs_of(executed), executed.metadata.widgets[STATE]["state"])


def check_widgets(outputs, models):
    for model in models.values():
        assert re.fullmatch(MODULES[model["model_module"]], model["model_module_version"])
        assert set(_references(model["state"])) <= models.keys()
    links = [m["state"] for m in models.values() if m["model_name"] == "LinkModel"]
    shown = [o.data for o in outputs if VIEW in o.get("data", {})]
    root = {data[VIEW]["model_id"]: models[data[VIEW]["model_id"]]["state"] for data in shown}
    explorers = [d for d in shown if "explorer" in root[d[VIEW]["model_id"]]["_dom_classes"]]
    assert len(explorers) == len(FIGURES)
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
