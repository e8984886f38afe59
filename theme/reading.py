"""阅读与代码：每格代码、每段长的打印结果、每个选读的节，各装进一个可以折叠的框。

页上的开关（mode.js）在“阅读”时把讲解的代码与长的结果合上，在“代码”时打开；没有脚本时它们都开着。
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

from theme import cells, fold

PROMPTS = {
    "taught": ("代码", "收起代码"),
    "draw": ("画图的代码", "收起代码"),
    "verify": ("验证的代码", "收起代码"),
    "solution": ("看答案", "收起答案"),
    "exercise": ("题目的代码", "收起代码"),
}
# 在画出页面之前就知道该显示什么，页面不会先展开再合上
START = """\
document.documentElement.classList.add("scripted");
if (location.hash) document.documentElement.classList.add("arriving");  // 见 arrive.js
{
  let mode;
  try { mode = JSON.parse(localStorage.getItem("book.memory"))?.mode; } catch {}
  mode ??= matchMedia("(max-width: 640px)").matches ? "reading" : "code";
  document.documentElement.dataset.show = mode;
}
// 主题的脚本最后才来；第一次来的读者在那之前没有深浅，颜色和边框就都没有
if (!/light|dark/.test(document.documentElement.dataset.theme)) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}
window.placeBefore = history.state?.place; // sphinx_highlight.js 会清空这个状态"""
SHORT = 4  # 打印的结果不超过这么多行，阅读时也留着


def fold_cells(app: Sphinx, doctree: nodes.document) -> None:
    for cell in list(cells.code_cells(doctree)):
        if cell.get("hide_mode", "input") != "input":
            continue  # 作者要求连输出一起折叠，照办
        cell.attributes.pop("hide_mode", None)
        sort = cells.kind(cell)
        code, output = (cells.part(cell, f"cell_code_{name}") for name in ("source", "output"))
        if code is not None:
            fold_code(cell, code, sort)
        if output is None:
            cell["classes"].append("silent")
        elif sort == "exercise":
            cell.remove(output)
            cell.append(here_is_how())
        else:
            fold_long_results(output)
            if sort == "verify":
                mark_check(cells.source(cell), output)
            if sort in ("verify", "draw"):
                put_code_last(cell)


def fold_code(cell: nodes.container, code: nodes.container, sort: str) -> None:
    show, hide = PROMPTS[sort]
    lines = len(code.astext().strip().splitlines())
    at = cell.index(code)
    cell.remove(code)
    is_open = sort in ("taught", "exercise")
    cell.insert(at, fold.wrap([code], ["code", sort], f"{show}（{lines} 行）", hide, is_open))


def fold_long_results(output: nodes.container) -> None:
    for text in [n for n in output.children if isinstance(n, nodes.literal_block)]:
        lines = text.astext().strip().splitlines()
        if len(lines) > SHORT:
            at = output.index(text)
            output.remove(text)
            first = lines[0] if len(lines[0]) <= 40 else f"{lines[0][:38]}……"
            show = f"{first}（共 {len(lines)} 行）"
            output.insert(at, fold.wrap([text], ["result"], show, "收起结果", True))


def kind_of_check(code: str) -> str:
    """一格验证做的是哪一种核对。"""
    if re.search(r"seed|种子", code):
        return "换种子核对"
    if re.search(r"assert_close|allclose|isclose", code):
        return "与参考对照"
    return "断言"


def mark_check(code: str, output: nodes.container) -> None:
    """验证的结果前面写明是哪一种核对。"""
    label = nodes.inline("", kind_of_check(code), classes=["check-kind"])
    output.insert(0, nodes.paragraph("", "", label, classes=["check"]))


def put_code_last(cell: nodes.container) -> None:
    """折着的代码放在它的结果、它画的图下面。"""
    code = cell.next_node(fold.fold)
    cell.remove(code)
    cell.append(code)


def fold_optional_sections(app: Sphinx, doctree: nodes.document) -> None:
    """标题以（选读）结尾的节：标题照常，内容折起来。"""
    for section in list(doctree.findall(nodes.section)):
        if re.search(r"[（(]选读[）)]$", cells.title(section)):
            heading = section.next_node(nodes.title)
            at = section.index(heading) + 1
            children = section.children[at:]
            del section[at:]
            section["classes"].append("optional")
            section.append(fold.wrap(children, ["optional"], "展开选读", "收起选读"))


class how_to_run(nodes.Element):
    """练习在网站上做不了：告诉读者到哪里做。"""


def here_is_how() -> how_to_run:
    return how_to_run()


def visit_how(translator, node: how_to_run) -> None:
    builder = translator.builder
    here = builder.current_docname
    page = builder.get_target_uri(here)
    notebook = f"_sources/{here}.ipynb"
    depth = page.count("/")
    links = [f'<a href="{"../" * depth}{notebook}" download>下载本章的笔记本</a>']
    options = builder.config.html_theme_options
    if url := options.get("repository_url", "").rstrip("/"):
        branch = options.get("repository_branch") or "main"
        colab = url.replace("https://github.com", "https://colab.research.google.com/github")
        links.append(f'<a href="{colab}/blob/{branch}/{here}.ipynb">在 Colab 里打开</a>')
    translator.body.append(
        f'<p class="how-to-run">在笔记本里做：{"，或".join(links)}，写完运行这一格，就有批改。</p>'
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_js_file(None, body=START, priority=1)
    app.add_node(how_to_run, html=(visit_how, None))
    app.connect("doctree-read", fold_cells, priority=600)
    app.connect("doctree-read", fold_optional_sections, priority=700)
