// One script tag puts a corner button on any page, which opens the chat in a frame:
//   <script src="https://host/embed.js" data-place="dagang" defer></script>
// data-place: a place's id (optional). data-label: the button's words (optional). Nothing of the page itself is read.
(function () {
  "use strict";
  var script = document.currentScript;
  var home = new URL(script.src).origin;
  var label = script.dataset.label || "办事咨询";
  var address = home + "/?embed=1" + (script.dataset.place ? "&place=" + encodeURIComponent(script.dataset.place) : "");
  var CSS =
    ":host{all:initial}" +
    "*{box-sizing:border-box;font:600 18px/1.4 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans SC',sans-serif}" +
    "[hidden]{display:none!important}" +
    "button{cursor:pointer;border:2px solid #fff;background:#0b57a4;color:#fff;min-height:60px;min-width:60px}" +
    "button:hover{background:#084078}" +
    "button:focus-visible{outline:3px solid #b45309;outline-offset:2px}" +
    ".open{position:fixed;right:20px;bottom:20px;z-index:2147483000;padding:10px 26px;border-radius:999px;box-shadow:0 6px 20px rgba(20,32,43,.3)}" +
    ".panel{position:fixed;right:20px;bottom:20px;z-index:2147483001;width:440px;height:min(720px,calc(100vh - 40px));display:flex;" +
    "flex-direction:column;background:#fff;border:1px solid #6f8294;border-radius:12px;overflow:hidden;box-shadow:0 12px 40px rgba(20,32,43,.35)}" +
    ".head{display:flex;align-items:center;justify-content:space-between;padding-left:16px;background:#0b57a4;color:#fff}" +
    ".close{border:0;padding:0 18px}" +
    "iframe{flex:1;width:100%;border:0;background:#f2f6fa}" +
    "@media(max-width:560px){.panel{right:0;bottom:0;width:100%;height:100%;border:0;border-radius:0}}" +
    "@media print{.open,.panel{display:none}}";

  function start() {
    var host = document.createElement("div");
    var root = host.attachShadow({ mode: "open" });
    var open = document.createElement("button");
    var panel = document.createElement("div");
    var head = document.createElement("div");
    var title = document.createElement("span");
    var close = document.createElement("button");
    var frame = null;

    dress(root);
    open.type = close.type = "button";
    open.className = "open";
    open.textContent = label;
    open.setAttribute("aria-haspopup", "dialog");
    open.setAttribute("aria-expanded", "false");
    panel.className = "panel";
    panel.hidden = true;
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", label);
    head.className = "head";
    title.textContent = label;
    close.className = "close";
    close.textContent = "关闭";
    head.append(title, close);
    panel.append(head);
    root.append(open, panel);
    document.body.append(host);

    function show() {
      if (!frame) {
        frame = document.createElement("iframe");
        frame.title = label;
        frame.allow = "microphone; clipboard-write";
        frame.src = address;
        panel.append(frame);
      }
      panel.hidden = false;
      open.hidden = true;
      open.setAttribute("aria-expanded", "true");
      frame.focus();
    }
    function hide() {
      if (panel.hidden) return;
      panel.hidden = true;
      open.hidden = false;
      open.setAttribute("aria-expanded", "false");
      open.focus();
    }
    open.addEventListener("click", show);
    close.addEventListener("click", hide);
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") hide();
    });
    window.addEventListener("message", function (event) {
      if (frame && event.source === frame.contentWindow && event.origin === home && event.data && event.data.type === "chat-close") hide();
    });
  }

  /** A constructed style sheet passes a strict Content-Security-Policy of the host page; old browsers get a style element. */
  function dress(root) {
    if ("adoptedStyleSheets" in root && typeof CSSStyleSheet.prototype.replaceSync === "function") {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      root.adoptedStyleSheets = [sheet];
    } else {
      var style = document.createElement("style");
      style.textContent = CSS;
      root.append(style);
    }
  }

  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
