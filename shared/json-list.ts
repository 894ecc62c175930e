// The text of a JSON list (RFC 8259) cut into shorter lists, so that a long one need not be read at one go. What is between its
// commas is not looked at: where every piece is a list, so is the whole. Knows no form.

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c] as const;
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const nothing = /^[ \t\n\r]*$/;
const list = /^[ \t\n\r]*\[/;

/** The next values of a list as the text of a list of their own, and where those after them begin; -1 when these are the last. */
type Piece = { readonly text: string; readonly next: number };

/** Whether a text begins as a list does. */
export function beginsList(text: string): boolean {
  return list.test(text);
}

/**
 * The shortest piece of a list that has at least so many UTF-16 units, or what is left of it; `from` is where an earlier piece
 * says that the next begins, and 0 for the first. Undefined when nothing is left of one that had more, or the list has no end.
 */
export function pieceOfList(text: string, from: number, units: number): Piece | undefined {
  const first = from === 0 ? text.indexOf("[") + 1 : from;
  for (let [at, depth] = [first, 0]; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        if (at < 0) return undefined;
        break;
      case openList:
      case openObject:
        depth += 1;
        break;
      case closeObject:
        depth -= 1;
        break;
      case closeList:
        if (depth === 0 && !nothing.test(text.slice(at + 1))) return undefined;
        if (depth === 0) return from === 0 ? { text, next: -1 } : pieceOf(text.slice(first, at), -1);
        depth -= 1;
        break;
      case comma:
        if (depth === 0 && at - first >= units) return pieceOf(text.slice(first, at), at + 1);
        break;
    }
  }
  return undefined;
}

function pieceOf(values: string, next: number): Piece | undefined {
  return nothing.test(values) ? undefined : { text: `[${values}]`, next };
}

/** Where the string ends that begins at a quote; -1 when it does not. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return -1;
}
