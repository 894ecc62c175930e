// The token that a hub asks for, or where one is to be had. Knows no hub.
import { checkText } from "./bounds.ts";

/** A token, or a function that gives one whenever one is needed. */
export type TokenSource = string | (() => string | Promise<string>);

/**
 * The token that is to be used now; undefined when there is none.
 *
 * @throws what the function throws; BatonError INVALID_MESSAGE for a token that is too long
 */
export async function readToken(source: TokenSource | undefined, bytesMax: number): Promise<string | undefined> {
  const token = typeof source === "function" ? await source() : source;
  checkText("token", token, bytesMax);
  return token;
}
