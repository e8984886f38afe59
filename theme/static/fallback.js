// 图动不了的时候换成图片。写在页面里面，不另取一个文件：脚本被拦住的时候，它也在。
{
  const PATIENCE_MS = 15000;
  const ready = "explorer-ready";
  const fail = () => {
    for (const slot of document.querySelectorAll(".explorer-slot:not(.explorer-ready, .explorer-failed)")) {
      const noscript = slot.querySelector("noscript");
      const picture = document.createElement("div");
      picture.className = "explorer-fallback";
      picture.innerHTML = noscript.textContent; // 脚本开着的时候，里面是没有解析的文字
      slot.append(picture);
      slot.classList.add("explorer-failed");
      // 只是慢：图画好了就还是给图
      new MutationObserver((_, watcher) => {
        if (!slot.classList.contains(ready)) return;
        watcher.disconnect();
        picture.remove();
        slot.classList.remove("explorer-failed");
      }).observe(slot, { attributeFilter: ["class"] });
    }
  };
  addEventListener("error", ({ target }) => {
    if (target.tagName === "SCRIPT" && /widgets\/(manager|anywidget)\.js|\.figures\.js/.test(target.src)) whenParsed(fail);
  }, true);
  document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => {
    if (violatedDirective.startsWith("script-src")) whenParsed(() => setTimeout(fail, 1000));
  });
  const whenParsed = (act) =>
    document.readyState === "loading" ? addEventListener("DOMContentLoaded", act) : act();
  whenParsed(() => setTimeout(fail, PATIENCE_MS));
}
