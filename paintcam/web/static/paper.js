// The paper that a visitor draws on: pointers, tools, undo, and drawing by keyboard.

import { EDGE, Painter } from "./strokes.js";

const UNDO_STEPS = 50;
const LEAST_MOVE = 1.5; // pixels of the drawing; nearer points add nothing
const KEY_STEP = 8;
const PINCH_MS = 500;
const FREE = ["brush", "eraser"];

export class Paper {
  #pointers = new Map();
  #stroke = null; // being drawn
  #begunAt = 0;
  #drawn = 0; // of its points
  #before = null; // pixels before it
  #history = []; // pixels before each of the last strokes
  #undone = [];
  #work = Promise.resolve();
  #busy = 0; // a fill takes some hundredths of a second: no line may begin below it
  #early = []; // strokes that began meanwhile
  #refused = false; // a second finger came: nothing is drawn until all are gone
  #cursor = { x: EDGE / 2, y: EDGE / 2, down: false };

  constructor(element, changed) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.painter = new Painter(this.canvas, { readOften: true });
    this.strokes = [];
    this.tool = "brush";
    this.color = "#000000";
    this.size = 10;
    this.locked = false;
    this.#changed = changed;
    const listen = (name, handler) => element.addEventListener(name, handler.bind(this));
    listen("pointerdown", this.#down);
    listen("pointermove", this.#move);
    listen("pointerup", this.#up);
    listen("pointercancel", this.#cancel);
    listen("lostpointercapture", this.#up);
    listen("keydown", this.#key);
    listen("blur", this.#liftKeys);
    // Older iPhones scroll and zoom in spite of `touch-action`.
    for (const name of ["touchstart", "touchmove", "gesturestart"]) {
      element.addEventListener(name, (event) => event.preventDefault(), { passive: false });
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #changed;

  get empty() {
    return this.strokes.length === 0 || this.strokes.at(-1).tool === "clear";
  }

  get canUndo() {
    return this.#history.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  get undone() {
    return this.#undone;
  }

  // Show strokes from an earlier visit.
  load(strokes, undone = []) {
    return this.#later(async () => {
      this.painter.wipe();
      this.strokes = [];
      this.#history = [];
      this.#undone = undone;
      for (const stroke of strokes) {
        await this.#add(stroke);
      }
    });
  }

  undo() {
    return this.#later(() => {
      const pixels = this.#history.pop();
      if (pixels !== undefined) {
        this.painter.put(pixels);
        this.#undone.push(this.strokes.pop());
      }
    });
  }

  redo() {
    return this.#later(async () => {
      const stroke = this.#undone.pop();
      if (stroke !== undefined) {
        await this.#add(stroke);
      }
    });
  }

  clear() {
    return this.#later(async () => {
      if (!this.empty) {
        this.#undone = [];
        await this.#add({ tool: "clear", color: "#ffffff", size: 1, points: [] });
      }
    });
  }

  // Wait until everything is drawn.
  settled() {
    return this.#work;
  }

  #later(work) {
    if (this.#stroke !== null) {
      this.#finish();
    }
    this.#busy += 1;
    this.#work = this.#work.then(work).then(() => {
      this.#busy -= 1;
      if (this.#busy === 0) {
        this.#catchUp();
      }
      this.#changed();
    });
    return this.#work;
  }

  async #add(stroke) {
    this.#remember(this.painter.take());
    this.strokes.push(stroke);
    await this.painter.draw(stroke);
  }

  #remember(pixels) {
    this.#history.push(pixels);
    if (this.#history.length > UNDO_STEPS) {
      this.#history.shift();
    }
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: Math.round(((event.clientX - box.left) / box.width) * EDGE),
      y: Math.round(((event.clientY - box.top) / box.height) * EDGE),
      pressure: event.pointerType === "pen" ? Math.round(100 * event.pressure) : null,
    };
  }

  #down(event) {
    const pen = [...this.#pointers.values()].includes("pen");
    if (event.pointerType === "touch" && pen) {
      return; // the palm beside the pen
    }
    if (event.pointerType === "pen" && !pen && this.#pointers.size > 0) {
      this.#discard(); // the palm came first
      this.#pointers.clear();
      this.#refused = false;
    }
    this.#pointers.set(event.pointerId, event.pointerType);
    if (this.#pointers.size > 1) {
      this.#refused = true;
      // Both fingers of a pinch come at once. A hand that touches the glass later does not cost the
      // line drawn until then.
      if (this.#stroke !== null && performance.now() - this.#begunAt > PINCH_MS) {
        this.#finish();
      }
      this.#discard();
      return;
    }
    if (event.button > 0 && event.button !== 5) {
      return;
    }
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.#liftKeys();
    this.#begin(this.#at(event), event.button === 5 ? "eraser" : this.tool);
  }

  #move(event) {
    if (this.#refused || !this.#pointers.has(event.pointerId)) {
      return;
    }
    // Absent where the page has no https: then one point an event has to do.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length > 0 ? events : [event]) {
      if (this.#stroke !== null) {
        this.#extend(this.#at(each));
      } else if (this.#pending !== null) {
        this.#pending.spots.push(this.#at(each));
      }
    }
  }

  // The stroke of a hand that did not wait for a fill.
  get #pending() {
    const last = this.#early.at(-1);
    return last === undefined || last.ended ? null : last;
  }

  #catchUp() {
    for (const { tool, color, size, spots, ended } of this.#early.splice(0)) {
      this.#begin(spots[0], tool, { color, size });
      if (this.#stroke !== null) {
        spots.slice(1).forEach((spot) => this.#extend(spot));
        if (ended) {
          this.#finish();
        }
      }
    }
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) {
      return;
    }
    if (!this.#refused && this.#stroke !== null) {
      if (event.type === "pointerup") {
        this.#extend(this.#at(event), true);
      }
      this.#finish();
    } else if (!this.#refused && this.#pending !== null) {
      this.#pending.spots.push(this.#at(event));
      this.#pending.ended = true;
    }
    this.#refused = this.#refused && this.#pointers.size > 0;
  }

  #cancel(event) {
    if (this.#pointers.delete(event.pointerId)) {
      this.#discard();
      this.#refused = this.#refused && this.#pointers.size > 0;
    }
  }

  #begin({ x, y, pressure }, tool, { color, size } = this) {
    if (this.locked) {
      return;
    }
    if (tool === "fill") {
      const stroke = { tool, color, size, points: [x, y] };
      this.#later(async () => {
        this.#undone = [];
        await this.#add(stroke);
      });
      return;
    }
    if (this.#busy > 0) {
      this.#early.push({ tool, color, size, spots: [{ x, y, pressure }], ended: false });
      return;
    }
    this.#begunAt = performance.now();
    this.#before = this.painter.take();
    const points = FREE.includes(tool) ? [x, y] : [x, y, x, y];
    this.#stroke = { tool, color, size, points };
    if (FREE.includes(tool) && pressure !== null) {
      this.#stroke.pressure = [pressure];
    }
    this.#drawn = 0;
    this.#show();
  }

  #extend({ x, y, pressure }, last = false) {
    const stroke = this.#stroke;
    if (!FREE.includes(stroke.tool)) {
      stroke.points.splice(2, 2, x, y);
      this.#show();
      return;
    }
    const [px, py] = stroke.points.slice(-2);
    if (Math.hypot(x - px, y - py) < (last ? 0.5 : LEAST_MOVE)) {
      return;
    }
    stroke.points.push(x, y);
    stroke.pressure?.push(pressure || stroke.pressure.at(-1));
    this.#show();
  }

  #show() {
    if (FREE.includes(this.#stroke.tool)) {
      this.painter.freehand(this.#stroke, this.#drawn);
      this.#drawn = this.#stroke.points.length / 2;
    } else {
      this.painter.put(this.#before);
      this.painter.shape(this.#stroke);
    }
  }

  #finish() {
    const stroke = this.#stroke;
    this.#stroke = null;
    if (FREE.includes(stroke.tool)) {
      // Drawn again as a replay will draw it: up to its very end.
      this.painter.put(this.#before);
      this.painter.freehand({ ...stroke, done: true });
    }
    this.#remember(this.#before);
    this.strokes.push(stroke);
    this.#undone = [];
    this.#changed();
  }

  #discard() {
    if (this.#pending !== null) {
      this.#early.pop();
    }
    if (this.#stroke !== null) {
      this.#stroke = null;
      this.painter.put(this.#before);
    }
  }

  #key(event) {
    const step = event.shiftKey ? 4 * KEY_STEP : KEY_STEP;
    const moves = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in moves) {
      const cursor = this.#cursor;
      cursor.x = Math.min(EDGE - 1, Math.max(0, cursor.x + moves[event.key][0]));
      cursor.y = Math.min(EDGE - 1, Math.max(0, cursor.y + moves[event.key][1]));
      if (cursor.down && this.#stroke !== null) {
        this.#extend({ ...cursor, pressure: null });
      }
    } else if (event.key === " " || event.key === "Enter") {
      if (this.#cursor.down) {
        this.#liftKeys();
      } else if (!event.repeat && (this.#busy === 0 || this.tool === "fill")) {
        this.#begin({ ...this.#cursor, pressure: null }, this.tool);
        this.#cursor.down = this.#stroke !== null;
      }
    } else {
      return;
    }
    event.preventDefault();
    this.element.classList.add("keys");
    this.element.style.setProperty("--x", this.#cursor.x / EDGE);
    this.element.style.setProperty("--y", this.#cursor.y / EDGE);
  }

  #liftKeys() {
    this.element.classList.remove("keys");
    if (this.#cursor.down) {
      this.#cursor.down = false;
      if (this.#stroke !== null) {
        this.#finish();
      }
    }
  }
}
