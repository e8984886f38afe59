"""页面四周：仓库地址填了才有的按钮（Colab、源码、反馈），每页的描述，轻一些的代码标签。"""

import re
import subprocess
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

DESCRIPTION = (
    "李宏毅机器学习课程的交互式中文教科书：每个结论都有一幅可以拖动的图，"
    "每段实现都与独立的参考结果对照。在网页上读，在自己的电脑或 Colab 上跑。"
)


def commit(root: Path) -> str:
    """现在是哪一次提交；不在 git 仓库里时是空字符串。"""
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    return done.stdout.strip() if done.returncode == 0 else ""


def configure_buttons(app: Sphinx, config: Config) -> None:
    """填了仓库地址才有的按钮；它们指向构建时的那一次提交，以后的改动不影响读到旧网页的人。"""
    options = config.html_theme_options
    if options.get("repository_url"):
        options["repository_branch"] = commit(Path(app.srcdir)) or options.get("repository_branch")
        options["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
        options |= {"use_repository_button": True, "use_issues_button": True}
    else:
        options["launch_buttons"] = {}


def keep_to_chapters(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """首页用 Markdown 写成，单独拿走跑不了：不给它 Colab 按钮和笔记本。"""
    if context.get("page_source_suffix") == ".ipynb":
        return
    buttons = [b for b in context.get("header_buttons", []) if b["label"] != "launch-buttons"]
    for button in buttons:
        parts = button.get("buttons", [])
        parts[:] = [part for part in parts if part["label"] != "download-notebook-button"]
    context["header_buttons"] = buttons


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


def lighten_code(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """名字、空白、标点不必各包一层标签：它们没有自己的颜色，却占代码多的页面四分之一。"""
    if "body" in context:
        plain = re.compile(r'<span class="(?:n|w|p)">([^<]*)</span>')
        context["body"] = plain.sub(r"\1", context["body"])


# 主题量每一块代码能不能滚动，折着的也量：浏览器本来不必排它们。折着的由 book.js 在展开时量
EVERY = "{e.tabIndex=e.scrollWidth>e.clientWidth||e.scrollHeight>e.clientHeight?0:-1}"
SHOWN = '{e.closest("details:not([open])")||(' + EVERY[1:-1] + ")}"


def measure_shown(app: Sphinx, exception: Exception | None) -> None:
    script = Path(app.outdir, "_static", "scripts", "pydata-sphinx-theme.js")
    if exception or not script.is_file():
        return
    text = script.read_text(encoding="utf-8")
    if SHOWN not in text and text.count(EVERY) != 1:
        raise ExtensionError(f"{script.name} 变了样，请核对 theme/chrome.py 里改它的那一处。")
    script.write_text(text.replace(EVERY, SHOWN), encoding="utf-8")


def require_scripts(app: Sphinx, config: Config) -> None:
    if not Path(app.srcdir, "theme", "vendor", "widgets").is_dir():
        raise ExtensionError("还没有网站要用的脚本，请先运行 python theme/build.py scripts")


def setup(app: Sphinx) -> None:
    app.connect("config-inited", require_scripts)
    app.connect("config-inited", configure_buttons)
    app.connect("html-page-context", describe_page)
    app.connect("html-page-context", keep_to_chapters, priority=900)  # 等主题放好按钮
    app.connect("html-page-context", lighten_code)
    app.connect("build-finished", measure_shown)
