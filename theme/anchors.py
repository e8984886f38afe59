"""一节的地址来自它的标题，例如 ``#自注意力``：看得懂，插进一节、换了编号也不变。

编号（2.13、第 5 章、练习 3）与结尾括号里的说明（选读、用时）不算在内。一页里几节同名时，前面加上
上一级的标题。知识点的标签 ``(topic)=`` 仍在，排在前面。
"""

import re
import unicodedata
from collections import Counter

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from theme.search import plain

NUMBER = re.compile(r"^(?:\d+\.\d+\s+|第\s*\d+\s*章\s*)|(?<=^练习)\s*\d+|(?<=^小测)\s*\d+")
REMARK = re.compile(r"\s*[（(][^（）()]*[）)]$")


def slug(heading: str) -> str:
    """标题里的字，小写，字与字之间的标点和空白换成一个连字符。"""
    words = REMARK.sub("", NUMBER.sub("", heading.strip()))
    words = unicodedata.normalize("NFKC", words).lower()
    return re.sub(r"[\W_]+", "-", words).strip("-") or "节"


class NameSections(SphinxTransform):
    """给每一节起好地址；要在标签的编号并进节（优先级 260）之前。"""

    default_priority = 250

    def apply(self) -> None:
        sections = list(self.document.findall(nodes.section))
        own = {section: slug(plain(section.next_node(nodes.title))) for section in sections}
        same = Counter(own.values())
        old = [section["ids"][0] for section in sections]
        taken = set(self.document.ids) - set(old)
        for section, before in zip(sections, old, strict=True):
            name = own[section]
            if (same[name] > 1 or name in taken) and section.parent in own:
                name = f"{own[section.parent]}-{name}"
            number, unique = 1, name
            while unique in taken:
                number += 1
                unique = f"{name}-{number}"
            taken.add(unique)
            self.rename(section, before, unique)

    def rename(self, section: nodes.section, before: str, after: str) -> None:
        section["ids"][0] = after
        if self.document.ids.get(before) is section:
            del self.document.ids[before]
        self.document.ids[after] = section
        for names in (self.document.nameids, self.document.refids):
            for key, value in list(names.items()):
                if value == before:
                    names[key] = after
        slugs = getattr(self.document, "myst_slugs", {})  # Markdown 里写的 #标题 靠它找
        for key, (line, name, text) in list(slugs.items()):
            if name == before:
                slugs[key] = (line, after, text)


def setup(app: Sphinx) -> None:
    app.add_transform(NameSections)
