"""执行：构建前并行执行笔记本，结果存进 jupyter-cache；输出取决于什么，就只在它变了时重新执行。"""

import atexit
import hashlib
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.cache.db import NbProjectRecord
from myst_nb.core.read import is_myst_markdown_notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
CACHE_LIMIT = 1_000_000  # 存满以后的清理会删掉还要用的
KERNEL_BYTES = 1.2e9  # 一个内核最多占多少内存；内存不够就少开几个


# ---------- 输出取决于什么 ----------


def _digest(root: Path, paths: list[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def inputs(root: Path, name: str) -> str:
    """笔记本 ``name`` 的输出除了自己的代码还取决于什么：辅助包与数据、那一章的检查、依赖。

    别的章的检查改了，与它无关；图的脚本和样式只在浏览器里运行，构建时换上新的就行。
    """
    others = re.compile(r"ch\d\d")  # 各章的检查以章号开头
    code = [
        path
        for path in (root / "utils").rglob("*")
        if path.suffix in {".py", ".txt"}
        if path.parent.name != "checks" or not others.match(path.name) or path.name[:4] == name[:4]
    ]
    return _digest(root, [*code, *root.glob("requirements*")])


def page_digest(root: Path) -> str:
    """执行用不着、页面却靠它做出来的：图的脚本和样式，这个扩展和模板。"""
    scripts = [p for p in (root / "utils").rglob("*") if p.suffix in {".js", ".css"}]
    theme = root / "theme"
    made = [*theme.glob("*.py"), *theme.glob("templates/*.html"), *theme.glob("drawings/*.svg")]
    return _digest(root, [*scripts, *made])


def choose_cache(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = str(Path(app.outdir).parent / "cache")


def outdated(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    """正文没有改、输出却会变的页面，也要重读。"""
    root, known = Path(app.srcdir), getattr(env, "notebook_inputs", {})
    page = page_digest(root)
    env.notebook_inputs = {
        name: inputs(root, Path(name).name) + page for name in sorted(env.found_docs)
    }
    return [name for name in known if env.notebook_inputs.get(name, "") != known[name]]


# ---------- 执行 ----------


@dataclass
class Run:
    """一个笔记本的一次执行。"""

    uri: str
    notebook: NotebookNode
    seconds: float = 0.0
    error: str = ""


def run_cells(notebook: NotebookNode, options: dict) -> None:
    """在一个新内核里运行。内核没有起来就再试一次：它选好的端口可能刚被别的进程占去。"""
    for again in (True, False):
        client = NotebookClient(notebook, **options)
        try:
            client.execute()
            return
        except DeadKernelError:  # 起来了，运行到一半死的
            raise
        except RuntimeError:
            atexit.unregister(client._cleanup_kernel)  # 没有内核可以收拾，退出时会出错
            if not again:
                raise


def execute(run: Run, timeout: int) -> Run:
    """执行一个笔记本；出错或写了 stderr 时记在 ``error`` 里。"""
    start = time.perf_counter()
    options = {
        "timeout": timeout,
        "resources": {"metadata": {"path": str(Path(run.uri).parent)}},
        "record_timing": False,  # 记在单元格里会改变缓存的键
        "shutdown_kernel": "immediate",  # 没有要存的；等解释器收拾完一两秒，一本书就是半分钟
    }
    try:
        run_cells(run.notebook, options)
    except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
        run.error = str(error)
    else:
        run.error = "".join(
            f"这一格写了 stderr：\n{cell.source}\n\n{output.text}"
            for cell in run.notebook.cells
            for output in cell.get("outputs", [])
            if output.get("name") == "stderr"
        )
    run.seconds = time.perf_counter() - start
    return run


def workers() -> int:
    """同时开几个内核：每核一个，内存放得下为止。"""
    fit = int(psutil.virtual_memory().available / KERNEL_BYTES)
    return max(1, min(os.cpu_count() or 1, fit))


def prepare_kernels(folder: Path) -> None:
    """内核共用的设置：各占一核；matplotlib 的配置放在 ``folder``，字体缓存先建好。

    不然第一个导入 matplotlib 的内核会往 stderr 写一行“正在建字体缓存”；个人文件夹只读时每个都会写。
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["MPLCONFIGDIR"] = str(folder / "matplotlib")
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(command, check=True, capture_output=True)


def add_to_project(cache: JupyterCacheAbstract, path: Path) -> NbProjectRecord | None:
    """登记一个笔记本或带代码的 Markdown 页面；别的页面没有可以执行的。"""
    if path.suffix == ".ipynb":
        return cache.add_nb_to_project(str(path))
    if is_myst_markdown_notebook(path.read_text(encoding="utf-8")):
        return cache.add_nb_to_project(
            str(path), read_data={"type": "plugin", "name": "myst_nb_md"}
        )
    return None


def to_execute(cache: JupyterCacheAbstract, paths: list[Path], root: Path) -> list[Run]:
    """缓存里没有的，和存下以后它所取决于的东西变了的。"""
    runs = []
    for path in paths:
        if (project := add_to_project(cache, path)) is None:
            continue
        cached = cache.get_cached_project_nb(project.pk)
        if cached and cached.data.get("inputs") == inputs(root, path.name):
            continue
        runs.append(Run(project.uri, cache.get_project_notebook(project.pk).nb))
    return runs


def store(cache: JupyterCacheAbstract, run: Run, root: Path) -> None:
    """只在这一个进程里写：两个进程同时清理存满的缓存会出错。"""
    data = {"execution_seconds": run.seconds, "inputs": inputs(root, Path(run.uri).name)}
    bundle = CacheBundleIn(run.notebook, run.uri, data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def execute_and_store(
    cache: JupyterCacheAbstract, runs: list[Run], root: Path, timeout: int
) -> None:
    prepare_kernels(cache.path)
    failed = 0
    with ThreadPoolExecutor(workers()) as pool:
        for run in pool.map(lambda run: execute(run, timeout), runs):
            if run.error:
                failed += 1
                LOGGER.error("执行出错：%s\n%s", run.uri, run.error)
            else:
                store(cache, run, root)
    if failed:
        raise ExtensionError(f"{failed} 个笔记本执行出错，说明见上。")


def execute_notebooks(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """并行执行这次要读、缓存里又没有的笔记本；有一个出错就停下并给出完整的回溯。"""
    cache, root = get_cache(app.config.nb_execution_cache_path), Path(app.srcdir)
    cache.change_cache_limit(CACHE_LIMIT)
    paths = [Path(env.doc2path(name)) for name in docnames]
    if runs := to_execute(cache, paths, root):
        LOGGER.info("执行 %d 个笔记本：%s", len(runs), "、".join(Path(r.uri).stem for r in runs))
        execute_and_store(cache, runs, root, app.config.nb_execution_timeout)


def forget_failed_build(app: Sphinx, exception: Exception | None) -> None:
    """有警告的页面下次还要重读，不然第二次构建会悄悄通过。"""
    if exception or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", choose_cache)
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", execute_notebooks)
    app.connect("build-finished", forget_failed_build)
