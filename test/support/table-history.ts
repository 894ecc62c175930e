// All that was asked of a lock table and all that followed: what must never be seen, whatever was asked. Knows requests and
// answers; how the table decides is tested elsewhere.
import type { Command } from "../../server/core/command.ts";
import type { Answer, Effect } from "../../server/core/effect.ts";
import type { ClientMessageOf } from "../../shared/protocol.ts";
import { nodeOf } from "./effect-lines.ts";

type Asked = {
  message: ClientMessageOf<"acquire" | "refer">;
  fence: number | undefined;
  final: string | undefined;
};
type Success = { resource: string; operation: string; node: string; fence: number; mode: string };

const finals: ReadonlySet<Answer["type"]> = new Set(["skipped", "failed", "released", "lost", "references"]);

/** Throws at the first thing that breaks a rule. */
export class TableHistory {
  readonly #asked = new Map<string, Asked>();
  readonly #successes: Success[] = [];
  /** By resource, the step of its last grant. */
  readonly #lastFences = new Map<string, number>();

  /** Takes in one step; `asker` is the session whose message it was, if any, `sessionOf` names the session of a node. */
  note(
    command: Command,
    effects: readonly Effect[],
    asker: string | undefined,
    sessionOf: (node: string) => string,
  ): void {
    // What is forbidden was never asked: its id is not used up.
    const isAsked = !effects.some((effect) => effect.type === "tell" && isForbidden(effect.answer));
    if (command.type === "message" && asker !== undefined && isAsked) this.#noteMessage(command.message, asker);
    const granted = new Set<string>();
    for (const effect of effects) {
      if (effect.type === "ended") this.#forgetSession(effect.session);
      if (effect.type !== "tell" || effect.answer.id === undefined) continue;
      const node = nodeOf(effect.socket);
      const name = `${sessionOf(node)} ${effect.answer.id}`;
      const asked = this.#asked.get(name);
      if (asked === undefined) {
        if (effect.answer.type !== "error") throw new Error(`${name} is answered and was never asked`);
        continue;
      }
      const { resource } = asked.message;
      this.#noteAnswer(name, asked, effect.answer, command.type === "resume");
      if (effect.answer.type === "granted") granted.add(resource);
      const isTaken = effect.answer.type === "lost" && command.type !== "resume";
      if (isTaken && granted.has(resource)) throw new Error(`${resource} is granted before its holder is told [S12]`);
    }
  }

  /** Throws if a request of a session that is there is neither alive nor answered for good. */
  checkAnswered(isLive: (session: string, id: number) => boolean): void {
    for (const [name, { message, final }] of this.#asked) {
      const [session = ""] = name.split(" ");
      if ((final === undefined) !== isLive(session, message.id)) {
        throw new Error(`${name} is ${final === undefined ? "gone without an answer" : `alive after ${final}`} [S9]`);
      }
    }
  }

  #noteMessage(message: Extract<Command, { type: "message" }>["message"], session: string): void {
    const name = `${session} ${message.id}`;
    const asked = this.#asked.get(name);
    if (message.type === "acquire" || message.type === "refer") {
      const lastId = Math.max(0, ...this.#idsOf(session));
      if (message.id > lastId) this.#asked.set(name, { message, fence: undefined, final: undefined });
    }
    const isSuccess = message.type === "release" && message.outcome === "success";
    if (isSuccess && asked?.message.type === "acquire" && asked.fence !== undefined && asked.final === undefined) {
      const { resource, operation, mode } = asked.message;
      this.#successes.push({ resource, operation, mode, node: nodeOf(session), fence: asked.fence });
    }
  }

  #noteAnswer(name: string, asked: Asked, answer: Answer, isRetold: boolean): void {
    const text = JSON.stringify(answer);
    const isFirst = asked.final === undefined;
    if (answer.type === "error") return;
    if (finals.has(answer.type)) {
      if (!isFirst && !(isRetold && asked.final === text)) throw new Error(`${name} has two final answers: ${text}`);
      asked.final = text;
    } else if (!isFirst) throw new Error(`${name} hears after its final answer: ${text}`);
    if (answer.type === "granted") this.#noteGrant(name, asked, answer.fence);
    if (answer.type === "skipped" && isFirst) this.#checkSkip(name, asked.message, answer.skip);
    const isRefer = asked.message.type === "refer";
    const isWrong = isRefer ? answer.type !== "references" && answer.type !== "failed" : answer.type === "references";
    if (isWrong) throw new Error(`${name} is answered as what it is not: ${text}`);
  }

  #noteGrant(name: string, asked: Asked, fence: number): void {
    const { resource } = asked.message;
    if (asked.fence !== undefined && asked.fence !== fence) throw new Error(`${name} changes its fence [S9]`);
    const last = this.#lastFences.get(resource) ?? 0;
    if (asked.fence === undefined && fence < last) throw new Error(`${name} has fence ${fence} after ${last} [F1]`);
    asked.fence = fence;
    this.#lastFences.set(resource, Math.max(last, fence));
  }

  #checkSkip(name: string, message: Asked["message"], skip: { by: string; fence: number }): void {
    if (message.type !== "acquire") return;
    const isSaid = this.#successes.some(
      ({ resource, operation, node, fence, mode }) =>
        resource === message.resource &&
        operation === message.operation &&
        node === skip.by &&
        fence === skip.fence &&
        (mode === "once" || (mode === "exclusive" && message.freshMs !== undefined)),
    );
    if (!isSaid || message.mode !== "once") throw new Error(`${name} is skipped by a success that nobody said [O9]`);
  }

  #idsOf(session: string): number[] {
    return [...this.#asked].filter(([name]) => name.startsWith(`${session} `)).map(([, { message }]) => message.id);
  }

  #forgetSession(session: string): void {
    for (const name of this.#asked.keys()) if (name.startsWith(`${session} `)) this.#asked.delete(name);
  }
}

function isForbidden(answer: Answer): boolean {
  return answer.type === "error" && answer.code === "FORBIDDEN";
}
