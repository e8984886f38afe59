// 中文的查询词之间没有空格。按搜索索引里已有的词，从左到右取最长的一段来切开，
// 于是“自注意力机制”这样的长词也能找到各自成词的页面。searchtools.js 会用这里的 splitQuery。
function splitQuery(query) {
  const { terms, titleterms } = Search._index;
  const known = (word) => Object.hasOwn(terms, word) || Object.hasOwn(titleterms, word);
  const cut = (run) => {
    const words = [];
    for (let i = 0; i < run.length; ) {
      let n = run.length - i;
      while (n > 1 && !known(run.slice(i, i + n))) n -= 1;
      if (n > 1) words.push(run.slice(i, i + n));
      i += n;
    }
    return words.length ? words : [run];
  };
  return query
    .split(/([\p{Script=Han}]+)|[^\p{Letter}\p{Number}_-]+/gu)
    .filter(Boolean)
    .flatMap((part) => (/\p{Script=Han}/u.test(part) ? cut(part) : [part]));
}

// 章节排在首页与附录前面：先给读者讲解，再给目录和表。
Scorer.score = ([name, , , , score]) => (/\/ch\d\d_/.test(name) ? score + 100 : score);
