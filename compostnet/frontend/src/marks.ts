// The marks of sites as SVG, as sites/mapmarks.py and sites/mapsvg.py draw them: area for mass, shape and colour for the
// class, a divided ring for several sites close together.
import { amount, classIn, type Config, type Shape, type Shown, type Sizes } from "./mapdata";

const SVG = "http://www.w3.org/2000/svg";
const SQUARE = Math.sqrt(Math.PI);
const TRIANGLE = Math.sqrt(Math.PI / 1.75);
const DIAMOND = Math.sqrt(Math.PI / 2);
const NAMED_IN_CLUSTER = 4;
/** The smallest number that is drawn, in radii of the smallest mark: as in mapsvg.py. */
const LEGIBLE = 1.7;

export interface Placed extends Shown {
  x: number;
  y: number;
}

export interface Mark {
  x: number;
  y: number;
  radius: number;
  members: Placed[];
}

/** Groups of points that are drawn as one: the very groups that sites/mapdraw.py makes. */
export function clusters(points: readonly { x: number; y: number }[], cell: number): number[][] {
  const cells = new Map<string, number[]>();
  points.forEach((point, index) => {
    const key = `${Math.floor(point.y / cell)},${Math.floor(point.x / cell)}`;
    const known = cells.get(key);
    if (known) known.push(index);
    else cells.set(key, [index]);
  });
  const groups = new Map<number, number[]>();
  const middles: [number, number][] = [];
  const near = new Map<string, number[]>();
  const settle = (number: number, members: number[]) => {
    groups.set(number, members);
    const a = members.reduce((sum, index) => sum + (points[index]?.x ?? 0), 0) / members.length;
    const b = members.reduce((sum, index) => sum + (points[index]?.y ?? 0), 0) / members.length;
    middles[number] = [a, b];
    const key = `${Math.floor(b / cell)},${Math.floor(a / cell)}`;
    const known = near.get(key);
    if (known) known.push(number);
    else near.set(key, [number]);
  };
  const order = (key: string) => key.split(",").map(Number) as [number, number];
  const keys = [...cells.keys()].sort((one, other) => {
    const [a, b] = [order(one), order(other)];
    return a[0] - b[0] || a[1] - b[1];
  });
  keys.forEach((key, number) => settle(number, cells.get(key) ?? []));
  const waiting = keys.map((_, number) => number);
  let following = keys.length;
  for (let next = 0; next < waiting.length; next += 1) {
    const number = waiting[next] ?? -1;
    const members = groups.get(number);
    const middle = middles[number];
    if (!members || !middle) continue;
    const row = Math.floor(middle[1] / cell);
    const column = Math.floor(middle[0] / cell);
    let closest: [number, number] | null = null;
    for (const r of [row - 1, row, row + 1]) {
      for (const c of [column - 1, column, column + 1]) {
        for (const other of near.get(`${r},${c}`) ?? []) {
          const there = middles[other];
          if (other === number || !groups.has(other) || !there) continue;
          const distance = (middle[0] - there[0]) ** 2 + (middle[1] - there[1]) ** 2;
          if (!closest || distance < closest[0] || (distance === closest[0] && other < closest[1])) closest = [distance, other];
        }
      }
    }
    if (!closest || closest[0] >= cell * cell) continue;
    const joined = [...members, ...(groups.get(closest[1]) ?? [])].sort((a, b) => a - b);
    groups.delete(number);
    groups.delete(closest[1]);
    settle(following, joined);
    waiting.push(following);
    following += 1;
  }
  return [...groups.values()].sort((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
}

/** The marks of sites placed on the screen; `scale` pixels are one unit of the drawing. */
export function marksOf(placed: readonly Placed[], sizes: Sizes, scale: number): Mark[] {
  let cell = sizes.cell * scale;
  const count = (size: number) => new Set(placed.map((p) => `${Math.floor(p.y / size)},${Math.floor(p.x / size)}`)).size;
  while (count(cell) > sizes.most) cell *= 1.25;
  const found = clusters(placed, cell).map((group) => {
    const members = group.map((index) => placed[index] as Placed);
    const mass = sum(members);
    const radius = mass !== null && mass > 0 ? Math.max(sizes.smallest, sizes.unit * Math.sqrt(mass)) : sizes.smallest;
    return {
      x: members.reduce((total, one) => total + one.x, 0) / members.length,
      y: members.reduce((total, one) => total + one.y, 0) / members.length,
      radius: radius * scale,
      members,
    };
  });
  return found.sort((one, other) => other.radius - one.radius);
}

function sum(members: readonly Placed[]): number | null {
  const known = members.filter((one) => one.mass !== null);
  return known.length ? known.reduce((total, one) => total + (one.mass ?? 0), 0) : null;
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

function shape(kind: Shape, x: number, y: number, radius: number, more: Record<string, string>): SVGElement {
  if (kind === "circle") return svg("circle", { ...more, cx: x, cy: y, r: radius });
  const points: [number, number][] = [];
  if (kind === "square") {
    const half = (radius * SQUARE) / 2;
    points.push([-half, -half], [half, -half], [half, half], [-half, half]);
  } else if (kind === "triangle") {
    const r = radius * TRIANGLE;
    points.push([0, -r], [r, 0.75 * r], [-r, 0.75 * r]);
  } else {
    const r = radius * DIAMOND;
    points.push([0, -r], [r, 0], [0, r], [-r, 0]);
  }
  return svg("path", { ...more, d: `M${points.map(([a, b]) => `${(x + a).toFixed(1)} ${(y + b).toFixed(1)}`).join("L")}z` });
}

export interface Looks {
  of(code: string): { colour: string; shape: Shape; name: string };
  order: string[];
}

export function looksOf(config: Config): Looks {
  const known = new Map(config.looks.map(([code, colour, kind, name]) => [code, { colour, shape: kind, name }]));
  const [colour, kind] = config.unknown;
  return {
    of: (code) => known.get(code) ?? { colour, shape: kind, name: code || (config.words["unclassed"] ?? "") },
    order: config.looks.map(([code]) => code),
  };
}

/** The words of a mark, for its tooltip and for who cannot see it. */
export function wordsOf(mark: Mark, config: Config, looks: Looks): string {
  const words = config.words;
  const [only] = mark.members;
  if (mark.members.length === 1 && only) {
    const name = looks.of(classIn(only.site, config.query.colour)).name;
    const text = (only.value === null ? words["site_nothing"] : words["site"]) ?? "";
    return fill(text, { name: only.site.name, class: name, amount: amount(only.value, config) });
  }
  const names = mark.members.slice(0, NAMED_IN_CLUSTER).map((one) => one.site.name).join(words["separator"]);
  const more = mark.members.length > NAMED_IN_CLUSTER ? "…" : "";
  return fill(words["cluster"] ?? "", { count: String(mark.members.length), names }) + more;
}

function fill(text: string, holes: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => holes[key] ?? whole);
}

/** A mark as a link; its middle is at 0, 0 of its own, so that moving the map moves it by one attribute. */
export function drawMark(mark: Mark, config: Config, looks: Looks, sizes: Sizes, scale: number): SVGElement {
  const words = wordsOf(mark, config, looks);
  const link = svg("a", { href: "#", "aria-label": words, transform: `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})` });
  const title = svg("title", {});
  title.textContent = words;
  link.append(title);
  const { radius } = mark;
  if (radius < 2 * sizes.smallest * scale) link.append(svg("circle", { class: "map-touch", r: 2 * sizes.smallest * scale }));
  const [only] = mark.members;
  if (mark.members.length === 1 && only) {
    const look = looks.of(classIn(only.site, config.query.colour));
    link.setAttribute("data-site", only.site.code);
    const more: Record<string, string> =
      only.mass === null
        ? { class: "map-mark map-hollow", stroke: look.colour }
        : { class: "map-mark", fill: look.colour };
    link.append(shape(look.shape, 0, 0, radius, more));
    return link;
  }
  link.append(svg("circle", { class: "map-cluster", r: radius }));
  const width = Math.max(2 * scale, radius * 0.28);
  const counts = new Map<string, number>();
  for (const { site } of mark.members) {
    const code = classIn(site, config.query.colour);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const rest = [...counts.keys()].filter((code) => !looks.order.includes(code)).sort();
  let before = 0;
  for (const code of [...looks.order.filter((one) => counts.has(one)), ...rest]) {
    const share = (100 * (counts.get(code) ?? 0)) / mark.members.length;
    link.append(
      svg("circle", {
        class: "map-ring", r: radius - width / 2, "stroke-width": width, stroke: looks.of(code).colour, pathLength: 100,
        "stroke-dasharray": `${share} 100`, "stroke-dashoffset": -before,
      }),
    );
    before += share;
  }
  const size = radius * (mark.members.length < 100 ? 1 : 0.75);
  if (size < LEGIBLE * sizes.smallest * scale) return link;
  const count = svg("text", { class: "map-count", dy: ".36em", "font-size": size });
  count.textContent = String(mark.members.length);
  link.append(count);
  return link;
}
