// 告诉 require.js 到本站的哪里找 anywidget；它与本文件同在 _static/ 里。
require.config({
  paths: { anywidget: new URL("widgets/anywidget", document.currentScript.src).href },
});

// 控件管理器还用 MathJax 2 的写法排版标签，替它转成 MathJax 3 的。
window.addEventListener("load", () => {
  if (!window.MathJax) return;
  MathJax.Hub = { Queue: ([, , label]) => MathJax.typesetPromise?.([label]) };
});
