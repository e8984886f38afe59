const widgetsFolder = new URL("widgets/", document.currentScript.src).href;
const anywidgetScript = `${widgetsFolder}anywidget.js`;
// 控件管理器还在下载：它随后要的这个文件，一起取来
document.head.append(
  Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: anywidgetScript }),
);

// 控件管理器遇到自己没有的模块时来问这里；本站只带 anywidget（一个 AMD 文件，只要 base 的两个类）。
window.loadWidgets = async function (name) {
  if (name !== "anywidget") throw new Error(`本站没有控件模块 ${name}`);
  const load = (className) => this.loadClass(className, "@jupyter-widgets/base", "2.0.0");
  const [DOMWidgetModel, DOMWidgetView] = await Promise.all(
    ["DOMWidgetModel", "DOMWidgetView"].map(load),
  );
  window.anywidgetModule ??= new Promise((resolve, reject) => {
    window.define = (_, factory) => resolve(factory({ DOMWidgetModel, DOMWidgetView }));
    const script = document.createElement("script");
    script.src = anywidgetScript;
    script.onload = () => delete window.define;
    script.onerror = () => reject(new Error(`没有取到 ${script.src}`));
    document.head.append(script);
  });
  return window.anywidgetModule;
};

// 同一种小部件的脚本一页只存一份（见 theme/explorers.py）：在控件管理器读取状态之前填回去。
for (const script of document.querySelectorAll(
  'script[type="application/vnd.jupyter.widget-state+json"]',
)) {
  const { shared, ...page } = JSON.parse(script.textContent);
  for (const { state } of Object.values(page.state)) {
    Object.assign(state, shared?.[state._shared]);
    delete state._shared;
  }
  script.textContent = JSON.stringify(page);
}
