// The highest fence that each resource has seen, in memory. Knows nothing of who asks.

/** Why a fence is not accepted. */
export type Refusal = {
  /** The lowest fence that would be accepted. */
  highest: number;
  /** False when the resource itself was forgotten. */
  isRemembered: boolean;
};

/** Where the highest fences are kept. */
export type Fences = {
  /**
   * Remembers the fence as the highest of its resource, unless it is lower; when this returns, it is as safe as the place
   * promises.
   *
   * @returns nothing when the fence is accepted
   */
  raise(resource: string, fence: number): Refusal | undefined;
  close(): void;
};

/** The highest fences of at most that many resources, as long as the process runs. */
export class MemoryFences implements Fences {
  readonly #resourcesMax: number;
  /** By resource, the one that was raised last at the end. */
  readonly #highest = new Map<string, number>();
  /** The highest fence that a forgotten resource has had; a resource that is not here may be one of those. */
  #forgotten = 0;

  constructor(resourcesMax: number) {
    this.#resourcesMax = resourcesMax;
  }

  raise(resource: string, fence: number): Refusal | undefined {
    const known = this.#highest.get(resource);
    const highest = known ?? this.#forgotten;
    if (fence < highest) return { highest, isRemembered: known !== undefined };
    if (fence === known) return undefined;
    this.#highest.delete(resource);
    this.#highest.set(resource, fence);
    if (this.#highest.size > this.#resourcesMax) this.#forgetOldest();
    return undefined;
  }

  /** Nothing to let go of: who asks on is answered on. */
  close(): void {}

  #forgetOldest(): void {
    const [oldest] = this.#highest;
    if (oldest === undefined) return;
    const [resource, fence] = oldest;
    this.#highest.delete(resource);
    this.#forgotten = Math.max(this.#forgotten, fence);
  }
}
