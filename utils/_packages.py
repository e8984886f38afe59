"""导入辅助包以前：内核里缺哪些包，用一句话说出来，而不是停在第一个导入上。"""

from importlib.util import find_spec

PACKAGES = (
    "anywidget ipywidgets joblib matplotlib mnist1d numpy pooch requests sklearn torch tqdm xarray"
    " zhplot"
).split()


class MissingPackages(ImportError):
    """只显示这一句话，不显示回溯。"""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


if missing := [name for name in PACKAGES if find_spec(name) is None]:
    raise MissingPackages(
        f"内核里没有 {'、'.join(missing)}：请照 README 装好环境，再选那里的 .venv 作内核。"
    )
