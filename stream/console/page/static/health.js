// Is it healthy: one sentence, then the feeds, then the models; looked up anew every few seconds.
import { get } from "./api.js";
import { failed, h, put } from "./dom.js";
import { figure, percent, since, when } from "./words.js";

const EVERY_MS = 5000;

export async function showHealth(stop) {
  const [now, models, held] = [h("div", {}), h("div", {}), h("div", {})];
  put(h("h1", {}, "Health"), now, h("h2", {}, "Models"), models, h("h2", {}, "Held back in the last hour"), held);
  load(models, "/v1/models", drawModels);
  load(held, "/v1/held", drawHeld);
  await load(now, "/v1/health", drawHealth);
  if (stop.aborted) return;
  const timer = setInterval(() => load(now, "/v1/health", drawHealth), EVERY_MS);
  stop.addEventListener("abort", () => clearInterval(timer));
}

async function load(place, path, draw) {
  if (!place.children.length) place.replaceChildren(h("p", { class: "soft", role: "status" }, "Looking …"));
  try {
    place.replaceChildren(draw(await get(path)));
  } catch (error) {
    if (error.name === "AbortError") return;
    place.replaceChildren(failed(error, () => load(place, path, draw)));
  }
}

function table(label, head, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((one, i) => h("th", { scope: "col", class: i ? "number" : "" }, one)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value, i) => (i ? h("td", { class: "number" }, value) : h("th", { scope: "row" }, value))))))));
}

function drawHealth(found) {
  return h("div", {},
    h("p", { class: `verdict ${found.is_healthy ? "good" : ""}` }, found.is_healthy ? "✓ healthy" : `▲ ${found.verdict}`),
    h("p", { class: "soft" }, `${found.workers} ${found.workers === 1 ? "worker" : "workers"} in group ${found.group} (${found.group_state}); as of ${when(found.at)}`),
    h("h2", {}, "Feeds"),
    table("Feeds", ["topic", "records", "newest", "wait to be judged"], found.feeds.map((one) =>
      [one.topic, figure(one.records), one.last_at === null && one.records ? "" : since(one.last_at, found.at), one.lag === null ? "" : figure(one.lag)])));
}

function drawModels({ in_force: change, steps, artefact, metrics }) {
  if (!change) return h("p", { class: "soft" }, "No worker has said yet what decides its alerts.");
  const rows = Object.entries(change.detectors).map(([name, version]) => {
    const known = metrics[name] || {};
    return [name, version, percent(known.average_precision, 1), percent(known.recall, 1), percent(known.precision, 1), known.alerts_per_1000_genuine?.toFixed(2) ?? "–"];
  });
  return h("div", {},
    h("p", { class: "soft" }, `Release ${change.release}, settings ${change.config}, in force since ${when(change.at)}. Figures: test window of artefact ${artefact || "–"}.`),
    table("Models", ["detector", "version", "average precision", "recall", "precision", "alerts per 1000 genuine"], rows),
    steps.length ? h("p", { class: "soft" }, "Steps of models, newest first:") : null,
    steps.length ? h("ul", {}, steps.map((one) => h("li", {}, `${when(one.at)}  ${one.action} ${one.model || "that of the settings"}, ${one.by}: ${one.why}`))) : null);
}

function drawHeld({ alerts, payments }) {
  const why = new Map();
  for (const one of alerts) if (one.outcome !== "told") why.set(`${one.why || one.outcome} at ${one.sink}`, (why.get(`${one.why || one.outcome} at ${one.sink}`) || 0) + one.alerts.length);
  return h("div", {},
    h("p", {}, `${figure(payments.length)} ${payments.length === 1 ? "payment" : "payments"} above a threshold not told: the customer or terminal was told of shortly before.`),
    why.size ? table("Alerts held at sinks", ["why", "alerts"], [...why].map(([words, count]) => [words, figure(count)])) : h("p", { class: "soft" }, "No alert was held at a sink."));
}
