// The interactive map: provinces shaded and sites marked exactly as in the drawing, from the data in the page.
import "maplibre-gl/dist/maplibre-gl.css";

import { AttributionControl, Map as LiveMap, NavigationControl, setWorkerUrl } from "maplibre-gl";
import type { ExpressionSpecification, GeoJSONSource, MapGeoJSONFeature, StyleSpecification } from "maplibre-gl";

import { clusterImage, markImage, type Mark } from "./marks";
import { offerSites, showPanel, type PanelSite, type PanelWords } from "./panel";

type Box = [number, number, number, number];

interface Site extends PanelSite {
  scenario: string;
  position: [number, number];
}

interface MapData {
  box: Box;
  boundaries: string | null;
  marks: Record<string, Mark>;
  provinces: Record<string, { class: number | null; words: string }>;
  sites: Site[];
  words: PanelWords & { map: string; zoom_in: string; zoom_out: string };
}

const WORKER = new URL("../node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs", import.meta.url);
const PIXEL_RATIO = 2;
const OTHER: Mark = { colour: "#4d4d4d", shape: "circle" };
const NOTHING = { type: "FeatureCollection" as const, features: [] };

function readData(): MapData {
  const element = document.getElementById("map-data");
  if (!element?.textContent) throw new Error("the page holds no map data");
  return JSON.parse(element.textContent) as MapData;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The fill of a province by its class; without a figure hatched, without a site empty. */
function fill(data: MapData): ExpressionSpecification | string {
  const pairs = Object.entries(data.provinces).flatMap(([code, province]) => [
    code,
    province.class ? colour(`--map-${province.class}`) : colour("--map-empty"),
  ]);
  if (!pairs.length) return colour("--map-empty");
  return ["match", ["get", "code"], ...pairs, colour("--map-empty")] as unknown as ExpressionSpecification;
}

function hatched(data: MapData): string[] {
  return Object.entries(data.provinces).filter(([, province]) => province.class === null).map(([code]) => code);
}

function features(data: MapData) {
  return {
    type: "FeatureCollection" as const,
    features: data.sites.map((site) => ({
      type: "Feature" as const,
      geometry: { type: "Point" as const, coordinates: site.position },
      properties: { code: site.code, scenario: site.scenario, icon: `mark-${data.marks[site.scenario] ? site.scenario : "other"}` },
    })),
  };
}

/** How many sites of each scenario a cluster holds, as MapLibre adds them up. */
function scenarioCounts(data: MapData): Record<string, ExpressionSpecification> {
  const count = (code: string) => ["+", ["case", ["==", ["get", "scenario"], code], 1, 0]] as unknown;
  return Object.fromEntries(
    Object.keys(data.marks).map((code) => [code, count(code) as ExpressionSpecification]),
  );
}

/** The name of a cluster's image: ``cluster-`` and the counts of all scenarios, ``3.0.1…``. */
function clusterName(data: MapData): ExpressionSpecification {
  const counts = Object.keys(data.marks).flatMap((code) => [".", ["to-string", ["get", code]]]);
  return ["concat", "cluster-", ["to-string", ["get", "point_count"]], ...counts] as unknown as ExpressionSpecification;
}

/** No glyphs, no sprites, no tiles: everything comes from this page and our own server. */
function style(data: MapData): StyleSpecification {
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: data.boundaries ?? NOTHING, promoteId: "code" },
      sites: {
        type: "geojson", data: features(data), cluster: true, clusterRadius: innerWidth < 768 ? 20 : 28, clusterMaxZoom: 11,
        clusterProperties: scenarioCounts(data),
      },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colour("--map-sea") } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": fill(data) } },
      {
        id: "land-hatched",
        type: "fill",
        source: "land",
        filter: ["in", ["get", "code"], ["literal", hatched(data)]],
        paint: { "fill-pattern": "hatch" },
      },
      { id: "borders", type: "line", source: "land", paint: { "line-color": colour("--map-line"), "line-width": 0.8 } },
      {
        id: "sites",
        type: "symbol",
        source: "sites",
        layout: {
          "icon-image": [
            "case",
            ["has", "point_count"],
            clusterName(data),
            ["get", "icon"],
          ],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
        },
      },
    ],
  };
}

/** Marks, hatching and counts of clusters are drawn when the style first asks for them; no sprite, no glyph server. */
function drawImage(id: string, data: MapData): ImageData | null {
  if (id === "hatch") return hatchImage();
  if (id.startsWith("cluster-")) {
    const [count = "0", ...each] = id.slice("cluster-".length).split(".");
    const marks = Object.values(data.marks);
    const parts = each.map((part, index) => [marks[index]?.colour ?? OTHER.colour, Number(part) / Number(count)] as const);
    return clusterImage(count, parts, colour("--surface"), colour("--ink"), PIXEL_RATIO);
  }
  if (!id.startsWith("mark-")) return null;
  const mark = data.marks[id.slice("mark-".length)] ?? OTHER;
  return markImage(mark, colour("--map-mark-line"), PIXEL_RATIO);
}

function hatchImage(): ImageData {
  const size = 8 * PIXEL_RATIO;
  const canvas = new OffscreenCanvas(size, size);
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = colour("--map-empty");
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour("--map-line");
  pen.lineWidth = 1.4 * PIXEL_RATIO;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
    pen.stroke();
  }
  return pen.getImageData(0, 0, size, size);
}

/** Lays the live map over the drawing; resolves once it shows, rejects where it cannot. */
export async function takeOver(): Promise<void> {
  const frame = document.querySelector<HTMLElement>("[data-map]");
  if (!frame || !document.createElement("canvas").getContext("webgl2")) throw new Error("no WebGL here");
  let data = readData();
  setWorkerUrl(WORKER.href);
  const holder = document.createElement("div");
  holder.className = "map-live";
  frame.append(holder);
  const map = new LiveMap({
    container: holder,
    style: style(data),
    bounds: data.box,
    fitBoundsOptions: { padding: 16 },
    attributionControl: false,
    cooperativeGestures: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    maxZoom: 15,
    renderWorldCopies: false,
    locale: {
      "Map.Title": data.words.map,
      "NavigationControl.ZoomIn": data.words.zoom_in,
      "NavigationControl.ZoomOut": data.words.zoom_out,
    },
  });
  map.setMissingStyleImageResolver((id) => {
    const image = drawImage(id, data);
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: PIXEL_RATIO });
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.scrollZoom.disable();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new AttributionControl({ compact: true, customAttribution: "Natural Earth" }), "bottom-right");
  try {
    await new Promise<void>((resolve, reject) => {
      map.once("error", (event) => reject(event.error));
      map.once("idle", () => resolve());
      setTimeout(() => reject(new Error("the map did not come in time")), 20_000);
    });
  } catch (error) {
    map.remove();
    holder.remove();
    throw error;
  }
  const adopt = (element: HTMLElement) => {
    element.append(holder);
    element.classList.add("map-is-live");
    // The links of the drawing are covered now; the keyboard reaches the map and the list of sites instead.
    for (const drawing of element.querySelectorAll<SVGElement>(":scope > svg")) drawing.setAttribute("aria-hidden", "true");
  };
  adopt(frame);

  const select = (code: string, fly: boolean) => {
    const site = data.sites.find((candidate) => candidate.code === code);
    if (!site) return;
    showPanel(site, data.words);
    if (fly) map.easeTo({ center: site.position, zoom: Math.max(map.getZoom(), 12), animate: !reducedMotion() });
  };
  const offer = (element: HTMLElement) => offerSites(element, data.sites, data.words, (code) => select(code, true));
  offer(frame);

  map.on("click", "sites", (event) => {
    const feature = event.features?.[0];
    if (feature) void open(map, feature, (code) => select(code, false));
  });
  map.on("mouseenter", "sites", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "sites", () => (map.getCanvas().style.cursor = ""));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    map.setStyle(style(data), { diff: false });
  });

  wireFilters(async (address) => {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector<HTMLElement>("[data-map-results]");
    const stale = document.querySelector<HTMLElement>("[data-map-results]");
    const freshFrame = fresh?.querySelector<HTMLElement>("[data-map]");
    if (!fresh || !stale || !freshFrame) throw new Error("no map in the answer");
    stale.replaceWith(fresh);
    adopt(freshFrame);
    data = readData();
    map.getSource<GeoJSONSource>("sites")?.setData(features(data));
    map.getSource<GeoJSONSource>("land")?.setData(data.boundaries ?? NOTHING);
    map.setPaintProperty("land", "fill-color", fill(data));
    map.setFilter("land-hatched", ["in", ["get", "code"], ["literal", hatched(data)]]);
    map.resize();
    map.fitBounds(data.box, { padding: 16, animate: !reducedMotion() });
    offer(freshFrame);
  });
}

function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** A single site opens its panel; a cluster is zoomed into, or at the deepest zoom its first site opens. */
async function open(map: LiveMap, feature: MapGeoJSONFeature, select: (code: string) => void): Promise<void> {
  if (!feature.properties["cluster"]) {
    select(String(feature.properties["code"]));
    return;
  }
  const source = map.getSource<GeoJSONSource>("sites");
  if (!source || feature.geometry.type !== "Point") return;
  const zoom = await source.getClusterExpansionZoom(Number(feature.properties["cluster_id"]));
  map.easeTo({
    center: feature.geometry.coordinates as [number, number],
    zoom: Math.min(zoom + 0.3, 15),
    animate: !reducedMotion(),
  });
}

/** Filters answer at once; the address follows, so that it can be shared and the browser's back works. */
function wireFilters(show: (address: string) => Promise<void>): void {
  const form = document.querySelector<HTMLFormElement>("#map-filters");
  if (!form) return;
  const go = async (address: string, remember: boolean) => {
    try {
      await show(address);
      if (remember) history.pushState(null, "", address);
    } catch {
      location.assign(address);
    }
  };
  const address = () => {
    const wishes = [...new FormData(form)].filter(([, value]) => value !== "") as [string, string][];
    return `${location.pathname}?${new URLSearchParams(wishes)}`;
  };
  form.addEventListener("change", () => void go(address(), true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void go(address(), true);
  });
  addEventListener("popstate", () => location.reload());
}
