"""读者在 JupyterLab 里打开一个笔记本：全部运行、拖动、现场训练、停止、中断、重启，再接着用。

笔记本只有三格，与哪一章写了什么无关；每一章的图能不能现场训练，在 test_colab.py。
"""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.lab.labserver import OWN, Notebook, serve

NAME = "notebook.ipynb"
SETUP = """
import numpy as np
import matplotlib.pyplot as plt
from utils import Image, Line, Path, explore, setup, sweep
setup()
"""
# 像一章里的图那样：历史曲线、轨迹、矩阵，走得远的学习率会发散
FIRST = """
def descend(lr, mode):
    w = np.array([1.0, -0.8])
    for t in range(100):
        yield {"w": w, "a": w[0], "b": w[1], "loss": (w**2).sum(), "map": np.outer(w, w)}
        w = w - lr * np.array([2.0, 0.2]) * w + (0.01 * np.sin(t) if mode == "抖" else 0)

fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9, 3))
left.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
middle.set(xlim=(0, 100), ylim=(1e-6, 10), yscale="log")
layers = [
    Path("a", "b", ax=left),
    Line("loss", ax=middle, label="损失"),
    Image("map", ax=right, vmin=-1, vmax=1),
]
explore(sweep(descend, lr=[0.01, 0.1, 0.5, 0.9], mode=["稳", "抖"]), fig, layers,
        labels={"lr": "学习率", "mode": "路况"}, alt="小碗里的下降")
"""
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """打开笔记本，全部运行。"""
    folder = tmp_path_factory.mktemp("jupyterlab")
    cells = {"setup": SETUP, "first": FIRST, "own": OWN}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code, id=name) for name, code in cells.items()],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    (folder / "notebooks").mkdir()
    nbformat.write(notebook, folder / "notebooks" / NAME)
    with serve(folder, folder / "notebooks") as url:
        lab = Notebook(browser, url, NAME)
        lab.run_all()
        yield lab
        lab.page.close()


@pytest.fixture
def first(lab):
    """第一张可拖动的图。"""
    return lab.picture(0)


@pytest.fixture
def own(lab):
    """读者自己的那张。"""
    picture = lab.picture(-1)
    for label, value in {"学习率": "0.01", "个数": "1"}.items():
        picture.form.get_by_label(label).fill(value)
    yield picture
    lab.execute("pause = 0")
    if picture.button("停止").is_enabled():
        picture.button("停止").click()


def test_the_notebook_runs_and_draws_every_picture(lab):
    assert [o for o in lab.outputs() if o["output_type"] == "error"] == []
    assert lab.page.locator(".explorer-view").count() > 1


def test_dragging_a_slider_changes_the_picture(first):
    handle = first.root.get_by_role("slider").first
    readout = first.root.locator(".widget-readout").first
    before, text = first.pixels(), readout.text_content()
    box = handle.bounding_box()
    mouse = first.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 400, box["y"] + box["height"] / 2, steps=5)
    mouse.up()
    expect(readout).not_to_have_text(text)
    assert first.pixels() != before


def test_a_rate_off_the_grid_trains_to_the_end(first):
    rate = first.form.get_by_label("学习率")
    recorded, off_grid = first.pixels(), f"{float(rate.input_value()) * 0.77:.4g}"
    first.train(off_grid)
    expect(first.status).to_contain_text("训练完成")
    assert first.pixels() != recorded
    assert any(frame["ghost"] for frame in first.frames())  # 录好的那条还在


def test_the_curve_grows_beside_the_recorded_one_until_stopped(lab, own):
    lab.execute("pause = 0.05")
    own.train("0.037")
    own.page.wait_for_function("new Set(frames_.map((f) => f.live[0])).size > 5")
    own.button("停止").click()
    expect(own.status).to_contain_text(re.compile(r"已停止在第 \d+ 步"))
    expect(own.status).to_contain_text("淡线是录好的：学习率 0.01，个数 1")
    frames = [frame for frame in own.frames() if frame["ghost"]]
    lengths = [frame["live"] for frame in frames]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 4
    assert lengths[-1] < 60
    assert {frame["ghost"] for frame in frames} == {60}
    expect(own.button("停止")).to_be_disabled()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("学习率", "0", "学习率要在 0.001 到 1 之间，收到的是 0。"),
        ("学习率", "-0.1", "学习率要在 0.001 到 1 之间，收到的是 -0.1。"),
        ("学习率", "", "学习率要填一个数。"),
        ("个数", "1.5", "个数要填整数，收到的是 1.5。"),
        ("个数", "1000000", "个数要在 1 到 8 之间，收到的是 1e+06。"),
    ],
    ids=["zero", "negative", "empty", "fraction", "huge"],
)
def test_wrong_values_are_explained(own, field, value, message):
    own.form.get_by_label(field).fill(value)
    own.button("开始训练").click()
    expect(own.status).to_contain_text(message)
    expect(own.button("开始训练")).to_be_enabled()


def test_training_waits_for_a_running_cell_and_goes_on_after_an_interrupt(lab, own):
    lab.execute("pause = 0.05")
    lab.page.evaluate(
        """() => { window.busy = notebook.sessionContext.session.kernel
          .requestExecute({ code: "time.sleep(600)" }).done.then((r) => r.content.ename) }"""
    )
    own.train("0.05")
    expect(own.status).to_contain_text(re.compile("内核正在运行别的单元格|内核还没有回应"))
    lab.command("notebook:interrupt-kernel")
    assert lab.page.evaluate("busy") == "KeyboardInterrupt"
    own.page.wait_for_function("frames_.some((f) => f.live[0] > 3)")
    assert lab.execute("pause = 0") == "ok"
    expect(own.status).to_contain_text("训练完成")
    assert own.frames()[-1]["live"] == 60


def test_interrupting_the_kernel_stops_the_training_and_says_so(lab, own):
    lab.execute("pause = 0.2")
    own.train("0.05")
    own.page.wait_for_function("frames_.some((f) => f.live[0] > 3)")
    for _ in range(10):  # 正好按在两步之间，内核闲着，要再按一次
        lab.command("notebook:interrupt-kernel")
        own.page.wait_for_timeout(500)
        if "停在步" in own.status.text_content():
            break
    expect(own.status).to_contain_text("内核被中断，停在步")
    lab.execute("pause = 0")
    own.train("0.05")
    expect(own.status).to_contain_text("训练完成")


def test_the_kernels_random_numbers_are_as_if_nothing_was_trained(lab, own):
    lab.execute("np.random.seed(3); expected = np.random.rand(2); np.random.seed(3)")
    own.train("0.05")
    expect(own.status).to_contain_text("训练完成")
    assert lab.execute("assert (np.random.rand(2) == expected).all()") == "ok"


def test_the_picture_steps_aside_for_the_widget(lab):
    pictures = lab.page.locator(".explorer-picture")
    assert pictures.count() == lab.page.locator(".explorer-view").count()
    assert not any(picture.is_visible() for picture in pictures.all())


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_both_themes_are_readable(lab, own, theme):
    lab.settle(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{theme}'}})")
    light = str(theme.endswith("Light")).lower()
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
    contrast = own.root.evaluate(CONTRAST)
    (n_texts, text), (n_lines, line) = contrast["text"], contrast["line"]
    assert n_texts > 20
    assert text >= 4.5
    assert n_lines == 1
    assert line >= 3


def test_rerunning_a_cell_closes_its_old_widgets(lab):
    """最后一格重新运行几次，内核里的小部件不增加；别的格里的图照样能用。"""
    count = "len(__import__('ipywidgets').widgets.widget._instances)"
    lab.execute(f"before = {count}")
    for _ in range(3):
        lab.page.evaluate(
            "() => { notebook.content.activeCellIndex = notebook.content.widgets.length - 1 }"
        )
        lab.command("notebook:run-cell")
    assert lab.execute(f"assert {count} == before, ({count}, before)") == "ok"
    first = lab.picture(0)
    first.button("开始训练").click()
    expect(first.status).to_contain_text(re.compile("训练完成|发散"))


def test_after_a_restart_the_old_picture_says_so_and_rerunning_works(lab, own):
    lab.execute("pause = 0.05")
    own.train("0.05")
    own.page.wait_for_function("frames_.some((f) => f.live[0] > 3)")
    lab.page.evaluate("() => { jupyterapp.commands.execute('notebook:restart-kernel') }")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.settle("notebook.sessionContext.session.kernel.info")
    own.button("停止").click()
    expect(own.status).to_contain_text("已停止")
    own.button("开始训练").click()
    expect(own.status).to_contain_text("内核还没有回应")

    views = lab.page.locator(".explorer-view")
    n_views, old = views.count(), own.root.element_handle()
    lab.page.evaluate(
        "() => { notebook.content.activeCellIndex = notebook.content.widgets.length - 1 }"
    )
    lab.command("notebook:run-cell")
    lab.page.wait_for_function("(old) => !old.isConnected", arg=old)
    expect(views).to_have_count(n_views)
    again = lab.picture(-1)
    again.train("0.07")
    expect(again.status).to_contain_text("训练完成")
    assert again.frames()[-1]["live"] == 60


def test_reopened_with_a_new_kernel_every_figure_is_a_picture(lab):
    """存盘、关掉内核、重新打开（信任的笔记本）：每张图都是图片和一句话，没有报错的那一行。"""
    lab.command("docmanager:save")
    n_pictures = lab.page.locator(".explorer-picture").count()
    lab.settle("notebook.sessionContext.session.kernel.shutdown()")
    lab.page.reload(wait_until="commit")
    lab.page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")
    pictures = lab.page.locator(".explorer-picture")
    expect(pictures).to_have_count(n_pictures)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        expect(picture.locator("p")).to_contain_text("重新运行这一格")
        image = picture.locator("img")
        assert image.evaluate("(node) => node.complete && node.naturalWidth") > 100
    errors = lab.page.get_by_text("Error displaying widget")
    assert not any(error.is_visible() for error in errors.all())
