// The WebSocket of the command line: `ws`, which ends at once with the process, and which tells why an upgrade was refused.
// Knows no session.
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { decodePage, refusal } from "../../shared/pages.ts";
import type { WebSocketConstructor } from "../index.ts";
import type { Trust } from "./trust.ts";

// What a hub says of a refusal is a sentence; of a longer page nothing is wanted.
const bodyCharactersMax = 4_096;

/** A socket whose error says what the other side has answered instead of an upgrade. */
class HubSocket extends WebSocket {
  constructor(url: string, protocols: string[], trust: Trust) {
    super(url, protocols, trust);
    this.on("unexpected-response", (_request, response: IncomingMessage) => {
      let text = "";
      const refuse = () => {
        this.emit("error", new Error(refusedUpgrade(response.statusCode, text)));
        this.terminate();
      };
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (text.length > bodyCharactersMax) response.destroy();
      });
      response.once("error", () => {});
      response.once("close", refuse);
    });
  }
}

/** The class of such sockets that trust so. */
export function socketTrusting(trust: Trust): WebSocketConstructor {
  return class extends HubSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, trust);
    }
  };
}

/** Why an upgrade was refused: what a hub says of it, else the status of whatever answers there. */
function refusedUpgrade(status: number | undefined, text: string): string {
  const said = decodePage(refusal, text);
  if (said === undefined) return `what listens there is no hub, or a proxy before it: HTTP status ${status}`;
  return `it refuses the upgrade with HTTP status ${status} (${said.code}): ${said.message}`;
}
