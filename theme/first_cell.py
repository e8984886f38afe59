"""每个笔记本的第一格代码：找到本书的辅助包 utils，让内核用它。

这里的函数原样写进笔记本，所以只用标准库和内核本来就有的 packaging。三种第一格由它们拼成：
仓库里的（往上找 utils），填了仓库地址的（找不到就从仓库的那一次提交安装），供下载的（自带 wheel）。
"""

import ast
import base64
import hashlib
import importlib.util
import inspect
import io
import platform
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

METADATA = {  # 在网站、JupyterLab、Colab、Kaggle 上都折叠
    "_kg_hide-input": True,
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "tags": ["hide-input"],
}


class Stop(ImportError):  # 要读者先处理的事：只显示这一句话，不显示回溯
    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def is_ours(file: Path) -> bool:
    """这个文件是不是本书 utils 的 __init__.py。"""
    ours = file.name == "__init__.py" and file.is_file()
    return ours and "可拖动的机器学习" in file.read_text(encoding="utf-8", errors="ignore")


def repository_folder() -> Path | None:
    """从笔记本所在的文件夹往上，第一个放着本书 utils 的文件夹。"""
    notebook = Path(globals().get("__vsc_ipynb_file__", "x")).absolute()
    return next((p for p in notebook.parents if is_ours(p / "utils" / "__init__.py")), None)


def use_helper(folder: Path | None) -> None:
    """让 import utils 用 folder 里的那一份；路上有同名的别的东西，用一句话说出它在哪里。"""
    found = importlib.util.find_spec("utils")  # 只看会找到哪一个，不运行它
    other = found and (found.origin or next(iter(found.submodule_search_locations)))
    if other and is_ours(Path(other)):
        other = None
    elif other and "utils" in sys.modules:
        raise Stop(f"内核已经导入了一个不是本书的 utils（{other}）：给它改名，再重启内核。")
    elif not folder:
        why = f"找到的 {other} 不是本书的" if other else "往上各层文件夹里也没有"
        raise Stop(f"没有本书的 utils（{why}）：请在本书的仓库里打开，或从网站下载这一章再运行。")
    if other:
        print(f"{other} 与本书的 utils 同名，这里绕开了它；自己的代码也要用它，就给它改个名字。")
    if folder and sys.path[0] != str(folder):
        sys.path.insert(0, str(folder))


def carried_folder(wheel: str, sha256: str) -> Path:
    """把自带的 wheel 解到笔记本旁边以散列命名的文件夹；那里写不了，就解到临时文件夹。"""
    try:
        data = base64.b64decode(wheel)
    except ValueError:
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Stop("这个笔记本自带的辅助包不完整：请重新下载这个笔记本。")
    folder = Path.cwd() / f".draggable_ml_{sha256[:12]}"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {folder / name: archive.read(name) for name in archive.namelist()}
        if all(file.is_file() and file.read_bytes() == text for file, text in files.items()):
            return folder
        try:
            fresh = Path(tempfile.mkdtemp(prefix=".draggable_ml_", dir=folder.parent))
        except OSError:
            fresh = Path(tempfile.mkdtemp())
        archive.extractall(fresh)
    try:
        return fresh.rename(folder)  # 一步到位：同时打开几个笔记本，也不会读到解了一半的
    except OSError:
        return fresh


def installed_folder(address: str) -> Path:
    """从仓库的那一次提交安装辅助包，放进它自己的文件夹。"""
    folder = Path.cwd() / f".draggable_ml_{address[-12:]}"
    if not is_ours(folder / "utils" / "__init__.py"):
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]
        done = subprocess.run([*command, "--target", str(folder), address], check=False)
        if done.returncode:
            raise Stop(f"没有从 {address} 装好辅助包：请检查网络，再运行这一格。")
    return folder


def missing_packages(folder: Path) -> list[str]:
    """辅助包需要、这个内核里却没有（或版本太旧）的包，连同版本范围。"""
    (helper,) = metadata.distributions(path=[str(folder)])
    python, wanted = platform.python_version(), helper.metadata["Requires-Python"]
    if not Requirement(f"python{wanted}").specifier.contains(python):
        raise Stop(f"本书要 Python {wanted}，这个内核是 {python}：请换一个新一些的环境。")
    missing = []
    for package in map(Requirement, helper.requires):
        try:
            version = metadata.version(package.name)
        except metadata.PackageNotFoundError:
            version = ""
        if not version or not package.specifier.contains(version, prereleases=True):
            missing.append(str(package))
    return missing


def with_packages(folder: Path) -> Path:
    """用 pip 装上还缺的普通依赖；装不上就说缺哪几个。"""
    if missing := missing_packages(folder):
        print("正在安装", "、".join(missing))
        command = [sys.executable, "-m", "pip", "install", "-q", *missing]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        importlib.invalidate_caches()
        if missing := missing_packages(folder):
            reason = (done.stderr.strip() or "没有报错，重启内核再试").splitlines()[-1]
            raise Stop(
                f"没有装上 {'、'.join(missing)}：请检查网络（在 Kaggle 上，先在右侧的设置里"
                f"打开 Internet），再运行这一格。pip 的说明是：{reason}"
            )
    return folder


FIND = [Stop, is_ours, use_helper]
INSTALL = [missing_packages, with_packages]


def repository_cell(address: str = "") -> str:
    """仓库里的笔记本的第一格；``address`` 是 pip 认得的、钉在一次提交上的仓库地址。"""
    if not address:
        return _cell([*FIND, repository_folder], "repository_folder()")
    place = f'repository_folder() or with_packages(installed_folder("{address}"))'
    return _cell([*FIND, repository_folder, *INSTALL, installed_folder], place)


def download_cell(wheel: bytes) -> str:
    """供下载的笔记本的第一格，自带辅助包的 ``wheel``。

    十几万字的那一行放在最前面，离会出错的语句远远的：万一有回溯，不会连它一起印出来。
    """
    text, sha256 = base64.b64encode(wheel).decode(), hashlib.sha256(wheel).hexdigest()
    carried = f'WHEEL = "{text}"\nSHA256 = "{sha256}"\n'
    place = "with_packages(carried_folder(WHEEL, SHA256))"
    return _cell([*FIND, *INSTALL, carried_folder], place, carried)


def _cell(functions: list, place: str, carried: str = "") -> str:
    body = "\n\n\n".join(inspect.getsource(function).rstrip() for function in functions)
    title = "# @title 准备：找到本书的辅助包（运行这一格）\n"
    start = f"use_helper({place})\nfrom utils import setup\n\nsetup(seed=0)"
    return f"{title}{carried}{_imports(body)}\n\n\n{body}\n\n\n{start}"


def _imports(body: str) -> str:
    """这个文件开头的导入里，body 用到的那些；标准库与别的包之间空一行。"""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    source = inspect.getsource(sys.modules[__name__])
    sections: list[list[str]] = [[], []]
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if used & {(alias.asname or alias.name).split(".")[0] for alias in node.names}:
                ours = getattr(node, "module", None) == "packaging.requirements"
                sections[ours].append(ast.unparse(node))
    return "\n\n".join("\n".join(lines) for lines in sections if lines)
