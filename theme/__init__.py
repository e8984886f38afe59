"""这本书的 Sphinx 扩展。每个模块管一件事，各有自己的 ``setup``。"""

from importlib import import_module

from sphinx.application import Sphinx

MODULES = (
    "anchors chrome downloads drawings execution explorers figures fold formulas glossary "
    "mentions pages predict quiz reading reading_time search typography values"
).split()


def setup(app: Sphinx) -> dict:
    for name in MODULES:
        import_module(f"theme.{name}").setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
