// Tool, size and colour of the paint page.

import { element, find } from "./page.js";

const COLORS = [
  ["Black", "#000000"], ["Gray", "#7f7f7f"], ["Dark red", "#880015"], ["Red", "#ed1c24"],
  ["Orange", "#ff7f27"], ["Yellow", "#fff200"], ["Green", "#22b14c"], ["Turquoise", "#00a2e8"],
  ["White", "#ffffff"], ["Light gray", "#c3c3c3"], ["Brown", "#8b5a2b"], ["Pink", "#ffaec9"],
  ["Skin", "#f2c79e"], ["Light yellow", "#efe4b0"], ["Light green", "#b5e61d"], ["Blue", "#3f48cc"],
];

export function setUpTools(paper) {
  const form = find("#tools");

  function choose() {
    paper.tool = form.elements.tool.value;
    paper.size = Number(form.elements.size.value);
    const color = form.elements.color.value;
    paper.color = color === "free" ? form.elements.free.value : color;
  }

  showColors(find("#tools .colors"), choose);
  choose();
  form.addEventListener("change", choose);
  // Nobody draws with a colour while the eraser is chosen.
  find("#tools .colors").addEventListener("change", () => {
    if (form.elements.tool.value === "eraser") {
      find("#tools input[value='brush']").checked = true;
      choose();
    }
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}

function showColors(place, choose) {
  for (const [name, value] of COLORS) {
    const input = element("input", { type: "radio", name: "color", value });
    input.checked = value === "#000000";
    const label = element("label", { title: name }, input);
    label.append(element("span", { className: "unseen", textContent: name }));
    label.style.setProperty("--color", value);
    place.append(label);
  }
  const radio = element("input", { type: "radio", name: "color", value: "free", tabIndex: -1 });
  radio.hidden = true;
  const free = element("input", { type: "color", name: "free", value: "#ff00aa" });
  free.setAttribute("aria-label", "Any color");
  const label = element("label", { title: "Any color", className: "free" }, radio, free);
  for (const kind of ["input", "click"]) {
    free.addEventListener(kind, () => {
      radio.checked = true;
      choose();
    });
  }
  place.append(label);
}
