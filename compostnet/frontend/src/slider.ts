// The months of the map: a slider with buttons to step and to play, in the place of the links to the months beside.
import type { Config } from "./mapdata";

const STEP_MS = 900;
const CALM_STEP_MS = 1600;

export interface Slider {
  set(month: string): void;
  pause(): void;
}

/** Builds the slider; `shown` hears of every month, and whether the reader has come to rest on it. */
export function buildSlider(place: HTMLElement, config: Config, shown: (month: number, rests: boolean) => void): Slider {
  const { months, words } = config;
  const last = months.length - 1;
  let now = months.findIndex(([month]) => month === config.query.month);
  let timer = 0;

  const button = (label: string, sign: string, act: () => void): HTMLButtonElement => {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: label });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };
  const range = Object.assign(document.createElement("input"), { type: "range", min: "0", max: String(last), step: "1", id: "map-month" });
  range.setAttribute("aria-label", words["month"] ?? "");
  const label = Object.assign(document.createElement("output"), { className: "map-month-now" });
  label.htmlFor.add("map-month");

  const write = () => {
    range.value = String(now);
    const name = months[now]?.[1] ?? "";
    range.setAttribute("aria-valuetext", name);
    label.value = name;
    earlier.disabled = now <= 0;
    later.disabled = now >= last;
  };
  const go = (month: number, rests: boolean) => {
    now = Math.max(0, Math.min(last, month));
    write();
    shown(now, rests);
  };
  const pause = () => {
    if (!timer) return;
    clearInterval(timer);
    timer = 0;
    playing(false);
  };
  const playing = (on: boolean) => {
    const name = (on ? words["pause"] : words["play"]) ?? "";
    play.textContent = on ? "❚❚" : "▶";
    play.title = name;
    play.setAttribute("aria-label", name);
  };
  const start = () => {
    if (timer) {
      pause();
      shown(now, true);
      return;
    }
    playing(true);
    if (now >= last) go(0, false);
    // Whoever asked for less motion gets the months slowly.
    const step = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_STEP_MS : STEP_MS;
    timer = window.setInterval(() => {
      if (now + 1 >= last) pause();
      go(now + 1, !timer);
    }, step);
  };
  const step = (by: number) => {
    pause();
    go(now + by, true);
  };
  const earlier = button(words["earlier"] ?? "", "⏴", () => step(-1));
  const play = button(words["play"] ?? "", "▶", start);
  const later = button(words["later"] ?? "", "⏵", () => step(1));
  earlier.textContent = "‹";
  later.textContent = "›";
  range.addEventListener("input", () => {
    pause();
    go(Number(range.value), false);
  });
  range.addEventListener("change", () => go(Number(range.value), true));
  place.replaceChildren(earlier, play, later, range, label);
  write();
  return {
    set(month) {
      const found = months.findIndex(([name]) => name === month);
      if (found >= 0) now = found;
      write();
    },
    pause,
  };
}
