"""网页上的可拖动的图：预先占好位置，状态放在页面之后；动不了的时候换成图片。"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

from theme import cells, labels
from utils.explorer import View

CSS = Path(__file__).parent.parent / "utils" / "explorer" / "explorer.css"
FALLBACK = Path(__file__).parent / "static" / "fallback.js"
SORRY = (
    "这幅图在这里动不了（脚本被关掉、拦住、没有取到，或者浏览器太旧），先看它的图片。"
    "要拖动，请允许本站的脚本，并用 Chrome 100、Safari 15.4、Firefox 100 或更新的浏览器。"
)
STATE = "ipywidgets_state"


# ---------- 状态 ----------


def share_scripts(app: Sphinx, env: BuildEnvironment) -> None:
    """同一种小部件的脚本一页只存一份，用散列指认；页面上由 theme/widgets.js 填回去。

    本书自己的小部件用此刻的脚本（不是执行笔记本时的），样式由页面的 explorer.css 提供。
    没有写明的状态就是默认值，空着的也一并省去。
    """
    for page in env.nb_metadata.values():
        if STATE not in page.get("js_files", {}):
            continue
        _, attributes = page["js_files"][STATE]
        widgets = json.loads(attributes["body"])
        shared = widgets.setdefault("shared", {})
        for model in widgets["state"].values():
            state = model["state"] = {k: v for k, v in model["state"].items() if v is not None}
            if "_esm" not in state or model["model_module"] != "anywidget":
                continue
            own = state.get("_anywidget_id") == f"{View.__module__}.{View.__name__}"
            scripts = {k: state.pop(k) for k in ("_esm", "_css") if k in state}
            scripts = {"_esm": View._esm} if own else scripts
            name = hashlib.sha256(json.dumps(scripts).encode()).hexdigest()[:12]
            shared[name], state["_shared"] = scripts, name
        attributes["body"] = _json(widgets)


def spec_of(state: dict[str, Any], model_id: str) -> dict[str, Any] | None:
    """一张图的说明；不是本书的图（例如单独一个滑块）就没有。"""
    children = state[model_id]["state"].get("children", [])
    for model in (state[child.removeprefix("IPY_MODEL_")] for child in children):
        for buffer in model.get("buffers", []):
            if buffer["path"] == ["payload"]:
                packed = zlib.decompress(base64.b64decode(buffer["data"]))
                end = 4 + int.from_bytes(packed[:4], "little")
                return json.loads(packed[4:end])
    return None


def pictures(
    env: BuildEnvironment, doctree: nodes.document
) -> Iterator[tuple[nodes.Element, dict]]:
    """一页上可拖动的图，从上到下：它的输出节点和说明。"""
    page = env.nb_metadata.get(env.docname, {}).get("js_files", {})
    state = json.loads(page[STATE][1]["body"])["state"] if STATE in page else {}
    for bundle in doctree.findall(is_bundle):
        for child in bundle.children:
            if child["mime_type"] == WIDGET_VIEW_MIMETYPE and (
                spec := spec_of(state, model(child))
            ):
                yield bundle, spec


def is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def model(view: nodes.Element) -> str:
    """小部件的输出节点 -> 它的模型的编号。"""
    script = view.astext() or _html(view)
    return json.loads(script[script.index(">") + 1 : script.rindex("<")])["model_id"]


# ---------- 版面 ----------


def skeleton(spec: dict[str, Any], name: Callable[[str], str] = escape) -> str:
    """与画好的图一样的骨架：同样的类、同样的宽高比，所以图到了以后页面不动。

    ``name`` 给控件的名字放上卡片。
    """
    parts = ['<div class="explorer explorer-skeleton" aria-hidden="true">']
    parts.append('<div class="explorer-controls">')
    for slider in _controls(spec):
        parts.append(f'<div class="{slider["class"]}"><span class="widget-label">')
        parts.append(f"{name(slider['label'])}</span>")
        if slider["buttons"]:
            buttons = (f"<span>{escape(text)}</span>" for text in slider["buttons"])
            parts.append(f"<div>{''.join(buttons)}</div>")
        parts.append("</div>")
    parts.append('</div><div class="explorer-view">')
    if spec["title"]:
        parts.append(f'<div class="explorer-title">{escape(spec["title"])}</div>')
    parts.append(_toolbar(spec))
    parts.append('<div class="explorer-panels">')
    for number, panel in enumerate(spec["panels"]):
        parts.append(_panel(spec, number, panel))
    parts.append("</div>")
    if spec["caption"]:
        parts.append(f'<p class="explorer-caption">{escape(spec["caption"])}</p>')
    return "".join([*parts, "</div></div>"])


def _toolbar(spec: dict[str, Any]) -> str:
    """按钮和打开时的那句话：手机上它占第二行。"""
    button, parts = '<span class="explorer-button">{}</span>'.format, []
    if len(spec["steps"]) > 1:
        speed = "<select class='explorer-speed' disabled><option>0.5×</option></select>"
        parts += [button("▶ 播放"), speed]
    if spec["sliders"]:
        parts.append(button("钉住对比"))
    if len(spec["steps"]) > 1:
        ring = "或图上的圆环" if any(layer["drag"] for layer in spec["layers"]) else ""
        parts.append(f"<span>先猜一猜，再按“播放”，拖动滑块{ring}。</span>")  # 与 view.js 相同
    return f'<div class="explorer-toolbar">{"".join(parts)}</div>'


def _controls(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """各个控件占的行：数和步数是滑块，选项是一排按钮或下拉框。"""
    row = "widget-inline-hbox"
    out = []
    for slider, h in zip(spec["sliders"], _with_slider(spec), strict=True):
        buttons = slider["options"] if h["options"] and len(slider["options"]) <= 6 else []
        many = "widget-dropdown" if h["options"] else row
        kind = "widget-toggle-buttons" if buttons else many
        out.append({"class": kind, "label": slider["label"], "buttons": buttons})
    if len(spec["steps"]) > 1:
        out.append({"class": f"{row} explorer-step", "label": spec["stepLabel"], "buttons": []})
    return out


def _with_slider(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [h for h in spec["hyperparameters"] if h["slider"] is not None]


def _panel(spec: dict[str, Any], number: int, panel: dict[str, Any]) -> str:
    width, height = panel["width"], panel["height"]  # 下面的宽与 panel.js 相同
    items = [f"<li>{SWATCH.format('line')}{escape(x['label'])}</li>" for x in panel["legend"]]
    items += [_legend_item(x) for x in spec["layers"] if x["panel"] == number and x["label"]]
    legend = f'<ul class="explorer-legend">{"".join(items)}</ul>' if items else ""
    return (
        f'<div class="explorer-panel" style="flex:{width} 1 {min(width, 240)}px;'
        f'max-width:{1.25 * width}px"><div class="explorer-stage" '
        f'style="aspect-ratio:{width}/{height}"></div>{legend}</div>'
    )


SWATCH = '<span class="explorer-swatch explorer-swatch-{}"></span>'


def _legend_item(layer: dict[str, Any]) -> str:
    """图例的一项：色样、名字、读数的位置；与 panel.js 相同。"""
    value = f"explorer-value{' reads-' + layer['type'] if layer['history'] else ''}"
    label, swatch = escape(layer["label"]), SWATCH.format(layer["type"])
    return f'<li>{swatch}{label} <span class="{value}"></span></li>'


class PlaceExplorers(SphinxPostTransform):
    """小部件的输出换成：占位的骨架、小部件、没有脚本时的图片。笔记本里另存的那张图片不要。"""

    default_priority = 3  # 在 myst-nb 挑选输出格式（4）之前
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        page = self.env.nb_metadata.get(self.env.docname, {}).get("js_files", {})
        if STATE not in page:
            return
        state = json.loads(page[STATE][1]["body"])["state"]
        name = labels.names(self.app, self.env.docname, self.document)
        for bundle in list(self.document.findall(is_bundle)):
            kinds = {child["mime_type"]: child for child in bundle.children}
            if 'class="explorer-picture"' in _html(kinds.get("text/html")):
                bundle.parent.remove(bundle)
            elif WIDGET_VIEW_MIMETYPE in kinds and "image/png" in kinds:
                self._place(bundle, kinds, state, name)

    def _place(self, bundle: nodes.Element, kinds: dict, state: dict[str, Any], name) -> None:
        view = kinds[WIDGET_VIEW_MIMETYPE]
        spec = spec_of(state, model(view))
        if spec is None:
            return
        for image in kinds["image/png"].findall(nodes.image):
            image["alt"] = spec["alt"]
        script = view.astext() or _html(view)
        own = meanings(bundle, spec)
        layout = skeleton(spec, lambda label: name(label, own))
        place = f' id="{bundle["place"]}"' if "place" in bundle else ""  # 正文里有链接来
        raw = [
            f'<div class="explorer-slot"{place}>{layout}{script}<noscript>',
            f"<p>{SORRY}</p></noscript></div>",
        ]
        bundle.parent["classes"].append("with-explorer")  # 样式用；``:has`` 要到 Firefox 121
        before, after = (nodes.raw("", text, format="html") for text in raw)
        bundle.replace_self([before, *kinds["image/png"].children, after])


def meanings(bundle: nodes.Element, spec: dict[str, Any]) -> dict[str, str]:
    """这一格的 metadata 里写明的：控件的名字 -> 一句话。没有这个控件，就停下来说清楚。"""
    own = cells.of(bundle)["cell_metadata"].get("controls", {})
    if unknown := own.keys() - {control["label"] for control in _controls(spec)}:
        names = "、".join(unknown)
        raise ExtensionError(f"单元格 metadata 的 controls 里写着这幅图没有的控件：{names}。")
    return own


def _html(container: nodes.Element | None) -> str:
    return (
        "".join(n.rawsource or n.astext() for n in container.findall(nodes.raw))
        if container
        else ""
    )


# ---------- 脚本 ----------


def place_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """状态放到页面最后；脚本都等正文出来再运行（搜索页除外：它自己的脚本要按次序马上运行）。"""
    scripts, state = context.get("script_files", []), ""
    for number, script in reversed(list(enumerate(scripts))):
        attributes = getattr(script, "attributes", {})
        if attributes.get("type", "").endswith("widget-state+json"):
            first, more = divide(json.loads(attributes["body"]), context["body"])
            src = f' data-more="{write_more(app, pagename, more)}"' if more["state"] else ""
            state = f'<script type="{attributes["type"]}"{src}>{_json(first)}</script>'
            del scripts[number]
        elif pagename != "search":
            scripts[number] = deferred(script)
    context["widget_state"] = state
    if state:
        app.add_js_file(None, body=FALLBACK.read_text(encoding="utf-8"), priority=100)
        app.add_css_file("widgets/manager.css", priority=400)  # 本书自己的样式在它之后


def divide(page: dict[str, Any], body: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """状态分成两份：页面上第一幅图的（连同各幅图共用的脚本），和其余的。

    网慢的手机上，第一幅图不必等全部的图都下载完。
    """
    models, first = page["state"], {}
    found = re.search(r'widget-view\+json">(.+?)</script>', body, re.DOTALL)
    wanted = [json.loads(found[1])["model_id"]] if found else []
    while wanted:
        name = wanted.pop()
        if name not in first:
            first[name] = models[name]
            wanted += re.findall(r"IPY_MODEL_(\w+)", json.dumps(models[name]["state"]))
    more = {name: model for name, model in models.items() if name not in first}
    return page | {"state": first}, {"state": more}


def write_more(app: Sphinx, pagename: str, more: dict[str, Any]) -> str:
    """其余的图的状态写成一个脚本（从 file:// 打开的网页读不了 JSON 文件），返回它的地址。"""
    text = f"moreFigures({json.dumps(more)});\n"
    path = Path(app.outdir, f"{pagename}.figures.js")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return f"{path.name}?v={hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _json(page: dict[str, Any]) -> str:
    """放进 HTML 的 JSON。"""
    return json.dumps(page).replace("</", "<\\/")


def deferred(script):
    """等正文出来再运行的同一个脚本。各页共用原来那一个，不能改它。"""
    name, attributes = getattr(script, "filename", None), getattr(script, "attributes", {})
    inline = name and "documentation_options.js" in name  # 主题在行内接着用它
    if not name or inline or "async" in attributes:
        return script
    return type(script)(name, priority=script.priority, **attributes | {"defer": "defer"})


def add_files(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(CSS))


def setup(app: Sphinx) -> None:
    app.add_js_file("polyfills.js", priority=50, loading_method="defer")
    for name in ("explorer.css", "explorers.css"):
        app.add_css_file(name)
    app.add_post_transform(PlaceExplorers)
    app.connect("config-inited", add_files)
    app.connect("env-updated", share_scripts)
    app.connect("html-page-context", place_scripts)
