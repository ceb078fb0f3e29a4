// Which view is shown, who looks, and what every view has: theme, keys, the pulse of the system.
import { get, token, view as asking } from "./api.js";
import { showAlert, showAlerts } from "./alerts.js";
import { ask, failed, h, put } from "./dom.js";
import { showPayments, showSymbol, showSymbols } from "./entities.js";
import { showHealth } from "./health.js";

const PULSE_MS = 10000;
const pulse = document.getElementById("pulse");
let view = new AbortController();
let me = null;
let isLive = null;
let verdict = null;

const beat = {
  live(isConnected) { isLive = isConnected; drawPulse(); },
  refused() { leave("That token no longer holds."); },
};

function drawPulse() {
  if (!verdict) { pulse.className = ""; pulse.textContent = me ? "looking …" : ""; return; }
  const lost = isLive === false ? "Not connected; trying again. " : "";
  pulse.className = verdict.is_healthy && !lost ? "good" : "bad";
  pulse.textContent = lost + verdict.verdict;
}

async function lookAtPulse() {
  if (!me) return;
  try {
    verdict = await get("/v1/health", null);
  } catch (error) {
    if (error.status === 401) return beat.refused();
    verdict = { is_healthy: false, verdict: error.message };
  }
  drawPulse();
}

const VIEWS = {
  alerts: (stop) => showAlerts(me, stop, beat),
  alert: (_, id) => showAlert(me, id),
  customer: (_, id) => showPayments("customer", id),
  terminal: (_, id) => showPayments("terminal", id),
  symbols: () => showSymbols(),
  symbol: (_, id) => showSymbol(me, id),
  health: (stop) => showHealth(stop),
};
const PARENTS = { alert: "alerts", customer: "alerts", terminal: "alerts", symbol: "symbols" };

async function show() {
  view.abort();
  view = new AbortController();
  const stop = asking.stop = view.signal;
  isLive = null;
  drawPulse();
  if (takeToken()) return;
  if (!token.get()) return signIn("");
  const [name, id] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const chosen = VIEWS[name] ? name : "alerts";
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.hash === `#/${PARENTS[chosen] || chosen}`;
    if (isHere) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  document.title = `${id || chosen} · Weir`;
  try {
    if (!me) { me = await get("/v1/me"); drawPulse(); lookAtPulse(); }
    document.getElementById("leave").hidden = false;
    document.getElementById("leave").title = `${me.name}, ${me.role}`;
    scrollTo(0, 0);
    await VIEWS[chosen](stop, id);
  } catch (error) {
    if (stop.aborted) return;
    if (error.status === 401) return leave(error.message);
    put(failed(error, show));
  }
}

// A link may bring the token behind #token=, which no server ever sees; it does not stay in the address.
function takeToken() {
  const found = location.hash.match(/^#token=(.+)$/);
  if (!found) return false;
  token.set(decodeURIComponent(found[1]));
  me = verdict = null;
  location.replace("#/alerts");
  return true;
}

function signIn(why) {
  const field = h("input", { name: "token", type: "password", autocomplete: "off", required: true, "aria-describedby": "why" });
  put(h("form", { class: "sign", onsubmit(event) { event.preventDefault(); token.set(field.value.trim()); show(); } },
    h("h1", {}, "Weir"), h("p", { id: "why", role: why ? "alert" : null }, why || "Sign in with a token: weir console token add NAME --role analyst"),
    h("label", {}, "Token", field), h("button", { class: "main" }, "Sign in")));
  field.focus();
}

function leave(why = "") {
  view.abort();
  token.drop();
  me = verdict = null;
  drawPulse();
  document.getElementById("leave").hidden = true;
  signIn(why);
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
}

function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("weir-theme") || (system.matches ? "dark" : "light");
  setTheme(chosen());
  system.addEventListener("change", () => setTheme(chosen()));
  document.getElementById("theme").addEventListener("click", () => {
    localStorage.setItem("weir-theme", chosen() === "dark" ? "light" : "dark");
    setTheme(chosen());
  });
}

const KEYS = [["j k", "next alert, the one before"], ["Enter", "its details"], ["a", "look into it"], ["f", "fraud, or right"],
  ["g", "genuine, or wrong"], ["s", "snooze"], ["n", "show what is new"], ["1 2 3", "alerts, symbols, health"], ["?", "these keys"]];

function help() {
  ask("Keys", [h("dl", { class: "keys" }, KEYS.flatMap(([keys, what]) =>
    [h("dt", {}, keys.split(" ").flatMap((one) => [h("kbd", {}, one), " "])), h("dd", {}, what)]))]);
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = { 1: "alerts", 2: "symbols", 3: "health" }[event.key];
  if (place) location.hash = `#/${place}`;
  if (event.key === "?") help();
});
document.getElementById("help").addEventListener("click", help);
document.getElementById("leave").addEventListener("click", () => leave());
addEventListener("hashchange", show);
setInterval(lookAtPulse, PULSE_MS);
startTheme();
show();
