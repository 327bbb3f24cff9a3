// The map page: the drawing stands by itself. This adds the slider of months, and takes the drawing over with MapLibre
// when the reader touches it or the browser is idle. Where WebGL is missing or anything fails, the drawing stays.
import type { App } from "./mapapp";
import type { Config } from "./mapdata";
import { buildSlider, type Slider } from "./slider";

let app: Promise<App> | null = null;
let slider: Slider | null = null;

function config(): Config | null {
  const element = document.getElementById("map-data");
  return element?.textContent ? (JSON.parse(element.textContent) as Config) : null;
}

function started(): Promise<App> {
  app ??= import("./mapapp").then(({ App }) => new App(() => slider?.pause()));
  return app;
}

async function goLive(): Promise<void> {
  try {
    await (await started()).goLive();
  } catch (error) {
    console.info("The interactive map is not available here; the drawn one stays.", error);
  }
}

function begin(): void {
  const frame = document.querySelector<HTMLElement>("[data-map]");
  const found = config();
  if (!frame || !found) return;
  const months = document.querySelector<HTMLElement>("[data-map-months]");
  if (months && found.figures && found.months.length > 1) {
    slider = buildSlider(months, found, (month, rests) => void started().then((one) => one.showMonth(month, rests)));
  }
  let asked = false;
  const once = () => {
    if (asked) return;
    asked = true;
    void goLive();
  };
  for (const event of ["pointerenter", "pointermove", "touchstart", "focusin"]) {
    frame.addEventListener(event, once, { once: true, passive: true });
  }
  // A slow or metered line is not spent on something that nobody asked for; nor is the reader of another site's page.
  const line = (navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  if (line?.saveData || /2g/.test(line?.effectiveType ?? "") || document.body.classList.contains("map-embedded")) return;
  const idle = () => {
    if ("requestIdleCallback" in window) requestIdleCallback(once, { timeout: 3000 });
    else setTimeout(once, 1500);
  };
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
}

begin();
