// An action of an admin, which asks for a reason and for a word to be typed before it is done. Knows no action.
import { useEffect, useRef, useState } from "preact/hooks";
import { printable } from "../../shared/wording.ts";
import { tell } from "./notices.tsx";

/** What is to be done, and what must be typed before. */
export type Action = {
  readonly title: string;
  /** What it will do to whom. */
  readonly consequence: string;
  /** What must be typed. */
  readonly word: string;
  /** What the button says. */
  readonly verb: string;
  /** What is said when it is done. */
  readonly done: string;
  readonly wantsReason: boolean;
  readonly act: (reason: string) => Promise<void>;
};

const reasonLengthMax = 256;

/** The word to type for a name: itself where it can be typed, else the verb. */
export function wordFor(name: string, verb: string): string {
  return /^[\x21-\x7e]{1,32}$/.test(name) ? name : verb;
}

/** A button that opens the dialog of an action. */
export function ActionButton({ action }: { action: Action }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="danger" onClick={() => setOpen(true)}>
        {action.verb}
      </button>
      {isOpen && <Confirmation action={action} onClose={() => setOpen(false)} />}
    </>
  );
}

type Stage = { kind: "asking" } | { kind: "acting" } | { kind: "failed"; message: string };

function Confirmation({ action, onClose }: { action: Action; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [stage, setStage] = useState<Stage>({ kind: "asking" });
  useEffect(() => dialog.current?.showModal(), []);
  const isReady = typed === action.word && (!action.wantsReason || reason.trim() !== "") && stage.kind !== "acting";
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!isReady) return;
    setStage({ kind: "acting" });
    try {
      await action.act(reason.trim());
      tell(action.done);
      onClose();
    } catch (error) {
      setStage({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="action-title">
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="action-title">{action.title}</h2>
        <p>{action.consequence}</p>
        {action.wantsReason && (
          <label>
            Reason, which the history keeps
            <input
              name="reason"
              maxLength={reasonLengthMax}
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
        )}
        <label>
          <span>
            Type <code>{action.word}</code> to confirm
          </span>
          <input
            name="word"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </label>
        {stage.kind === "failed" && (
          <p class="failure" role="alert">
            {printable(stage.message)}
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="danger strong" disabled={!isReady}>
            {action.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
