// How figures and times are written.
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function figure(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 1000 ? whole.format(value) : number.format(value);
}

export function percent(value, digits = 2) {
  return value === null || value === undefined ? "–" : `${(100 * value).toFixed(digits)} %`;
}

export function money(cents, currency) {
  return `${new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(cents / 100)} ${currency}`;
}

export function when(at) {
  return at === null || at === undefined ? "never" : new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

export function since(at, now = Date.now()) {
  if (at === null || at === undefined) return "never";
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`;
}
