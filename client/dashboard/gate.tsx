// Where a token is asked for, on a hub that wants one. Knows nothing of what the token allows.
import { useState } from "preact/hooks";
import { unlock } from "./link.ts";

/** Asks for a token. */
export function Gate({ isRefused }: { isRefused: boolean }) {
  const [token, setToken] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== "") unlock(token.trim());
  };
  return (
    <main class="gate">
      <form class="card" onSubmit={submit}>
        <h1>Baton</h1>
        <p>This hub asks for a token. One of role viewer sees everything; one of role admin may act too.</p>
        <label>
          Token
          <input
            type="password"
            name="token"
            autocomplete="off"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        {isRefused && (
          <p class="failure" role="alert">
            The hub does not know that token.
          </p>
        )}
        <button type="submit" class="strong">
          Open the dashboard
        </button>
        <p class="quiet">
          It stays in this tab until you close it. <code>baton token</code> makes one.
        </p>
      </form>
    </main>
  );
}
