"""数据集：``load(名字)`` 返回一个数据集、一批文字，或者一个预训练好的模型。

- ``embedded``：不联网的，内置或者在本机生成；
- ``remote``：发布在网上的三个图像数据集；
- ``registry``：软件源里的中文语料与预训练模型。

后两种第一次用到时才下载，核对校验和，存进缓存文件夹，以后不再联网。
"""

import inspect
from collections.abc import Callable
from typing import Any

from utils.data import embedded, registry, remote
from utils.data.dataset import Dataset, Pretrained, TaggedSentences, Texts, suggest
from utils.data.download import CACHE_VARIABLE, DownloadError

__all__ = [
    "CACHE_VARIABLE",
    "Dataset",
    "DownloadError",
    "Pretrained",
    "TaggedSentences",
    "Texts",
    "load",
]

_SETS: dict[str, Callable[..., Any]] = embedded.SETS | remote.SETS | registry.SETS


def load(name: str, **options: Any) -> Dataset | Texts | TaggedSentences | Pretrained:
    """按名字取一个数据集。

    >>> data = load("diabetes")
    >>> data
    Dataset「糖尿病」442 个样本 × 10 个特征 → 一年后的病情进展
    >>> bmi = data.column("bmi")  # 形状 (442,)，单位 kg/m²

    ================= ============ ====== =====================================================
    名字              n（训练）    d      内容
    ================= ============ ====== =====================================================
    diabetes          442          10     一年后的病情进展（回归）；原始单位，没有缩放过
    digits            1797         64     8×8 的手写数字，10 类；灰度由 0–16 除以 16
    breast_cancer     569          30     乳腺肿瘤：0 恶性、1 良性；原始单位
    wine              178          13     三个品种的葡萄酒的化学成分；原始单位
    iris              150          4      三种鸢尾花的花萼、花瓣尺寸，cm
    pokemon           75           5      合成的宝可梦进化前后的 CP（回归），公式见 ``_pokemon``
    mnist1d           4000 + 1000  40     MNIST-1D：40 点的一维“手写数字”信号，10 类
    mnist             60000+10000  784    28×28 手写数字，10 类；灰度除以 255。下载约 12 MB
    fashion_mnist     60000+10000  784    28×28 服饰照片，10 类；灰度除以 255。下载约 31 MB
    cifar10           50000+10000  3072   3×32×32 彩色照片，10 类；除以 255。下载约 170 MB
    ================= ============ ====== =====================================================

    文字与模型。后四个从 pip 的软件源下载，照 pip 自己的镜像、代理、证书设置；软件包不安装、不运行：

    ================= ================= =======================================================
    名字              返回              内容
    ================= ================= =======================================================
    prose             Texts             本书前三部的文字，按章分类；不联网
    reviews           Texts             真实的中文评论，0 差评、1 好评，已去重。下载 38 MB
    tagged_words      TaggedSentences   1998 年报纸，19,484 段、112 万个词，标了词性。下载同上
    minilm            Pretrained        MiniLM，一种 BERT，2270 万个参数。84 MB，要装 safetensors
    smollm2           Pretrained        SmolLM2，1.35 亿个参数的语言模型。93 MB；要装 gguf
    ================= ================= =======================================================

    每次返回新的数组，改动它们不影响下一次 ``load``。

    选项
    ----
    pokemon : ``n=75`` 行数，``seed=0`` 随机种子。
    mnist1d : ``n=5000`` 训练与测试的总数（10 的倍数），``seed=42``；默认即论文公布的数据集。
    三个图像数据集 : ``n``、``n_test`` 只取训练集、测试集的前若干个，默认全部。
    要下载的 : ``cache_dir`` 缓存文件夹，默认取自环境变量 ``DRAGGABLE_ML_DATA``，
        再默认系统的缓存文件夹；``progress=True`` 是否显示下载进度。

    异常
    ----
    TypeError, ValueError : 名字或选项不对，或者缓存里的文件无法解析。
    DownloadError : 所有来源都失败了。它是 OSError 的一种；缓存文件夹写不进去时也抛出 OSError。
    ImportError : 没有装读模型要用的包。
    """
    if not isinstance(name, str):
        raise TypeError(f"name 应当是数据集的名字，收到的是 {type(name).__name__}：{name!r}。")
    if name not in _SETS:
        raise ValueError(f"没有名叫 {name!r} 的数据集。{suggest(name, _SETS)}")
    loader = _SETS[name]
    known = list(inspect.signature(loader).parameters)
    for option in options:
        if option not in known:
            hint = suggest(option, known) if known else "它没有任何选项。"
            raise TypeError(f"{name} 没有名叫 {option!r} 的选项。{hint}")
    return loader(**options)
