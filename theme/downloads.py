"""供下载的笔记本：第一格自带辅助包，一个文件在 Colab、Kaggle、魔搭或自己的电脑上都能跑。"""

import base64
import hashlib
import io
import json
import tomllib
import zipfile
from pathlib import Path

from sphinx.application import Sphinx

from theme import first_cell

TIME = (1980, 1, 1, 0, 0, 0)  # 压缩包里的时间固定，同样的内容得到同样的字节
SUFFIXES = {".py", ".js", ".css"}
WHEEL = "Wheel-Version: 1.0\nGenerator: theme\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def helper_files(root: Path) -> dict[str, bytes]:
    """辅助包里的文件：在压缩包里的名字 -> 内容。"""
    files = (p for p in (root / "utils").rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def metadata_files(root: Path) -> dict[str, bytes]:
    """wheel 要有的元数据；依赖的范围取自 pyproject.toml。"""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {package}" for package in project["dependencies"]]
    folder = f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    texts = {"METADATA": "\n".join(lines) + "\n", "WHEEL": WHEEL}
    return {f"{folder}/{name}": text.encode() for name, text in texts.items()}


def helper_wheel(root: Path) -> bytes:
    """辅助包的 wheel。不用 pip 来做：不联网、不到一秒，同样的文件总是同样的字节。"""
    metadata = metadata_files(root)
    files = helper_files(root) | metadata
    record = f"{next(iter(metadata)).split('/')[0]}/RECORD"
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in sorted(files.items())]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def carrying(notebook: dict, wheel: bytes) -> dict:
    """同一个笔记本，只是第一格自带辅助包。"""
    cells = list(notebook["cells"])
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            lines = first_cell.download_cell(wheel).splitlines(keepends=True)
            cells[i] = cell | {"source": lines}
            break
    return notebook | {"cells": cells}


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """把 Sphinx 抄来的笔记本换成自带辅助包的；辅助包变了，每一章都要换，不只是重读过的。"""
    if exception or app.builder.format != "html":
        return
    wheel = helper_wheel(Path(app.srcdir))
    for name in sorted(app.env.found_docs):
        source = Path(app.env.doc2path(name))
        if source.suffix == ".ipynb":
            notebook = carrying(json.loads(source.read_text(encoding="utf-8")), wheel)
            target = Path(app.outdir, "_sources", f"{name}.ipynb")
            text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
            target.write_text(text, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> None:
    app.connect("build-finished", write_downloads)
