/** Script of the API page, as the browser gets it: theme, language, tabs, copying, and requests to try. */

export const script = `const root = document.documentElement;
const theme = localStorage.getItem("tunewright.theme");
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
const wanted = localStorage.getItem("tunewright.language");
const asked = new URLSearchParams(location.search).get("lang");
if (!asked && wanted && !root.lang.startsWith(wanted)) location.replace("?lang=" + wanted + location.hash);

addEventListener("DOMContentLoaded", () => {
  const base = new URL(".", location.href).href.replace(/\\/$/, "");
  for (const code of document.querySelectorAll("pre[data-example]"))
    code.textContent = code.textContent.replaceAll("http://127.0.0.1:8000", base);
  for (const link of document.querySelectorAll("a[data-language]"))
    link.addEventListener("click", () => localStorage.setItem("tunewright.language", link.dataset.language));
  for (const box of document.querySelectorAll("[data-examples]")) tabs(box);
  for (const form of document.querySelectorAll("form[data-try]")) form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form);
  });
  const key = document.getElementById("key");
  if (key) {
    key.value = sessionStorage.getItem("tunewright.key") ?? "";
    key.addEventListener("input", () => sessionStorage.setItem("tunewright.key", key.value));
  }
});

function tabs(box) {
  const buttons = [...box.querySelectorAll("[role=tab]")];
  const panels = [...box.querySelectorAll("pre")];
  const show = (at) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", String(i === at));
      button.tabIndex = i === at ? 0 : -1;
      panels[i].hidden = i !== at;
    });
  };
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => show(i));
    button.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      const next = (i + step + buttons.length) % buttons.length;
      show(next);
      buttons[next].focus();
    });
  });
  const copy = box.querySelector(".copy");
  copy.addEventListener("click", async () => {
    const text = panels.find((panel) => !panel.hidden).textContent;
    const before = copy.textContent;
    copy.textContent = (await copied(text)) ? copy.dataset.done : copy.dataset.failed;
    setTimeout(() => { copy.textContent = before; }, 1500);
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

let running;
async function attempt(form) {
  const { method, path, stopped, sending } = form.dataset;
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");
  const out = form.querySelector("pre");
  if (running?.form === form) {
    running.control.abort();
    return;
  }
  running?.control.abort();
  const control = new AbortController();
  running = { form, control };
  const own = button.textContent;
  button.textContent = form.dataset.stop;
  status.textContent = sending;
  status.className = "soft";
  out.hidden = false;
  out.textContent = "";
  const started = performance.now();
  try {
    const url = path.slice(1).replaceAll(/\\{(\\w+)\\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
    const headers = {};
    const key = sessionStorage.getItem("tunewright.key");
    if (key) headers.authorization = "Bearer " + key;
    const body = form.elements.body?.value;
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(url, { method: method.toUpperCase(), headers, body, signal: control.signal });
    const type = answer.headers.get("content-type") ?? "";
    if (type.includes("json")) out.textContent = JSON.stringify(await answer.json(), null, 2);
    else {
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        out.append(part.value);
        out.scrollTop = out.scrollHeight;
      }
    }
    status.textContent = answer.status + " " + answer.statusText + ", " + Math.round(performance.now() - started) + " ms";
    status.className = answer.ok ? "soft" : "failed";
  } catch (error) {
    status.textContent = control.signal.aborted ? stopped : String(error.message ?? error);
    status.className = control.signal.aborted ? "soft" : "failed";
  } finally {
    button.textContent = own;
    if (running?.control === control) running = undefined;
  }
}
`;
