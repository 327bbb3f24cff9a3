// Takes the drawn map over with MapLibre, when the reader touches it or the browser is idle. Where WebGL is missing or
// anything fails, the drawing stays: it says the same.
const frame = () => document.querySelector<HTMLElement>("[data-map]");

let started = false;

async function start(): Promise<void> {
  if (started || !frame()) return;
  started = true;
  try {
    const { takeOver } = await import("./livemap");
    await takeOver();
  } catch (error) {
    console.info("The interactive map is not available here; the drawn one stays.", error);
  }
}

function begin(): void {
  const element = frame();
  if (!element) return;
  for (const event of ["pointerenter", "touchstart", "focusin"]) {
    element.addEventListener(event, () => void start(), { once: true, passive: true });
  }
  // A slow or metered line is not spent on something that nobody asked for.
  const line = (navigator as { connection?: { saveData?: boolean; effectiveType?: string } }).connection;
  if (line?.saveData || /2g/.test(line?.effectiveType ?? "")) return;
  if ("requestIdleCallback" in window) requestIdleCallback(() => void start(), { timeout: 3000 });
  else setTimeout(() => void start(), 1500);
}

begin();
