// 术语卡片：鼠标停住、键盘走到、点一下，就显示术语表里的那一行；Esc 收起。再点一下到术语表。
const termCard = make("div", "term-card");
termCard.id = "term-card";
termCard.setAttribute("role", "tooltip");
termCard.hidden = true;
let shownTerm = null;
let leaving = 0;

function showTerm(link) {
  clearTimeout(leaving);
  if (shownTerm === link) return;
  hideTerm();
  shownTerm = link;
  const { english, meaning } = link.dataset;
  termCard.replaceChildren(make("strong", "", link.textContent), ` ${english}`, make("p", "", meaning));
  link.setAttribute("aria-describedby", termCard.id);
  termCard.hidden = false;
  const [at] = link.getClientRects(); // 词在行末折断时，看它的前一半
  const { offsetWidth: width, offsetHeight: height } = termCard;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const above = at.bottom + height + 8 > innerHeight;
  termCard.style.left = `${left + scrollX}px`;
  termCard.style.top = `${(above ? at.top - height - 6 : at.bottom + 6) + scrollY}px`;
}

function hideTerm() {
  shownTerm?.removeAttribute("aria-describedby");
  shownTerm = null;
  termCard.hidden = true;
}

const termAt = ({ target }) => target.closest?.("a.term");
const hideSoon = () => (leaving = setTimeout(hideTerm, 200)); // 来得及把鼠标移到卡片上

if (document.querySelector("a.term")) {
  document.body.append(termCard);
  let tapped = null; // 这一次触摸之前卡片还没有出来的词
  addEventListener("pointerdown", (event) => {
    const link = termAt(event);
    tapped = event.pointerType !== "mouse" && link !== shownTerm ? link : null;
    if (!link && !termCard.contains(event.target)) hideTerm();
  });
  addEventListener("pointercancel", () => (tapped = null)); // 手指划成了滚动，不会再有点击
  addEventListener("click", (event) => {
    if (termAt(event)?.getAttribute("href") === "#") event.preventDefault(); // 只有卡片，没有那一行
    if (!tapped) return; // 滑块的名字上，浏览器可能把手指的点击算给整行
    if (termAt(event) === tapped) event.preventDefault();
    showTerm(tapped);
    tapped = null;
  });
  addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    if (termAt(event)) showTerm(termAt(event));
    else if (termCard.contains(event.target)) clearTimeout(leaving);
    else if (shownTerm) hideSoon();
  });
  addEventListener("focusin", (event) => (termAt(event) ? showTerm(termAt(event)) : hideTerm()));
  addEventListener("keydown", (event) => event.key === "Escape" && hideTerm());
}
