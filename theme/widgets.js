// 控件管理器：把页面最后的状态变成可以操作的控件。build.py 把它和用到的 npm 包打成 widgets/manager.js。
// 现成的 html-manager 还带着笔记本的输出、旧版控件与校验：两倍大，还要 eval。
import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
import "@jupyter-widgets/controls/css/labvariables.css";
import "@jupyter-widgets/controls/css/widgets-base.css";
import { Widget } from "@lumino/widgets";
import "@lumino/widgets/style/index.css";

const modules = { "@jupyter-widgets/base": base, "@jupyter-widgets/controls": controls };

// 紧跟在后面运行的 anywidget.js 是一个 AMD 文件，只要 base
window.define = (_, factory) => {
  modules.anywidget = factory(base);
  delete window.define;
};

class PageManager extends ManagerBase {
  async loadClass(name, module) {
    const found = modules[module]?.[name];
    if (!found) throw new Error(`本站没有控件 ${module} 的 ${name}`);
    return found;
  }

  // 页面上没有内核
  async _get_comm_info() {
    return {};
  }

  async _create_comm() {
    return { on_close() {}, on_msg() {}, close() {} };
  }
}

/** 同一种小部件的脚本一页只存一份（见 explorers.py）：填回各个小部件。 */
function restoreScripts(models, shared = {}) {
  for (const { state } of Object.values(models)) {
    Object.assign(state, shared[state._shared]);
    delete state._shared;
  }
  return models;
}

const modelOf = (place) => JSON.parse(place.textContent).model_id;

async function show(manager, place) {
  const view = await manager.create_view(await manager.get_model(modelOf(place)));
  const box = Object.assign(document.createElement("div"), { className: "widget-subarea" });
  place.before(box);
  Widget.attach(view.luminoWidget, box);
}

async function showAll() {
  const stored = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
  if (!stored) return;
  const { shared, ...first } = JSON.parse(stored.textContent);
  const manager = new PageManager();
  const places = [...document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')];
  const add = async ({ state }) => {
    await manager.set_state({ ...first, state: restoreScripts(state, shared) });
    // 一起画，不一幅等一幅；一幅出错，不连累别的
    const here = places.filter((place) => modelOf(place) in state);
    await Promise.all(here.map((place) => show(manager, place).catch(console.error)));
  };
  await add(first);
  // 其余各幅的状态是一个脚本，它调用 moreFigures（见 explorers.py）
  window.moreFigures = add;
  const { more } = stored.dataset;
  if (more) document.head.append(Object.assign(document.createElement("script"), { src: more }));
}

addEventListener("DOMContentLoaded", showAll);
