// Beside the map: a list to find a site with the keyboard, and the figures of the site chosen.
export interface PanelSite {
  code: string;
  name: string;
  scenario_name: string;
  process_name: string;
  amount: string;
  address: string;
}

export interface PanelWords {
  measure: string;
  more: string;
  close: string;
  choose: string;
  scenario: string;
  process: string;
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = "",
  properties: Partial<HTMLElementTagNameMap[K]> = {},
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

const panel = () => document.querySelector<HTMLElement>("[data-map-panel]");

/** Offers every site of the map in a list above it, so that the map can be used without pointing. */
export function offerSites(
  frame: HTMLElement,
  sites: readonly PanelSite[],
  words: PanelWords,
  chosen: (code: string) => void,
): void {
  frame.querySelector(".map-find")?.remove();
  if (!sites.length) return;
  const list = element("select", "", { id: "map-site" });
  list.setAttribute("aria-label", words.choose);
  list.append(element("option", words.choose, { value: "" }));
  for (const site of sites) list.append(element("option", site.name, { value: site.code }));
  list.addEventListener("change", () => list.value && chosen(list.value));
  const field = element("div", "", { className: "map-find" });
  field.append(list);
  frame.append(field);
}

/** Shows one site's figures; a screen reader hears them. */
export function showPanel(site: PanelSite, words: PanelWords): void {
  const place = panel();
  if (!place) return;
  const list = document.querySelector<HTMLSelectElement>("#map-site");
  if (list) list.value = site.code;
  const more = element("p");
  more.append(element("a", words.more, { href: site.address }));
  const close = element("button", words.close, { type: "button" });
  close.addEventListener("click", () => {
    place.hidden = true;
    list?.focus();
  });
  place.hidden = false;
  place.replaceChildren(
    element("h3", site.name),
    element("p", words.measure, { className: "muted" }),
    element("p", site.amount, { className: "map-panel-figure" }),
    element("p", `${words.scenario}: ${site.scenario_name}`),
    element("p", `${words.process}: ${site.process_name}`),
    more,
    close,
  );
}
