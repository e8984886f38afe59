// 标准输入：[[TeX, 是否独占一行], …] 的 JSON；标准输出：每条公式的宽、高、深（单位 ex），和里面汉字的宽（单位 em）。
// 网页上的 MathJax 按周围文字的 ex 决定公式的大小，汉字却与周围的文字一样大：换一种字体，这几个数仍然准。
const list = JSON.parse(require("fs").readFileSync(0, "utf8"));
const X_HEIGHT = 0.442; // MathJax 的字体里 1 ex 是多少 em

async function measure(MathJax) {
  const { adaptor, output } = MathJax.startup;
  const size = async (tex, display, cjkCharWidth) => {
    adaptor.options.cjkCharWidth = cjkCharWidth;
    output.unknownCache.clear(); // 它记着上一次量的汉字
    const svg = adaptor.firstChild(await MathJax.tex2svgPromise(tex, { display }));
    const below = -parseFloat(adaptor.getStyle(svg, "vertical-align") || 0);
    return [...["width", "height"].map((name) => parseFloat(adaptor.getAttribute(svg, name))), below];
  };
  const sizes = [];
  for (const [tex, display] of list) {
    const [width, height, below] = await size(tex, display, 0);
    const cjk = /[^\x00-\x7f]/.test(tex) ? (await size(tex, display, 1))[0] - width : 0;
    sizes.push([width, height, below, cjk * X_HEIGHT]);
  }
  process.stdout.write(JSON.stringify(sizes));
}

require("mathjax")
  .init({ loader: { load: ["input/tex", "output/svg"] } })
  .then(measure);
