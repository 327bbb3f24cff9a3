// Sliders beside the number fields of the what-if page. Without this the page has its numbers and its button.
for (const field of document.querySelectorAll<HTMLInputElement>("#what-if input[data-slider-to]")) {
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = field.min;
  slider.max = field.dataset.sliderTo ?? field.max;
  slider.step = field.dataset.sliderStep ?? "any";
  slider.value = field.value;
  slider.setAttribute("aria-label", field.labels?.[0]?.textContent?.trim() ?? field.name);
  const row = document.createElement("div");
  row.className = "slider";
  field.replaceWith(row);
  row.append(slider, field);
  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    field.value = slider.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  slider.addEventListener("change", (event) => event.stopPropagation());
  field.addEventListener("input", () => {
    slider.value = field.value;
  });
}
export {};
