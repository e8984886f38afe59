"""每张图都有文字说明：没有的，构建停下来，说出是哪一章哪一格。"""

from types import SimpleNamespace

import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

from theme.figures import describe_figures

APP = SimpleNamespace(env=SimpleNamespace(docname="book/p1_x/ch01"))


def cell(output: nodes.Node, source: str, **metadata: str) -> nodes.container:
    code = nodes.container("", nodes.literal_block(source, source))
    code["nb_element"] = "cell_code_source"
    outer = nodes.container("", code, output, cell_metadata=metadata)
    outer["nb_element"] = "cell_code"
    return outer


def page(*children: nodes.Node) -> nodes.document:
    document = nodes.document(None, None)
    document += children
    return document


def described(*children: nodes.Node) -> str:
    document = page(*children)
    describe_figures(APP, document)
    return next(document.findall(nodes.image))["alt"]


def test_the_written_alt_comes_before_the_titles_of_the_figure():
    drawing = 'plt.plot(x)\nplt.title("一条线")'
    before = nodes.paragraph("", "", nodes.Text("看下面。别的"))
    assert described(cell(nodes.image(uri="a.png"), drawing, alt="写好的")) == "写好的"
    assert described(before, cell(nodes.image(uri="a.png"), drawing)) == "图：一条线。看下面"


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (cell(nodes.image(uri="a.png"), "plt.plot(x)"), "第 1 格代码（“plt.plot(x)”）"),
        (cell(nodes.image(uri="a.png"), "plt.plot(x)", alt=" "), "第 1 格代码"),
        (nodes.paragraph("", "", nodes.image(uri="a.png")), "文字里"),
        (nodes.raw("", '<img src="a.png">', format="html"), '<img src="a.png">'),
        (cell(nodes.raw("", '<img alt="" src="b">', format="html"), "show()"), "“show\\(\\)”"),
    ],
)
def test_a_picture_without_alt_stops_the_build(picture, message):
    with pytest.raises(ExtensionError, match=message.replace("(x)", r"\(x\)")) as error:
        describe_figures(APP, page(picture))
    assert "book/p1_x/ch01" in str(error.value)


def test_a_raw_picture_with_alt_is_fine():
    describe_figures(APP, page(nodes.raw("", "<img src='a' alt='一条线'>", format="html")))
