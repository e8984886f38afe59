"""仓库地址只写在 _config.yml：别处用到的都与它一致；没有填时，需要它的东西不出现。"""

import json
import re
import subprocess
import tomllib

import pytest
from book_files import ROOT, tracked_files

from theme import build, first_cell

URL = "https://github.com/someone/some-book"
# 指向“本书的仓库”的写法；别人的仓库（数据来源等）不在此列
USES = re.compile(
    r"git clone +(\S+)|git\+(https?://[^\s\"'}]+)"
    r"|colab\.research\.google\.com/(github/[^\s)\"']+)|(\w[\w-]*\.github\.io\S*)"
)


def test_no_other_address_of_the_book_anywhere():
    url = build.repository()
    wrong = []
    for path in tracked_files():
        if path.suffix in {".png", ".json"} or path == ROOT / "tests/book/test_repository.py":
            continue
        for match in USES.finditer(path.read_text(encoding="utf-8")):
            address = next(filter(None, match.groups()))
            placeholder = address.startswith(("<", "{"))
            if not placeholder and not (url and url.split("//")[1].split("/", 1)[1] in address):
                wrong.append(f"{path.relative_to(ROOT)}: {address}")
    assert not wrong


def test_the_first_cell_installs_only_from_the_configured_address(monkeypatch):
    monkeypatch.setattr(build, "repository", lambda: "")
    assert "pip" not in first_cell.repository_cell(build.helper_address())
    monkeypatch.setattr(build, "repository", lambda: URL)
    address = build.helper_address()
    assert re.fullmatch(rf"git\+{URL}@[0-9a-f]{{40}}", address)
    assert f'installed_folder("{address}")' in first_cell.repository_cell(address)


def test_nothing_of_ours_is_installed_by_name():
    name = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    wrong = re.compile(rf"\binstall\b[^\n]*\b{re.sub('[-_]', '[-_]', name)}\b(?!\S*\.whl)")
    for path in tracked_files():
        if path.suffix != ".png":
            assert not wrong.search(path.read_text(encoding="utf-8")), path.relative_to(ROOT)


def test_rewriting_the_first_cells_changes_nothing_else(monkeypatch, tmp_path):
    book = tmp_path / "book" / "p1_x"
    book.mkdir(parents=True)
    code = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    notebook = {"cells": [code | {"source": ["old"]}, code | {"source": ["1"]}], "metadata": {}}
    (book / "ch01_x.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "helper_address", lambda: f"git+{URL}@0")
    build.setup_cells()
    new = json.loads((book / "ch01_x.ipynb").read_text(encoding="utf-8"))
    assert "".join(new["cells"][0]["source"]) == first_cell.repository_cell(f"git+{URL}@0")
    assert new["cells"][0]["metadata"] == first_cell.METADATA
    assert new["cells"][1] == notebook["cells"][1]


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, encoding="utf-8")
    return done.stdout.strip()


@pytest.mark.parametrize("url", ["", URL], ids=["without", "with"])
def test_buttons_that_need_the_address_appear_only_with_it(small_book, url):
    small_book.configure(url)
    small_book.write([{"cell_type": "markdown", "source": "# 章"}])
    git(small_book.folder, "init", "-q")
    git(small_book.folder, "commit", "-q", "--allow-empty", "-m", "a")
    small_book.build(0)
    html = small_book.page.read_text(encoding="utf-8")
    assert '_sources/book/p1_x/ch01_what_is_ml.ipynb" download' in html, "没有下载按钮"
    commit = git(small_book.folder, "rev-parse", "HEAD")
    colab = f"https://colab.research.google.com/github/someone/some-book/blob/{commit}/book/p1_x/"
    assert (f"{colab}ch01_what_is_ml.ipynb" in html) == bool(url)
    assert (f'href="{URL}"' in html) == bool(url)
    assert ("colab" in html) == bool(url)


def test_the_lock_holds_every_pin():
    pin = re.compile(r"^([\w.-]+==[\w.]+)", re.MULTILINE)
    wanted = set(pin.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert wanted <= set(pin.findall(text)), "requirements.txt 改过以后没有 make lock"
    blocks = re.findall(r"^\S+==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 150
    assert not [one.split()[0] for one in blocks if "--hash=sha256:" not in one]


def test_the_lock_leaves_the_build_of_torch_on_linux_open():
    """CPU 版在别的索引上，散列不同；写死的话，装好了 CPU 版也会再装几个 GB 的 CUDA。"""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r"^torch==(.*?) *\\?$", text, re.MULTILINE) == [
        "2.13.0 ; sys_platform != 'linux'"
    ]
    assert not re.search(r"^(triton|nvidia-|cuda-)", text, re.MULTILINE)
