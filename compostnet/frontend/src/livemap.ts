// The live map: MapLibre shows the land in the drawing's own projection, the marks lie over it as they did in the drawing.
import "maplibre-gl/dist/maplibre-gl.css";

import { Map as LiveMap, NavigationControl, setWorkerUrl } from "maplibre-gl";
import type { ExpressionSpecification, GeoJSONSource, StyleSpecification } from "maplibre-gl";

import { placed, type Stage } from "./drawnstage";
import { classOf, type Config, type MonthView, type Sizes } from "./mapdata";
import { drawMark, looksOf, marksOf, type Mark } from "./marks";
import { fromMercator, moved, onMercator, planeOf, zoomFor, type Plane } from "./projection";

const WORKER = new URL("../node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", import.meta.url);
const SVG = "http://www.w3.org/2000/svg";
const PIXEL_RATIO = 2;
const DEEPEST = 8;
const PATIENCE_MS = 20_000;

interface Hearers {
  chosen(code: string): void;
  region(code: string): void;
  /** The camera came to rest: its address, empty for the whole map. */
  moved(at: string): void;
}

interface Land {
  type: "Feature";
  properties: { code: string };
  geometry: { type: "MultiPolygon"; coordinates: number[][][][] };
}

type Lands = { type: "FeatureCollection"; features: Land[] };

const NOTHING: Lands = { type: "FeatureCollection", features: [] };

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const answers = new Map<string, Promise<Lands>>();

function outlines(address: string | null): Promise<Lands> {
  if (!address) return Promise.resolve(NOTHING);
  let answer = answers.get(address);
  if (!answer) {
    answer = fetch(address).then((found) => {
      if (!found.ok) throw new Error(`${found.status}`);
      return found.json() as Promise<Lands>;
    });
    answers.set(address, answer);
  }
  return answer;
}

function onPlane(lands: Lands, plane: Plane, kept: Set<string> | null): Lands {
  const features = lands.features
    .filter((land) => !kept || kept.has(land.properties.code))
    .map((land) => ({ ...land, geometry: { ...land.geometry, coordinates: moved(plane, land.geometry.coordinates) } }));
  return { type: "FeatureCollection", features };
}

function style(): StyleSpecification {
  return {
    version: 8,
    sources: {
      behind: { type: "geojson", data: NOTHING },
      land: { type: "geojson", data: NOTHING },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colour("--map-sea") } },
      { id: "behind", type: "fill", source: "behind", paint: { "fill-color": colour("--map-empty") } },
      { id: "behind-line", type: "line", source: "behind", paint: { "line-color": colour("--map-line"), "line-width": 0.8 } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": colour("--map-empty") } },
      { id: "missing", type: "fill", source: "land", filter: ["literal", false], paint: { "fill-pattern": "missing" } },
      { id: "below", type: "fill", source: "land", filter: ["literal", false], paint: { "fill-pattern": "below" } },
      { id: "borders", type: "line", source: "land", paint: { "line-color": colour("--map-line"), "line-width": 0.8 } },
    ],
  };
}

/** Hatchings are drawn when the style first asks for them; no sprite, no glyph server. */
function hatching(kind: string): ImageData {
  const size = 8 * PIXEL_RATIO;
  const pen = new OffscreenCanvas(size, size).getContext("2d")!;
  pen.fillStyle = colour(kind === "below" ? "--map-below" : "--map-empty");
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour(kind === "below" ? "--ink" : "--map-line");
  pen.lineWidth = (kind === "below" ? 1 : 1.4) * PIXEL_RATIO;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    if (kind === "below") {
      pen.moveTo(0, size / 2);
      pen.lineTo(size, size / 2);
    } else {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
  }
  return pen.getImageData(0, 0, size, size);
}

export class LiveStage implements Stage {
  readonly live = true;
  private readonly holder = document.createElement("div");
  private readonly overlay = document.createElementNS(SVG, "svg");
  private readonly grid = document.createElementNS(SVG, "g");
  private readonly group = document.createElementNS(SVG, "g");
  private readonly map: LiveMap;
  private plane: Plane;
  private view: MonthView | null = null;
  private drawn: { mark: Mark; element: SVGElement; x: number; y: number }[] = [];
  private width = 0;
  private quiet = true;

  constructor(private frame: HTMLElement, private config: Config, private readonly hearers: Hearers) {
    setWorkerUrl(WORKER.href);
    this.plane = planeOf(config.frame);
    this.holder.className = "map-live";
    this.overlay.setAttribute("class", "map-marks");
    this.overlay.append(this.grid, this.group);
    // Without outlines the drawing has meridians and parallels; they move with the map.
    if (!config.camera) this.grid.append(...[...frame.querySelectorAll(".map-wide .map-graticule")].map((line) => line.cloneNode()));
    frame.append(this.holder, this.overlay);
    this.width = this.holder.clientWidth;
    this.map = new LiveMap({
      container: this.holder,
      style: style(),
      ...this.camera(),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      locale: {
        "Map.Title": config.words["map"] ?? "",
        "NavigationControl.ZoomIn": config.words["zoom_in"] ?? "",
        "NavigationControl.ZoomOut": config.words["zoom_out"] ?? "",
      },
    });
    this.map.setMissingStyleImageResolver((id) => {
      if ((id === "missing" || id === "below") && !this.map.hasImage(id)) {
        this.map.addImage(id, hatching(id), { pixelRatio: PIXEL_RATIO });
      }
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.scrollZoom.disable();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.on("move", () => this.place());
    this.map.on("zoomend", () => this.draw());
    this.map.on("moveend", () => this.rest());
    this.map.on("resize", () => this.resized());
    this.map.on("click", "land", (event) => {
      const code = event.features?.[0]?.properties["code"] as string | undefined;
      if (code && this.config.query.level === "province" && code !== this.config.query.province && this.view?.regions.has(code)) {
        this.hearers.region(code);
      }
    });
    this.group.addEventListener("click", (event) => this.clicked(event as MouseEvent));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.map.setStyle(style(), { diff: false });
      this.map.once("style.load", () => void this.ground().then(() => this.shade()));
    });
  }

  /** Resolves when the land is there; rejects, and leaves no trace, where it does not come. */
  async ready(): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.map.once("error", (event) => reject(event.error));
        this.map.once("load", () => resolve());
        setTimeout(() => reject(new Error("the map did not come in time")), PATIENCE_MS);
      });
      await this.ground();
      if (!this.map.areTilesLoaded()) await this.map.once("idle");
    } catch (error) {
      this.map.remove();
      this.holder.remove();
      this.overlay.remove();
      throw error;
    }
  }

  /** Shows the live map in the place of the drawing; its links are covered then. */
  take(): void {
    this.frame.classList.add("map-is-live");
    for (const drawing of this.frame.querySelectorAll(":scope > svg:not(.map-marks)")) drawing.setAttribute("aria-hidden", "true");
    this.quiet = false;
  }

  show(view: MonthView): void {
    this.view = view;
    this.shade();
    this.draw();
  }

  move(frame: HTMLElement, config: Config): Stage {
    const other = JSON.stringify(config.frame) !== JSON.stringify(this.config.frame);
    const lands = config.lands.join() !== this.config.lands.join();
    this.frame = frame;
    this.config = config;
    frame.append(this.holder, this.overlay);
    this.take();
    this.key();
    if (other || lands) {
      this.plane = planeOf(config.frame);
      void this.ground();
    }
    this.map.resize();
    this.width = this.holder.clientWidth;
    if (other) this.map.jumpTo(this.camera());
    return this;
  }

  lookAt(position: [number, number]): void {
    const zoom = zoomFor(this.plane, this.width);
    const center = onMercator(this.plane, ...this.plane.project(...position));
    this.map.easeTo({ center, zoom: Math.max(this.map.getZoom(), zoom + 3), animate: !reducedMotion() });
  }

  focus(): void {
    this.map.getCanvas().focus();
  }

  private camera(): { center: [number, number]; zoom: number; minZoom: number; maxZoom: number } {
    const { plane, config } = this;
    const whole = zoomFor(plane, this.width);
    const at = config.camera;
    const centre = at ? plane.project(at[0], at[1]) : ([plane.width / 2, plane.height / 2] as [number, number]);
    return { center: onMercator(plane, ...centre), zoom: whole + (at?.[2] ?? 0), minZoom: whole - 0.5, maxZoom: whole + DEEPEST };
  }

  private async ground(): Promise<void> {
    const { config, plane } = this;
    const [provinces, cities] = await Promise.all([outlines(config.outlines), outlines(config.cities)]);
    const inner = config.cities ? cities : provinces;
    this.map.getSource<GeoJSONSource>("land")?.setData(onPlane(inner, plane, new Set(config.lands)));
    this.map.getSource<GeoJSONSource>("behind")?.setData(config.cities ? onPlane(provinces, plane, null) : NOTHING);
  }

  private shade(): void {
    const pairs: string[] = [];
    const hatched: Record<"missing" | "below", string[]> = { missing: [], below: [] };
    for (const [code, region] of this.view?.regions ?? []) {
      const look = classOf(region.value, this.config.breaks);
      if (typeof look === "number") pairs.push(code, colour(look ? `--map-${look}` : "--map-empty"));
      else hatched[look].push(code);
    }
    const empty = colour("--map-empty");
    const fill = pairs.length ? (["match", ["get", "code"], ...pairs, empty] as unknown as ExpressionSpecification) : empty;
    this.map.setPaintProperty("land", "fill-color", fill);
    for (const kind of ["missing", "below"] as const) {
      this.map.setFilter(kind, ["in", ["get", "code"], ["literal", hatched[kind]]]);
    }
  }

  private sizes(): Sizes {
    return matchMedia("(min-width: 48rem)").matches ? this.config.sizes.wide : this.config.sizes.narrow;
  }

  /** Pixels of the screen of one pixel of the base drawing, and where its corner is. */
  private through(): { times: number; left: number; top: number } {
    const { plane } = this;
    const corner = this.map.project(onMercator(plane, 0, 0));
    const other = this.map.project(onMercator(plane, plane.width, 0));
    return { times: (other.x - corner.x) / plane.width, left: corner.x, top: corner.y };
  }

  /** Groups the sites for this zoom and draws their marks. */
  private draw(): void {
    if (!this.view) return;
    const { times, left, top } = this.through();
    const sizes = this.sizes();
    const scale = this.width / this.plane.width;
    // Grouped in pixels of the whole map, not of the window, so that moving it does not change the groups; the very
    // numbers of the drawing where the camera is the drawing's own.
    const zoom = times / scale;
    const points = placed(this.view, this.plane).map((one) => ({ ...one, x: one.x * zoom, y: one.y * zoom }));
    const looks = looksOf(this.config);
    this.drawn = marksOf(points, sizes, 1).map((mark) => {
      const base = { x: mark.x / zoom, y: mark.y / zoom };
      const shown = { ...mark, radius: mark.radius * scale, x: base.x * times + left, y: base.y * times + top };
      return { mark, element: drawMark(shown, this.config, looks, sizes, scale), ...base };
    });
    this.group.replaceChildren(...this.drawn.map((one) => one.element));
    this.place();
    this.key();
  }

  /** The legend of sizes stays in its corner. */
  private key(): void {
    this.overlay.querySelector(".map-key-group")?.remove();
    const wide = matchMedia("(min-width: 48rem)").matches;
    const key = this.frame.querySelector(`.${wide ? "map-wide" : "map-narrow"} .map-key-group`)?.cloneNode(true) as SVGElement | undefined;
    if (!key) return;
    key.setAttribute("transform", `scale(${(this.width / this.plane.width).toFixed(4)})`);
    this.overlay.setAttribute("data-size", wide ? "wide" : "narrow");
    this.overlay.append(key);
  }

  private place(): void {
    const { times, left, top } = this.through();
    this.grid.setAttribute("transform", `translate(${left} ${top}) scale(${times})`);
    const { clientWidth: wide, clientHeight: high } = this.holder;
    for (const { element, mark, x, y } of this.drawn) {
      const [a, b] = [x * times + left, y * times + top];
      element.setAttribute("transform", `translate(${a.toFixed(1)} ${b.toFixed(1)})`);
      // What lies outside is no place for the keyboard to go.
      const reach = mark.radius;
      if (a < -reach || b < -reach || a > wide + reach || b > high + reach) element.setAttribute("display", "none");
      else element.removeAttribute("display");
    }
  }

  private rest(): void {
    if (this.quiet || !this.width) return;
    const { plane } = this;
    const zoom = this.map.getZoom() - zoomFor(plane, this.width);
    const middle = this.map.getCenter();
    const [x, y] = fromMercator(plane, middle.lng, middle.lat);
    const away = Math.hypot(x - plane.width / 2, y - plane.height / 2);
    const [lon, lat] = plane.unproject(x, y);
    const whole = Math.abs(zoom) < 0.01 && away < 2;
    this.hearers.moved(whole ? "" : `${lon.toFixed(4)},${lat.toFixed(4)},${Math.max(0, zoom).toFixed(2)}`);
  }

  private resized(): void {
    const before = this.width;
    this.width = this.holder.clientWidth;
    if (!this.width || before === this.width) return;
    const whole = zoomFor(this.plane, this.width);
    const quiet = this.quiet;
    this.quiet = true;
    this.map.setMinZoom(null);
    this.map.setMaxZoom(null);
    this.map.setZoom(this.map.getZoom() + whole - zoomFor(this.plane, before || this.width));
    this.map.setMaxZoom(whole + DEEPEST);
    this.map.setMinZoom(whole - 0.5);
    this.quiet = quiet;
    this.draw();
  }

  private clicked(event: MouseEvent): void {
    const link = (event.target as Element).closest("a");
    const found = this.drawn.find((one) => one.element === (link as unknown));
    if (!found || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [only] = found.mark.members;
    if (found.mark.members.length === 1 && only) {
      this.hearers.chosen(only.site.code);
      return;
    }
    // Several sites: so close that they part, or, where they never do, the first of them.
    const spread = Math.max(...found.mark.members.map((one) => Math.hypot(one.x - found.mark.x, one.y - found.mark.y)));
    const whole = zoomFor(this.plane, this.width);
    const closer = spread > 0 ? Math.log2((this.sizes().cell * 1.6) / spread) : 99;
    const zoom = Math.min(whole + DEEPEST, this.map.getZoom() + Math.max(1, Math.min(closer, 4)));
    if (zoom <= this.map.getZoom() + 0.05 && only) this.hearers.chosen(only.site.code);
    else this.map.easeTo({ center: onMercator(this.plane, found.x, found.y), zoom, animate: !reducedMotion() });
  }
}
