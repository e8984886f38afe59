"""网页上的可拖动的图：一页共用一份脚本，省去空着的状态。"""

import json

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


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


def setup(app: Sphinx) -> None:
    app.connect("env-updated", share_scripts)
