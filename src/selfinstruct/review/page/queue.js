// Runs the user's actions one at a time, so that "j a" typed quickly accepts the item that j leads to.

import { say } from "./dom.js";

let queue = Promise.resolve();
export let waiting = 0;

export function enqueue(work) {
  waiting += 1;
  queue = queue.then(work).catch((error) => say(error.message, true)).finally(() => { waiting -= 1; });
  return queue;
}

export const then = (work) => () => enqueue(work);
