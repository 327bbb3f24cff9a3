// The map once somebody uses it: months without loading a page, filters in place, an address for every view.
import { amount, Figures, type Config, type MonthView } from "./mapdata";
import { DrawnStage, type Stage } from "./drawnstage";
import { offerSites } from "./panel";

const DEFAULTS: Record<string, string> = { measure: "diverted", period: "month", level: "province", colour: "scenario" };

function readConfig(): Config {
  return JSON.parse(document.getElementById("map-data")?.textContent ?? "{}") as Config;
}

function results(): HTMLElement {
  return document.querySelector<HTMLElement>("[data-map-results]") as HTMLElement;
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export class App {
  config = readConfig();
  private readonly state = new URLSearchParams(location.search);
  private figures: Promise<Figures> | null = null;
  private stage: Stage;
  private month: number;
  private asked = 0;

  constructor(private readonly pause: () => void) {
    this.month = this.config.months.findIndex(([month]) => month === this.config.query.month);
    this.stage = new DrawnStage(this.frame(), this.config);
    this.wireForm();
    this.wireLinks();
    addEventListener("popstate", () => location.reload());
  }

  frame(): HTMLElement {
    return document.querySelector<HTMLElement>("[data-map]") as HTMLElement;
  }

  load(): Promise<Figures> {
    const address = this.config.figures;
    if (!address) return Promise.reject(new Error("nothing has been published"));
    this.figures ??= fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return new Figures(await answer.json(), this.config.chinese);
    });
    return this.figures;
  }

  /** Lays MapLibre over the drawing. */
  async goLive(): Promise<void> {
    if (!document.createElement("canvas").getContext("webgl2")) throw new Error("no WebGL here");
    const [{ LiveStage }, figures] = await Promise.all([import("./livemap"), this.config.figures ? this.load() : null]);
    const live = new LiveStage(this.frame(), this.config, {
      chosen: (code) => void this.choose(code),
      region: (code) => void this.change({ province: code, at: "" }, true),
      moved: (at) => this.remember({ at }),
    });
    await live.ready();
    if (!figures) return;
    live.show(figures.at(this.month, this.config.query));
    live.take();
    this.stage = live;
    this.offer(figures);
  }

  /** Shows a month at once; the words and tables follow when the reader rests on it. */
  async showMonth(month: number, rests: boolean): Promise<void> {
    this.month = month;
    const own = ++this.asked;
    const figures = await this.load();
    if (own !== this.asked) return;
    const view = figures.at(month, this.config.query);
    this.stage.show(view);
    this.say(view);
    if (rests) {
      const name = this.config.months[month]?.[0] ?? "";
      await this.change({ month: month === this.config.months.length - 1 ? "" : name }, false);
    }
  }

  private say(view: MonthView): void {
    const when = document.querySelector("[data-map-when]");
    if (when) when.textContent = this.config.months[this.month]?.[2] ?? "";
    const total = document.querySelector("[data-map-total]");
    if (total) total.textContent = amount(view.total, this.config);
  }

  private offer(figures: Figures): void {
    const view = figures.at(this.month, this.config.query);
    const placed = view.sites.map(({ site }) => site).filter((site) => site.position);
    offerSites(this.frame(), placed, this.config, (code) => {
      const site = placed.find((one) => one.code === code);
      if (site?.position) this.stage.lookAt(site.position);
      void this.choose(code);
    });
  }

  private async choose(code: string): Promise<void> {
    await this.change({ site: code }, false);
    const panel = document.getElementById("map-panel");
    panel?.focus({ preventScroll: innerWidth >= 992 });
  }

  /** The address of the view as it is. */
  private address(): string {
    const kept = [...this.state].filter(([key, value]) => value && DEFAULTS[key] !== value && key !== "page");
    const query = new URLSearchParams(kept).toString().replaceAll("%2C", ",");
    return query ? `${this.config.page}?${query}` : this.config.page;
  }

  /** Writes the view into the address, the links to share and the picture, without asking the server. */
  private remember(changes: Record<string, string>, push = false): void {
    for (const [key, value] of Object.entries(changes)) {
      if (value) this.state.set(key, value);
      else this.state.delete(key);
    }
    if (push) history.pushState(null, "", this.address());
    else history.replaceState(history.state, "", this.address());
    if (!("at" in changes)) return;
    for (const input of document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("[data-map-link]")) {
      input.value = input.value.replace(/https?:\/\/[^"\s]+/, (whole) => {
        const coded = whole.includes("&amp;");
        const made = withAt(whole.replaceAll("&amp;", "&"), changes["at"] ?? "");
        return coded || input.tagName === "TEXTAREA" ? made.replaceAll("&", "&amp;") : made;
      });
    }
    const picture = document.querySelector<HTMLAnchorElement>("[data-map-image]");
    if (picture) picture.href = withAt(picture.href, changes["at"] ?? "");
  }

  /** Changes the view and takes words, legend, panel and tables from the page of its address. */
  private async change(changes: Record<string, string>, push: boolean): Promise<void> {
    this.remember(changes, push);
    const own = ++this.asked;
    const address = this.address();
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (own === this.asked) await this.adopt(page);
    } catch {
      location.assign(address);
    }
  }

  private async adopt(page: Document): Promise<void> {
    const fresh = page.querySelector<HTMLElement>("[data-map-results]");
    const frame = fresh?.querySelector<HTMLElement>("[data-map]");
    if (!fresh || !frame) throw new Error("no map in the answer");
    const opened = document.querySelector<HTMLDetailsElement>(".map-share")?.open ?? false;
    const heldFocus = results().contains(document.activeElement) && this.frame().contains(document.activeElement);
    const figures = this.config.figures ? await this.load() : null;
    results().replaceWith(fresh);
    for (const part of ["measure", "when", "total", "count"]) {
      const [here, there] = [document, page].map((one) => one.querySelector(`[data-map-${part}]`));
      if (here && there) here.textContent = there.textContent;
    }
    document.querySelector<HTMLDetailsElement>(".map-share")?.toggleAttribute("open", opened);
    this.config = readConfig();
    this.month = this.config.months.findIndex(([month]) => month === this.config.query.month);
    for (const key of ["province", "measure", "period", "level", "colour", "scenario", "process"] as const) {
      const field = document.querySelector<HTMLSelectElement>(`#map-filters [name=${key}]`);
      if (field) field.value = this.config.query[key];
    }
    this.stage = this.stage.move(frame, this.config);
    if (figures) {
      if (this.stage.live) this.offer(figures);
      this.stage.show(figures.at(this.month, this.config.query));
    }
    if (heldFocus) this.stage.focus();
  }

  private wireForm(): void {
    const form = document.querySelector<HTMLFormElement>("#map-filters");
    if (!form) return;
    const send = () => {
      this.pause();
      const names = [...form.querySelectorAll<HTMLSelectElement>("select")].map((field) => [field.name, field.value]);
      const changes = Object.fromEntries(names) as Record<string, string>;
      if (changes["province"] !== this.config.query.province) changes["at"] = "";
      void this.change(changes, true);
    };
    form.addEventListener("change", send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
  }

  /** Closing the panel and choosing a drawn mark need no new page. */
  private wireLinks(): void {
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      const link = (event.target as Element | null)?.closest?.("[data-map-close], [data-map] a[data-site]");
      if (!link) return;
      event.preventDefault();
      const code = link.getAttribute("data-site");
      if (code) void this.choose(code);
      else void this.change({ site: "" }, false).then(() => this.stage.focus());
    });
  }
}

function withAt(address: string, at: string): string {
  const made = new URL(address, location.href);
  if (at) made.searchParams.set("at", at);
  else made.searchParams.delete("at");
  return made.href.replaceAll("%2C", ",");
}
