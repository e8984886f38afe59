"""书的测试共用的夹具：逐个笔记本、目录、骨架。"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import prepared
import pytest
import yaml
from book_files import NOTEBOOKS, ROOT, read


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "path" in metafunc.fixturenames:
        metafunc.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])


@pytest.fixture
def notebook(path: Path) -> dict:
    return read(path)


@pytest.fixture(scope="session")
def toc() -> dict:
    return yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def syllabus() -> list[dict]:
    return yaml.safe_load((ROOT / "book" / "syllabus.yml").read_text(encoding="utf-8"))["parts"]


class SmallBook:
    """一本只有首页和一章的小书，用本书的配置和扩展，由真正的 Jupyter Book 构建。"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = dict(os.environ)
        self.encoding = "utf-8"  # 构建时打印用的编码
        self.notebook = folder / "book" / "p1_x" / "ch01_what_is_ml.ipynb"
        self.page = folder / "_build" / "html" / "book" / "p1_x" / "ch01_what_is_ml.html"
        for name in ("theme/vendor/widgets", "book/p1_x", "book/appendix"):
            (folder / name).mkdir(parents=True)
        skip = shutil.ignore_patterns("node_modules", "vendor", "__pycache__")
        for name in ("theme", "utils"):  # 扩展要辅助包的脚本和样式，小书有自己的一份
            shutil.copytree(ROOT / name, folder / name, ignore=skip, dirs_exist_ok=True)
        copied = ["requirements.txt", "pyproject.toml", "book/syllabus.yml", "book/references.bib"]
        copied += ["book/appendix/glossary.md"]
        for name in copied:
            shutil.copy(ROOT / name, folder / name)
        (folder / "book" / "index.md").write_text("# 书\n", encoding="utf-8")
        chapters = [{"file": "book/p1_x/ch01_what_is_ml"}]
        toc = {"format": "jb-book", "root": "book/index", "parts": [{"chapters": chapters}]}
        (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
        self.configure("")

    def configure(self, url: str) -> None:
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["repository"]["url"] = url
        text = yaml.safe_dump(config, allow_unicode=True)
        (self.folder / "_config.yml").write_text(text, encoding="utf-8")

    def write(self, cells: list[dict]) -> None:
        blank = {"code": {"outputs": [], "execution_count": None}, "markdown": {}}
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "cells": [
                {"id": f"cell-{i}", "metadata": {}} | blank[cell["cell_type"]] | cell
                for i, cell in enumerate(cells)
            ],
        }
        self.notebook.write_text(json.dumps(notebook), encoding="utf-8")

    def build(self, code: int) -> str:
        """构建一次，退出码应当是 ``code``；返回它打印的全部文字。"""
        same = self.environment == dict(os.environ) and self.encoding == "utf-8"
        got, output = self._prepared() if same else self._from_scratch()
        assert got == code, output[-3000:]
        return output

    def _prepared(self) -> tuple[int, str]:
        printed = self.folder / "printed.log"
        return prepared.build(self.folder, printed), printed.read_text(encoding="utf-8")

    def _from_scratch(self) -> tuple[int, str]:
        """环境变量或编码不同：要一个新的解释器。"""
        run = "from jupyter_book.cli.main import main; main()"
        command = [sys.executable, "-c", run, "build", "-W", "--keep-going", "."]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | {"PYTHONPATH": str(self.folder)},
            capture_output=True,
            encoding=self.encoding,
            errors="replace",
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def small_book(request: pytest.FixtureRequest, tmp_path: Path) -> SmallBook:
    """一本小书；间接的参数是它所在的文件夹的名字。"""
    return SmallBook(tmp_path / getattr(request, "param", ""))
