"""构建：出错就停并说清楚，警告算错，缓存只在该失效时失效，知识点有锚点。"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from book_files import ROOT
from nbformat import v4

from theme.execution import Run, execute, inputs

TITLE = {"cell_type": "markdown", "source": "# 章"}
FIGURE = """
import matplotlib.pyplot as plt
from utils import Line, explore, sweep

def train(lr):
    for step in range(3):
        yield {"loss": lr * step}

fig, _ = plt.subplots()
explore(sweep(train, lr=[0.1, 0.2]), fig, [Line("loss")], alt="一条线")
"""


def code(source: str, **metadata) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata}


def run(tmp_path, *sources: str) -> Run:
    """在一个内核里执行几格代码。"""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    return execute(Run(str(tmp_path / "x.ipynb"), notebook), timeout=60)


def test_the_name_of_a_control_says_what_its_cell_says(small_book):
    small_book.write([TITLE, code(FIGURE, controls={"lr": "一步走多远。"})])
    small_book.build(0)
    assert 'data-meaning="一步走多远。">lr</a>' in small_book.page.read_text(encoding="utf-8")
    small_book.write([TITLE, code(FIGURE, controls={"rate": "一步走多远。"})])
    assert "这幅图没有的控件：rate" in small_book.build(1)


def test_an_error_in_a_cell_stops_the_build_and_shows_the_traceback(small_book):
    small_book.write([TITLE, code("x = 1\ny = x / 0  # 在这里出错")])
    output = small_book.build(1)
    assert "ch01_what_is_ml.ipynb" in output
    assert "ZeroDivisionError" in output and "在这里出错" in output


def test_a_warning_fails_this_build_and_the_next_one_too(small_book):
    small_book.write([{"cell_type": "markdown", "source": "# 章\n\n[没有](nowhere.ipynb)"}])
    assert "nowhere" in small_book.build(1)
    assert "nowhere" in small_book.build(1)


def test_text_on_stderr_fails_every_build_and_is_shown(small_book):
    """写了 stderr 的执行不进缓存：不然原因消失以后，构建仍要一直失败。"""
    source = "import os, sys\nif 'QUIET' not in os.environ: print('读者不该看到', file=sys.stderr)"
    small_book.write([TITLE, code(source)])
    assert "读者不该看到" in small_book.build(1)
    small_book.environment["QUIET"] = "1"
    small_book.build(0)  # 代码没有改


def test_a_second_build_executes_nothing_until_the_code_changes(small_book):
    """个人文件夹不能写时也一样：matplotlib 会往 stderr 写“配置文件夹不能写”“正在建字体缓存”。"""
    home = small_book.folder / "home"
    home.write_text("不是文件夹", encoding="utf-8")
    places = ("HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
    small_book.environment |= dict.fromkeys(places, str(home))
    figure = code("import matplotlib.pyplot as plt\nplt.figure()")
    small_book.write([TITLE, figure])
    assert "执行 1 个笔记本" in small_book.build(0)
    small_book.write([TITLE, figure, {"cell_type": "markdown", "source": "改过的正文"}])
    assert "执行 1 个笔记本" not in small_book.build(0)
    assert "改过的正文" in small_book.page.read_text(encoding="utf-8")
    (small_book.folder / "utils" / "new.py").write_text("", encoding="utf-8")
    assert "执行 1 个笔记本" in small_book.build(0)


def kernel_that_starts(at: int, folder: Path) -> str:
    """一种内核，前 ``at`` 次启动一声不响地退出；返回它的名字。"""
    tries = folder / "tries"
    script = folder / "kernel.py"
    script.write_text(
        f"import pathlib, sys\ntries = pathlib.Path({str(tries)!r})\n"
        "n = len(tries.read_text()) if tries.exists() else 0\n"
        f"tries.write_text('x' * (n + 1))\nif n < {at}: sys.exit(1)\n"
        "from ipykernel.kernelapp import launch_new_instance\nlaunch_new_instance()\n"
    )
    kernel = folder / "kernels" / "late"
    kernel.mkdir(parents=True)
    command = {"argv": [sys.executable, str(script), "-f", "{connection_file}"]}
    command |= {"display_name": "late", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(command), encoding="utf-8")
    return "late"


@pytest.mark.parametrize(("at", "starts"), [(1, True), (2, False)])
def test_a_kernel_that_does_not_start_gets_a_second_try(at, starts, tmp_path, monkeypatch):
    name = kernel_that_starts(at, tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook = v4.new_notebook(cells=[v4.new_code_cell("print(6 * 7)")])
    notebook.metadata.kernelspec = {"name": name, "display_name": name, "language": "python"}
    done = execute(Run(str(tmp_path / "x.ipynb"), notebook), timeout=60)
    assert (done.error == "") is starts
    assert (tmp_path / "tries").read_text() == "xx"
    if starts:
        assert notebook.cells[0].outputs[0].text == "42\n"
    else:
        assert "Kernel died" in done.error


def test_topics_become_anchors_and_solutions_are_folded(small_book):
    section = {"cell_type": "markdown", "source": "## 节", "metadata": {"topics": ["ml.tasks"]}}
    small_book.write([TITLE, section, code("answer = 42", tags=["hide-input", "solution"])])
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert 'id="ml-tasks"' in html
    assert "看答案" in html and "展开代码" not in html


def test_outputs_depend_on_the_core_and_on_the_checks_of_their_own_chapter(tmp_path):
    (tmp_path / "utils" / "checks").mkdir(parents=True)

    def changes(name: str) -> bool:
        before = inputs(tmp_path, "ch02_gradient_descent.ipynb")
        (tmp_path / name).write_text("x", encoding="utf-8")
        return inputs(tmp_path, "ch02_gradient_descent.ipynb") != before

    seen = ["utils/a.py", "utils/checks/__init__.py", "utils/checks/_diagnosis.py"]
    seen += ["utils/checks/ch02_gradient_descent.py", "utils/corpus.txt", "requirements.txt"]
    assert all(changes(name) for name in seen)
    unseen = ["utils/checks/ch03_other.py", "utils/view.js", "utils/explorer.css"]
    assert not any(changes(name) for name in unseen)


def test_new_scripts_reach_the_page_without_executing_again(small_book):
    utils = small_book.folder / "utils"
    small_book.write([TITLE, code(FIGURE)])
    assert "执行 1 个笔记本" in small_book.build(0)
    script = utils / "explorer" / "data.js"
    script.write_text(script.read_text(encoding="utf-8") + "// one more line\n", encoding="utf-8")
    (utils / "checks" / "ch02_gradient_descent.py").write_text("", encoding="utf-8")
    assert "执行 1 个笔记本" not in small_book.build(0)
    assert "one more line" in small_book.page.read_text(encoding="utf-8")


@pytest.mark.parametrize("small_book", ["我的 书"], indirect=True)
def test_a_book_among_folders_with_blanks_and_chinese_names(small_book, tmp_path):
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
        place = tmp_path / f"一个 {name} 文件夹"
        place.mkdir()
        small_book.environment[name] = str(place)
    small_book.write([TITLE, code(FIGURE)])
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget-view+json" in html and "一条线" in html


def test_make_passes_by_files_that_are_not_of_the_book(tmp_path):
    """JupyterLab 里新建的文件夹叫 Untitled Folder，make 写不出带空格的依赖。"""
    shutil.copy(ROOT / "Makefile", tmp_path)
    ours = ["_config.yml", "_toc.yml", "requirements.txt", "requirements.lock", "pyproject.toml"]
    ours += ["theme/package-lock.json", "theme/build.py", "theme/widgets.js"]
    ours += ["book/index.md", "utils/a.py"]
    others = ["book/Untitled Folder/a.md", "book/我 的.ipynb", "book/.ipynb_checkpoints/a-b.ipynb"]
    made = [".venv/.stamp", "theme/vendor/.stamp", "_build/html/.stamp"]
    for when, names in enumerate([ours, made, others]):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
            os.utime(tmp_path / name, (when, when))

    def plan() -> str:
        command = ["make", "-n", "site"]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8"
        ).stdout

    assert "jupyter-book" not in plan()
    os.utime(tmp_path / "book" / "index.md", (9, 9))
    assert "jupyter-book" in plan()


def test_a_chapter_mentioned_in_the_text_is_a_link_once_it_is_written(small_book):
    small_book.write([{"cell_type": "markdown", "source": "# 第 1 章\n\n这里是第 1 章。"}])
    home = "# 书\n\n先读**第 1 章**，再读第 2 章；`第 1 章` 是代码。又见第 2、1 章。\n"
    (small_book.folder / "book" / "index.md").write_text(home, encoding="utf-8")
    small_book.build(0)
    html = (small_book.folder / "_build" / "html" / "book" / "index.html").read_text("utf-8")
    article = html[html.index("先读") : html.index("是代码")]
    assert article.count("<a ") == 1 and 'href="p1_x/ch01_what_is_ml.html"' in article
    assert '第 2、<a class="reference internal" href="p1_x/ch01_what_is_ml.html"' in html
    assert "这里是第 1 章。" in small_book.page.read_text(encoding="utf-8")


def test_numbers_in_a_column_of_sections_or_chapters_are_links(small_book):
    """“怎么读”那一段、“哪一节”那一列只写号码；“意思（章）”那一列写在括号里，练习的号码不算。"""
    table = "| 办法 | 哪一节 | 几倍 |\n|---|---|---|\n| 乙 | 1.1，9.9 | 1.1 |"
    read = "**怎么读**。先读 1.1，9.9 以后再说。"
    cell = {"cell_type": "markdown", "source": f"# 第 1 章\n\n## 1.1　甲\n\n{table}\n\n{read}"}
    small_book.write([cell | {"metadata": {"topics": ["ml.tasks"]}}])
    home = "# 书\n\n| 符号 | 意思（章） |\n|---|---|\n| a | 1 倍（1.1、1 的练习 1、2）；1 |\n"
    (small_book.folder / "book" / "index.md").write_text(home, encoding="utf-8")
    small_book.build(0)
    site = small_book.folder / "_build" / "html" / "book"
    for page, row in [
        (small_book.page, "乙 [1.1]，9.9 1.1"),
        (site / "index.html", "a 1 倍（[1.1]、[1] 的练习 1、2）；1"),
    ]:
        body = re.search(r"<tbody>(.*?)</tbody>", page.read_text(encoding="utf-8"), re.S)[1]
        assert shown_with_links(body.replace("</td>", " ")) == row
    html = small_book.page.read_text(encoding="utf-8")
    said = re.search(r"<p><strong>怎么读.*?</p>", html, re.S)[0]
    assert shown_with_links(said) == "怎么读。先读 [1.1]，9.9 以后再说。"


def shown_with_links(html: str) -> str:
    """一段网页的文字，链接放在方括号里。"""
    linked = re.sub(r"<a [^>]*>(.*?)</a>", r"[\1]", html)
    return " ".join(re.sub(r"<[^>]*>", "", linked).split())
