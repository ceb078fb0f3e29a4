// Elements from words: text is always text, so nothing that a record holds can become markup.
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function put(...children) {
  const main = document.getElementById("main");
  main.replaceChildren(...children);
  return main;
}

export function toast(text) {
  const place = document.getElementById("toast");
  const said = h("p", {}, text);
  place.replaceChildren(said);
  setTimeout(() => said.remove(), 6000);
}

export function failed(error, again) {
  return h(
    "div", { class: "failed", role: "alert" },
    h("p", {}, error.message), h("p", { class: "soft" }, error.fix || ""),
    again ? h("button", { type: "button", onclick: again }, "Try again") : null,
  );
}

// A form in a dialog; resolves to its fields, or to null where it was dismissed.
export function ask(title, fields, action) {
  return new Promise((resolve) => {
    const form = h(
      "form", { method: "dialog" }, h("h2", { id: "asked" }, title), ...fields,
      h("div", { class: "acts" },
        h("button", { type: "button", onclick: () => dialog.close() }, action ? "Cancel" : "Close"),
        action ? h("button", { class: "main", value: "yes" }, action) : null),
    );
    const dialog = h("dialog", { "aria-labelledby": "asked" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
