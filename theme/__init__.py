"""这本书的 Sphinx 扩展。每个模块管一件事，各有自己的 ``setup``。"""

from sphinx.application import Sphinx

from theme import (
    anchors,
    chrome,
    downloads,
    execution,
    explorers,
    figures,
    fold,
    glossary,
    mentions,
    pages,
    predict,
    quiz,
    reading,
    reading_time,
    search,
    typography,
    values,
)

MODULES = (
    anchors,
    chrome,
    downloads,
    execution,
    explorers,
    figures,
    fold,
    glossary,
    mentions,
    pages,
    predict,
    quiz,
    reading,
    reading_time,
    search,
    typography,
    values,
)


def setup(app: Sphinx) -> dict:
    for module in MODULES:
        module.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
