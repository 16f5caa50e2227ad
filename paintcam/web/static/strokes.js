// Draws strokes on a canvas of 512 × 512 pixels: while a visitor draws, and again in a replay.
//
// A stroke is {tool, color, size, points: [x, y, …], pressure?: [0…100, …]} in whole pixels of the
// drawing, whatever the size of the canvas on the page.

import Atrament from "./vendor/atrament.js";
import FillWorker from "./vendor/atrament-fill.js";

export const EDGE = 512;
export const PAPER = "#ffffff";

const SMOOTHING = 0.2;

export class Painter {
  #pen;
  #context;
  #last = null;
  #filler = null;
  #fills = [];

  constructor(canvas, { readOften = false } = {}) {
    this.canvas = canvas;
    // Whoever asks first decides how the browser keeps the pixels.
    this.#context = canvas.getContext("2d", { willReadFrequently: readOften });
    // atrament scales by the canvas's size on the page, which is 0 while it is hidden and differs
    // from phone to phone. All coordinates here are pixels of the drawing already.
    for (const name of ["offsetWidth", "offsetHeight"]) {
      Object.defineProperty(canvas, name, { value: EDGE });
    }
    this.#pen = new Atrament(canvas, { width: EDGE, height: EDGE });
    this.#pen.adaptiveStroke = false;
    this.#pen.pressureLow = 0.2;
    this.wipe();
  }

  wipe() {
    this.#context.fillStyle = PAPER;
    this.#context.fillRect(0, 0, EDGE, EDGE);
  }

  take() {
    return this.#context.getImageData(0, 0, EDGE, EDGE);
  }

  put(pixels) {
    this.#context.putImageData(pixels, 0, 0);
  }

  image(picture) {
    this.#context.drawImage(picture, 0, 0, EDGE, EDGE);
  }

  // Draw the rest of a freehand stroke, from its point number `from` on.
  freehand(stroke, from = 0) {
    const pen = this.#pen;
    pen.color = stroke.tool === "eraser" ? PAPER : stroke.color;
    pen.weight = stroke.size;
    for (let index = from; 2 * index < stroke.points.length; index += 1) {
      const x = stroke.points[2 * index];
      const y = stroke.points[2 * index + 1];
      const pressure = stroke.pressure ? stroke.pressure[index] / 100 : 0.5;
      if (index === 0) {
        pen.beginStroke(x, y);
        this.#last = { x, y };
      }
      // A smoothed line stays behind the finger; its end must not.
      pen.smoothing = stroke.done && 2 * index + 2 >= stroke.points.length ? 0.02 : SMOOTHING;
      this.#last = pen.draw(x, y, this.#last.x, this.#last.y, pressure);
    }
    if (stroke.done) {
      pen.endStroke(this.#last.x, this.#last.y);
    }
  }

  shape(stroke) {
    const context = this.#context;
    const [x0, y0, x1, y1] = stroke.points;
    context.strokeStyle = stroke.color;
    context.lineWidth = stroke.size;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.beginPath();
    if (stroke.tool === "line") {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    } else if (stroke.tool === "rectangle") {
      context.rect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    } else {
      const [rx, ry] = [Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2];
      context.ellipse((x0 + x1) / 2, (y0 + y1) / 2, rx, ry, 0, 0, 2 * Math.PI);
    }
    context.stroke();
  }

  // Fill an area. Returns a promise: the pixels are found in a worker.
  fill(stroke) {
    const [x, y] = stroke.points;
    if (x < 0 || y < 0 || x >= EDGE || y >= EDGE) {
      return Promise.resolve();
    }
    if (this.#filler === null) {
      this.#filler = new FillWorker();
      this.#filler.addEventListener("message", ({ data }) => this.#fills.shift()(data.result));
    }
    const before = this.take();
    const start = Array.from(before.data.subarray(4 * (y * EDGE + x), 4 * (y * EDGE + x) + 4));
    // The worker leaves out the last row that it is given: it is given one more.
    const image = new Uint8ClampedArray(4 * EDGE * (EDGE + 1));
    image.set(before.data);
    this.#filler.postMessage(
      {
        image,
        color: stroke.color,
        globalAlpha: 1,
        width: EDGE,
        height: EDGE + 1,
        startColor: start,
        startX: x,
        startY: y,
      },
      [image.buffer],
    );
    return new Promise((resolve) => {
      this.#fills.push((result) => {
        const after = new ImageData(result.slice(0, before.data.length), EDGE, EDGE);
        soften(before.data, after.data, start);
        this.put(after);
        resolve();
      });
    });
  }

  // Draw a whole stroke at once. Returns a promise.
  async draw(stroke) {
    if (stroke.tool === "fill") {
      await this.fill(stroke);
    } else if (stroke.tool === "clear") {
      this.wipe();
    } else if (stroke.tool === "brush" || stroke.tool === "eraser") {
      this.freehand({ ...stroke, done: true });
    } else {
      this.shape(stroke);
    }
  }
}

// Lines have soft edges, half ink and half of what was below. A fill replaces what was below, so
// the edges that it reaches are mixed again, with the new colour.
function soften(before, after, start) {
  const rgba = filledColor(before, after);
  if (rgba === null) {
    return;
  }
  const row = 4 * EDGE;
  const steps = [4, -4, row, -row, row + 4, row - 4, -row + 4, -row - 4];
  const edges = [];
  for (let at = 2 * row + 8; at < before.length - 2 * row - 8; at += 4) {
    if (!same(before, after, at)) {
      continue;
    }
    for (const step of steps) {
      const inside = at - step;
      if (!same(before, after, inside)) {
        // On a shallow slope the next pixel is half ink as well.
        const near = distance(before, at + step, start);
        const far = distance(before, at + 2 * step, start);
        edges.push([at, near < far ? at + 2 * step : at + step]);
        break;
      }
    }
  }
  for (const [at, beyond] of edges) {
    const whole = distance(before, beyond, start);
    const part = whole < 30 ? 1 : Math.min(1, distance(before, at, start) / whole);
    for (let channel = 0; channel < 3; channel += 1) {
      const ink = whole < 30 ? before[at + channel] : before[beyond + channel];
      after[at + channel] = ink * part + rgba[channel] * (1 - part);
    }
  }
}

function filledColor(before, after) {
  for (let at = 0; at < before.length; at += 4) {
    if (!same(before, after, at)) {
      return after.slice(at, at + 3);
    }
  }
  return null;
}

function same(before, after, at) {
  return (
    before[at] === after[at] && before[at + 1] === after[at + 1] && before[at + 2] === after[at + 2]
  );
}

function distance(pixels, at, color) {
  return Math.hypot(
    pixels[at] - color[0],
    pixels[at + 1] - color[1],
    pixels[at + 2] - color[2],
  );
}

// Draw strokes one after the other within a time. `signal` ends it early, with everything drawn.
export async function replay(painter, strokes, seconds, signal) {
  painter.wipe();
  const weights = strokes.map(effort);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const begun = performance.now();
  let passed = 0;
  for (const [index, stroke] of strokes.entries()) {
    // How much of this stroke should be drawn by now.
    const share = () => {
      const now = (performance.now() - begun) / 1000 / seconds;
      return signal?.aborted ? 1 : Math.min(1, (now * total - passed) / weights[index]);
    };
    await (FREE.includes(stroke.tool) ? drawFree : drawShape)(painter, stroke, share);
    passed += weights[index];
  }
}

const FREE = ["brush", "eraser"];

// A hand needs longer for a longer line.
function effort({ points }) {
  let length = 60;
  for (let at = 2; at < points.length; at += 2) {
    length += Math.hypot(points[at] - points[at - 2], points[at + 1] - points[at - 1]);
  }
  return length;
}

async function drawFree(painter, stroke, share) {
  const count = stroke.points.length / 2;
  for (let drawn = 0; drawn < count; ) {
    const upto = Math.min(count, Math.max(drawn, Math.ceil(share() * count)));
    const points = stroke.points.slice(0, 2 * upto);
    painter.freehand({ ...stroke, points, done: upto === count }, drawn);
    drawn = upto;
    if (drawn < count) {
      await frame();
    }
  }
}

async function drawShape(painter, stroke, share) {
  const grows = ["line", "rectangle", "ellipse"].includes(stroke.tool);
  const before = painter.take();
  const [x0, y0, x1, y1] = stroke.points;
  for (let part = share(); part < 1; part = share()) {
    if (grows) {
      painter.put(before);
      painter.shape({ ...stroke, points: [x0, y0, x0 + part * (x1 - x0), y0 + part * (y1 - y0)] });
    }
    await frame();
  }
  painter.put(before);
  await painter.draw(stroke);
}

function frame() {
  // A page in the background gets no animation frames; a replay must end there too.
  return new Promise((resolve) => {
    const late = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
