// 文字拨动图：点一下正文里的值，旁边那幅图的滑块就到那里；图动不了时，就是一个到图那里的链接。
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.setting");
  const view = link && document.querySelector(`${link.hash} .widget-subarea .explorer-view`);
  if (!view) return;
  event.preventDefault();
  view.dispatchEvent(new CustomEvent("setting", { detail: JSON.parse(link.dataset.set) }));
  view.closest(".explorer").scrollIntoView({ block: "nearest" });
});
