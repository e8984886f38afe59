// 告诉 require.js 到本站的哪里找 anywidget；它与本文件同在 _static/ 里。
require.config({
  paths: { anywidget: new URL("widgets/anywidget", document.currentScript.src).href },
});
