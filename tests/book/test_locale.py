"""中文 Windows 的默认编码是 GBK：构建命令、读依赖的清单、一本小书，在 GBK 的区域设置下都照样。"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from book_files import NOTEBOOKS, ROOT
from test_build import FIGURE, TITLE, code


@pytest.fixture(scope="session")
def gbk(tmp_path_factory) -> dict[str, str]:
    """GBK 区域设置的环境变量；区域的数据由系统的 localedef 现做。"""
    if not shutil.which("localedef"):
        pytest.skip("没有 localedef，做不出 GBK 的区域设置")
    folder = tmp_path_factory.mktemp("locale")
    command = ["localedef", "-i", "zh_CN", "-f", "GBK", folder / "zh_CN.GBK"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if not (folder / "zh_CN.GBK").exists():
        pytest.skip(f"localedef 没有做出 GBK 的区域设置：{done.stderr}")
    unset = {"PYTHONIOENCODING", "PYTHONUTF8", "LANG", "LC_CTYPE"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    settings = {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GBK", "PYTHONUTF8": "0"}
    return kept | settings | {"PYTHONCOERCECLOCALE": "0"}


def run(environment: dict[str, str], folder: Path, *arguments: str) -> str:
    """在 ``folder`` 里运行一条 Python 命令，它应当成功；返回它用 GBK 写的输出。"""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.stdout.decode("gbk")
    assert done.returncode == 0, output
    return output


def test_the_default_encoding_is_gbk_here(gbk):
    show = "import locale, sys; print(locale.getpreferredencoding(), sys.stdout.encoding)"
    assert set(run(gbk, ROOT, "-c", show).lower().split()) <= {"gbk", "gb2312", "cp936"}


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_pip_can_read_the_requirements(encoding):
    """pip 25 以前用默认编码读它。"""
    assert "torch==" in (ROOT / "requirements.txt").read_bytes().decode(encoding)


@pytest.mark.parametrize("program", ["Makefile", "theme/build.py"])
def test_messages_can_be_printed_in_gbk(program):
    (ROOT / program).read_text(encoding="utf-8").encode("gbk")


def test_the_browser_is_found_or_its_absence_explained(gbk):
    nothing = gbk | {"CHROMIUM": "", "PATH": ""}
    find = "import theme.build as b; b.BROWSER_PATHS.clear(); b.browser()"
    done = subprocess.run([sys.executable, "-c", find], cwd=ROOT, env=nothing, capture_output=True)
    assert done.returncode == 1 and "没有找到" in done.stderr.decode("gbk")


def test_the_first_cells_are_written_in_utf8(gbk, tmp_path):
    for name in ("theme", "utils"):
        skip = shutil.ignore_patterns("node_modules", "vendor", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    chapter = tmp_path / "book" / "p1_x" / NOTEBOOKS[0].name
    chapter.parent.mkdir(parents=True)
    notebook = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    first["source"] = "旧的"
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    chapter.write_text(text, encoding="utf-8")
    assert "改写" in run(gbk, tmp_path, "-m", "theme.build", "setup-cells")
    assert chapter.read_bytes() == NOTEBOOKS[0].read_bytes()


def test_a_book_is_built(gbk, small_book):
    """中文的打印、一幅图、一句不在 GBK 里的话，都到了网页上。"""
    small_book.environment, small_book.encoding = gbk, "gbk"
    small_book.write([TITLE, code('print("打印：误差 ½ — 😀")'), code(FIGURE)])
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert "打印：误差 ½ — 😀" in html and "一条线" in html
    source = small_book.folder / "_build/html/_sources/book/p1_x" / small_book.notebook.name
    assert "找到本书的辅助包" in source.read_text(encoding="utf-8")


def test_an_error_in_a_book_is_shown(gbk, small_book):
    small_book.environment, small_book.encoding = gbk | {"PYTHONPATH": str(ROOT)}, "gbk"
    small_book.write([TITLE, code('raise ValueError("出错了 😀")')])
    assert "ValueError" in small_book.build(1)
