// The list of alerts as they come, and what an analyst does with each.
import { follow, get, send } from "./api.js";
import { ask, failed, h, put, toast } from "./dom.js";
import { money, percent, when } from "./words.js";

const SHOWN = 200;
const BATCH = 50;
const SEVERITIES = ["low", "medium", "high", "critical"];
const state = { kind: "", severity: "low", text: "", open: false };

export function entityLink(kind, id) {
  const place = { customer: "customer", terminal: "terminal", symbol: "symbol" }[kind];
  const words = `${kind} ${id}`;
  return place ? h("a", { href: `#/${place}/${encodeURIComponent(id)}` }, words) : h("b", {}, words);
}

function standing({ state: how, owner, note, until }) {
  const words = {
    open: "", acknowledged: `${owner} looks into it`, right: `${owner} says it was right`,
    wrong: `${owner} says it was a false alarm`, snoozed: `snoozed by ${owner} until ${when(until)}`,
  }[how];
  return words && h("span", { class: "standing" }, note ? `${words}: ${note}` : words);
}

export function card(shown, may) {
  const { alert, why } = shown;
  const bars = why.map((reason) => h(
    "li", {}, h("span", { class: "share" }, percent(reason.share, 0)),
    h("meter", { min: 0, max: 1, value: Math.min(1, Math.max(0, reason.share)), "aria-hidden": "true" }),
    h("span", {}, reason.says),
  ));
  const acts = may
    ? [act("Look into it", "ack"), act(alert.kind === "fraud" ? "Fraud" : "Right", "right"),
      act(alert.kind === "fraud" ? "Genuine" : "Wrong", "wrong"), act("Snooze …", "snooze")] : [];
  function act(words, what) {
    return h("button", { type: "button", "data-act": what, onclick: () => deal(what, shown) }, words);
  }
  const item = h(
    "li", { class: `alert ${alert.severity}${shown.standing.state === "open" ? "" : " done"}`, tabindex: "-1",
      "data-id": alert.id, "aria-label": `${alert.severity} ${alert.kind} alert about ${alert.entity.kind} ${alert.entity.id}` },
    h("div", { class: "head" },
      h("span", { class: `badge ${alert.severity}` }, alert.severity), h("span", {}, alert.kind),
      entityLink(alert.entity.kind, alert.entity.id), h("time", { datetime: new Date(alert.at).toISOString() }, when(alert.at)),
      location.hash.startsWith("#/alert/") ? null : h("a", { href: `#/alert/${encodeURIComponent(alert.id)}` }, "details")),
    h("p", { class: "sentence" }, alert.sentence),
    bars.length ? h("ul", { class: "why", "aria-label": "Reasons" }, bars) : null,
    h("div", { class: "acts" }, standing(shown.standing), acts));
  item.shown = shown;
  return item;
}

export async function deal(what, { alert }) {
  try {
    const path = `/v1/alerts/${encodeURIComponent(alert.id)}`;
    if (what === "ack") await send("POST", `${path}/acknowledgement`, {});
    if (what === "right" || what === "wrong") await send("POST", `${path}/verdict`, { right: what === "right" });
    if (what === "snooze" && !(await snooze(alert))) return;
    toast({ ack: "You look into it.", right: "Said: it was right.", wrong: "Said: a false alarm.", snooze: "Snoozed." }[what]);
  } catch (error) {
    toast(`${error.message} ${error.fix || ""}`);
  }
}

async function snooze(alert) {
  const said = await ask("Snooze", [
    h("label", {}, "What", h("select", { name: "what" },
      h("option", { value: "entity" }, `${alert.entity.kind} ${alert.entity.id}, ${alert.kind}`),
      h("option", { value: "kind" }, `all ${alert.kind} alerts`),
      h("option", { value: "detector" }, `all by ${alert.detector.name}`))),
    h("label", {}, "How long", h("select", { name: "seconds" },
      h("option", { value: 1800 }, "30 minutes"), h("option", { value: 7200, selected: true }, "2 hours"),
      h("option", { value: 86400 }, "a day"), h("option", { value: 604800 }, "a week"))),
    h("label", {}, "Why", h("input", { name: "why", maxlength: 500, placeholder: "for those who wonder" })),
  ], "Snooze");
  if (!said) return false;
  const which = {
    entity: { kind: alert.kind, entity_kind: alert.entity.kind, entity: literal(alert.entity.id) },
    kind: { kind: alert.kind }, detector: { detector: alert.detector.name },
  }[said.what];
  await send("POST", "/v1/snoozes", { ...which, seconds: Number(said.seconds), why: said.why });
  return true;
}

function newestFirst({ shown: { alert: a } }, { shown: { alert: b } }) {
  return b.emitted_at - a.emitted_at || (a.id < b.id ? 1 : -1);
}

// An id as a pattern that fits itself alone.
const literal = (id) => id.replace(/[[*?]/g, "[$&]");

function query(cursor = "") {
  const words = new URLSearchParams({ limit: BATCH, severity: state.severity });
  if (state.kind) words.append("kind", state.kind);
  if (state.text) words.append("text", state.text);
  if (state.open) words.append("open", "true");
  if (cursor) words.append("cursor", cursor);
  return `/v1/alerts?${words}`;
}

function wants({ alert, standing: said }) {
  return (!state.kind || alert.kind === state.kind) && (!state.open || said.state === "open")
    && SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(state.severity)
    && alert.sentence.toLowerCase().includes(state.text.toLowerCase());
}

export async function showAlerts(me, stop, pulse) {
  const may = me.role === "analyst" || me.role === "admin";
  const list = h("ol", { class: "alerts", "aria-label": "Alerts, newest first" });
  const fresh = h("button", { type: "button", id: "fresh", class: "main", hidden: true, onclick: () => takeWaiting(true) });
  const more = h("button", { type: "button", hidden: true, onclick: () => load(more.cursor) }, "Older ones");
  const note = h("div", {});
  let waiting = [], missed = 0;
  put(h("h1", {}, "Alerts"), filters(() => load()), fresh, note, list, h("p", { class: "bar" }, more));
  stop.addEventListener("abort", () => document.removeEventListener("keydown", keys));
  document.addEventListener("keydown", keys);
  await load();
  await follow("/v1/alerts/live", {
    hello() {}, beat() {},
    connected: () => { pulse.live(true); catchUp(); }, broken: () => pulse.live(false), refused: pulse.refused,
    alerts(news) {
      missed += news.came - news.alerts.length;
      waiting = waiting.concat(news.alerts.filter(wants)).slice(-SHOWN);
      takeWaiting(scrollY < 120 && !list.contains(document.activeElement));
    },
    triage: refresh,
  }, stop);

  async function load(cursor = "") {
    try {
      const page = await get(query(cursor));
      if (stop.aborted) return;
      if (!cursor) { list.replaceChildren(); waiting = []; missed = 0; fresh.hidden = true; }
      list.append(...page.alerts.map((one) => card(one, may)));
      more.cursor = page.more;
      more.hidden = !page.more;
      note.replaceChildren(list.children.length ? "" : h("p", { class: "empty" }, "No alert is kept that fits. New ones appear here by themselves."));
    } catch (error) {
      if (!stop.aborted) note.replaceChildren(failed(error, () => load(cursor)));
    }
  }

  function takeWaiting(isAtTop) {
    fresh.hidden = isAtTop || waiting.length === 0;
    fresh.textContent = `${waiting.length + missed} new`;
    if (!isAtTop || waiting.length === 0) return;
    const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
    for (const one of waiting) {
      if (known.has(one.alert.id)) continue;
      const item = card(one, may);
      item.classList.add("new");
      known.set(one.alert.id, item);
    }
    list.replaceChildren(...[...known.values()].sort(newestFirst).slice(0, SHOWN));
    waiting = [];
    missed = 0;
    note.replaceChildren();
    if (scrollY > 120) scrollTo({ top: 0 });
  }

  // What came between the list and the stream, or while the stream was broken.
  async function catchUp() {
    const page = await get(query()).catch(() => ({ alerts: [] }));
    const known = new Set([...list.children].map((item) => item.dataset.id));
    waiting = waiting.concat(page.alerts.filter((one) => !known.has(one.alert.id)));
    if (!stop.aborted) takeWaiting(scrollY < 120 && !list.contains(document.activeElement));
  }

  async function refresh() {
    const page = await get(query().replace(`limit=${BATCH}`, `limit=${SHOWN}`)).catch(() => null);
    if (!page) return;
    const known = new Map(page.alerts.map((one) => [one.alert.id, one]));
    for (const item of [...list.children]) {
      const now = known.get(item.dataset.id);
      if (!now) { if (state.open) item.remove(); continue; }
      if (JSON.stringify(now.standing) === JSON.stringify(item.shown.standing)) continue;
      const act = item.contains(document.activeElement) ? document.activeElement.dataset.act || "" : null;
      const next = card(now, may);
      item.replaceWith(next);
      if (act !== null) (next.querySelector(`[data-act="${act}"]`) || next).focus();
    }
  }

  function keys(event) {
    if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...list.children];
    const at = items.indexOf(document.activeElement.closest?.(".alert"));
    const what = { a: "ack", f: "right", g: "wrong", s: "snooze" }[event.key];
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      items[Math.max(0, Math.min(items.length - 1, at + (event.key === "j" ? 1 : -1)))]?.focus();
    } else if (event.key === "n" && !fresh.hidden) takeWaiting(true);
    else if (what && may && at >= 0) { event.preventDefault(); deal(what, items[at].shown); }
    else if (event.key === "Enter" && document.activeElement === items[at]) location.hash = `#/alert/${encodeURIComponent(items[at].dataset.id)}`;
  }
}

function filters(changed) {
  let soon;
  const set = (name) => (event) => {
    state[name] = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    clearTimeout(soon);
    soon = setTimeout(changed, event.target.type === "search" ? 250 : 0);
  };
  const choice = (value, words) => (chosen) => h("option", { value, selected: value === chosen }, words);
  const kinds = [["", "all kinds"], ...["fraud", "market", "liquidity", "feed", "model", "pipeline"].map((k) => [k, k])];
  return h("form", { class: "bar", onsubmit: (event) => event.preventDefault(), "aria-label": "Which alerts" },
    h("label", {}, "Kind", h("select", { onchange: set("kind") }, kinds.map(([value, words]) => choice(value, words)(state.kind)))),
    h("label", {}, "Severity", h("select", { onchange: set("severity") },
      SEVERITIES.map((one) => choice(one, one === "critical" ? one : `${one} and above`)(state.severity)))),
    h("label", { class: "grow" }, "Words", h("input", { type: "search", value: state.text, maxlength: 100, oninput: set("text") })),
    h("label", { class: "tick" }, h("input", { type: "checkbox", checked: state.open, onchange: set("open") }), "only open ones"));
}

export async function showAlert(me, id) {
  const may = me.role === "analyst" || me.role === "admin";
  const path = `/v1/alerts/${encodeURIComponent(id)}`;
  const shown = await get(path);
  const { alert } = shown;
  const place = h("div", {});
  const more = h("button", { type: "button", class: "main", onclick: judge }, "Judge it again from the topics");
  put(h("h1", {}, `Alert ${alert.id}`), h("ol", { class: "alerts" }, card(shown, may)),
    h("p", { class: "advice" }, alert.action),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures" }, h("table", {}, h("caption", {}, "What it says"), h("tbody", {}, facts(alert).map(([name, value]) =>
      h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)))))),
    alert.kind === "fraud" ? h("p", { class: "bar" }, more) : null, place);

  async function judge() {
    more.disabled = true;
    place.replaceChildren(h("p", { class: "soft", role: "status" }, "Reading the history …"));
    try {
      place.replaceChildren(features(await get(`${path}/explanation`)));
    } catch (error) {
      place.replaceChildren(failed(error));
    }
    more.disabled = false;
  }
}

function facts(alert) {
  return [
    ["score", `${alert.score.toPrecision(5)} (threshold ${alert.threshold.toPrecision(5)})`],
    ...(alert.probability === null || alert.probability === undefined ? [] : [["probability of fraud", percent(alert.probability, 1)]]),
    ["detector", `${alert.detector.name} ${alert.detector.version}, settings ${alert.config}`],
    ["record", `${alert.source.topic}/${alert.source.partition}/${alert.source.offset}`],
    ...Object.entries(alert.evidence || {}).map(([name, value]) => [name, evidence(name, value, alert.evidence.currency)]),
    ...(alert.rules || []).map((rule) => [`rule ${rule.name}`, rule.says]),
  ];
}

function evidence(name, value, currency) {
  if (name === "amount" && currency) return money(value, currency);
  return typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(5) : String(value ?? "–");
}

function features(found) {
  return h("div", {}, h("p", {}, found.is_same ? "Judged again: the same score." : `Judged again: ${found.score.toPrecision(5)}; history has expired since, or came late.`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Features" }, h("table", {}, h("caption", {}, "Every feature, the weightiest first"),
      h("thead", {}, h("tr", {}, ["feature", "value", "usual", "share"].map((one) => h("th", { scope: "col", class: one === "feature" ? "" : "number" }, one)))),
      h("tbody", {}, found.features.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name),
        [one.value, one.usual].map((value) => h("td", { class: "number" }, value === null ? "–" : value.toPrecision(5))),
        h("td", { class: "number" }, found.score ? percent(one.contribution / found.score, 1) : "–")))))));
}
