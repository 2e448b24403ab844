/** Draws the pictures that stand beside words: of tasks, of what pots hold, of small free services. */

/** Returns a picture from its shape; it adds nothing for who hears the page. */
export function drawn(shape: string | undefined, size = "icon task"): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of [["class", size], ["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["focusable", "false"]] as const) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shape ?? "");
  svg.append(path);
  return svg;
}
