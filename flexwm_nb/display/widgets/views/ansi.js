/** Terminal output: colours are kept, everything else that a terminal would obey is dropped. */

// colours and other commands, titles and links, and single controls
const SEQUENCE = /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]/g;
const LEVELS = [0, 95, 135, 175, 215, 255];

/**
 * @typedef {{text: string, classes: string[], color?: string, background?: string}} Piece
 */

/** What stands in a line in the end: of what overwrote itself, the last state. @param {string} line */
export function overwritten(line) {
  const trimmed = line.replace(/\r+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}

/** A line without any sequences. @param {string} line */
export function plain(line) {
  return overwritten(line).replace(SEQUENCE, "");
}

/** A line's pieces, each with its colours. @param {string} line @returns {Piece[]} */
export function pieces(line) {
  const text = overwritten(line);
  if (!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]/.test(text)) return text ? [{ text, classes: [] }] : [];
  const found = [];
  let style = {};
  let end = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    put(found, text.slice(end, match.index), style);
    if (match[2] === "m") style = painted(style, match[1]);
    end = match.index + match[0].length;
  }
  put(found, text.slice(end), style);
  return found;
}

function put(found, text, style) {
  if (!text) return;
  const classes = ["bold", "dim", "italic", "underline", "inverse"].filter((name) => style[name]).map((name) => `fx-${name}`);
  const piece = { text, classes };
  for (const [kind, prefix] of [["color", "fx-fg"], ["background", "fx-bg"]]) {
    const value = style[kind];
    if (typeof value === "number") classes.push(`${prefix}${value}`);
    else if (value) piece[kind] = value;
  }
  found.push(piece);
}

function painted(before, codes) {
  const style = { ...before };
  const numbers = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at];
    if (code === 0) Object.keys(style).forEach((name) => delete style[name]);
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 27) style.inverse = false;
    else if (code === 39) delete style.color;
    else if (code === 49) delete style.background;
    else if (code === 38 || code === 48) {
      const kind = code === 38 ? "color" : "background";
      if (numbers[at + 1] === 5) style[kind] = indexed(numbers[(at += 2)]);
      else if (numbers[at + 1] === 2) style[kind] = mixed(numbers.slice(at + 2, (at += 4) + 1));
    } else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 90 && code <= 97) style.color = code - 82;
    else if (code >= 100 && code <= 107) style.background = code - 92;
  }
  return style;
}

function indexed(number) {
  if (!(number >= 0 && number <= 255)) return undefined;
  if (number < 16) return number;
  if (number >= 232) return mixed([8, 8, 8].map((base) => base + 10 * (number - 232)));
  const rest = number - 16;
  return mixed([LEVELS[Math.floor(rest / 36)], LEVELS[Math.floor(rest / 6) % 6], LEVELS[rest % 6]]);
}

function mixed(parts) {
  const [red, green, blue] = parts.map((part) => Math.min(Math.max(Math.round(part) || 0, 0), 255));
  return `rgb(${red},${green},${blue})`;
}
