// Sending a drawing until it is accepted. The same id every time: it counts once.

import { pause } from "./page.js";

const MOST_BYTES = 250 * 1024;
const MOST_STROKE_BYTES = 60 * 1024;
const TIMEOUT_MS = 20000;
const LONGEST_PAUSE_S = 15;

// The server does not take the drawing as it is; `status` says why.
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// Resolves to the server's answer. Throws `Refused` where a retry cannot help.
export async function sendDrawing(round, draft, name, canvas, waiting) {
  const body = await encoded(canvas);
  for (let tries = 1; ; tries += 1) {
    let after = Math.min(LONGEST_PAUSE_S, 2 ** (tries - 1));
    try {
      const answer = await request(
        `/api/rounds/${encodeURIComponent(round.slug)}/drawings/${draft.id}`,
        body,
        body.type,
        { "Paintcam-Name": encodeURIComponent(name) },
      );
      if (answer.ok) {
        return await answer.json();
      }
      const text = (await answer.json().catch(() => ({}))).error ?? "";
      if (![408, 429, 500, 502, 503, 504].includes(answer.status)) {
        throw new Refused(
          text || `The server refused the drawing (${answer.status}).`,
          answer.status,
        );
      }
      after = Math.max(after, Number(answer.headers.get("Retry-After")) || 0);
    } catch (error) {
      if (error instanceof Refused) {
        throw error;
      }
    }
    waiting(tries);
    await pause(1000 * after * (0.7 + 0.6 * Math.random()));
  }
}

// The strokes are for the replay alone: a few tries are enough.
export async function sendStrokes(id, strokes) {
  const body = new Blob([thinned(strokes)], { type: "application/json" });
  for (const after of [1, 4, 15]) {
    try {
      const answer = await request(`/api/drawings/${id}/strokes`, body, "application/json");
      if (answer.status < 500 && answer.status !== 429) {
        return;
      }
    } catch {
      // The network again.
    }
    await pause(1000 * after);
  }
}

async function request(path, body, type, headers = {}) {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), TIMEOUT_MS);
  try {
    return await fetch(path, {
      method: "PUT",
      body,
      headers: { "Content-Type": type, ...headers },
      signal: ended.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function encoded(canvas) {
  const png = await blob(canvas, "image/png");
  if (png.size <= MOST_BYTES) {
    return png;
  }
  for (const quality of [0.95, 0.8]) {
    const webp = await blob(canvas, "image/webp", quality);
    if (webp.type === "image/webp" && webp.size <= MOST_BYTES) {
      return webp;
    }
  }
  // Safari writes no WebP: fewer shades make a smaller PNG.
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const pixels = context.getImageData(0, 0, copy.width, copy.height);
  pixels.data.forEach((value, at) => {
    pixels.data[at] = at % 4 === 3 ? 255 : Math.round(value / 51) * 51;
  });
  context.putImageData(pixels, 0, 0);
  return blob(copy, "image/png");
}

function blob(canvas, type, quality) {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

// Strokes as JSON that the server takes: of very long ones every second point, and again.
function thinned(strokes) {
  let kept = strokes;
  let text = JSON.stringify(kept);
  while (text.length > MOST_STROKE_BYTES) {
    const before = text.length;
    kept = kept.map(halved);
    text = JSON.stringify(kept);
    if (text.length === before) {
      kept = kept.slice(-Math.floor(kept.length / 2));
      text = JSON.stringify(kept);
    }
  }
  return text;
}

function halved(stroke) {
  const count = stroke.points.length / 2;
  if (!["brush", "eraser"].includes(stroke.tool) || count < 5) {
    return stroke;
  }
  const keep = (index) => index % 2 === 0 || index === count - 1;
  const thin = { ...stroke, points: stroke.points.filter((_, at) => keep(Math.floor(at / 2))) };
  if (stroke.pressure) {
    thin.pressure = stroke.pressure.filter((_, index) => keep(index));
  }
  return thin;
}
