/*
 * One scan at a time: ready, then asking until the server has answered, then ready again. A verdict
 * on the screen is no state: the next ticket may be read while it still stands there.
 *
 * `on` hears of it: asking(scan), trouble(why), verdict(answer, scan), ended(answer),
 * fault(answer, scan), left(scan).
 */
import { sendUntilAnswered } from "./sender.js";

export function makeDesk({ ask, ids, on }) {
  let giveUp = null;

  return {
    get isBusy() {
      return giveUp !== null;
    },

    /* False when the scan before it has no answer yet. */
    async scan(code, { type, event, gate }) {
      if (giveUp) {
        return false;
      }
      giveUp = new AbortController();
      const what = [event, type, code].join(" ");
      const scan = { code, type, scanId: ids.take(what) };
      on.asking(scan);
      try {
        const answer = await sendUntilAnswered(
          (signal) =>
            ask(
              code,
              { scanType: type, eventId: event, location: gate, scanId: scan.scanId },
              signal,
            ),
          { onTrouble: on.trouble, signal: giveUp.signal },
        );
        giveUp = null;
        ids.answered(what);
        if (answer.isVerdict) {
          on.verdict(answer.body, scan);
        } else if (answer.status === 401) {
          on.ended(answer);
        } else {
          on.fault(answer, scan);
        }
      } catch {
        giveUp = null;
        on.left(scan);
      }
      return true;
    },

    /* Stop asking about the present scan. Its id is kept for a while: see makeIds. */
    leave() {
      giveUp?.abort();
    },
  };
}
