// 标准输入：[[TeX, 是否独占一行], …] 的 JSON；标准输出：每条公式的宽、高、深，单位 ex。
// 网页上的 MathJax 也按周围文字的 ex 决定公式的大小，所以换一种字体仍然准。
const list = JSON.parse(require("fs").readFileSync(0, "utf8"));

async function measure(MathJax) {
  const sizes = [];
  for (const [tex, display] of list) {
    const svg = MathJax.startup.adaptor.firstChild(await MathJax.tex2svgPromise(tex, { display }));
    const attribute = (name) => parseFloat(MathJax.startup.adaptor.getAttribute(svg, name));
    const below = -parseFloat(MathJax.startup.adaptor.getStyle(svg, "vertical-align") || 0);
    sizes.push([attribute("width"), attribute("height"), below]);
  }
  process.stdout.write(JSON.stringify(sizes));
}

require("mathjax")
  .init({ loader: { load: ["input/tex", "output/svg"] } })
  .then(measure);
