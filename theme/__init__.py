"""这本书的 Sphinx 扩展。每个模块管一件事，各有自己的 ``setup``。"""

import os
from importlib import import_module

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

MODULES = (
    "anchors chrome downloads drawings execution explorers figures fold formulas glossary "
    "mentions pages predict quiz reading reading_time search typography values"
).split()


def write_on_every_core(app: Sphinx, env: BuildEnvironment) -> None:
    """每核一个进程写网页（Windows 上 Sphinx 只用一个）：jupyter-book 没有把 ``-j`` 交给命令行。

    读完以后才设：有的扩展没有说能不能并行地读，Sphinx 会为它警告。
    """
    app.parallel = 1 + (os.cpu_count() or 1)  # 多的一个只管读，不写


def setup(app: Sphinx) -> dict:
    for name in MODULES:
        import_module(f"theme.{name}").setup(app)
    app.connect("env-updated", write_on_every_core)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
