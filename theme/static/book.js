// 比版面宽的东西在自己的框里滚动：行内的长公式另起一块；能滚动的表格可以用键盘滚动。
function fit() {
  for (const formula of document.querySelectorAll("mjx-container:not([display])")) {
    formula.classList.remove("wide");
    const room = formula.closest("p, li, td, dd, div")?.clientWidth;
    formula.classList.toggle("wide", formula.getBoundingClientRect().width > room);
  }
  for (const box of document.querySelectorAll(".bd-article table")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  fit();
  window.addEventListener("resize", fit);
});
