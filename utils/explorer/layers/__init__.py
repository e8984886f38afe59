"""图层：告诉可拖动的图，扫描结果里的哪些数组画成什么。

一种图层一个类，它的一切都在这个类里：取哪些数组（``resolve``）、占多大范围（``reach``）、
怎样告诉浏览器（``spec``、``encode``）、怎样画进 PNG（``paint``）。浏览器里的那一半是
``layers.js`` 里同名的一项。加一种图层只动这两处。
"""

from utils.explorer.layers.bars import Bars
from utils.explorer.layers.base import Layer
from utils.explorer.layers.image import Image
from utils.explorer.layers.lines import Line, Path
from utils.explorer.layers.points import Points
from utils.explorer.layers.segments import Segments
from utils.explorer.layers.text import Text

__all__ = ["Bars", "Image", "Layer", "Line", "Path", "Points", "Segments", "Text"]
