"""下载一个文件：依次试几个来源，核对校验和，存进缓存文件夹。

坏了的文件从不删掉，只改名让开；连不上的原因（证书、代理、断线）照实说。
"""

import contextlib
import functools
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pooch
import requests
import urllib3
from tqdm.auto import tqdm

CACHE_VARIABLE = "DRAGGABLE_ML_DATA"
"""环境变量：下载的数据集放在哪个文件夹。不设就用系统的用户缓存文件夹。"""


class DownloadError(OSError):
    """所有来源都没能给出完整的文件。"""


class TransferError(Exception):
    """这个来源给不出文件；信息是给读者看的原因。换一个来源可能就好。"""


class File(NamedTuple):
    """一个文件应有的样子：字节数，和 ``"算法:十六进制"`` 写成的校验和。"""

    size: int
    digest: str

    def matches(self, path: Path) -> bool:
        """``path`` 的内容是否正是这个文件。"""
        algorithm, _, expected = self.digest.partition(":")
        return pooch.file_hash(str(path), alg=algorithm) == expected


class Source(Protocol):
    """一个来源：``name`` 写进报错里；``link()`` 给出下载地址，给不出时抛出 TransferError。"""

    name: str

    def link(self) -> "Link": ...


@dataclass(frozen=True)
class Link:
    """一个下载地址（http、https 或 file），以及 ``requests.get`` 的参数。它自己就是一个来源。"""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """不带用户名和密码的地址。"""
        return without_password(self.url)

    def link(self) -> "Link":
        return self


def without_password(url: str) -> str:
    """地址里的用户名和密码换成 ``****``，好写进报错和进度条。"""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc="****@" + parts.netloc.rpartition("@")[2]).geturl()


# ---------------------------------------------------------------------------- 缓存


def cache_folder(cache_dir: str | os.PathLike | None) -> Path:
    """缓存文件夹：参数优先，其次环境变量 ``DRAGGABLE_ML_DATA``，再次系统的用户缓存文件夹。"""
    if cache_dir is None:
        cache_dir = os.environ.get(CACHE_VARIABLE) or pooch.os_cache("draggable-ml")
    elif not isinstance(cache_dir, str | os.PathLike):
        raise TypeError(
            f"cache_dir 应当是文件夹的路径，收到的是 {type(cache_dir).__name__}：{cache_dir!r}。"
        )
    return Path(cache_dir).expanduser()


def check_progress(progress: Any) -> None:
    if not isinstance(progress, bool):
        raise TypeError(f"progress 应当是 True 或 False，收到的是 {progress!r}。")


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """往 ``folder`` 里写东西；写不进去时说明是哪个文件夹、怎么办。"""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except DownloadError:
        raise
    except OSError as error:
        raise OSError(
            f"没法写入缓存文件夹 {folder}（{error}）。请检查磁盘空间和权限，"
            f"或用 cache_dir=...、环境变量 {CACHE_VARIABLE} 换一个文件夹。"
        ) from error


def is_intact(path: Path, file: File) -> bool:
    """``path`` 在不在、对不对。在而不对的改名让开：它也许是读者辛苦拷来的，不能不声不响地删掉。"""
    if not path.exists():
        return False
    if file.matches(path):
        return True
    aside = path.with_name(path.name + ".mismatch")
    for i in range(2, 1000):
        if not aside.exists():
            break
        aside = path.with_name(f"{path.name}.mismatch{i}")
    path.rename(aside)
    warnings.warn(
        f"{path} 与公布的校验和不符（有 {aside.stat().st_size} 字节，应当是 {file.size} 字节）。"
        f"它没有被删掉，改名为 {aside.name} 留在原处；现在重新下载。",
        stacklevel=2,
    )
    return False


# ---------------------------------------------------------------------------- 下载


def obtain(
    path: Path,
    file: File,
    sources: Sequence[Source],
    progress: bool,
    advice: tuple[str, str],
) -> int | None:
    """让 ``path`` 是完整的 ``file``：已经是就不联网，否则依次试各个来源。

    参数
    ----
    advice : 两句建议，写进报错：怎样在别的机器上拿到这个文件；不联网用什么代替。

    返回
    ----
    下载成功的来源在 ``sources`` 里的序号；没有下载则为 None。

    异常
    ----
    DownloadError : 所有来源都失败了，信息里有每一个的原因。
    OSError : 写不进 ``path`` 所在的文件夹。
    """
    failures = []
    with writing(path.parent):
        if is_intact(path, file):
            return None
        for i, source in enumerate(sources):
            try:
                _retrieve(source.link(), path, file, progress)
                return i
            except _TRANSFER_ERRORS as error:
                failures.append(f"  · {source.name}\n    {reason(error)}")
        raise DownloadError(_report(path, file, failures, advice)) from None


def _report(path: Path, file: File, failures: Iterable[str], advice: tuple[str, str]) -> str:
    elsewhere, instead = advice
    return (
        f"没能下载 {path.name}（{file.size / 1e6:.3g} MB），试过的来源：\n"
        + "\n".join(failures)
        + "\n可以这样做：\n"
        "  1. 检查网络（校园网要先登录），再运行一次；已经下好的文件不会重下。\n"
        f"  2. {elsewhere}，把文件放到\n     {path}\n"
        f"  3. {instead}"
    )


def _retrieve(link: Link, path: Path, file: File, progress: bool) -> None:
    """下载一个文件。pooch 先写进临时文件，校验和对了才改名成 ``path``，否则删掉临时文件。"""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # 进度条已经说明在下载什么
    try:
        pooch.retrieve(
            link.url,
            known_hash=file.digest,
            fname=path.name,
            path=path.parent,
            downloader=functools.partial(_stream, link=link, size=file.size, progress=progress),
        )
    finally:
        logger.setLevel(level)


def _stream(
    _url: str, output_file: str, _pooch: Any, *, link: Link, size: int, progress: bool
) -> None:
    """把 ``link`` 的内容原样写进 ``output_file``，同时显示进度。"""
    parts = urlsplit(link.url)
    label = f"{Path(parts.path).name} ← {parts.hostname or '本机'}"
    with (
        open_link(link) as chunks,
        open(output_file, "wb") as file,
        tqdm(
            total=size, desc=label, unit="B", unit_scale=True, leave=False, disable=not progress
        ) as bar,
    ):
        for chunk in chunks:
            file.write(chunk)
            bar.update(len(chunk))


@contextlib.contextmanager
def open_link(link: Link) -> Iterator[Iterator[bytes]]:
    """打开一个地址，一块一块地读：.gz 文件不因 Content-Encoding 而被解压。"""
    if urlsplit(link.url).scheme == "file":
        with open_local(link.url) as file:
            yield iter(functools.partial(file.read, 1 << 16), b"")
    else:
        with get(link, stream=True, headers={"Accept-Encoding": "identity"}) as response:
            yield response.raw.stream(1 << 16, decode_content=False)


def open_local(url: str):
    """打开 file 地址指的文件，二进制；打不开时抛出 TransferError。"""
    path = url2pathname(urlsplit(url).path)
    try:
        return open(path, "rb")
    except OSError as error:
        raise TransferError(f"打不开 {path}（{error.strerror}）") from error


def get(link: Link, **options: Any) -> requests.Response:
    """``requests.get``。连不上、服务器报错、证书文件不在，都成为带着原因的 TransferError。"""
    try:
        with warnings.catch_warnings():  # 读者把主机写进了 trusted-host，不必再警告没有验证证书
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            response = requests.get(link.url, **{"timeout": (10, 30)} | link.options | options)
        response.raise_for_status()
        return response
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise TransferError(reason(error)) from error


# ---------------------------------------------------------------------------- 原因

# 换一个来源可能就好的错误（pooch 用 ValueError 报告校验和不符）；磁盘满了、没有权限不在其中
_TRANSFER_ERRORS = (
    TransferError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    ValueError,
)

_PROXY_VARIABLES = "环境变量 HTTP_PROXY、HTTPS_PROXY、ALL_PROXY，或 pip 的 proxy 设置"

_CA_VARIABLES = "环境变量 REQUESTS_CA_BUNDLE、CURL_CA_BUNDLE，或 pip 的 cert 设置"

# 依次判断：(错误的类型, 信息里的字样, 原因)，特别的在前
_REASONS: tuple[tuple[type | tuple[type, ...], str, str], ...] = (
    (
        requests.exceptions.InvalidSchema,
        "SOCKS",
        f"代理是 SOCKS 的，要先运行 %pip install pysocks。不该有代理的话，请检查{_PROXY_VARIABLES}",
    ),
    (requests.exceptions.InvalidSchema, "", "地址应当以 http://、https:// 或 file:// 开头"),
    (requests.exceptions.ProxyError, "", f"代理连接不上，或者拒绝了请求。请检查{_PROXY_VARIABLES}"),
    (requests.ConnectionError, "SOCKS", f"SOCKS 代理连接不上。请检查{_PROXY_VARIABLES}"),
    (requests.exceptions.InvalidURL, "", f"地址或代理的写法不对。请检查{_PROXY_VARIABLES}"),
    (requests.exceptions.SSLError, "NO_CERTIFICATE", f"证书文件里没有证书。请检查{_CA_VARIABLES}"),
    (
        requests.exceptions.SSLError,
        "CERTIFICATE_VERIFY_FAILED",
        "验证不了服务器的证书。网络如果要经过公司或学校的代理，"
        "请把它的根证书文件写进环境变量 REQUESTS_CA_BUNDLE",
    ),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        "",
        "加密连接没有建立起来，可能被代理或防火墙拦住了",
    ),
    (requests.Timeout, "", "超时，没有回应"),
    (requests.ConnectionError, "", "连接不上"),
)


def reason(error: Exception) -> str:
    """一句话说明为什么没有下载成。"""
    if isinstance(error, TransferError):
        return str(error)
    if isinstance(error, requests.HTTPError):
        return f"服务器回答 {error.response.status_code}"
    for kind, word, text in _REASONS:
        if isinstance(error, kind) and word in str(error):
            return text
    if type(error) is ValueError:
        return "内容与公布的校验和不符（文件损坏，或被登录页面顶替）"
    if type(error) is OSError:  # requests 找不到证书文件时，抛出的是不带编号的 OSError
        return f"证书文件用不了（{error}）。请检查{_CA_VARIABLES}"
    return f"传输中断（{type(error).__name__}）"
