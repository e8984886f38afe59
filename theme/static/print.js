// 打印：浅色，揭晓的部分展开，每幅图的控件停在哪里写成一行字；打完恢复原样。
let restore = [];

function values(explorer) {
  return [...explorer.querySelectorAll(".explorer-controls > *")]
    .map((control) => {
      const label = control.querySelector(".widget-label")?.textContent ?? "";
      const shown = control.querySelector(".widget-readout, .mod-active")?.textContent ?? "";
      return `${label} ${shown}`.trim();
    })
    .join("，");
}

addEventListener("beforeprint", () => {
  const page = document.documentElement;
  const { theme } = page.dataset;
  page.dataset.theme = "light";
  restore = [() => (page.dataset.theme = theme)];
  for (const explorer of document.querySelectorAll(".explorer")) {
    const line = make("p", "printed-values", values(explorer));
    explorer.prepend(line);
    restore.push(() => line.remove());
  }
  for (const fold of document.querySelectorAll(".fold.reveal:not([open])")) {
    fold.open = true;
    restore.push(() => (fold.open = false));
  }
});
addEventListener("afterprint", () => restore.forEach((undo) => undo()));
