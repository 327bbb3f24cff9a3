// The marks of sites, drawn like those of the SVG: a shape and a colour for each scenario, a count for a cluster.
export interface Mark {
  colour: string;
  shape: "circle" | "square" | "triangle" | "diamond";
}

function pen(size: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(size, size).getContext("2d");
  if (!context) throw new Error("no canvas here");
  return context;
}

export function markImage(mark: Mark, line: string, ratio: number): ImageData {
  const size = 26 * ratio;
  const context = pen(size);
  const middle = size / 2;
  const radius = 7 * ratio;
  const path = new Path2D();
  if (mark.shape === "circle") {
    path.arc(middle, middle, radius, 0, 2 * Math.PI);
  } else if (mark.shape === "square") {
    const side = radius * 1.75;
    path.rect(middle - side / 2, middle - side / 2, side, side);
  } else {
    const reach = radius * 1.3;
    path.moveTo(middle, middle - reach);
    if (mark.shape === "triangle") {
      path.lineTo(middle + reach, middle + 0.75 * reach);
      path.lineTo(middle - reach, middle + 0.75 * reach);
    } else {
      path.lineTo(middle + reach, middle);
      path.lineTo(middle, middle + reach);
      path.lineTo(middle - reach, middle);
    }
    path.closePath();
  }
  context.fillStyle = mark.colour;
  context.fill(path);
  context.strokeStyle = line;
  context.lineWidth = 1.5 * ratio;
  context.stroke(path);
  return context.getImageData(0, 0, size, size);
}

/** A count in a ring that is divided among colours by their parts. */
export function clusterImage(
  count: string,
  parts: readonly (readonly [colour: string, share: number])[],
  ground: string,
  ink: string,
  ratio: number,
): ImageData {
  const radius = (10 + 1.5 * count.length) * ratio;
  const size = Math.ceil(2 * radius + 6 * ratio);
  const context = pen(size);
  const middle = size / 2;
  context.beginPath();
  context.arc(middle, middle, radius + 1.5 * ratio, 0, 2 * Math.PI);
  context.fillStyle = ground;
  context.fill();
  context.lineWidth = 3.2 * ratio;
  let from = 0;
  for (const [colour, share] of parts) {
    const to = from + share * 2 * Math.PI;
    context.beginPath();
    context.arc(middle, middle, radius, from, to);
    context.strokeStyle = colour;
    context.stroke();
    from = to;
  }
  context.fillStyle = ink;
  context.font = `700 ${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(count, middle, middle + 0.5 * ratio);
  return context.getImageData(0, 0, size, size);
}
