"""中文搜索：术语表里的词进分词词典，查询词在浏览器里按同一份索引切开。"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config


def write_dictionary(app: Sphinx, config: Config) -> None:
    """术语表里的中文词都进分词词典，这样“学习率”不会被切成“学习”和“率”。"""
    glossary = Path(app.srcdir, "book", "appendix", "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| \**([\u4e00-\u9fff]{2,})", glossary, flags=re.M)
    target = Path(app.outdir).parent / "words.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(f"{word} 1000000\n" for word in words), encoding="utf-8")
    config.html_search_options = {"dict": str(target)}


def setup(app: Sphinx) -> None:
    app.connect("config-inited", write_dictionary)
