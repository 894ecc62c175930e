// One hub after another in one process: when one can no longer be sure that it is one, it tells its sessions, and another takes
// its place under a new name. Knows no engine and no socket.
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

/** What holds office: a hub and what stands around it. */
export type Incumbent = {
  /** Tells everybody to go elsewhere, and lets go of all it has. */
  forsake(): Promise<void>;
};

type TenureParts<One> = {
  /** Puts the next one together; `onLost` is to be called once when it can be one no longer. */
  open: (onLost: (why: string) => void) => Promise<One>;
  clock: Clock;
  log: Logger;
};

const retryMs = 1_000;
// Who held it for so long was not lost to what it found when it came.
const steadyMs = 10_000;

/** The office of the hub. */
export class Tenure<One extends Incumbent> {
  readonly #parts: TenureParts<One>;
  #current: One;
  #sinceMs: number;
  #isOver = false;

  private constructor(parts: TenureParts<One>, first: One) {
    this.#parts = parts;
    this.#current = first;
    this.#sinceMs = parts.clock.nowMs();
  }

  /** Opens the first one; rejects when it cannot. */
  static async begin<One extends Incumbent>(parts: TenureParts<One>): Promise<Tenure<One>> {
    const { one, whenLost } = await openOne(parts);
    const tenure = new Tenure(parts, one);
    void whenLost.then(() => tenure.#lost());
    return tenure;
  }

  /** The one in office, or the last one that was. */
  get current(): One {
    return this.#current;
  }

  /** Nobody follows any more. */
  end(): void {
    this.#isOver = true;
  }

  #lost(): void {
    this.#forsake(this.#current);
    if (!this.#isOver) void this.#follow();
  }

  #forsake(one: One): void {
    one.forsake().catch((error: unknown) => this.#parts.log.warn({ error }, "a hub that was lost did not end well"));
  }

  async #follow(): Promise<void> {
    const { clock, log } = this.#parts;
    let pauseMs = clock.nowMs() - this.#sinceMs < steadyMs ? retryMs : 0;
    while (!this.#isOver) {
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
      pauseMs = retryMs;
      try {
        const { one, whenLost } = await openOne(this.#parts);
        if (this.#isOver) return this.#forsake(one);
        this.#current = one;
        this.#sinceMs = clock.nowMs();
        void whenLost.then(() => this.#lost());
        log.info({}, "the hub is back, under a new name");
        return;
      } catch (error) {
        log.warn({ why: error instanceof Error ? error.message : String(error) }, "the hub cannot come back yet");
      }
    }
  }
}

/** Opens one; it may be lost, once, before it is in office. */
async function openOne<One>({ open }: TenureParts<One>): Promise<{ one: One; whenLost: Promise<void> }> {
  const { promise: whenLost, resolve } = Promise.withResolvers<void>();
  const one = await open(() => resolve());
  return { one, whenLost };
}
