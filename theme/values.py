"""文字拨动图：写成 ``[学习率 0.3](#lr=0.3)`` 的值，点一下，旁边那幅图的滑块就到那里。

几个一起写：``#lr=0.3&batch_size=16``；步数写 ``step``。说的是前一幅图（“先猜”里是后一幅），它没有
这个滑块或这一档时是另一侧的那一幅。笔记本里这是普通的链接，没有脚本时链接到那幅图。
"""

import json
import re
from html import escape
from urllib.parse import unquote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform

from theme import explorers

LINK = re.compile(r"#(\w+=[^&]+(?:&\w+=[^&]+)*)")


class setting(nodes.Inline, nodes.TextElement):
    """一个会拨动图的值。``wanted`` 是名字与取值，``place`` 与 ``traits`` 是哪幅图、拨到哪里。"""


class FindSettings(SphinxTransform):
    """认出这样的链接；要在 myst 去找页内的锚点（优先级 879）之前。"""

    default_priority = 870

    def apply(self) -> None:
        for link in list(self.document.findall(nodes.reference)):
            found = link.get("id_link") and LINK.fullmatch(unquote(link["refuri"]))
            if found:
                wanted = [tuple(pair.split("=", 1)) for pair in found[1].split("&")]
                link.replace_self(setting("", "", *link.children, wanted=wanted, link=found[0]))


def aim(app: Sphinx, doctree: nodes.document) -> None:
    """给每个值找到它的图；找不到就停下，说出是哪一句。"""
    if not any(doctree.findall(setting)):
        return
    order = list(doctree.findall())
    pictures = list(explorers.pictures(app.env, doctree))
    places = [order.index(bundle) for bundle, _ in pictures]
    for at, node in enumerate(order):
        if isinstance(node, setting):
            number = sum(place < at for place in places)  # 后一幅是第几幅
            near = [number, number - 1] if in_guess(node) else [number - 1, number]
            try:
                take(node, {n + 1: pictures[n] for n in near if 0 <= n < len(pictures)})
            except ValueError as error:
                raise ExtensionError(f"{app.env.docname} 的{error}") from None


def take(node: setting, near: dict[int, tuple[nodes.Element, dict]]) -> None:
    """取第一幅合适的图；都不合适时抛出 ValueError，说明各是为什么。"""
    refusals = []
    for number, (bundle, spec) in near.items():
        try:
            node["traits"] = traits(spec, node["wanted"])
        except ValueError as error:
            refusals.append(f"图“{spec['alt']}”{error}")
            continue
        node["place"] = bundle["place"] = f"explorer-{number}"
        return
    why = "；".join(refusals) or "前后都没有可拖动的图"
    raise ValueError(f"“{node.astext()}”（{node['link']}）拨不动图：{why}。")


def in_guess(node: nodes.Node) -> bool:
    while node is not None and "guess" not in node.get("classes", []):
        node = node.parent
    return node is not None


def traits(spec: dict, wanted: list[tuple[str, str]]) -> dict[str, int]:
    """小部件的哪几个属性设成几；没有这个滑块、没有这一档时抛出 ValueError。"""
    sliders = {
        h["name"]: (f"axis_{h['slider']}", spec["sliders"][h["slider"]]["options"])
        for h in spec["hyperparameters"]
        if h["slider"] is not None
    }
    if len(spec["steps"]) > 1:
        sliders.setdefault("step", ("step", [f"{step + 0:g}" for step in spec["steps"]]))
    found = {}
    for name, value in wanted:
        if name not in sliders:
            raise ValueError(f"没有滑块 {name}，只有 {'、'.join(sliders)}")
        trait, options = sliders[name]
        at = next((i for i, option in enumerate(options) if same(option, value)), None)
        if at is None:
            raise ValueError(f"的 {name} 没有 {value} 这一档，可以选 {'、'.join(options)}")
        found[trait] = at
    return found


def same(option: str, value: str) -> bool:
    """取值写得一样，或是同一个数。"""
    try:
        return option == value or float(option) == float(value)
    except ValueError:
        return False


def visit(translator, node: setting) -> None:
    data = escape(json.dumps(node["traits"]))
    label = ""
    if all(isinstance(text.parent, nodes.math) for text in node.findall(nodes.Text)):
        # 只有公式的链接，读屏软件念不出名字：念要拨到的值
        spoken = "，".join(f"{name} 拨到 {value}" for name, value in node["wanted"])
        label = f' aria-label="{escape(spoken)}"'
    translator.body.append(f'<a class="setting" href="#{node["place"]}" data-set="{data}"{label}>')


def depart(translator, node: setting) -> None:
    translator.body.append("</a>")


def setup(app: Sphinx) -> None:
    app.add_node(setting, html=(visit, depart))
    app.add_transform(FindSettings)
    app.connect("doctree-read", aim, priority=800)  # “先猜”的卡片已经排好
