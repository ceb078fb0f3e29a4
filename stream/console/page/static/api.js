// The way to the API: the token, errors as problems say them, and the stream of alerts.
const KEY = "weir-token";

export class Trouble extends Error {
  constructor(message, fix, status) {
    super(message);
    this.fix = fix;
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  drop: () => sessionStorage.removeItem(KEY),
};

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token.get()}` } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The console does not answer.", "It may have been stopped, or the network is gone.", 0);
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Trouble(said.detail || `The console answered ${answer.status}.`, said.fix, answer.status);
}

// What the present view asks for is given up with it.
export const view = { stop: null };

export async function get(path, signal = view.stop) {
  return (await request(path, { signal })).json();
}

export async function send(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  return (await request(path, options)).json();
}

// Follows the alerts until `stop` aborts; comes back by itself after a break, a little later each time.
export async function follow(path, handlers, stop) {
  let pause = 1000;
  while (!stop.aborted) {
    try {
      const answer = await request(path, { signal: stop });
      handlers.connected();
      pause = 1000;
      await read(answer.body, handlers);
    } catch (error) {
      if (stop.aborted) return;
      if (error.status === 401) return handlers.refused(error);
    }
    if (stop.aborted) return;
    handlers.broken();
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, 15000);
  }
}

async function read(body, handlers) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text = (text + value).replaceAll("\r\n", "\n");
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const named = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      const handler = handlers[named("event")[0]];
      if (handler) handler(JSON.parse(named("data").join("\n") || "{}"));
    }
  }
}
