// 公式等第一张图画好再排：慢的手机上，两样一起下载、一起算，图要晚好几秒。等的时候，位置已经留好。
const folder = new URL("mathjax/", document.currentScript.src).href;
// 字体一起取来：不然先用别的字体排，到了再换，行高变两次
const NAMES = ["Main-Regular", "Math-Italic", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular"];
// 有的页才用的：空心体、粗体、花体
const RARE = { "AMS-Regular": /\\mathbb|\\(?:les|gtr)sim/, "Main-Bold": /\\(?:mathbf|boldsymbol)/, "Calligraphic-Regular": /\\mathcal/ };
const tex = Array.from(document.querySelectorAll(".math"), (node) => node.textContent).join(" ");
NAMES.push(...Object.keys(RARE).filter((name) => RARE[name].test(tex)));
const FONTS = NAMES.map((name) => `output/chtml/fonts/woff-v2/MathJax_${name}.woff`);

const firstFigure = new Promise((done) => {
  const slot = document.querySelector(".explorer-slot");
  const settled = () => !slot || slot.matches(".explorer-ready, .explorer-failed");
  if (settled()) return done();
  new MutationObserver((_, watcher) => settled() && (watcher.disconnect(), done())).observe(slot, {
    attributeFilter: ["class"],
  });
});

const add = (tag, attributes) =>
  document.head.appendChild(Object.assign(document.createElement(tag), attributes));

const loaded = firstFigure.then(() => {
  for (const font of FONTS) {
    const href = folder + font;
    add("link", { rel: "preload", as: "font", type: "font/woff", crossOrigin: "", href });
  }
  return new Promise((done) => {
    add("script", { src: `${folder}tex-chtml.js`, onload: done, onerror: done });
  });
});

/** 页面上的公式都排好了。没有取到 MathJax 时，过一会儿显示的是源码（book.css）。 */
window.formulas = loaded.then(() => MathJax.startup?.promise);

// 控件管理器用 MathJax 2 的写法排版标签，替它转成 MathJax 3 的；MathJax 到的时候会换掉这个对象。
const hub = { Queue: ([, , label]) => window.formulas.then(() => MathJax.typesetPromise?.([label])) };
MathJax.Hub = hub;
loaded.then(() => (MathJax.Hub = hub));
