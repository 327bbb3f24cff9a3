// Beside the map: a list to find a site with the keyboard. The panel itself comes from the server.
import type { Config, Site } from "./mapdata";

const MOST = 1500;

/** Offers every site of the map in a list above it, so that the map can be used without pointing. */
export function offerSites(frame: HTMLElement, sites: readonly Site[], config: Config, chosen: (code: string) => void): void {
  frame.querySelector(".map-find")?.remove();
  if (!sites.length || sites.length > MOST) return;
  const words = config.words["choose"] ?? "";
  const list = Object.assign(document.createElement("select"), { id: "map-site" });
  list.setAttribute("aria-label", words);
  list.append(new Option(words, ""));
  const order = new Intl.Collator(config.chinese ? "zh-Hans-CN" : "en");
  for (const site of [...sites].sort((one, other) => order.compare(one.name, other.name))) {
    list.append(new Option(site.name, site.code, false, site.code === config.query.site));
  }
  list.addEventListener("change", () => list.value && chosen(list.value));
  const field = Object.assign(document.createElement("div"), { className: "map-find" });
  field.append(list);
  frame.append(field);
}
