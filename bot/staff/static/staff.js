// What every staff page does: a problem that a request reported goes away with the next one that succeeds.
"use strict";
document.addEventListener("htmx:beforeRequest", () => document.getElementById("problem").replaceChildren());
document.addEventListener("htmx:sendError", () => {
  const line = document.createElement("p");
  line.className = "notice error";
  line.textContent = "连不上服务器，请检查网络后再试。";
  document.getElementById("problem").replaceChildren(line);
});
