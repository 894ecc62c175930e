// Which Node the two programs need. Knows no process; the SDK asks for less.

const majorMin = 24;

/**
 * The line with which a program ends on a Node that is too old for it; undefined on any other.
 * @param program its name
 * @param version of the Node that runs it, such as `24.21.0`
 */
export function refusalOfNode(program: string, version: string): string | undefined {
  if (Number.parseInt(version, 10) >= majorMin) return undefined;
  return `${program}: needs Node ${majorMin} or later, and this is ${version}; take another, or put it first in PATH`;
}
