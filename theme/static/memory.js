// 读者读到哪里、猜过什么、做对了哪道题：只存在这个浏览器里，一个键，一个按钮就能清掉。
// 浏览器不让存的时候（隐私设置），记到关掉这一页为止，什么也不会坏。
const memory = (() => {
  const KEY = "book.memory";
  const here = DOCUMENTATION_OPTIONS.pagename;
  let kept = {};
  const load = () => {
    try {
      kept = JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      // 不让存，或者存的东西坏了：用内存里的
    }
    kept.pages ??= {};
    return kept;
  };
  const save = () => {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // 同上
    }
  };
  return {
    here,
    all: load,
    page: (name = here) => load().pages[name] ?? {},
    /** 把几项写进这一页的记录；别的页（也许开在另一个标签里）的不动。 */
    note(changes) {
      load().pages[here] = { ...kept.pages[here], ...changes };
      save();
    },
    set(changes) {
      Object.assign(load(), changes);
      save();
    },
    clear() {
      kept = {};
      try {
        localStorage.removeItem(KEY);
      } catch {
        // 同上
      }
    },
  };
})();

function make(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function makeButton(className, text, onClick) {
  const node = make("button", className, text);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}
