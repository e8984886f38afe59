// 阅读 / 代码：一个开关管一页，记住；每一格也可以单独开合。
const folds = [...document.querySelectorAll(".fold.code.taught, .fold.code.exercise, .fold.result")];

/** 页面的高度变了，读者正在看的那一段不动。 */
function keepPlace(change) {
  const top = 120;
  const near = [...document.querySelectorAll(".bd-article :is(p, h1, h2, h3, .cell, li)")].find(
    (node) => node.getBoundingClientRect().bottom > top && node.offsetParent,
  );
  const before = near?.getBoundingClientRect().top;
  change();
  const seen = near?.offsetParent ? near : near?.closest("section");
  if (seen) scrollBy({ top: seen.getBoundingClientRect().top - before, behavior: "instant" });
}

function showMode(mode) {
  document.documentElement.dataset.show = mode;
  for (const fold of folds) fold.open = mode === "code";
  for (const button of document.querySelectorAll(".mode-switch button")) {
    button.setAttribute("aria-pressed", String(button.value === mode));
  }
}

if (folds.length) {
  const modes = make("div", "mode-switch");
  modes.setAttribute("role", "group");
  modes.setAttribute("aria-label", "这一页显示什么");
  for (const [value, text, title] of [
    ["reading", "阅读", "只看文字、图和结果"],
    ["code", "代码", "连讲解的代码一起看"],
  ]) {
    const button = makeButton("", text, () => {
      keepPlace(() => showMode(value));
      memory.set({ mode: value });
    });
    Object.assign(button, { value, title });
    modes.append(button);
  }
  document.querySelector(".header-article-items__end")?.prepend(modes);
  showMode(document.documentElement.dataset.show);
  document.documentElement.classList.add("folded"); // 折叠已由 details 接手，样式不必再藏
}
