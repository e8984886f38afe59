"""这本书的 Sphinx 扩展，四件事：

1. 构建前用 jupyter-cache 的 local-parallel 并行执行笔记本；代码之外的依赖变了，就换一个缓存文件夹。
2. 首页的八部卡片和知识点索引，由 syllabus.yml、_toc.yml 和单元格的 ``topics`` 元数据生成；
   正文里提到的“第 N 章”变成链接。
3. 仓库地址填了才有的按钮（Colab、源码、反馈），每页的描述，各张图共用的脚本。
4. 中文搜索：术语表里的词进分词词典，查询词在浏览器里按同一份索引切开。
"""

import hashlib
import json
import multiprocessing
import os
import re
import sys
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
DESCRIPTION = (
    "李宏毅机器学习课程的交互式中文教科书：每个结论都有一幅可以拖动的图，"
    "每段实现都与独立的参考结果对照。在网页上读，在自己的电脑或 Colab 上跑。"
)


# 1. 执行 ------------------------------------------------------------------------------


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


# 2. 由数据生成的页面 ------------------------------------------------------------------


def topic_cells(notebook: dict) -> dict[str, int]:
    """知识点编号 -> 最先讲它的 Markdown 单元格的序号。"""
    first: dict[str, int] = {}
    for i, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            for topic in cell["metadata"].get("topics", []):
                first.setdefault(topic, i)
    return first


def finished_chapters(root: Path) -> dict[str, str]:
    """章的编号 -> 页面名，只含 _toc.yml 里列出的。"""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return {Path(name).name: name for name in files if Path(name).name.startswith("ch")}


def find_chapters(app: Sphinx, config: Config) -> None:
    config.finished = finished_chapters(Path(app.srcdir))


def load_parts(root: Path) -> list[dict]:
    return yaml.safe_load((root / "book" / "syllabus.yml").read_text(encoding="utf-8"))["parts"]


def chapter_number(chapter: dict) -> int:
    return int(chapter["id"][2:4])


CHINESE_NUMBERS = "一二三四五六七八九十"


def part_cards(root: Path) -> str:
    """首页的卡片：八部，每部列出它的章。"""
    done = finished_chapters(root)
    lines = [":::::{container} parts"]
    for number, part in zip(CHINESE_NUMBERS, load_parts(root), strict=False):
        lines += ["::::{container} part", f"### 第{number}部　{part['title']}", ""]
        for chapter in part["chapters"]:
            number, title = f"[{chapter_number(chapter)}]{{.number}}", chapter["title"]
            if name := done.get(chapter["id"]):
                lines.append(f"- {number} [{title}](/{name})")
            else:
                lines.append(f"- {number} [{title}]{{.title}} [编写中]{{.todo}}")
        lines.append("::::")
    return "\n".join([*lines, ":::::"])


def topic_index(root: Path) -> str:
    """知识点索引：按部与章列出，写好的链接到讲它的那一节。"""
    done = finished_chapters(root)
    lines = []
    for number, part in zip(CHINESE_NUMBERS, load_parts(root), strict=False):
        lines += [f"## 第{number}部　{part['title']}", ""]
        for chapter in part["chapters"]:
            known = set()
            if name := done.get(chapter["id"]):
                known = set(topic_cells(json.loads((root / f"{name}.ipynb").read_text("utf-8"))))
            todo = "" if known else " [编写中]{.todo}"
            lines += [f"### 第 {chapter_number(chapter)} 章　{chapter['title']}{todo}", ""]
            lines.append(":::{container} topics")
            for topic, title in chapter["topics"].items():
                lines.append(f"- {{ref}}`{title} <{topic}>`" if topic in known else f"- {title}")
            lines.append(":::\n")
    return "\n".join(lines)


GENERATED = {"book/index": part_cards, "book/appendix/topics": topic_index}
PLACEHOLDER = "<!-- 由 theme/book_extension.py 生成 -->"


def transform_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """在讲某个知识点的单元格前放一个同名的标签；在占位处放进生成的内容。"""
    if docname in GENERATED:
        source[0] = source[0].replace(PLACEHOLDER, GENERATED[docname](Path(app.srcdir)))
    elif env_path_is_notebook(app.env, docname):
        notebook = json.loads(source[0])
        for topic, i in topic_cells(notebook).items():
            cell = notebook["cells"][i]
            cell["source"] = f"({topic})=\n" + "".join(cell["source"])
        source[0] = json.dumps(notebook, ensure_ascii=False)


def link_chapters(app: Sphinx, doctree: nodes.document) -> None:
    """正文里的“第 5 章”链接到那一章，只要它写好了；笔记本里仍是普通的字。"""
    here = app.env.docname
    done = {f"第 {int(name[2:4])} 章": f"/{page}" for name, page in app.config.finished.items()}
    for text in list(doctree.findall(nodes.Text)):
        inside = text.parent
        while isinstance(inside, nodes.strong | nodes.emphasis):
            inside = inside.parent
        if not isinstance(inside, nodes.paragraph):
            continue
        parts = re.split(r"(第 \d+ 章)", text)
        for i, mention in enumerate(parts):
            parts[i] = nodes.Text(mention)
            if (page := done.get(mention, f"/{here}")) != f"/{here}":
                link = {"refdomain": "std", "reftype": "doc", "reftarget": page, "refdoc": here}
                parts[i] = pending_xref("", parts[i], refexplicit=True, refwarn=True, **link)
        text.parent.replace(text, parts)


def polish(app: Sphinx, doctree: nodes.document) -> None:
    """折起来的答案，按钮上写“看答案”；图片滚到附近才下载。"""
    for cell in doctree.findall(nodes.container):
        if "tag_solution" in cell["classes"]:
            cell["prompt_show"], cell["prompt_hide"] = "看答案", "收起答案"
    for image in doctree.findall(nodes.image):
        image["loading"] = "lazy"


def env_path_is_notebook(env: BuildEnvironment, docname: str) -> bool:
    return str(env.doc2path(docname)).endswith(".ipynb")


def always_reread(app, env, added, changed, removed) -> list[str]:
    """生成的页面取决于别的文件，每次都重读。"""
    return [name for name in GENERATED if name in env.found_docs]


# 3. 按钮与描述 ------------------------------------------------------------------------


def configure_buttons(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    if options.get("repository_url"):
        options["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
        options |= {"use_repository_button": True, "use_issues_button": True}
    else:
        options["launch_buttons"] = {}


def describe_page(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """首页用全书的描述；别的页面用标题之后的第一段。"""
    text = DESCRIPTION
    if doctree and pagename != app.config.root_doc:
        first = next(doctree.findall(lambda n: isinstance(n, nodes.paragraph)), None)
        text = re.sub(r"\s+", " ", first.astext())[:120] if first else text
    tag = f'<meta name="description" content="{escape(text)}">'
    context["metatags"] = context.get("metatags", "") + tag
    if "citation-list" in context.get("body", ""):  # 这两个角色里不许有链接，文献里却有
        context["body"] = re.sub(r' role="(list|doc-biblioentry)"', "", context["body"])
    if pagename == "search":
        app.add_js_file("search.js", loading_method="defer")


def share_scripts(app: Sphinx, env: BuildEnvironment) -> None:
    """一页上的图用同一份脚本和样式，只存一次；widgets.js 在控件管理器之前把它们填回去。

    没有写明的状态就是默认值，空着的也一并省去。
    """
    for page in env.nb_metadata.values():
        if "ipywidgets_state" not in page.get("js_files", {}):
            continue
        _, attributes = page["js_files"]["ipywidgets_state"]
        widgets = json.loads(attributes["body"])
        for model in widgets["state"].values():
            model["state"] = {k: v for k, v in model["state"].items() if v is not None}
            if model["model_module"] == "anywidget" and "_esm" in model["state"]:
                widgets["shared"] = {k: model["state"].pop(k) for k in ("_esm", "_css")}
        attributes["body"] = json.dumps(widgets).replace("</", "<\\/")


def lighten_code(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """名字、空白、标点不必各包一层标签：它们没有自己的颜色，却占代码多的页面四分之一。"""
    if "body" in context:
        plain = re.compile(r'<span class="(?:n|w|p)">([^<]*)</span>')
        context["body"] = plain.sub(r"\1", context["body"])


# 4. 搜索 ------------------------------------------------------------------------------


def write_dictionary(app: Sphinx, config: Config) -> None:
    """术语表里的中文词都进分词词典，这样“学习率”不会被切成“学习”和“率”。"""
    glossary = Path(app.srcdir, "book", "appendix", "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| \**([\u4e00-\u9fff]{2,})", glossary, flags=re.M)
    target = Path(app.outdir).parent / "words.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(f"{word} 1000000\n" for word in words), encoding="utf-8")
    config.html_search_options = {"dict": str(target)}


def forget_failed_build(app: Sphinx, exception: Exception | None) -> None:
    """有警告的页面下次还要重读，不然第二次构建会悄悄通过。"""
    if exception or app._warncount:
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


def require_scripts(app: Sphinx, config: Config) -> None:
    if not Path(app.srcdir, "theme", "vendor", "widgets").is_dir():
        raise ExtensionError("还没有网站要用的脚本，请先运行 python theme/build.py scripts")


def setup(app: Sphinx) -> dict:
    app.add_config_value("finished", {}, "env")  # 多写好一章，各页的链接都要重做
    steps = (require_scripts, choose_cache, find_chapters, configure_buttons, write_dictionary)
    for step in steps:
        app.connect("config-inited", step)
    app.connect("env-get-outdated", always_reread)
    app.connect("env-before-read-docs", execute_notebooks)
    app.connect("source-read", transform_source)
    app.connect("env-updated", share_scripts)
    app.connect("doctree-read", link_chapters)
    app.connect("doctree-read", polish)
    app.connect("html-page-context", describe_page)
    app.connect("html-page-context", lighten_code)
    app.connect("build-finished", forget_failed_build)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
