"""pip 的软件源：照 pip 自己的设置，找到一个文件的下载地址。

软件源的格式是 PEP 503（HTML）和 PEP 691（JSON）的“简单索引”：``<索引>/<项目>/`` 列出每个文件的
地址与 sha256。这里只读索引，不调用 pip 安装或下载任何东西。
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import requests

from utils.data.download import Link, Source, TransferError, get, open_local, without_password

_DEFAULT_INDEX = "https://pypi.org/simple"  # 与 pip 相同
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


# ---------------------------------------------------------------------------- pip 的设置


def pip_settings() -> dict[str, str]:
    """pip 的设置 ``{选项: 值}``：配置文件里的，再由 ``PIP_`` 开头的环境变量覆盖，与 pip 相同。

    配置文件在哪里随系统而不同，所以问 pip 自己；没有装 pip 的环境只看环境变量。
    """
    settings: dict[str, str] = {}
    lines = _pip_config_list().splitlines()
    for section in ("global.", "install."):
        for line in lines:
            key, _, value = line.partition("=")
            if key.startswith(section):
                settings[key.removeprefix(section)] = ast.literal_eval(value)
    for key, value in os.environ.items():
        if key.startswith("PIP_"):
            settings[key.removeprefix("PIP_").lower().replace("_", "-")] = value
    return settings


def _pip_config_list() -> str:
    command = [sys.executable, "-P", "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def sources(project: str, filename: str, sha256: str) -> list[Source]:
    """pip 会去找 ``filename`` 的各个地方：find-links、索引、额外的索引。"""
    settings = pip_settings()
    places = settings.get("find-links", "").split()
    indexes: list[str] = []
    if settings.get("no-index", "0").lower() not in ("1", "true", "yes", "on"):
        indexes = [settings.get("index-url", _DEFAULT_INDEX)]
        indexes += settings.get("extra-index-url", "").split()
    pages = [f"{index.rstrip('/')}/{project}/" for index in indexes]
    return [Page(place, filename, sha256, settings) for place in (*places, *pages)]


def request_options(url: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """pip 的代理、证书设置，写成 ``requests.get`` 的参数。"""
    options: dict[str, Any] = {}
    parts = urlsplit(url)
    if cert := settings.get("cert"):
        options["verify"] = cert
    if {parts.hostname, parts.netloc.rpartition("@")[2]} & set(
        settings.get("trusted-host", "").split()
    ):
        options["verify"] = False
    if cert := settings.get("client-cert"):
        options["cert"] = cert
    if proxy := settings.get("proxy"):
        options["proxies"] = {"http": proxy, "https": proxy}
    return options


# ---------------------------------------------------------------------------- 索引的一页


@dataclass(frozen=True)
class Page:
    """列着下载地址的一页：索引里一个项目的网页，或者 find-links 的网页、文件夹。"""

    place: str
    filename: str
    sha256: str
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        return without_password(self.place)

    def link(self) -> Link:
        """``filename`` 的下载地址。

        异常
        ----
        TransferError : 这里打不开，没有这个文件，或者索引写的 sha256 与本书记录的不同。
        """
        local = self._local_path()
        if local is not None and (local / self.filename).is_file():
            return Link((local / self.filename).resolve().as_uri())
        files = self._files_online() if local is None else self._files_in(local)
        if self.filename not in files:
            raise TransferError(f"这里没有 {self.filename}")
        url, sha256 = files[self.filename]
        if sha256 not in (None, self.sha256):
            raise TransferError(
                f"索引写的 {self.filename} 的校验和与本书记录的不同，没有下载"
                f"（{sha256[:12]}…，应当是 {self.sha256[:12]}…）"
            )
        options = request_options(url, self.settings)
        if urlsplit(url).hostname == urlsplit(self.place).hostname:
            auth = requests.utils.get_auth_from_url(self.place)
            options |= {"auth": auth} if any(auth) else {}
        return Link(url, options)

    def _local_path(self) -> Path | None:
        """写的是本机的文件夹或网页（路径，或 file 地址）时，它的路径。"""
        if self.place.startswith("file:"):
            return Path(url2pathname(urlsplit(self.place).path))
        return None if "://" in self.place else Path(self.place).expanduser()

    def _files_in(self, path: Path) -> dict[str, tuple[str, str | None]]:
        """本机的一页上列出的文件 ``{文件名: (地址, sha256)}``。"""
        page = path / "index.html" if path.is_dir() else path
        if path.is_dir() and not page.is_file():
            return {}
        url = page.resolve().as_uri()
        with open_local(url) as file:
            return _read_html(file.read().decode("utf-8", "replace"), url)

    def _files_online(self) -> dict[str, tuple[str, str | None]]:
        """网上的一页上列出的文件 ``{文件名: (地址, sha256)}``。"""
        page = Link(self.place, request_options(self.place, self.settings))
        response = get(page, headers={"Accept": _ACCEPT})
        if "json" in response.headers.get("Content-Type", ""):
            return _read_json(response)
        return _read_html(response.text, response.url)


def _read_json(response: requests.Response) -> dict[str, tuple[str, str | None]]:
    try:
        return {
            file["filename"]: (urljoin(response.url, file["url"]), file["hashes"].get("sha256"))
            for file in response.json()["files"]
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TransferError("索引的内容读不懂（不是 PEP 691 的 JSON）") from error


class _Anchors(HTMLParser):
    """收集网页里的链接；``<base href>`` 改变相对地址的起点。"""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.base, self.links = url, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "base":
            self.base = urljoin(self.base, href)
        elif href and tag == "a":
            self.links.append(urljoin(self.base, href))


def _read_html(text: str, url: str) -> dict[str, tuple[str, str | None]]:
    parser = _Anchors(url)
    parser.feed(text)
    files = {}
    for link in parser.links:
        address, fragment = urldefrag(link)
        name = unquote(urlsplit(address).path).rpartition("/")[2]
        algorithm, _, digest = fragment.partition("=")
        files[name] = (address, digest.lower() if algorithm == "sha256" else None)
    return files
