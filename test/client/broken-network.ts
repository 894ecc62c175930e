// A hub and several SDKs in one process, and a network between them that delivers, delays and breaks as it is told.
import { connect, type Hub, type PlatformSocket, type WebSocketConstructor } from "../../client/index.ts";
import type { HubByHand } from "../support/hub-by-hand.ts";
import { turn } from "./fake-network.ts";

/** A number from 0 up to 1, as the seed has it (mulberry32). */
export function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Close = { code: number; reason: string };
type Listeners = {
  open: () => void;
  error: () => void;
  message: (event: { data: unknown }) => void;
  close: (event: Close) => void;
};

/** One connection with what is under way in it: nothing arrives until it is delivered. */
class Link implements PlatformSocket {
  readonly node: string;
  readonly #listeners: Partial<Listeners> = {};
  readonly #toHub: string[] = [];
  readonly #toClient: (string | Close)[] = [];
  readonly #session: ReturnType<HubByHand["hub"]["connected"]>;
  #isOpen = false;
  #clientIsGone = false;
  #hubIsGone = false;

  constructor(byHand: HubByHand, id: string, node: string) {
    this.node = node;
    this.#session = byHand.hub.connected({
      id,
      send: (text) => this.#toClient.push(text),
      close: (code, reason) => {
        this.#hubIsGone = true;
        this.#toClient.push({ code, reason });
      },
      unsentBytes: () => 0,
      pause: () => {},
      resume: () => {},
    });
  }

  addEventListener<Type extends keyof Listeners>(type: Type, listener: Listeners[Type]): void {
    this.#listeners[type] = listener;
  }

  send(text: string): void {
    this.#toHub.push(text);
  }

  close(): void {
    this.#clientIsGone = true;
  }

  /** Whether there is anything left to happen. */
  get isOver(): boolean {
    return this.#clientIsGone && this.#hubIsGone;
  }

  get isQuiet(): boolean {
    return this.#isOpen && this.#toHub.length === 0 && (this.#clientIsGone || this.#toClient.length === 0);
  }

  deliverToHub(): void {
    const text = this.#toHub.shift();
    if (text !== undefined && !this.#hubIsGone) this.#session.receive(text);
    if (text === undefined && this.#clientIsGone) this.breakForHub();
  }

  deliverToClient(): void {
    if (this.#clientIsGone) return;
    if (!this.#isOpen) {
      this.#isOpen = true;
      return this.#listeners.open?.();
    }
    const next = this.#toClient.shift();
    if (typeof next === "string") this.#listeners.message?.({ data: next });
    else if (next !== undefined) this.breakForClient(next);
  }

  /** The hub is told that the connection is gone; what was under way to it is lost. */
  breakForHub(): void {
    if (this.#hubIsGone) return;
    this.#hubIsGone = true;
    this.#toHub.length = 0;
    this.#session.disconnected();
  }

  /** The client is told so; what was under way to it is lost. */
  breakForClient(close: Close = { code: 1006, reason: "" }): void {
    if (this.#clientIsGone) return;
    this.#clientIsGone = true;
    this.#toClient.length = 0;
    this.#listeners.close?.(close);
  }
}

/** All connections of one hub. */
export class BrokenNetwork {
  readonly byHand: HubByHand;
  readonly #chance: () => number;
  /** Nodes that nothing goes to and nothing comes from. */
  readonly #cutOff = new Set<string>();
  #links: Link[] = [];
  #made = 0;

  constructor(chance: () => number, byHand: HubByHand) {
    this.byHand = byHand;
    this.#chance = chance;
  }

  /** A node that is connected, or on its way. */
  node(node: string, graceMs: number): Promise<Hub> {
    const { clock } = this.byHand;
    const backoff = { baseMs: 100, maxMs: 2_000 };
    const webSocket = this.#webSocketOf(node);
    return connect("ws://hub.test", { node, graceMs, clock, backoff, random: this.#chance, webSocket });
  }

  /** Nothing of a node arrives any more, nor anything at it, old connections and new ones alike. */
  cutOff(node: string): void {
    this.#cutOff.add(node);
  }

  /** All that is under way goes on. */
  mend(): void {
    this.#cutOff.clear();
  }

  /** Something is delivered, somewhere, in one direction. */
  deliver(): void {
    const link = this.#some();
    if (this.#chance() < 0.5) link?.deliverToHub();
    else link?.deliverToClient();
  }

  /** A connection breaks: for both ends, or for one that the other does not hear of. */
  break(): void {
    const link = this.#some();
    const how = this.#chance();
    if (how < 0.7) link?.breakForHub();
    if (how > 0.3) link?.breakForClient();
  }

  /** Delivers everything, and what follows from it, until nothing is under way. */
  async deliverAll(): Promise<void> {
    do {
      for (const link of this.#links) {
        link.deliverToHub();
        link.deliverToClient();
      }
      await this.settle();
    } while (this.#links.some((link) => !link.isOver && !link.isQuiet));
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await turn();
    this.byHand.clock.endTurn();
    await turn();
    this.#links = this.#links.filter((link) => !link.isOver);
  }

  #some(): Link | undefined {
    const links = this.#links.filter(({ node }) => !this.#cutOff.has(node));
    return links[Math.floor(this.#chance() * links.length)];
  }

  #webSocketOf(node: string): WebSocketConstructor {
    const nextId = () => {
      this.#made += 1;
      return String(this.#made);
    };
    const links = () => this.#links;
    const { byHand } = this;
    return class extends Link {
      constructor() {
        super(byHand, nextId(), node);
        links().push(this);
      }
    };
  }
}
