"""WCAG 2.1 的对比度。"""

import re

import numpy as np


def luminance(color: str) -> float:
    """CSS 颜色 ``rgb(…)`` 的相对亮度。"""
    rgb = np.array([int(c) for c in re.findall(r"\d+", color)[:3]]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """两种颜色的对比度，1 到 21。"""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
