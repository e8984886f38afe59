// 一张图里的文字和图例色块，与各自背景的最低对比度（WCAG 2 的定义）：
// 返回 {text: [个数, 最低], line: [个数, 最低]}。
(root) => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return channels(color)[3] === 0 && node.parentElement ? background(node.parentElement) : color;
  };
  const ratio = (node, ink) => {
    const [low, high] = [luminance(ink), luminance(background(node))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const found = { text: [], line: [] };
  for (const node of root.querySelectorAll("*")) {
    const style = getComputedStyle(node);
    if (!node.getClientRects().length || node.disabled) continue;
    if (node.closest("svg")) {
      // matplotlib 把画框里的字画成字形
      const glyph = node.matches("[id*=text_] use, [id*=text_] path");
      if (glyph) found.text.push(ratio(node.closest("div"), style.fill));
    } else if (node.matches(".explorer-swatch")) {
      found.line.push(ratio(node.parentElement, style.color));
    } else {
      const words = [...node.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
      if (words || node.matches("input")) found.text.push(ratio(node, style.color));
    }
  }
  const lowest = (ratios) => [ratios.length, Math.min(...ratios)];
  return { text: lowest(found.text), line: lowest(found.line) };
};
