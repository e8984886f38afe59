"""同一种小部件的脚本一页存一份，不同的各存各的。"""

import json
from types import SimpleNamespace

from theme.explorers import STATE, share_scripts
from utils.explorer import View

OWN = f"{View.__module__}.{View.__name__}"


def widget(script: str, name: str) -> dict:
    state = {"_esm": script, "_css": None, "_anywidget_id": name}
    return {"model_module": "anywidget", "state": state}


def restored(models: dict) -> dict[str, str]:
    """share_scripts 存下的页面，像 theme/widgets.js 那样填回去：每个小部件的脚本。"""
    attributes = {"body": json.dumps({"state": models})}
    page = {"js_files": {STATE: (None, attributes)}}
    share_scripts(None, SimpleNamespace(nb_metadata={"page": page}))
    stored = json.loads(attributes["body"])
    assert len(stored["shared"]) == 2
    assert all("_esm" not in model["state"] for model in stored["state"].values())
    shared = stored["shared"]
    return {k: shared[m["state"]["_shared"]]["_esm"] for k, m in stored["state"].items()}


def test_another_widget_keeps_its_own_script():
    models = {"a": widget("old", OWN), "b": widget("other", "x.Y"), "c": widget("old", OWN)}
    assert restored(models) == {"a": View._esm, "b": "other", "c": View._esm}


def test_two_other_widgets_keep_theirs():
    models = {"a": widget("one", "x.A"), "b": widget("two", "x.B")}
    assert restored(models) == {"a": "one", "b": "two"}
