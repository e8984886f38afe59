"""书的测试共用的夹具：逐个笔记本、目录、骨架。"""

from pathlib import Path

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
