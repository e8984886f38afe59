"""由数据生成的页面：首页的卡片、知识点索引。

来源是 syllabus.yml、_toc.yml 和单元格的 ``topics`` 元数据。
"""

import json
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from theme.drawings import drawing, load_parts


def topic_cells(notebook: dict) -> dict[str, int]:
    """知识点编号 -> 最先讲它的 Markdown 单元格的序号。"""
    first: dict[str, int] = {}
    for i, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "markdown":
            for topic in cell["metadata"].get("topics", []):
                first.setdefault(topic, i)
    return first


def finished_chapters(root: Path) -> dict[str, str]:
    """章的编号 -> 页面名，只含 _toc.yml 里列出的。"""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return {Path(name).name: name for name in files if Path(name).name.startswith("ch")}


def find_chapters(app: Sphinx, config: Config) -> None:
    config.finished = finished_chapters(Path(app.srcdir))


def chapter_number(chapter: dict) -> int:
    return int(chapter["id"][2:4])


CHINESE_NUMBERS = "一二三四五六七八九十"


def part_cards(root: Path) -> str:
    """首页的卡片：八部，每部列出它的章。"""
    done = finished_chapters(root)
    lines = [":::::{container} parts"]
    for i, part in enumerate(load_parts(root)):
        lines += [f"::::{{container}} part part-{i + 1}"]
        lines += [f"### 第{CHINESE_NUMBERS[i]}部　{part['title']}", ""]
        for chapter in part["chapters"]:
            number, title = f"[{chapter_number(chapter)}]{{.number}}", chapter["title"]
            if name := done.get(chapter["id"]):
                lines.append(f"- {number} [{title}](/{name}) {drawing(root, chapter['id'])}")
            else:
                lines.append(f"- {number} [{title}]{{.title}} [编写中]{{.todo}}")
        lines.append("::::")
    return "\n".join([*lines, ":::::"])


def topic_index(root: Path) -> str:
    """知识点索引：按部与章列出，写好的链接到讲它的那一节。"""
    done = finished_chapters(root)
    lines = []
    for number, part in zip(CHINESE_NUMBERS, load_parts(root), strict=False):
        lines += [f"## 第{number}部　{part['title']}", ""]
        for chapter in part["chapters"]:
            known = set()
            if name := done.get(chapter["id"]):
                known = set(topic_cells(json.loads((root / f"{name}.ipynb").read_text("utf-8"))))
            todo = "" if known else " [编写中]{.todo}"
            lines += [f"### 第 {chapter_number(chapter)} 章　{chapter['title']}{todo}", ""]
            lines.append(":::{container} topics")
            for topic, title in chapter["topics"].items():
                lines.append(f"- {{ref}}`{title} <{topic}>`" if topic in known else f"- {title}")
            lines.append(":::\n")
    return "\n".join(lines)


GENERATED = {"book/index": part_cards, "book/appendix/topics": topic_index}
PLACEHOLDER = "<!-- 由 theme/pages.py 生成 -->"


def transform_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """在讲某个知识点的单元格前放一个同名的标签；在占位处放进生成的内容。"""
    if docname in GENERATED:
        source[0] = source[0].replace(PLACEHOLDER, GENERATED[docname](Path(app.srcdir)))
    elif env_path_is_notebook(app.env, docname):
        notebook = json.loads(source[0])
        for topic, i in topic_cells(notebook).items():
            cell = notebook["cells"][i]
            cell["source"] = f"({topic})=\n" + "".join(cell["source"])
        source[0] = json.dumps(notebook, ensure_ascii=False)


def delay_images(app: Sphinx, doctree: nodes.document) -> None:
    """图片滚到附近才下载。"""
    for image in doctree.findall(nodes.image):
        image["loading"] = "lazy"


def env_path_is_notebook(env: BuildEnvironment, docname: str) -> bool:
    return str(env.doc2path(docname)).endswith(".ipynb")


def always_reread(app, env, added, changed, removed) -> list[str]:
    """生成的页面取决于别的文件，每次都重读。"""
    return [name for name in GENERATED if name in env.found_docs]


def setup(app: Sphinx) -> None:
    app.add_config_value("finished", {}, "env")  # 多写好一章，各页的链接都要重做
    app.connect("config-inited", find_chapters)
    app.connect("env-get-outdated", always_reread)
    app.connect("source-read", transform_source)
    app.connect("doctree-read", delay_images)
