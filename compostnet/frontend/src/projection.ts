// The drawing's own projection (Albers, sites/mapdraw.py) in the browser, and the way MapLibre is made to show it: the
// plane of the drawing is laid on a small piece of MapLibre's Mercator world. So areas stay comparable, and the live map
// lies on the drawn one to the pixel.
import type { Config } from "./mapdata";

const RADIANS = Math.PI / 180;
/** How much of MapLibre's world one unit of the drawing takes: a thousand units are a fiftieth of it. */
export const UNIT = 2e-5;

export interface Plane {
  width: number;
  height: number;
  project(lon: number, lat: number): [number, number];
  unproject(x: number, y: number): [number, number];
}

export function planeOf(frame: Config["frame"]): Plane {
  const [first, second] = frame.parallels.map((parallel) => parallel * RADIANS) as [number, number];
  const cone = (Math.sin(first) + Math.sin(second)) / 2;
  const flat = Math.abs(cone) < 0.02;
  const shrink = Math.cos(first);
  const constant = Math.cos(first) ** 2 + 2 * cone * Math.sin(first);
  const middle = flat ? 0 : Math.sqrt(Math.max(constant - 2 * cone * Math.sin((first + second) / 2), 0)) / cone;
  return {
    width: frame.width,
    height: frame.height,
    project(lon, lat) {
      const east = (lon - frame.centre) * RADIANS;
      const phi = lat * RADIANS;
      let x: number;
      let y: number;
      if (flat) {
        [x, y] = [east * shrink, Math.sin(phi) / shrink];
      } else {
        const rho = Math.sqrt(Math.max(constant - 2 * cone * Math.sin(phi), 0)) / cone;
        [x, y] = [rho * Math.sin(cone * east), middle - rho * Math.cos(cone * east)];
      }
      return [(x - frame.left) * frame.scale, (frame.top - y) * frame.scale];
    },
    unproject(px, py) {
      const x = px / frame.scale + frame.left;
      const y = frame.top - py / frame.scale;
      if (flat) return [x / shrink / RADIANS + frame.centre, Math.asin(clamp(y * shrink)) / RADIANS];
      const sign = Math.sign(cone);
      const rho = sign * Math.hypot(x, middle - y);
      const angle = Math.atan2(sign * x, sign * (middle - y));
      return [angle / cone / RADIANS + frame.centre, Math.asin(clamp((constant - (rho * cone) ** 2) / (2 * cone))) / RADIANS];
    },
  };
}

function clamp(value: number): number {
  return Math.max(-1, Math.min(1, value));
}

/** A point of the drawing as the longitude and latitude that MapLibre puts there. */
export function onMercator(plane: Plane, x: number, y: number): [number, number] {
  const east = (x - plane.width / 2) * UNIT;
  const south = (y - plane.height / 2) * UNIT;
  return [east * 360, Math.atan(Math.sinh(-2 * Math.PI * south)) / RADIANS];
}

/** Where in the drawing a longitude and latitude of MapLibre lie. */
export function fromMercator(plane: Plane, lon: number, lat: number): [number, number] {
  const south = -Math.asinh(Math.tan(lat * RADIANS)) / (2 * Math.PI);
  return [lon / 360 / UNIT + plane.width / 2, south / UNIT + plane.height / 2];
}

/** The zoom of MapLibre at which the whole drawing is so many pixels wide. */
export function zoomFor(plane: Plane, pixels: number): number {
  return Math.log2(pixels / (512 * UNIT * plane.width));
}

type Position = number[];

/** A geometry in degrees with every position moved to where MapLibre shows it as drawn. */
export function moved(plane: Plane, polygons: Position[][][]): Position[][][] {
  return polygons.map((rings) =>
    rings.map((ring) => ring.map((at) => onMercator(plane, ...plane.project(at[0] ?? 0, at[1] ?? 0)))),
  );
}
