// Comfort only: every page is whole without it. A dossier's page follows what happens; an upload says how far it is.
"use strict";

function follow(part) {
  const news = document.createElement("p");
  news.setAttribute("role", "status");
  news.className = "aside";
  part.before(news);
  let source = null;

  async function look() {
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("[data-live]");
    if (!found) return;
    const at = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...found.childNodes);
    part.dataset.live = found.dataset.live;
    if (at) part.querySelector(`a[href="${CSS.escape(at)}"]`)?.focus();
    news.textContent = part.dataset.said;
  }

  function open() {
    source = new EventSource(part.dataset.live);
    source.addEventListener("changed", () => look().catch(() => {})); // the next change, or a reload, shows it
  }

  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) open();
  });
  open();
}

function send(event) {
  const form = event.target;
  if (![...form.querySelectorAll("input[type=file]")].some((input) => input.files.length)) return;
  event.preventDefault();
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", form.dataset.sending);
  form.append(bar);
  form.querySelectorAll("button").forEach((button) => (button.disabled = true));
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.upload.addEventListener("progress", (now) => {
    if (now.lengthComputable) bar.value = now.loaded / now.total;
  });
  request.addEventListener("load", () => {
    const main = request.response?.querySelector("main");
    if (request.status < 400 || !main) return location.assign(request.responseURL);
    document.title = request.response.title;
    document.querySelector("main").replaceWith(main);
    watchForms();
    document.querySelector(".wrong a")?.focus();
  });
  request.addEventListener("error", () => HTMLFormElement.prototype.submit.call(form)); // the browser says why
  request.send(new FormData(form));
}

function watchForms() {
  document.querySelectorAll("form[data-sending]").forEach((form) => form.addEventListener("submit", send));
}

document.querySelectorAll("[data-live]").forEach(follow);
watchForms();
