// 打印：浅色，揭晓的部分展开；打完恢复原样。图自己的那一份见 view.js。
let restore = [];

addEventListener("beforeprint", () => {
  const page = document.documentElement;
  const { theme } = page.dataset;
  page.dataset.theme = "light";
  restore = [() => (page.dataset.theme = theme)];
  for (const fold of document.querySelectorAll(".fold.reveal:not([open])")) {
    fold.open = true;
    restore.push(() => (fold.open = false));
  }
});
addEventListener("afterprint", () => restore.forEach((undo) => undo()));
