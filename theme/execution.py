"""执行：构建前用 jupyter-cache 并行执行笔记本；代码之外的依赖变了，就换一个缓存文件夹。"""

import hashlib
import multiprocessing
import os
import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def environment_hash(root: Path) -> str:
    """笔记本的输出除了自己的代码还取决于什么：辅助包、依赖的版本、Python 的版本。"""
    digest = hashlib.sha256(sys.version.encode())
    files = [p for p in (root / "utils").rglob("*") if p.suffix in {".py", ".js", ".css"}]
    for path in sorted([*files, root / "requirements.txt"]):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def choose_cache(app: Sphinx, config: Config) -> None:
    cache = Path(app.outdir).parent / "cache" / environment_hash(Path(app.srcdir))
    config.nb_execution_cache_path = str(cache)


def execute_notebooks(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """并行执行这次要读、缓存里又没有的笔记本；有一个出错就停下并给出完整的回溯。"""
    cache = get_cache(app.config.nb_execution_cache_path)
    records = []
    for path in (Path(env.doc2path(name)) for name in docnames):
        if path.suffix == ".ipynb":
            records.append(cache.add_nb_to_project(str(path)))
        elif is_myst_markdown_notebook(path.read_text(encoding="utf-8")):
            reader = {"type": "plugin", "name": "myst_nb_md"}
            records.append(cache.add_nb_to_project(str(path), read_data=reader))
    todo = cache.list_unexecuted(filter_pks=[record.pk for record in records])
    if not todo:
        return
    LOGGER.info("执行 %d 个笔记本：%s", len(todo), "、".join(Path(r.uri).stem for r in todo))
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # 各占一核，别互相争抢
    result = load_executor("local-parallel", cache).run_and_cache(
        filter_pks=[record.pk for record in todo], timeout=app.config.nb_execution_timeout
    )
    multiprocessing.get_logger().handlers.clear()  # 执行器留下的，会在退出时多打一行
    failed = result.excepted + result.errored
    for uri in failed:
        LOGGER.error("执行出错：%s\n%s", uri, cache.get_project_record(uri).traceback)
    if failed:
        raise ExtensionError(f"{len(failed)} 个笔记本执行出错，回溯见上。")


def forget_failed_build(app: Sphinx, exception: Exception | None) -> None:
    """有警告的页面下次还要重读，不然第二次构建会悄悄通过。"""
    if exception or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    app.connect("config-inited", choose_cache)
    app.connect("env-before-read-docs", execute_notebooks)
    app.connect("build-finished", forget_failed_build)
