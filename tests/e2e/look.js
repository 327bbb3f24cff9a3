// Looks at a page the way a careful reader would. Returns plain data; tests/e2e/looking.py judges it.
() => {
  const shown = (element) => {
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1.5 && box.height > 1.5;
  };
  const hiddenFromEyes = (element) => element.closest(".visually-hidden, .skip-link, [hidden]") !== null;
  const describe = (element) => {
    const words = (element.textContent || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} ${words}>`;
  };
  // The part of a box that is not cut off by a scrolling ancestor.
  const visiblePart = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let a = element.parentElement; a && a !== document.body; a = a.parentElement) {
      const style = getComputedStyle(a);
      if (style.overflowX !== "visible" || style.overflowY !== "visible") {
        const cut = a.getBoundingClientRect();
        left = Math.max(left, cut.left); right = Math.min(right, cut.right);
        top = Math.max(top, cut.top); bottom = Math.min(bottom, cut.bottom);
      }
    }
    return { left, top, right, bottom };
  };
  const overlaps = (items, slack) => {
    const found = [];
    items.sort((a, b) => a.box.top - b.box.top);
    for (let i = 0; i < items.length; i++) {
      for (let j = i + 1; j < items.length && items[j].box.top < items[i].box.bottom - slack; j++) {
        const a = items[i], b = items[j];
        if (a.owner === b.owner || a.owner.contains(b.owner) || b.owner.contains(a.owner)) continue;
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > slack && high > slack) found.push(`${a.what} over ${b.what}`);
      }
    }
    return found.slice(0, 10);
  };

  const report = {};
  const root = document.documentElement;
  report.lang = root.lang;
  report.title = document.title;
  report.overflow = root.scrollWidth - root.clientWidth;
  report.wide = [];
  if (report.overflow > 0) {
    for (const element of document.body.querySelectorAll("*")) {
      if (element.getBoundingClientRect().right > root.clientWidth + 0.5 && shown(element)) {
        report.wide.push(describe(element));
      }
    }
    report.wide = report.wide.slice(0, 8);
  }
  report.headings = [...document.querySelectorAll("h1")].filter(shown).map((h) => h.textContent.trim());

  // Words inside drawings.
  report.drawnOverlaps = [];
  for (const svg of document.querySelectorAll("svg")) {
    if (!shown(svg)) continue;
    const words = [...svg.querySelectorAll("text")].filter((t) => shown(t) && !t.classList.contains("chart-over"));
    report.drawnOverlaps.push(
      ...overlaps(words.map((t) => ({ owner: t, box: t.getBoundingClientRect(), what: describe(t) })), 1.5),
    );
    const frame = svg.getBoundingClientRect();
    for (const text of words) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1) report.drawnOverlaps.push(`${describe(text)} leaves its drawing`);
    }
  }

  // Controls, and running text.
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
    (c) => shown(c) && !hiddenFromEyes(c) && !c.closest("svg, .maplibregl-map, .menu-panel") && c.type !== "hidden",
  );
  const controlBoxes = controls.flatMap((c) =>
    [...c.getClientRects()].map((box) => ({ owner: c, box: visiblePart(box, c), what: describe(c) })),
  );
  report.controlOverlaps = overlaps(controlBoxes, 3);
  report.small = controls
    .filter((c) => ["BUTTON", "SELECT"].includes(c.tagName) || c.classList.contains("button"))
    .filter((c) => c.getBoundingClientRect().height < 24 || c.getBoundingClientRect().width < 24)
    .map(describe);

  const texts = [];
  const contrast = [];
  const parse = (text) => {
    const parts = (text.match(/[\d.]+/g) || []).map(Number);
    return parts.length < 3 ? null : { r: parts[0], g: parts[1], b: parts[2], a: parts.length > 3 ? parts[3] : 1 };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    const layers = [];
    for (let a = element; a; a = a.parentElement) {
      const colour = parse(getComputedStyle(a).backgroundColor);
      if (colour && colour.a > 0) {
        layers.push(colour);
        if (colour.a === 1) break;
      }
    }
    let below = { r: 255, g: 255, b: 255 };
    for (const over of layers.reverse()) {
      below = { r: over.r * over.a + below.r * (1 - over.a), g: over.g * over.a + below.g * (1 - over.a), b: over.b * over.a + below.b * (1 - over.a) };
    }
    return below;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const read = [];
  const excused = "textarea, code, pre, kbd, samp, [translate=no], script, style, template";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const words = node.nodeValue.trim().replace(/\s+/g, " ");
    const element = node.parentElement;
    if (!words || element.closest("script, style, template")) continue;
    const inside = element.closest("[lang]");
    const language = inside === root ? "" : inside.getAttribute("lang");
    if (!element.closest(excused)) read.push({ words, language });
    if (!shown(element) || hiddenFromEyes(element) || element.closest("svg, .maplibregl-map, select")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const part = visiblePart(box, element);
      // A font's box is taller than its letters: what may touch is only the air above and below them.
      const air = (part.bottom - part.top) * 0.18;
      part.top += air; part.bottom -= air;
      if (part.right - part.left > 1 && !element.closest(".menu-panel")) {
        texts.push({ owner: element, box: part, what: `“${words.slice(0, 30)}”` });
      }
    }
    const style = getComputedStyle(element);
    const ink = parse(style.color);
    if (ink && !element.closest(":disabled, [aria-disabled=true]")) {
      const [a, b] = [light(ink), light(ground(element))].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight, 10) >= 700);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < (large ? 3 : 4.5) - 0.02) contrast.push(`“${words.slice(0, 30)}” ${ratio.toFixed(2)}`);
    }
  }
  report.textOverlaps = overlaps(texts, 2.5);
  report.contrast = [...new Set(contrast)].slice(0, 10);

  for (const element of document.querySelectorAll("[title], [aria-label], [alt], [placeholder], meta[name=description]")) {
    if (element.closest(excused)) continue;
    const inside = element.closest("[lang]");
    for (const name of ["title", "aria-label", "alt", "placeholder", "content"]) {
      const words = (element.getAttribute(name) || "").trim();
      if (words && !(name === "content" && element.name !== "description")) {
        read.push({ words, language: inside === root ? "" : inside.getAttribute("lang") });
      }
    }
  }
  read.push({ words: document.title, language: "" });
  report.read = read;

  // What a screen reader needs.
  report.unnamed = [];
  for (const field of document.querySelectorAll("input, select, textarea")) {
    if (["hidden", "submit", "button", "image"].includes(field.type)) continue;
    const named = (field.labels && [...field.labels].some((l) => l.textContent.trim())) ||
      field.getAttribute("aria-label") || document.getElementById(field.getAttribute("aria-labelledby") || "");
    if (!named) report.unnamed.push(`${describe(field)} name=${field.name}`);
  }
  for (const control of document.querySelectorAll("button, a[href], summary")) {
    const named = control.textContent.trim() || control.getAttribute("aria-label") || control.querySelector("img[alt]:not([alt=''])");
    if (!named) report.unnamed.push(control.outerHTML.slice(0, 120));
  }
  for (const image of document.querySelectorAll("img:not([alt])")) report.unnamed.push(image.outerHTML.slice(0, 120));
  for (const svg of document.querySelectorAll("svg[role=img]")) {
    const ids = (svg.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    const named = svg.getAttribute("aria-label") || (ids.length && ids.every((id) => document.getElementById(id)));
    if (!named) report.unnamed.push(`svg without a name: ${svg.outerHTML.slice(0, 80)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  report.doubleIds = [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))];
  report.inlineCode = [...document.querySelectorAll("*")]
    .filter((e) => [...e.attributes].some((a) => (a.name === "style" && a.value) || a.name.startsWith("on")))
    .filter((e) => !e.closest(".maplibregl-map"))
    .map((e) => e.outerHTML.slice(0, 100)).slice(0, 5);
  report.tablesInScroll = [...document.querySelectorAll("main table")]
    .filter((t) => t.scrollWidth > root.clientWidth && !t.closest(".table-scroll")).map(describe);
  return report;
}
