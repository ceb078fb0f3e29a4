// Two small charts as SVG: a line with a band, and dots; what is unusual is marked by shape as well as colour.
import { svg } from "./dom.js";
import { when } from "./words.js";

const HEIGHT = 260, LEFT = 66, RIGHT = 12, TOP = 12, BOTTOM = 28;
const WIDTH = matchMedia("(max-width: 40rem)").matches ? 400 : 880; // so that words stay as large on a phone

function scale(values, from, to) {
  const low = Math.min(...values), high = Math.max(...values);
  const span = high - low || Math.abs(high) || 1;
  return { low, high, at: (value) => from + ((value - low) / span) * (to - from) };
}

function frame(x, y, label, write) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => y.low + share * ((y.high - y.low) || Math.abs(y.high) || 1));
  const lines = ticks.map((value) => [
    svg("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: y.at(value), y2: y.at(value) }),
    svg("text", { x: LEFT - 8, y: y.at(value) + 4, "text-anchor": "end" }, write(value)),
  ]);
  const times = [
    svg("text", { x: LEFT, y: HEIGHT - 8 }, when(x.low).slice(0, 16)),
    svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, when(x.high).slice(0, 16)),
  ];
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, lines, times);
}

function diamond(cx, cy, title) {
  const r = 6;
  return svg("path", { class: "marked", d: `M${cx} ${cy - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z` }, svg("title", {}, title));
}

// points: {at, value, low, high}, oldest first; marks: {at, value, title}
export function band(points, marks, label, write) {
  const x = scale(points.map((p) => p.at), LEFT, WIDTH - RIGHT);
  const y = scale(points.flatMap((p) => [p.value, p.low ?? p.value, p.high ?? p.value]), HEIGHT - BOTTOM, TOP);
  const chart = frame(x, y, label, write);
  const held = points.filter((p) => p.low !== null && p.low !== undefined);
  const edge = (name) => held.map((p) => `${x.at(p.at).toFixed(1)},${y.at(p[name]).toFixed(1)}`);
  if (held.length > 1) chart.append(svg("polygon", { class: "area", points: [...edge("high"), ...edge("low").reverse()].join(" ") }));
  chart.append(svg("polyline", { class: "line", points: points.map((p) => `${x.at(p.at).toFixed(1)},${y.at(p.value).toFixed(1)}`).join(" ") }));
  for (const mark of marks) if (mark.at >= x.low && mark.at <= x.high) chart.append(diamond(x.at(mark.at), y.at(mark.value), mark.title));
  return chart;
}

// points: {at, value, title, isMarked}
export function dots(points, label, write) {
  const x = scale(points.map((p) => p.at), LEFT + 6, WIDTH - RIGHT - 6);
  const y = scale([0, ...points.map((p) => p.value)], HEIGHT - BOTTOM, TOP + 6);
  const chart = frame(x, y, label, write);
  for (const p of points) {
    chart.append(p.isMarked ? diamond(x.at(p.at), y.at(p.value), p.title)
      : svg("circle", { class: "dot", cx: x.at(p.at), cy: y.at(p.value), r: 3.5 }, svg("title", {}, p.title)));
  }
  return chart;
}
