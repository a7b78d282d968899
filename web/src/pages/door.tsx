// Where no cookie lets one in: the API key does, as long as this tab is open.
import { type FormEvent, useState } from "react";
import { get, Problem } from "../api/client";
import { forgetKey, keepKey } from "../api/session";
import { Button } from "../ui/button";

export function Door({ onOpened }: { onOpened: () => void }) {
  const [message, say] = useState("");
  const open = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    keepKey(String(new FormData(event.currentTarget).get("key")).trim());
    try {
      await get("/api/v1/session");
      onOpened();
    } catch (error) {
      forgetKey();
      say(error instanceof Problem ? error.message : String(error));
    }
  };
  return (
    <main className="door">
      <form onSubmit={open}>
        <img src="favicon.svg" alt="" width="40" height="40" />
        <h1>Mainspring</h1>
        <label>
          API key
          <input name="key" type="password" autoComplete="off" required placeholder="tr_..." aria-describedby="door-said" />
        </label>
        <p id="door-said" role="alert" className="bad-text">
          {message}
        </p>
        <p className="faint">
          The key is the <code>MAINSPRING_API_KEY</code> that the server was started with; one that nobody gave is in the
          file <code>.mainspring/key</code> beside it, and <code>mainspring dev</code> prints it.
        </p>
        <Button kind="main" type="submit">
          Open
        </Button>
        <p className="faint">The key stays in this tab and is gone when it closes.</p>
      </form>
    </main>
  );
}
