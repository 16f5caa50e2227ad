// Small things that all pages use. Names and prompts are always text, never markup.

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) {
      made[name] = value;
    } else {
      made.setAttribute(name, value);
    }
  }
  made.append(...children);
  return made;
}

export const find = (selector) => document.querySelector(selector);

export const number = (value) => value.toLocaleString("en");

export const points = (score) => score.toFixed(2);

export const picture = (id) => `/pictures/${encodeURIComponent(id)}.png`;

export const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// crypto.randomUUID is absent on plain HTTP.
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The best players as a list.
export function bestList(places) {
  return places.map((place) =>
    element(
      "li",
      {},
      element("span", { className: "rank", textContent: place.rank }),
      place.picture
        ? element("img", { src: picture(place.id), alt: "", loading: "lazy" })
        : element("span", { className: "no-picture" }),
      element("bdi", { className: "name", textContent: place.name }),
      element("span", { className: "score", textContent: points(place.score) }),
    ),
  );
}
