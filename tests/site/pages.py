"""构建好的网站在哪里，有哪些页面。"""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
HOME = "book/index.html"
SPECIMEN = "book/specimen.html"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = sorted(
    f"{chapter['file']}.html"
    for part in TOC["parts"]
    for chapter in part["chapters"]
    if Path(chapter["file"]).name.startswith("ch")
)
# 还没有构建时至少有首页和各章，它们的测试会说该怎么做
PAGES = sorted(
    {HOME, *CHAPTERS}
    | {
        path.relative_to(HTML).as_posix()
        for path in HTML.rglob("*.html")
        if "_static" not in path.parts and path != HTML / "index.html"
    }
)
WITH_EXPLORERS = [HOME, *CHAPTERS, SPECIMEN]
