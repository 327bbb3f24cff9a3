// The drawing of the server as a stage for months: its regions are shaded anew and its marks drawn anew.
import { classOf, type Config, type MonthView, type Sizes } from "./mapdata";
import { drawMark, looksOf, marksOf, type Placed } from "./marks";
import { planeOf, type Plane } from "./projection";

export interface Stage {
  readonly live: boolean;
  show(view: MonthView): void;
  /** Goes on in another frame (of a page that the server sent anew) with other settings. */
  move(frame: HTMLElement, config: Config): Stage;
  lookAt(position: [number, number]): void;
  focus(): void;
}

export const HATCHES = { missing: "url(#map-hatch)", below: "url(#map-below)" } as const;

/** Places the sites of a month on the base drawing. */
export function placed(view: MonthView, plane: Plane): Placed[] {
  return view.sites.flatMap((shown) => {
    if (!shown.site.position) return [];
    const [x, y] = plane.project(...shown.site.position);
    return [{ ...shown, x, y }];
  });
}

export class DrawnStage implements Stage {
  readonly live = false;

  constructor(private readonly frame: HTMLElement, private readonly config: Config) {}

  show(view: MonthView): void {
    const { config } = this;
    for (const region of this.frame.querySelectorAll<SVGElement>("[data-region]")) {
      const found = view.regions.get(region.getAttribute("data-region") ?? "");
      const look = found ? classOf(found.value, config.breaks) : null;
      region.setAttribute("class", `map-province${look === null ? " map-empty" : typeof look === "number" ? ` map-class-${look}` : ""}`);
      if (look === "missing" || look === "below") region.setAttribute("fill", HATCHES[look]);
      else region.removeAttribute("fill");
    }
    const plane = planeOf(config.frame);
    const points = placed(view, plane).map((one) => ({ ...one, ...this.through(plane, one.x, one.y) }));
    const looks = looksOf(config);
    for (const [name, sizes] of Object.entries(config.sizes) as [string, Sizes][]) {
      const inside = points.filter(
        (one) =>
          one.x >= -sizes.largest && one.x <= plane.width + sizes.largest && one.y >= -sizes.largest && one.y <= plane.height + sizes.largest,
      );
      const marks = marksOf(inside, sizes, 1).map((mark) => drawMark(mark, config, looks, sizes, 1));
      this.frame.querySelector(`[data-marks=${name}]`)?.replaceChildren(...marks);
    }
  }

  move(frame: HTMLElement, config: Config): Stage {
    return new DrawnStage(frame, config);
  }

  lookAt(): void {
    // The drawing does not move.
  }

  focus(): void {
    this.frame.querySelector<HTMLElement>("a")?.focus();
  }

  /** A point of the base drawing where the camera of this drawing shows it. */
  private through(plane: Plane, x: number, y: number): { x: number; y: number } {
    const { camera } = this.config;
    if (!camera) return { x, y };
    const [cx, cy] = plane.project(camera[0], camera[1]);
    const times = 2 ** camera[2];
    return { x: (x - cx) * times + plane.width / 2, y: (y - cy) * times + plane.height / 2 };
  }
}
