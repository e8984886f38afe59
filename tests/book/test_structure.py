"""目录、骨架、文件三者一致；每一章都有该有的部分，讲完了它的知识点。"""

import itertools
import re
from pathlib import Path

from book_files import NOTEBOOKS, ROOT, cells, source

from theme.pages import CHINESE_NUMBERS, finished_chapters, topic_cells
from utils.checks import exercises

OPENING = ["**一句话**", "## 学习目标", "**预计用时**", "**先修**"]
ANATOMY = ["常见误区", "小结", "练习", "延伸阅读"]  # 最后四节，依次
MIN_EXERCISES, MIN_CHECKED = 5, 3


def chapters(syllabus: list[dict]) -> dict[str, tuple[dict, dict]]:
    return {chapter["id"]: (part, chapter) for part in syllabus for chapter in part["chapters"]}


def headings(notebook: dict) -> list[tuple[int, str]]:
    """笔记本里的标题：（级别，文字），不含代码块里的 #。"""
    text = "\n\n".join(source(cell) for cell in cells(notebook, "markdown"))
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) +(.+)$", text, re.M)]


def test_the_syllabus_has_eight_parts_and_every_topic_once(syllabus):
    topics = [t for _, chapter in chapters(syllabus).values() for t in chapter["topics"]]
    assert len(syllabus) == 8
    assert [int(name[2:4]) for name in chapters(syllabus)] == list(range(1, 33))
    assert len(topics) == len(set(topics)) == 555


def test_the_toc_lists_exactly_the_notebooks_in_the_order_of_the_syllabus(toc, syllabus):
    listed = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert all(
        any((ROOT / f"{name}{suffix}").exists() for suffix in (".ipynb", ".md")) for name in listed
    )
    done = finished_chapters(ROOT)
    assert {ROOT / f"{name}.ipynb" for name in done.values()} == set(NOTEBOOKS)
    known = chapters(syllabus)
    assert list(done) == [name for name in known if name in done]
    for name, file in done.items():
        part = known[name][0]
        assert Path(file).parent.name.startswith(f"{part['id']}_"), f"{file} 不在它那一部的文件夹里"


def test_the_captions_of_the_toc_are_the_titles_of_the_parts(toc, syllabus):
    titles = {
        f"第{number}部　{part['title']}"
        for number, part in zip(CHINESE_NUMBERS, syllabus, strict=False)
    }
    assert {part["caption"] for part in toc["parts"]} <= titles | {"附录"}


def test_a_finished_chapter_carries_all_its_topics_and_no_others(path, notebook, syllabus):
    wanted = set(chapters(syllabus)[path.stem][1]["topics"])
    carried = set(topic_cells(notebook))
    assert carried == wanted, f"缺 {wanted - carried}，多 {carried - wanted}"


def test_the_title_is_that_of_the_syllabus(path, notebook, syllabus):
    chapter = chapters(syllabus)[path.stem][1]
    levels = headings(notebook)
    assert levels[0] == (1, f"第 {int(path.stem[2:4])} 章　{chapter['title']}")
    assert [level for level, _ in levels].count(1) == 1
    steps = itertools.pairwise(levels)
    assert all(after[0] <= before[0] + 1 for before, after in steps), "标题跳级了"


def test_the_opening_says_what_the_reader_will_be_able_to_do(notebook):
    text = source(notebook["cells"][0])
    positions = [text.find(wanted) for wanted in OPENING]
    assert -1 not in positions and positions == sorted(positions), dict(
        zip(OPENING, positions, strict=True)
    )
    goals = re.findall(r"^\d+\. ", text, re.M)
    assert 3 <= len(goals) <= 5, f"学习目标有 {len(goals)} 条"


def test_the_anatomy_of_a_chapter_is_complete(notebook):
    last = [title for level, title in headings(notebook) if level == 2][-len(ANATOMY) :]
    for wanted, title in zip(ANATOMY, last, strict=True):
        assert title.endswith(wanted), (
            f"最后几节应当是{'、'.join(ANATOMY)}，现在是{'、'.join(last)}"
        )


def test_a_chapter_has_enough_exercises_and_its_checks_exist(path, notebook):
    text = "\n".join(source(cell) for cell in cells(notebook, "markdown"))
    numbers = [int(n) for n in re.findall(r"^### 练习 (\d+)", text, re.M)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= MIN_EXERCISES, numbers
    code = "\n".join(source(cell) for cell in cells(notebook, "code"))
    used = set(re.findall(r"\bcheck\(\s*\"([^\"]+)\"", code))
    assert len(used) >= MIN_CHECKED
    known = {name for name in exercises() if name.startswith(path.stem[:4] + ".")}
    assert used == known, f"笔记本里用到而没有的检查：{used - known}；没有用到的：{known - used}"


def test_what_is_folded_on_the_site_is_folded_in_jupyterlab_and_colab(notebook):
    for cell in cells(notebook, "code"):
        if {"hide-input", "verify"} & {*cell["metadata"].get("tags", [])}:
            hidden = cell["metadata"].get("jupyter", {}).get("source_hidden")
            assert hidden, f"{cell['id']} 在 JupyterLab 里没有折叠"
            assert cell["metadata"].get("cellView") == "form", f"{cell['id']} 在 Colab 上没有折叠"


def test_meanings_of_controls_are_short_sentences(notebook):
    """卡片里不排公式；手机上两三行。"""
    for cell in cells(notebook, "code"):
        for name, meaning in cell["metadata"].get("controls", {}).items():
            assert meaning.endswith("。") and len(meaning) <= 60, f"{cell['id']}：{name}"
            assert not set("$*`\n") & set(meaning), f"{cell['id']}：{name}"


def test_every_checked_exercise_has_a_folded_solution_that_passes_its_own_check(notebook):
    for cell in cells(notebook, "code"):
        if "solution" in cell["metadata"].get("tags", []):
            assert "hide-input" in cell["metadata"]["tags"], "答案在网站上没有折叠"
    solutions = "\n".join(
        source(cell)
        for cell in cells(notebook, "code")
        if "solution" in cell["metadata"].get("tags", [])
    )
    stubs = "\n".join(
        source(cell)
        for cell in cells(notebook, "code")
        if "solution" not in cell["metadata"].get("tags", [])
    )
    asked = set(re.findall(r"\bcheck\(\s*\"([^\"]+)\"", stubs))
    answered = set(re.findall(r"assert check\(\s*\"([^\"]+)\".*?\)\.passed", solutions, re.S))
    assert asked == answered


def test_further_reading_is_in_the_references(notebook):
    bib = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    plain = lambda text: re.sub(r"[^\w]", "", text.casefold())  # noqa: E731
    titles = [plain(t) for t in re.findall(r"^\s*title = \{(.+)\},$", bib, re.M)]
    text = "\n".join(source(cell) for cell in cells(notebook, "markdown"))
    section = re.split(r"^## .*延伸阅读.*$", text, flags=re.M)[1]
    entries = re.findall(r"^[-*] (.+(?:\n  .+)*)", re.split(r"^## ", section, flags=re.M)[0], re.M)
    assert entries
    for entry in entries:
        assert any(title in plain(entry) for title in titles), f"参考文献里没有：{entry}"
