// One customer, terminal or symbol: its history with the unusual marked, its figures, its alerts.
import { get } from "./api.js";
import { card, entityLink } from "./alerts.js";
import { band, dots } from "./chart.js";
import { h, put } from "./dom.js";
import { figure, money, percent, when } from "./words.js";

const REST = new Set(["cadence"]);

export async function showPayments(kind, id) {
  const place = kind === "customer" ? "customers" : "terminals";
  put(h("h1", {}, `${kind} ${id}`), h("p", { class: "empty", role: "status" }, "Looking the payments up …"));
  const found = await get(`/v1/${place}/${encodeURIComponent(id)}`);
  const { payments } = found;
  if (!payments.length) {
    return put(h("h1", {}, `${kind} ${id}`), h("p", { class: "empty" }, `No payment among the last ${figure(found.looked_through)} records of the topic.`));
  }
  const unusual = payments.filter((one) => one.is_unusual).length;
  const words = (one) => `${when(one.at)}  ${money(one.amount, one.currency)}  ${one.id}`;
  put(h("h1", {}, `${kind} ${id}`),
    h("p", { class: "soft" }, `${payments.length} payments, ${unusual} unusual; ${found.is_whole ? "all that are kept" : `looked through the last ${figure(found.looked_through)} records`}.`),
    h("figure", {}, h("figcaption", {}, "Amounts over time; a red diamond is unusual."),
      dots(payments.map((one) => ({ at: one.at, value: one.amount / 100, title: words(one), isMarked: one.is_unusual })),
        `Amounts of ${payments.length} payments, ${unusual} of them unusual`, figure)),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Payments" }, h("table", {},
      h("caption", {}, kind === "customer" ? "Newest first. Deviations: the amount against the customer's own median of 30 days, in robust deviations; from 3.5 on it is unusual." : "Newest first."),
      h("thead", {}, h("tr", {}, ["when", kind === "customer" ? "terminal" : "customer", "payment", "amount", "deviations", "why marked"].map((one) =>
        h("th", { scope: "col", class: one === "amount" || one === "deviations" ? "number" : "" }, one)))),
      h("tbody", {}, payments.map((one) => h("tr", { class: one.is_unusual ? "unusual" : "" },
        h("td", {}, when(one.at)), h("td", {}, kind === "customer" ? entityLink("terminal", one.terminal) : entityLink("customer", one.customer)),
        h("td", {}, one.id), h("td", { class: "number" }, money(one.amount, one.currency)),
        h("td", { class: "number" }, one.deviations === null ? "–" : one.deviations.toFixed(1)),
        h("td", {}, one.alert ? h("a", { href: `#/alert/${encodeURIComponent(one.alert)}` }, `${one.severity} alert`) : one.is_unusual ? "amount" : "")))))));
}

export async function showSymbols() {
  const symbols = await get("/v1/symbols");
  const head = ["symbol", "last", "99 % value at risk", "expected shortfall", "volatility", "drawdown", "as of"];
  put(h("h1", {}, "Symbols"), symbols.length
    ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Symbols" }, h("table", {}, h("caption", {}, "The newest snapshot of each; losses and volatility of one bar."),
      h("thead", {}, h("tr", {}, head.map((one, i) => h("th", { scope: "col", class: i && i < 6 ? "number" : "" }, one)))),
      h("tbody", {}, symbols.map(({ symbol, at, figures: f }) => h("tr", {},
        h("th", { scope: "row" }, h("a", { href: `#/symbol/${encodeURIComponent(symbol)}` }, symbol)),
        [figure(f.last ?? f.mid), percent(f.value_at_risk_99), percent(f.expected_shortfall_975), percent(f.volatility_ewma, 3), percent(f.drawdown)]
          .map((value) => h("td", { class: "number" }, value)), h("td", {}, when(at)))))))
    : h("p", { class: "empty" }, "No figures yet: they come with the first ticks."));
}

export async function showSymbol(me, symbol) {
  const found = await get(`/v1/symbols/${encodeURIComponent(symbol)}`);
  const priced = found.snapshots.filter((one) => (one.figures.last ?? one.figures.mid) !== null);
  const points = priced.map(({ at, figures: f }) => {
    const value = f.last ?? f.mid, risk = f.value_at_risk_99;
    return { at, value, low: risk === null || risk === undefined ? null : value * (1 - risk), high: risk === null || risk === undefined ? null : value * (1 + risk) };
  });
  const marks = priced.filter((one) => !REST.has(one.cause)).map((one) => ({ at: one.at, value: one.figures.last ?? one.figures.mid, title: `${one.cause}, ${when(one.at)}` }));
  const { figures } = found.snapshots.at(-1);
  const top = [["last", figure(figures.last)], ["99 % value at risk", percent(figures.value_at_risk_99)], ["97.5 % expected shortfall", percent(figures.expected_shortfall_975)],
    ["volatility", percent(figures.volatility_ewma, 3)], ["drawdown", percent(figures.drawdown)], ["quoted spread", percent(figures.quoted_spread_ratio, 3)]];
  const may = me.role === "analyst" || me.role === "admin";
  put(h("h1", {}, symbol), h("p", { class: "soft" }, `As of ${when(found.snapshots.at(-1).at)}; ${found.snapshots.length} snapshots kept.`),
    h("dl", { class: "figures" }, top.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    points.length > 1 ? h("figure", {}, h("figcaption", {}, `Price, with what the next bar stays within on 99 of 100 (99 % value at risk to either side). ${marks.length} breaches, as red diamonds.`),
      band(points, marks, `Price of ${symbol} with its value-at-risk band and ${marks.length} breaches`, figure)) : null,
    h("h2", {}, "Alerts"), found.alerts.length ? h("ol", { class: "alerts" }, found.alerts.slice(0, 50).map((one) => card(one, may))) : h("p", { class: "soft" }, "None is kept."),
    h("h2", {}, "All figures"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures" }, h("table", {}, h("tbody", {}, Object.entries(figures).map(([name, value]) =>
      h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, figure(value))))))));
}
