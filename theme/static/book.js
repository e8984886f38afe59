// 主题里没有中文译文的词：读屏软件会念，鼠标停住会显示。
const CHINESE = {
  "Skip to main content": "跳到正文",
  "Back to top": "回到顶部",
  "Toggle primary sidebar": "显示或收起目录",
  "Toggle secondary sidebar": "显示或收起本页目录",
  "previous page": "上一页",
  "next page": "下一页",
  "Main": "全书目录",
  "Page": "本页目录",
  "Version warning": "版本提示",
  "light/dark": "浅色或深色",
  "Link to this heading": "到这一节的链接",
  "Toggle hidden content": "展开或收起",
};
function translate() {
  for (const name of ["title", "aria-label", "data-bs-title"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      const chinese = CHINESE[node.getAttribute(name).trim()];
      if (chinese) node.setAttribute(name, chinese);
    }
  }
  for (const node of document.querySelectorAll("#pst-skip-link a, #pst-back-to-top")) {
    const text = node.lastChild;
    text.textContent = CHINESE[text.textContent.trim()] ?? text.textContent;
  }
}
translate();

/** 一样东西外面的那一块有多宽；行内的（手机上符号表里的一段）没有自己的宽。 */
function room({ parentElement: box }) {
  return box.clientWidth || !box.parentElement ? box.clientWidth : room(box);
}

// 比版面宽的东西在自己的框里滚动：行内的长公式另起一块；能滚动的表格可以用键盘滚动。
// 先量完再改：量一个改一个，整页就要重排几百遍。
function fit() {
  const formulas = [...document.querySelectorAll("mjx-container:not([display])")].map(
    (formula) => formula.closest(".keep") ?? formula // 连同跟着的标点
  );
  for (const whole of formulas) whole.classList.remove("wide");
  const wide = formulas.filter((whole) => whole.getBoundingClientRect().width > room(whole));
  for (const whole of wide) whole.classList.add("wide");
  const folded = (box) => box.closest("details:not([open])"); // 浏览器还没有排它们，打开的时候再量
  const shown = [...document.querySelectorAll(SCROLLING)].filter((box) => !folded(box));
  const boxes = shown.map((box) => [box, hidden(box)]);
  for (const [box, { all, rest }] of boxes) {
    if (all > 0) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    box.classList.toggle("more-right", rest > 2);
  }
}

// 一个开关可能同时打开几十格：一帧里只量一次
let fitting = 0;
function fitSoon() {
  fitting ||= requestAnimationFrame(() => ((fitting = 0), fit()));
}

// 右边还有没看到的：框的右缘变淡，滚到头就不淡了。
const SCROLLING =
  '.bd-article :is(table, .highlight pre, .cell_output pre, .cell_output:has(> img), mjx-container[display="true"])';
function hidden(box) {
  const all = box.scrollWidth - box.clientWidth;
  return { all, rest: all - box.scrollLeft };
}
function shade(box) {
  box.classList.toggle("more-right", hidden(box).rest > 2);
}
document.addEventListener("scroll", ({ target }) => target.matches?.(SCROLLING) && shade(target), {
  capture: true,
  passive: true,
});

// 手机上符号表的每一行是一张卡片，格子前面写着它的列名。
for (const table of document.querySelectorAll(".symbols-table")) {
  const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.cells].forEach((cell, i) => (cell.dataset.label = names[i]));
  }
}

/** 公式一排好就量，宽的不必先折成两行再变回来；它的字体也许晚到，load 时再量一次。 */
async function fitFormulas() {
  await window.formulas;
  fit();
}
document.addEventListener("DOMContentLoaded", fitFormulas);
window.addEventListener("load", async () => {
  await fitFormulas();
  window.addEventListener("resize", fit);
  document.addEventListener("toggle", fitSoon, true);
});
