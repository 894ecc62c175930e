// A message of the load client, prepared once: its text around one number (mostly its id), masked already.
// Knows no socket.
import { encode, type ClientMessageInput } from "../../shared/protocol.ts";

/**
 * The byte that masks, four times over in a frame's key. All four alike, so that a text is masked the same wherever it
 * lies in a frame; not zero, since ws leaves the unmasking out for a key of zeros.
 */
export const maskByte = 0x5a;

/** A message to which only a number is missing: the masked bytes before and after it. */
export interface PreparedMessage {
  before: Buffer;
  after: Buffer;
}

/** Prepares a message that carries an id: the id given here is a place-holder, each saying names its own. */
export function prepare(message: ClientMessageInput & { id: number }): PreparedMessage {
  return prepareText(encode(message).replace(`"id":${message.id}`, '"id":#'));
}

/** Prepares a text with one `#` in it, where each saying puts its number. */
export function prepareText(text: string): PreparedMessage {
  const [before, after, ...others] = text.split("#");
  if (before === undefined || after === undefined || others.length > 0) throw new Error(`one # belongs in ${text}`);
  return { before: masked(before), after: masked(after) };
}

function masked(text: string): Buffer {
  return Buffer.from(Buffer.from(text).map((byte) => byte ^ maskByte));
}
