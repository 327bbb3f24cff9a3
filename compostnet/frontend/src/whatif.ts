// The what-if page: sliders beside its number fields, and the outcome renewed while they move. Without this the page has
// its numbers and its button.
const WAIT_MS = 200;
const form = document.querySelector<HTMLFormElement>("#what-if");
const outcome = document.querySelector<HTMLElement>("#outcome");
const said = document.querySelector<HTMLElement>("#said");
const stale = document.querySelector<HTMLElement>("#stale");
const AGAIN_MS = 5000;

function addSlider(field: HTMLInputElement): void {
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
  slider.addEventListener("input", () => {
    field.value = slider.value;
  });
  field.addEventListener("input", () => {
    slider.value = field.value;
  });
}

if (form && outcome) {
  for (const field of form.querySelectorAll<HTMLInputElement>("input[data-slider-to]")) addSlider(field);
  let waiting: number | undefined;
  let asked = new AbortController();

  const renew = async (): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    window.clearTimeout(waiting);
    const query = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const address = `${form.action}?${query}`;
    const response = await fetch(address, { signal, headers: { Accept: "text/html" } }).catch(() => null);
    if (signal.aborted) return; // a newer one is under way
    if (stale) stale.hidden = response !== null;
    if (!response) waiting = window.setTimeout(() => void renew(), AGAIN_MS);
    if (!response?.ok) return; // the button tells what is wrong
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("#outcome");
    if (!fresh) return;
    const scrolled = outcome.querySelector(".table-scroll")?.scrollLeft ?? 0;
    const opened = [...outcome.querySelectorAll("details")].map((one) => one.open);
    outcome.replaceChildren(...fresh.childNodes);
    outcome.querySelectorAll("details").forEach((one, at) => (one.open = opened[at] ?? one.open));
    outcome.querySelector(".table-scroll")?.scrollTo({ left: scrolled });
    for (const about of form.querySelectorAll<HTMLElement>(".help[id]")) {
      const renewed = page.getElementById(about.id);
      if (renewed) about.replaceChildren(...renewed.childNodes);
    }
    if (said) said.textContent = outcome.querySelector("#headline")?.textContent?.replace(/\s+/g, " ").trim() ?? "";
    history.replaceState(null, "", address);
  };

  form.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => void renew(), WAIT_MS);
  });
}
export {};
