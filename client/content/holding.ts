// A `once` turned inside out: the grant comes as a value, and its outcome is said later by whoever has it.
// Knows nothing of what is done under the grant.
import type { ContentGrant, ContentHub, OnceAnswer, OnceQuestion } from "./coordination.ts";

/** A grant in hand. Exactly one of `succeed` and `fail` ends it. */
export type Holding = {
  readonly status: "held";
  readonly grant: ContentGrant;
  /** Says success, with the size of the blob; resolves when the hub has heard it. */
  succeed(bytes: number): Promise<void>;
  /** Says failure; resolves when the grant is over, however it ended. */
  fail(error: unknown): Promise<void>;
};

/** Another node's success served. */
export type Skipped = Extract<OnceAnswer, { status: "skipped" }>;

/** Asks the hub for a resource: resolves when it is granted, or skipped. */
export function askToHold(hub: ContentHub, resource: string, question: OnceQuestion): Promise<Holding | Skipped> {
  const asked = Promise.withResolvers<Holding | Skipped>();
  const end = hub.once(resource, question, (grant) => {
    const work = Promise.withResolvers<{ bytes: number }>();
    const succeed = async (bytes: number): Promise<void> => {
      work.resolve({ bytes });
      await end;
    };
    const fail = async (error: unknown): Promise<void> => {
      work.reject(error);
      await settled(end);
    };
    asked.resolve({ status: "held", grant, succeed, fail });
    return work.promise;
  });
  void answered(end, asked);
  return asked.promise;
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}

async function answered(end: Promise<OnceAnswer>, asked: PromiseWithResolvers<Holding | Skipped>): Promise<void> {
  try {
    const answer = await end;
    if (answer.status === "skipped") asked.resolve(answer);
  } catch (error) {
    asked.reject(error);
  }
}
