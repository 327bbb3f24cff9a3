// What the map shows in a month, from the release's own data: the same sums as sites/mapdata.py makes.
export interface Site {
  code: string;
  name: string;
  scenario: string;
  process: string;
  province: string;
  city: string;
  position: [number, number] | null;
  classes: Record<string, string>;
  tracks: Record<Measure, (number | null)[]>;
}

export type Measure = "diverted" | "ch4" | "net";

export interface Query {
  measure: Measure;
  period: "month" | "year" | "total";
  month: string;
  level: "province" | "city";
  colour: string;
  scenario: string;
  process: string;
  province: string;
  classes: Record<string, string>;
  site: string;
}

export interface Sizes {
  smallest: number;
  largest: number;
  cell: number;
  most: number;
  unit: number;
}

export type Shape = "circle" | "square" | "triangle" | "diamond";

export interface Config {
  figures: string | null;
  outlines: string | null;
  cities: string | null;
  frame: { centre: number; parallels: [number, number]; scale: number; left: number; top: number; width: number; height: number };
  camera: [number, number, number] | null;
  query: Query;
  months: [code: string, name: string, when: string][];
  lands: string[];
  breaks: number[];
  sizes: { wide: Sizes; narrow: Sizes };
  looks: [code: string, colour: string, shape: Shape, name: string][];
  unknown: [colour: string, shape: Shape];
  chinese: boolean;
  page: string;
  words: Record<string, string>;
}

export interface Shown {
  site: Site;
  value: number | null;
  mass: number | null;
}

export interface MonthView {
  sites: Shown[];
  regions: Map<string, { sites: number; value: number | null }>;
  total: number | null;
}

interface Raw {
  months: string[];
  dimensions: string[];
  sites: [string, string, string, string, string, string, string, [number, number] | null, string[], ...(number | null)[][]][];
}

export class Figures {
  readonly months: string[];
  readonly sites: Site[];

  constructor(raw: Raw, chinese: boolean) {
    this.months = raw.months;
    const track = (short: (number | null)[] | undefined): (number | null)[] => {
      const [first, ...values] = short ?? [];
      const all = new Array<number | null>(raw.months.length).fill(null);
      values.forEach((value, number) => (all[(first ?? 0) + number] = value));
      return all;
    };
    this.sites = raw.sites.map((row) => ({
      code: row[0],
      name: (chinese ? row[1] || row[2] : row[2] || row[1]),
      scenario: row[3],
      process: row[4],
      province: row[5],
      city: row[6],
      position: row[7],
      classes: Object.fromEntries(raw.dimensions.map((dimension, number) => [dimension, row[8][number] ?? ""])),
      tracks: { diverted: track(row[9]), ch4: track(row[10]), net: track(row[11]) },
    }));
  }

  /** The sites that pass the filters, their values over the period that ends with a month, and the sums of regions. */
  at(month: number, query: Query): MonthView {
    const first = this.start(month, query.period);
    const sites = this.sites.filter((site) => passes(site, query)).map((site) => ({
      site,
      value: sum(site.tracks[query.measure], first, month),
      mass: sum(site.tracks.diverted, first, month),
    }));
    const regions = new Map<string, { sites: number; value: number | null }>();
    let total: number | null = null;
    for (const { site, value } of sites) {
      if (value !== null) total = (total ?? 0) + value;
      const code = query.level === "city" ? site.city : site.province;
      if (!code) continue;
      const region = regions.get(code) ?? { sites: 0, value: null };
      region.sites += 1;
      if (value !== null) region.value = (region.value ?? 0) + value;
      regions.set(code, region);
    }
    return { sites, regions, total };
  }

  private start(month: number, period: Query["period"]): number {
    if (period === "month") return month;
    if (period === "total") return 0;
    const year = this.months[month]?.slice(0, 4) ?? "";
    return this.months.findIndex((name) => name.startsWith(year));
  }
}

export function classIn(site: Site, dimension: string): string {
  if (dimension === "scenario") return site.scenario;
  if (dimension === "process") return site.process;
  return site.classes[dimension] ?? "";
}

function passes(site: Site, query: Query): boolean {
  return (
    (!query.scenario || site.scenario === query.scenario) &&
    (!query.process || site.process === query.process) &&
    (!query.province || site.province === query.province) &&
    Object.entries(query.classes).every(([dimension, code]) => classIn(site, dimension) === code)
  );
}

/** The sum of what is known between two months; null where nothing is. */
function sum(track: (number | null)[], first: number, last: number): number | null {
  let found: number | null = null;
  for (let month = first; month <= last; month += 1) {
    const value = track[month];
    if (value !== null && value !== undefined) found = (found ?? 0) + value;
  }
  return found;
}

/** The class of a region: a number from 0, or what stands instead. */
export function classOf(value: number | null, breaks: readonly number[]): number | "missing" | "below" {
  if (value === null) return "missing";
  if (value < 0) return "below";
  if (value === 0 || !breaks.length) return 0;
  const found = breaks.findIndex((bound) => value <= bound);
  return found < 0 ? breaks.length : found + 1;
}

/** A mass with its unit, three significant digits, as the server writes it (compostnet/shared/display.py). */
export function amount(value: number | null, config: Config): string {
  if (value === null) return "—";
  const tonnes = Math.abs(value) >= 1 || value === 0;
  const shown = tonnes ? value : value * 1000;
  const places = shown === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(shown)))));
  const text = Math.abs(shown).toLocaleString("en-US", { maximumFractionDigits: places });
  return `${shown < 0 ? "\u2212" : ""}${text}${config.words[tonnes ? "t" : "kg"]}${config.words["gas"]}`;
}
