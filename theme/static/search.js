// 按节搜索：Pagefind 的索引分成小块，要哪块取哪块。从 file:// 打开时取不到，用 Sphinx 自己的搜索。
// 中文的查询词之间没有空格。Sphinx 的搜索按索引里已有的词，从左到右取最长的一段来切开。
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

const SHOWN = 40; // 先列出这么多节
const searchRoot = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[\s-]+/g, "");

function searchItem(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** 写到这个词的页面。索引切词看上下文，“自注意力只在”里就没有“注意力”：再按头两个字找，正文里真有才算。 */
async function findPages(pagefind, query) {
  const found = (await pagefind.search(query)).results;
  if (!/^\p{Script=Han}{3,}$/u.test(query)) return found;
  const known = new Set(found.map(({ id }) => id));
  for (const result of (await pagefind.search(query.slice(0, 2))).results) {
    if (!known.has(result.id) && (await result.data()).content.includes(query)) found.push(result);
  }
  return found;
}

/** 找到的节，好的在前：标题里有这个词的，再是章节，再看 Pagefind 的分数。 */
async function findSections(pagefind, query) {
  const results = await findPages(pagefind, query);
  const sections = [];
  let literal = false; // 有没有一页真的写着读者打的字
  for (const result of results) {
    const page = await result.data();
    literal ||= fold(page.content).includes(fold(query));
    for (const hit of page.sub_results) {
      const title = hit.title ?? page.meta.title;
      const rank =
        (fold(title).includes(fold(query)) ? 1e6 : 0) +
        (/\/ch\d\d_/.test(page.url) ? 1e5 : 0) +
        hit.weighted_locations.reduce((sum, at) => sum + at.balanced_score, 0) +
        result.score;
      sections.push({ ...hit, title, page: page.meta.title, rank });
    }
  }
  return { literal, pages: results.length, sections: sections.sort((a, b) => b.rank - a.rank) };
}

function sectionItem({ url, title, page, excerpt }) {
  const item = searchItem("li", "section-hit");
  const link = searchItem("a", "", title);
  link.href = url;
  item.append(link);
  if (page !== title) item.append(searchItem("span", "section-page", page));
  const text = searchItem("p", "context");
  text.innerHTML = excerpt; // Pagefind 已转义，只含 <mark>
  item.append(text);
  return item;
}

/** 两个词差几个字：差得少的，也许就是读者要找的。 */
function distance(a, b) {
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
    }
    row = next;
  }
  return row[b.length];
}

async function nearest(query) {
  const words = await (await fetch(new URL("pagefind/words.json", searchRoot))).json();
  const far = (word) => distance(fold(word), fold(query)) / Math.max(word.length, query.length);
  return words
    .map((word) => [far(word), word])
    .filter(([d]) => d <= 0.5)
    .sort(([a], [b]) => a - b)
    .slice(0, 5)
    .map(([, word]) => word);
}

function showSections(box, { pages, sections }) {
  const summary = searchItem("p", "search-summary", `在 ${pages} 页里找到 ${sections.length} 节。`);
  const list = searchItem("ul", "search");
  list.append(...sections.slice(0, SHOWN).map(sectionItem));
  box.append(list);
  if (sections.length > SHOWN) {
    const more = searchItem("button", "btn search-more", `再看 ${sections.length - SHOWN} 节`);
    more.addEventListener("click", () => {
      list.append(...sections.slice(SHOWN).map(sectionItem));
      more.remove();
    });
    box.append(more);
  }
  list.before(summary);
}

async function showSuggestions(box, query) {
  const words = await nearest(query);
  if (!words.length) return;
  const line = searchItem("p", "search-suggestions", "是不是要找：");
  for (const word of words) {
    const link = searchItem("a", "suggestion", word);
    link.href = `?q=${encodeURIComponent(word)}`;
    line.append(link, " ");
  }
  box.append(line);
}

async function searchSections(query) {
  const pagefind = await import(new URL("pagefind/pagefind.js", searchRoot));
  await pagefind.options({ baseUrl: searchRoot.pathname, excerptLength: 40 });
  const box = document.getElementById("search-results");
  box.replaceChildren(searchItem("h2", "", `搜索“${query}”`));
  const found = await findSections(pagefind, query);
  const nothing = searchItem("p", "search-summary", `没有一页写到“${query}”。`);
  // 一个西文词没有一页真的写着：找到的只是开头几个字母相同的
  const useful = found.sections.length && (found.literal || !/^[\p{Script=Latin}\d-]+$/u.test(query));
  if (!useful) box.append(nothing);
  if (!found.literal) await showSuggestions(box, query);
  if (useful) showSections(box, found);
}

if (location.protocol !== "file:") {
  const sphinxSearch = Search.performSearch;
  Search.performSearch = (query) =>
    searchSections(query).catch((error) => {
      console.warn("按节搜索没有成功，改用整页的搜索。", error);
      sphinxSearch(query);
    });
}
